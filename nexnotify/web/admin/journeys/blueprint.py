"""What the pages of journeys share."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint

from nexnotify.journeys.models import Journey
from nexnotify.web.admin.access import staff_guard
from nexnotify.web.admin.conditions import CONDITIONS
from nexnotify.web.languages import number as write_number
from nexnotify.words import N_

bp = Blueprint("admin_journeys", __name__)
bp.before_request(staff_guard)

#: Unit of a delay → minutes, the longest first.
UNITS = {"days": 1440, "hours": 60, "minutes": 1}


def in_units(minutes: int) -> tuple[int, str]:
    """A delay in the largest unit that it is a whole number of."""
    return next((minutes // size, unit) for unit, size in UNITS.items() if minutes % size == 0 or size == 1)


def delay_words(minutes: int) -> str:
    """ "After 2 hours", "At once" """
    if not minutes:
        return N_("At once")
    count, unit = in_units(minutes)
    one = {"days": N_("After one day"), "hours": N_("After one hour"), "minutes": N_("After one minute")}
    many = {
        "days": N_("After %(count)s days", count=write_number(count)),
        "hours": N_("After %(count)s hours", count=write_number(count)),
        "minutes": N_("After %(count)s minutes", count=write_number(count)),
    }
    return one[unit] if count == 1 else many[unit]


def where_words(journey: Journey) -> Sequence[tuple[str, str]]:
    """The conditions that are set, each with its values."""
    stored = journey.where.stored()
    return [(words, ", ".join(stored[name])) for name, words in CONDITIONS.items() if name in stored]

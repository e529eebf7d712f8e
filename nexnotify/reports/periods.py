"""Periods that lists and exports can be narrowed down to: whole days of the store, up to now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from nexnotify.clock import from_local, to_local, utcnow
from nexnotify.words import N_

#: Word in the address → (what the menu says, days before today).
PERIODS: Mapping[str, tuple[str, int]] = {
    "today": (N_("Today"), 0),
    "7d": (N_("Last 7 days"), 6),
    "30d": (N_("Last 30 days"), 29),
    "90d": (N_("Last 90 days"), 89),
}


def begin_of(period: str, zone: str) -> datetime | None:
    """The midnight at which a period of :data:`PERIODS` begins in a zone; None for no period."""
    if period not in PERIODS:
        return None
    day = to_local(utcnow(), zone).date() - timedelta(days=PERIODS[period][1])
    return from_local(datetime.combine(day, time()), zone)

"""Local hours of a person: the store's quiet hours and the laws' hours, on every clock that may be theirs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from nexnotify.policy.jurisdictions import hours_of
from nexnotify.policy.places import Known, Place, place_of
from nexnotify.policy.quiet_hours import Window, next_allowed, next_open

#: Nobody is closed for longer: whom no moment suits within these days, none ever will.
MOST = timedelta(days=15)


class Answer(NamedTuple):
    """When a text may go, and where the person may be."""

    #: The first allowed moment, in UTC, ``now`` itself if it is allowed; None: there is none.
    at: datetime | None
    place: Place


def allowed_from(known: Known, zone: str, country: str, window: Window, now: datetime) -> Answer:
    """When a text may go to somebody of whom this is known.

    :param zone: the store's, as ``country`` is.
    :param window: the store's quiet hours, on whole minutes.
    """
    minute = now.replace(second=0, microsecond=0)
    answer = _from_minute(known, zone, country, window, minute.astimezone(UTC))
    return answer._replace(at=now) if answer.at == minute else answer


@lru_cache(maxsize=8192)
def _from_minute(known: Known, zone: str, country: str, window: Window, minute: datetime) -> Answer:
    place = place_of(known, zone, country, minute)
    return Answer(first_allowed(minute, place, window), place)


def first_allowed(now: datetime, place: Place, window: Window) -> datetime | None:
    """The first moment from ``now`` on that every clock and every law of a place allows; None: none within :data:`MOST`."""
    moment: datetime = now.astimezone(UTC)
    while moment <= now + MOST:
        later = _later(moment, place, window)
        if later is None or later == moment:
            return later
        moment = later
    return None


def _later(moment: datetime, place: Place, window: Window) -> datetime | None:
    """Each limit on its own puts the moment off as far as it must, and never further."""
    for zone in place.zones:
        moment = next_allowed(moment, zone, window)
        for law in place.jurisdictions:
            hours = hours_of(law, date(moment.year, moment.month, moment.day))
            if hours is not None:
                opened = next_open(moment, zone, hours, MOST)
                if opened is None:
                    return None
                moment = opened
    return moment

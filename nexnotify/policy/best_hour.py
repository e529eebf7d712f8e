"""RULE: whether somebody is told a little later, at the hours at which they open messages.

Only where there is plenty, so that waiting costs nobody the product, only for some hours, and never where the hours of the
day do not allow a text then. Nobody knows when a person reads; when they opened links is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

#: Alerts somebody must have opened before anything is made of their hours, and the share within the same hours.
NEEDED_OPENED: Final = 4
SAME_HOURS: Final = 0.75
#: How many hours count as the same, and how long somebody waits for theirs at the most.
HOURS: Final = 4
MOST_DELAY: Final = timedelta(hours=8)
QUARTER: Final = timedelta(minutes=15)
#: There is plenty with so many units for each person who waits or was told.
PLENTY: Final = 2


def is_plenty(units: int | None, people: int) -> bool:
    """Whether stock lasts for so many people, twice over; None units are unlimited."""
    return units is None or units >= PLENTY * people


def usual_hour(opened: Sequence[datetime], zone: str) -> int | None:
    """The hour of the local day at which somebody's usual hours begin; None: none are known."""
    if len(opened) < NEEDED_OPENED:
        return None
    hours = [moment.astimezone(ZoneInfo(zone)).hour for moment in opened]
    counts = [sum((hour - begin) % 24 < HOURS for hour in hours) for begin in range(24)]
    most = max(counts)
    # Of several windows with as many, one that begins with an hour they really open at.
    found = next(begin for begin in range(24) if counts[begin] == most and begin in hours)
    return found if most >= SAME_HOURS * len(hours) else None


def waits_until(opened: Sequence[datetime], zone: str, now: datetime) -> datetime | None:
    """Until when a text waits for somebody's usual hours; None: it goes now.

    :param opened: when they opened alerts, one moment for each alert.
    :param zone: theirs.
    """
    begin = usual_hour(opened, zone)
    if begin is None:
        return None
    local = now.astimezone(ZoneInfo(zone))
    if (local.hour - begin) % 24 < HOURS:
        return None
    # Steps of real time, as a day may have 23 or 25 hours: quarters, as some zones are half an hour or a quarter off.
    moment = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0) + QUARTER
    while moment <= now + MOST_DELAY:
        if moment.astimezone(ZoneInfo(zone)).hour == begin:
            return moment
        moment += QUARTER
    return None

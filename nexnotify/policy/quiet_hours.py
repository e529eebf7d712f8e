"""Quiet hours: local hours without texts, right on the days the clocks change as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Local hours without texts, from ``start`` up to but not including ``end``; over midnight where end is earlier.

    The same start and end mean that it is never quiet.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("quiet hours are local times, without a zone")

    def covers(self, moment: time) -> bool:
        """Whether a local time is quiet."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def next_allowed(now: datetime, zone: str, window: Window | None) -> datetime:
    """The first moment from ``now`` on (both aware, the answer in UTC) that is not quiet in ``zone`` (an IANA name).

    A clock change can end the quiet (the hour it skips) or bring it back (the hour it repeats); the answer is right in
    both cases. Raises ValueError for an unknown zone or a naive ``now``.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    local_zone = _zone(zone)
    moment = now.astimezone(UTC)
    if window is None:
        return moment
    while window.covers(moment.astimezone(local_zone).time()):
        end = moment + _until(moment.astimezone(local_zone).time(), window.end)
        moment = _clock_change(moment, end, local_zone) or end
    return moment


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, not a name, a folder of names
        raise ValueError(f"unknown time zone: {name!r}") from None


def _until(local: time, end: time) -> timedelta:
    """How long a steady clock takes from one local time to the next ``end``."""
    gap = _since_midnight(end) - _since_midnight(local)
    return gap if gap > timedelta(0) else gap + _DAY


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


def _clock_change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The first moment after ``start`` and before ``end`` at which the zone's clock jumps, if it does.

    Looks hour by hour, then halves: changes come whole seconds and much more than an hour apart.
    """
    offset = start.astimezone(zone).utcoffset()
    low = start
    while low < end:
        high = min(low + _HOUR, end)
        if high.astimezone(zone).utcoffset() != offset:
            return _first_change(low.replace(microsecond=0), high, zone)
        low = high
    return None


def _first_change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The whole second after ``low``, at or before ``high``, at which the offset stops being that of ``low``."""
    offset = low.astimezone(zone).utcoffset()
    steps_low, steps_high = 0, -((low - high) // _SECOND)
    while steps_high - steps_low > 1:
        middle = (steps_low + steps_high) // 2
        if (low + middle * _SECOND).astimezone(zone).utcoffset() == offset:
            steps_low = middle
        else:
            steps_high = middle
    return low + steps_high * _SECOND

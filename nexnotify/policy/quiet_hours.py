"""Local hours with and without texts, right on the days the clocks change as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
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


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours in which texts may go, from the first up to but not including the second of a pair; None: not at all.

    One pair for each weekday, Monday first, and those of a holiday, which may only be narrower.
    """

    week: tuple[tuple[time, time] | None, ...]
    #: Whether texts may go on the days of ``holidays``.
    on_holidays: bool = True
    holidays: Callable[[date], bool] = lambda day: False

    def of(self, day: date) -> tuple[time, time] | None:
        """The hours of a day."""
        if not self.on_holidays and self.holidays(day):
            return None
        return self.week[day.weekday()]


def next_allowed(now: datetime, zone: str, window: Window | None) -> datetime:
    """The first moment from ``now`` on (both aware, the answer in UTC) that is not quiet in ``zone`` (an IANA name).

    A clock change can end the quiet (the hour it skips) or bring it back (the hour it repeats); the answer is right in
    both cases. Raises ValueError for an unknown zone or a naive ``now``.
    """
    if window is None:
        return _walk(now, zone, lambda local: None)
    return _walk(now, zone, lambda local: window.end if window.covers(local.time()) else None)


def next_open(now: datetime, zone: str, hours: Hours, most: timedelta) -> datetime | None:
    """The first moment from ``now`` on in these hours, as :func:`next_allowed`; None: not within ``most``."""
    moment = _walk(now, zone, lambda local: _opens(local, hours), now + most)
    return moment if moment <= now + most else None


def _opens(local: datetime, hours: Hours) -> time | None:
    """When to look again, on a clock that has not come so far; None: it is open."""
    span = hours.of(local.date())
    if span is None or local.time() >= span[1]:
        return time(0)
    return span[0] if local.time() < span[0] else None


def _walk(
    now: datetime, zone: str, quiet_until: Callable[[datetime], time | None], give_up: datetime | None = None
) -> datetime:
    """From ``now`` on, from one end of the quiet to the next, until it is not quiet; every clock change is a stop."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    local_zone, moment = _zone(zone), now.astimezone(UTC)
    while give_up is None or moment <= give_up:
        local = moment.astimezone(local_zone)
        end = quiet_until(local)
        if end is None:
            break
        after = moment + _until(local.time(), end)
        moment = _clock_change(moment, after, local_zone) or after
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

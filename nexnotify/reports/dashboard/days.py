"""Days as a shop's calendar has them: from midnight to midnight in its zone, 23 or 25 hours where the clock changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nexnotify.clock import to_local


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: its date, its first moment, and the first moment after it (aware UTC)."""

    date: date
    since: datetime
    until: datetime


def days_until(now: datetime, zone: str, count: int) -> list[Day]:
    """The last ``count`` local days of ``zone`` (an IANA name), oldest first; the last one holds ``now``."""
    today = to_local(now, zone).date()
    dates = [today - timedelta(days=back) for back in range(count - 1, -2, -1)]
    starts = [_first_moment(day, zone) for day in dates]
    return [Day(*item) for item in zip(dates, starts, starts[1:], strict=False)]


def _first_moment(day: date, zone: str) -> datetime:
    # A midnight that the clock skips is the moment of the skip; of one that comes twice, the first is meant.
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are shown, and as many before them to compare with."""

    days: Sequence[Day]
    before: Sequence[Day]

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return self.days[0].since

    @property
    def all_days(self) -> list[Day]:
        """Both halves, oldest first."""
        return [*self.before, *self.days]


def period_until(now: datetime, zone: str, count: int) -> Period:
    """The last ``count`` local days, today among them, and the ``count`` before."""
    days = days_until(now, zone, 2 * count)
    return Period(days[count:], days[:count])


def change_in_percent(now: int, before: int | None) -> int | None:
    """By how much a number grew, in whole percent; None where there is nothing to compare with."""
    return None if not before else round(100 * (now - before) / before)

"""Days as a shop's calendar has them: every moment belongs to the day that the wall clock there shows."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.clock import to_local
from nexnotify.reports.dashboard.days import change_in_percent, days_until, period_until

ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.sampled_from(ZONES), st.integers(0, 60 * 24 * 7))
def test_a_moment_is_counted_on_the_day_its_wall_clock_shows(now: datetime, zone: str, minutes: int) -> None:
    moment = now - timedelta(minutes=minutes)
    found = [day.date for day in days_until(now, zone, 9) if day.since <= moment < day.until]
    assert found == [to_local(moment, zone).date()]


@given(MOMENTS, st.sampled_from(ZONES))
def test_days_follow_one_another_without_gap_or_overlap(now: datetime, zone: str) -> None:
    days = days_until(now, zone, 90)
    assert len(days) == 90
    assert all(before.until == after.since for before, after in pairwise(days))
    assert days[-1].since <= now < days[-1].until


@pytest.mark.parametrize(
    "zone,day,hours",
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", date(2026, 6, 1), 24),
        # The clock there goes from midnight straight to one.
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Asia/Beirut", date(2026, 3, 29), 23),
    ],
)
def test_a_day_is_as_long_as_the_clock_makes_it(zone: str, day: date, hours: float) -> None:
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=2)
    [found] = [item for item in days_until(now, zone, 5) if item.date == day]
    assert found.until - found.since == timedelta(hours=hours)


def test_a_period_is_compared_with_as_many_days_before_it() -> None:
    period = period_until(datetime(2026, 11, 22, 3, tzinfo=UTC), "America/New_York", 7)
    assert [day.date.day for day in period.days] == [15, 16, 17, 18, 19, 20, 21]
    assert [day.date.day for day in period.before] == [8, 9, 10, 11, 12, 13, 14]
    assert period.since == datetime(2026, 11, 15, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "now,before,percent", [(3, 2, 50), (1, 2, -50), (5, 5, 0), (0, 4, -100), (4, 0, None), (0, 0, None)]
)
def test_growth_in_percent(now: int, before: int, percent: int | None) -> None:
    assert change_in_percent(now, before) == percent

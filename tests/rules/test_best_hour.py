"""Somebody who opens messages in the evening is told then: only if that is so, for some hours, and with plenty of stock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import strategies as st

from nexnotify.policy.best_hour import MOST_DELAY, is_plenty, usual_hour, waits_until

ZONE = "America/New_York"


def local(day: int, hour: int, minute: int = 0, month: int = 2, zone: str = ZONE) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


EVENINGS = [local(1, 19, 10), local(4, 18, 30), local(9, 20, 45), local(12, 19, 5)]


@pytest.mark.parametrize(
    "now, until",
    [
        (local(20, 12, 30), local(20, 18)),
        (local(20, 10), local(20, 18)),
        (local(20, 9, 59), None),  # longer than eight hours
        (local(20, 18), None),
        (local(20, 21, 59), None),
        (local(20, 22), None),  # tomorrow's evening is too far
    ],
)
def test_who_opens_in_the_evening_waits_for_it_at_most_eight_hours(now: datetime, until: datetime | None) -> None:
    assert waits_until(EVENINGS, ZONE, now) == until


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin"])
@pytest.mark.parametrize("minute", [0, 14, 15, 40, 59])
def test_the_evening_begins_at_its_full_hour_in_every_zone(zone: str, minute: int) -> None:
    evenings = [local(day, 19, 10 * day, zone=zone) for day in (1, 2, 3, 4)]
    assert waits_until(evenings, zone, local(20, 13, minute, zone=zone)) == local(20, 19, zone=zone)


def test_few_or_scattered_hours_say_nothing() -> None:
    assert usual_hour(EVENINGS[:3], ZONE) is None
    assert usual_hour([local(day, hour) for day, hour in ((1, 8), (2, 13), (3, 18), (4, 23))], ZONE) is None
    assert usual_hour([*EVENINGS, local(13, 8)], ZONE) == 18, "now and then at another hour"


def test_hours_around_midnight_are_the_same_evening() -> None:
    assert usual_hour([local(1, 23), local(2, 0), local(3, 1), local(4, 23, 30)], ZONE) == 23


@pytest.mark.parametrize(
    "units, people, plenty", [(None, 10**6, True), (20, 10, True), (19, 10, False), (0, 0, True), (1, 1, False)]
)
def test_there_is_plenty_with_two_units_for_each_person(units: int | None, people: int, plenty: bool) -> None:
    assert is_plenty(units, people) is plenty


@hypothesis.given(
    st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), min_size=4, max_size=8),
    st.sampled_from([ZONE, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
)
def test_nobody_waits_longer_than_that_nor_to_another_hour_than_theirs(
    opened: list[datetime], zone: str, now: datetime
) -> None:
    moments, moment = [one.replace(tzinfo=UTC) for one in opened], now.replace(tzinfo=UTC)
    until = waits_until(moments, zone, moment)
    if until is not None:
        assert timedelta(0) < until - moment <= MOST_DELAY
        theirs = until.astimezone(ZoneInfo(zone))
        assert (theirs.hour, theirs.second, theirs.microsecond) == (usual_hour(moments, zone), 0, 0)
        if (until - timedelta(minutes=15)).astimezone(ZoneInfo(zone)).utcoffset() == theirs.utcoffset():
            assert theirs.minute == 0, "not later than their hour begins"

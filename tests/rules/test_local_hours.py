"""Nobody is texted in quiet hours of any clock that may be theirs, and everybody at the first moment that all allow."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexnotify.policy.area_codes import STATES
from nexnotify.policy.jurisdictions import Jurisdiction, hours_of
from nexnotify.policy.local_hours import MOST, allowed_from, first_allowed
from nexnotify.policy.places import Known, Place, area_of
from nexnotify.policy.quiet_hours import Window
from tests.times import local

NIGHT = Window(time(20), time(9))
NEW_YORK = "America/New_York"


def number(text: str, **more: str | None) -> Known:
    return Known(area=area_of(text), **more)


@pytest.mark.parametrize(
    "known,now,zone,allowed",
    [
        # One clock: the end of the quiet there.
        (number("+12125550123"), "2026-01-13 21:00", NEW_YORK, "2026-01-14 09:00"),
        (number("+13105550123"), "2026-01-13 21:00", NEW_YORK, "2026-01-13 21:00"),  # six in Los Angeles
        (number("+13105550123"), "2026-01-14 09:30", NEW_YORK, "2026-01-14 12:00"),  # half past six there
        # Two: the later morning and the earlier evening.
        (number("+18505550123"), "2026-01-14 09:30", NEW_YORK, "2026-01-14 10:00"),
        (number("+18505550123"), "2026-01-14 20:30", NEW_YORK, "2026-01-15 10:00"),  # half past seven in Pensacola
        (number("+12125550123", zone="America/Los_Angeles"), "2026-01-14 11:00", NEW_YORK, "2026-01-14 12:00"),
        (number("+12125550123", zone="America/Los_Angeles"), "2026-01-14 20:30", NEW_YORK, "2026-01-15 12:00"),
        # Too far apart: the browser's clock alone. Half past three in New York is half past eight in London.
        (number("+12125550123", zone="Europe/London"), "2026-01-14 15:30", NEW_YORK, "2026-01-15 04:00"),
        # Toll-free, nothing else: nine in Honolulu, before eight in the evening in New York.
        (number("+18005550123"), "2026-01-14 13:00", NEW_YORK, "2026-01-14 14:00"),
        (number("+18005550123"), "2026-01-14 20:30", NEW_YORK, "2026-01-15 14:00"),
        # The law is narrower than the store: Kentucky begins at ten (of Central time), Rhode Island ends at six.
        (number("+15025550123"), "2026-01-14 09:30", NEW_YORK, "2026-01-14 10:00"),
        (number("+14015550123"), "2026-01-14 18:00", NEW_YORK, "2026-01-15 09:00"),
        (number("+14015550123"), "2026-01-16 18:30", NEW_YORK, "2026-01-17 10:00"),  # Saturday
        (number("+14015550123"), "2026-01-17 17:00", NEW_YORK, "2026-01-20 09:00"),  # Sunday, Martin Luther King Day
        (number("+12055550123"), "2026-01-17 22:00", NEW_YORK, "2026-01-20 10:00"),  # Alabama, the same
        (number("+12145550123"), "2026-01-18 10:00", NEW_YORK, "2026-01-18 13:00"),  # Texas, Sunday from noon
        # France: nothing on a Sunday.
        (number("+33612345678"), "2026-01-17 20:30", "Europe/Paris", "2026-01-19 09:00"),
        # The clock goes forward on the night to Sunday, 8 March 2026: nine comes an hour sooner.
        (number("+12125550123"), "2026-03-07 21:00", NEW_YORK, "2026-03-08 09:00"),
        # In Arizona it does not.
        (number("+16025550123"), "2026-03-08 10:30", NEW_YORK, "2026-03-08 12:00"),
    ],
)
def test_the_first_moment_that_every_clock_and_law_allows(known: Known, now: str, zone: str, allowed: str) -> None:
    answer = allowed_from(known, NEW_YORK, "US", NIGHT, local(now, zone))
    assert answer.at == local(allowed, zone)


@pytest.mark.parametrize(
    "now,allowed",
    [
        # New York, 8 March 2026: 02:00 is 03:00, so half past two never comes. It is quiet until the clock jumps over it.
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC)),
        # And in Chicago the same an hour later.
        (datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC)),
        # 1 November 2026: 02:00 is 01:00 again, half past two comes once, an hour later than a steady clock would say.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_quiet_until_half_past_two_on_the_nights_the_clocks_change(now: datetime, allowed: datetime) -> None:
    place = Place((NEW_YORK,), (), "number")
    assert first_allowed(now, place, Window(time(20), time(2, 30))) == allowed


def test_a_clock_change_at_half_past_two_between_two_clocks() -> None:
    """Chicago's half past two is skipped an hour after New York's; whoever may be in either waits for both."""
    both = Place((NEW_YORK, "America/Chicago"), (), "number")
    now = datetime(2026, 3, 8, 6, tzinfo=UTC)
    assert first_allowed(now, both, Window(time(20), time(2, 30))) == datetime(2026, 3, 8, 8, tzinfo=UTC)


def test_windows_that_leave_no_hour_have_no_moment() -> None:
    answer = allowed_from(number("+14015550123"), NEW_YORK, "US", Window(time(9), time(18)), local("2026-01-14 12:00"))
    assert answer.at is None
    assert [law.name for law in answer.place.jurisdictions] == ["US-RI"]


def test_one_minute_of_a_week_is_enough() -> None:
    """Rhode Island on Saturdays ends an hour before it does on Fridays."""
    almost = Window(time(17, 59), time(17, 58))
    answer = allowed_from(number("+14015550123"), NEW_YORK, "US", almost, local("2026-01-16 17:59"))
    assert answer.at == local("2026-01-20 17:58"), "Saturday ends before, Sunday and the holiday are closed"


def test_within_an_allowed_minute_it_is_allowed_now() -> None:
    now = local("2026-01-14 12:00") + timedelta(seconds=42, microseconds=7)
    assert allowed_from(number("+12125550123"), NEW_YORK, "US", NIGHT, now).at == now
    last = local("2026-01-14 20:00") - timedelta(microseconds=1)
    assert allowed_from(number("+12125550123"), NEW_YORK, "US", NIGHT, last).at == last


def test_a_store_in_utc_without_a_law_of_its_own_keeps_to_its_own_clock() -> None:
    now = datetime(2026, 1, 14, 21, tzinfo=UTC)
    answer = allowed_from(Known(), "UTC", "AQ", NIGHT, now)
    assert (answer.at, answer.place.source) == (datetime(2026, 1, 15, 9, tzinfo=UTC), "store")


# --- whatever the clocks, the windows and the day ---------------------------------------------------------------------

ZONES = [
    NEW_YORK,
    "America/Chicago",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Havana",
    "America/St_Johns",
    "Europe/London",
    "Europe/Paris",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]
#: Hours around which clocks change somewhere, and others.
AROUND = [
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 7, 3, 12, tzinfo=UTC),
    datetime(2027, 1, 1, 0, tzinfo=UTC),
]
MOMENTS = st.builds(
    lambda begin, minutes, seconds: begin + timedelta(minutes=minutes, seconds=seconds),
    st.sampled_from(AROUND),
    st.integers(-3 * 1440, 3 * 1440),
    st.integers(0, 59),
)
WINDOWS = st.builds(
    lambda start, end: Window(time(*divmod(start * 15, 60)), time(*divmod(end * 15, 60))),
    st.integers(0, 95),
    st.integers(0, 95),
)
LAWS = st.lists(
    st.builds(Jurisdiction, st.just("US"), st.sampled_from([*STATES, "*", "ZZ"]))
    | st.sampled_from([Jurisdiction("FR")]),
    max_size=2,
    unique=True,
)
PLACES = st.builds(
    lambda zones, laws: Place(tuple(zones), tuple(laws), "number"),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    LAWS,
)


def allows(moment: datetime, place: Place, window: Window) -> bool:
    """The rule said again, on the minutes of local days."""
    for zone in place.zones:
        there = moment.astimezone(ZoneInfo(zone))
        minute, start, end = (t.hour * 60 + t.minute for t in (there, window.start, window.end))
        if (minute - start) % 1440 < (end - start) % 1440:
            return False
        for law in place.jurisdictions:
            hours = hours_of(law, moment.date())
            span = hours.of(there.date()) if hours else (time(0), time.max)
            if span is None or not span[0] <= there.time() < span[1]:
                return False
    return True


@given(MOMENTS, PLACES, WINDOWS)
@settings(max_examples=150, deadline=None)
def test_a_text_never_goes_in_quiet_hours_and_always_at_the_first_moment_allowed(
    now: datetime, place: Place, window: Window
) -> None:
    answer = first_allowed(now, place, window)
    minute = now.replace(second=0)
    ends = answer if answer is not None else minute + min(MOST, timedelta(days=4))
    # All limits lie on quarters of an hour, and so do all clock changes: a quarter is allowed whole or not at all.
    quarter = minute - timedelta(minutes=minute.minute % 15)
    while quarter + timedelta(minutes=15) <= ends:
        assert quarter + timedelta(minutes=15) <= now or not allows(max(quarter, now), place, window)
        quarter += timedelta(minutes=15)
    if answer is not None:
        assert answer >= now
        assert allows(answer, place, window)


@given(
    MOMENTS,
    WINDOWS,
    st.none() | st.sampled_from(ZONES),
    st.sampled_from(
        ["+12125550123", "+18505550123", "+18005550123", "+14015550123", "+33612345678", "+61412345678", ""]
    ),
    st.sampled_from([(None, None), ("US", "FL"), ("US", None), ("FR", None)]),
)
@settings(max_examples=60, deadline=None)
def test_whoever_it_is_no_clock_that_counts_is_quiet_when_they_are_texted(
    now: datetime, window: Window, zone: str | None, to: str, address: tuple[str | None, str | None]
) -> None:
    answer = allowed_from(Known(zone, area_of(to), *address), NEW_YORK, "US", window, now)
    assert answer.place.zones
    if answer.at is not None:
        assert allows(answer.at, answer.place, window)

"""Quiet hours: nobody is texted at night, also on the nights the clocks change, and everybody as soon as it ends."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexnotify.policy.quiet_hours import Window, next_allowed

NIGHT = Window(time(20), time(9))
NEW_YORK = "America/New_York"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "now, zone, window, allowed",
    [
        # New York in January is UTC-5: 20:00-09:00 is 01:00-14:00 UTC
        ("2026-01-05 15:00", NEW_YORK, NIGHT, "2026-01-05 15:00"),
        ("2026-01-06 00:59:59", NEW_YORK, NIGHT, "2026-01-06 00:59:59"),
        ("2026-01-06 01:00", NEW_YORK, NIGHT, "2026-01-06 14:00"),
        ("2026-01-06 05:00", NEW_YORK, NIGHT, "2026-01-06 14:00"),
        ("2026-01-06 13:59:59.999999", NEW_YORK, NIGHT, "2026-01-06 14:00"),
        ("2026-01-06 14:00", NEW_YORK, NIGHT, "2026-01-06 14:00"),
        # within one day
        ("2026-01-06 12:30", "UTC", Window(time(12), time(13)), "2026-01-06 13:00"),
        ("2026-01-06 13:00", "UTC", Window(time(12), time(13)), "2026-01-06 13:00"),
        # up to midnight
        ("2026-01-06 23:59", "UTC", Window(time(20), time(0)), "2026-01-07 00:00"),
        # never quiet
        ("2026-01-06 03:00", "UTC", Window(time(3), time(3)), "2026-01-06 03:00"),
        ("2026-01-06 03:00", "UTC", None, "2026-01-06 03:00"),
        # half-hour zone: Kolkata is UTC+5:30
        ("2026-01-06 00:00", "Asia/Kolkata", NIGHT, "2026-01-06 03:30"),
        # spring forward, 8 March 2026, 02:00 EST → 03:00 EDT at 07:00 UTC: 09:00 EDT is 13:00 UTC
        ("2026-03-08 03:00", NEW_YORK, NIGHT, "2026-03-08 13:00"),
        # an end inside the hour that does not exist: quiet ends when the clock jumps over it
        ("2026-03-08 06:30", NEW_YORK, Window(time(1), time(2, 30)), "2026-03-08 07:00"),
        # a whole window inside that hour never comes
        ("2026-03-08 06:59:59", NEW_YORK, Window(time(2), time(3)), "2026-03-08 06:59:59"),
        ("2026-03-08 07:00", NEW_YORK, Window(time(2), time(3)), "2026-03-08 07:00"),
        # fall back, 1 November 2026, 02:00 EDT → 01:00 EST at 06:00 UTC: 09:00 EST is 14:00 UTC
        ("2026-11-01 03:00", NEW_YORK, NIGHT, "2026-11-01 14:00"),
        # 01:30 comes twice: first at 05:30 UTC, again at 06:30 UTC
        ("2026-11-01 04:00", NEW_YORK, Window(time(20), time(1, 30)), "2026-11-01 05:30"),
        ("2026-11-01 06:10", NEW_YORK, Window(time(20), time(1, 30)), "2026-11-01 06:30"),
        # an end at the change itself: 02:00 comes once, an hour later than a steady clock would say
        ("2026-11-01 05:30", NEW_YORK, Window(time(1), time(2)), "2026-11-01 07:00"),
        # Lord Howe moves by half an hour, 4 October 2026 at 02:00 (+10:30 → +11): 02:15 is skipped at 15:30 UTC
        ("2026-10-03 14:00", "Australia/Lord_Howe", Window(time(0), time(2, 15)), "2026-10-03 15:30"),
        # Samoa had no 30 December 2011: the night of the 29th leads into the 31st (UTC-10 → UTC+14)
        ("2011-12-30 08:00", "Pacific/Apia", NIGHT, "2011-12-30 19:00"),
    ],
)
def test_a_text_waits_for_the_end_of_the_quiet(now, zone, window, allowed):
    assert next_allowed(utc(now), zone, window) == utc(allowed)


def test_the_answer_is_in_utc_whatever_zone_now_is_in():
    now = datetime(2026, 1, 6, 3, tzinfo=ZoneInfo(NEW_YORK))
    answer = next_allowed(now, NEW_YORK, NIGHT)
    assert answer == utc("2026-01-06 14:00")
    assert answer.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/Land", "America", "../etc/passwd", "/etc/localtime", "New York", "a\x00b"]
)
def test_an_unknown_zone_is_a_fault(zone):
    with pytest.raises(ValueError, match="unknown time zone"):
        next_allowed(utc("2026-01-06 14:00"), zone, NIGHT)


def test_a_moment_without_a_zone_is_a_fault():
    with pytest.raises(ValueError, match="aware"):
        next_allowed(datetime(2026, 1, 6), NEW_YORK, NIGHT)
    with pytest.raises(ValueError, match="local times"):
        Window(time(20, tzinfo=UTC), time(9))


# Zones with every kind of clock change, and moments around the changes, which chance alone would seldom meet.
ZONES = [
    NEW_YORK,
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Asuncion",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "UTC",
]
FIRST_MINUTE = utc("2010-01-01 00:00")
CHANGES = {
    zone: [
        FIRST_MINUTE + timedelta(hours=hour)
        for hour in range(17 * 366 * 24)
        if (FIRST_MINUTE + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).utcoffset()
        != (FIRST_MINUTE + timedelta(hours=hour + 1)).astimezone(ZoneInfo(zone)).utcoffset()
    ]
    for zone in ZONES
}
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@st.composite
def moments(draw):
    zone = draw(st.sampled_from(ZONES))
    minutes = draw(st.integers(-26 * 60, 3 * 60))
    near = draw(st.sampled_from(CHANGES[zone] or [FIRST_MINUTE]))
    anywhere = FIRST_MINUTE + timedelta(minutes=draw(st.integers(0, 17 * 365 * 24 * 60)))
    return zone, draw(st.sampled_from([near + timedelta(minutes=minutes), anywhere]))


def quiet(moment, zone, window):
    """Said again, in minutes of the local day."""
    local = moment.astimezone(ZoneInfo(zone))
    minute, start, end = (t.hour * 60 + t.minute for t in (local, window.start, window.end))
    return (minute - start) % 1440 < (end - start) % 1440


@given(moments(), MINUTES, MINUTES)
@settings(max_examples=300, deadline=None)
def test_the_answer_is_what_waiting_minute_by_minute_would_find(moment, start, end):
    zone, now = moment
    window = Window(start, end)
    expected = now
    while quiet(expected, zone, window):
        expected += timedelta(minutes=1)
    assert next_allowed(now, zone, window) == expected


@given(moments(), st.times(), st.times(), st.timedeltas(timedelta(0), timedelta(minutes=1)))
@settings(deadline=None)
def test_the_answer_is_never_quiet_never_early_and_never_a_moment_late(moment, start, end, part):
    zone, now = moment[0], moment[1] + part
    window = Window(start, end)
    answer = next_allowed(now, zone, window)
    assert answer >= now
    assert not window.covers(answer.astimezone(ZoneInfo(zone)).time())
    assert next_allowed(answer, zone, window) == answer
    if answer > now:
        just_before = answer - timedelta(microseconds=1)
        assert window.covers(just_before.astimezone(ZoneInfo(zone)).time())

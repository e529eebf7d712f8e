"""Texts that staff send: what a purpose licenses, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from nexnotify.clock import from_local
from nexnotify.policy.eligibility import Facts, Hold, Policy, Send, Skip, Verdict, decide_sent
from nexnotify.policy.quiet_hours import Window

NOON = datetime(2030, 1, 15, 17, 0, tzinfo=UTC)  # 12:00 in New York
NIGHT = NOON + timedelta(hours=10)
MORNING = datetime(2030, 1, 16, 14, 0, tzinfo=UTC)
POLICY = Policy("America/New_York", Window(time(20), time(9)), cap_texts=1, cap_hours=24)
HAD_ONE = (NOON - timedelta(hours=1),)


@pytest.mark.parametrize(
    "facts, purpose, now, verdict",
    [
        (Facts(), "marketing", NOON, Send()),
        (Facts(consent=False), "marketing", NOON, Skip("no_consent")),
        (Facts(opted_out=True), "marketing", NOON, Skip("opted_out")),
        (Facts(opted_out=True, consent=False), "marketing", NOON, Skip("opted_out")),
        (Facts(reachable=False), "marketing", NOON, Skip("unreachable")),
        (Facts(wanted=False), "marketing", NOON, Skip("taken_back")),
        (Facts(), "marketing", NIGHT, Hold("quiet_hours", MORNING)),
        (Facts(recent=HAD_ONE), "marketing", NOON, Hold("frequency_cap", NOON + timedelta(hours=23))),
        # What ends it comes before what delays it.
        (Facts(opted_out=True, recent=HAD_ONE), "marketing", NIGHT, Skip("opted_out")),
        # About one's own order or ticket: a number is enough, at any hour; a STOP is a STOP.
        (Facts(consent=False, recent=HAD_ONE), "transactional", NIGHT, Skip("no_consent")),
        (Facts(recent=HAD_ONE), "transactional", NIGHT, Send()),
        (Facts(opted_out=True), "transactional", NOON, Skip("opted_out")),
        (Facts(reachable=False), "transactional", NOON, Skip("unreachable")),
        (Facts(wanted=False), "transactional", NOON, Skip("taken_back")),
    ],
)
def test_a_text_that_staff_send(facts: Facts, purpose: str, now: datetime, verdict: Verdict) -> None:
    assert decide_sent(facts, purpose, POLICY, now) == verdict


@pytest.mark.parametrize(
    "wall, moment",
    [
        ("2030-01-15T09:00", "2030-01-15T14:00"),
        ("2030-07-15T09:00", "2030-07-15T13:00"),
        # The clock goes from 02:00 to 03:00: by the clock as it went before, 02:30 is 03:30.
        ("2030-03-10T02:30", "2030-03-10T07:30"),
        # 01:30 comes twice; the first is meant.
        ("2030-11-03T01:30", "2030-11-03T05:30"),
    ],
)
def test_a_time_on_the_stores_clock_is_one_moment(wall: str, moment: str) -> None:
    found = from_local(datetime.fromisoformat(wall), "America/New_York")
    assert found == datetime.fromisoformat(moment).replace(tzinfo=UTC)

"""May this alert go to this person now? A table of facts and answers; what ends it comes before what delays it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from nexnotify.ledger.transitions import STATUSES
from nexnotify.policy.eligibility import (
    HOURS_AGAIN,
    PAGE_AGAIN,
    REASONS,
    Facts,
    Hold,
    Policy,
    Send,
    Skip,
    Verdict,
    decide_alert,
)
from nexnotify.policy.places import Known
from nexnotify.policy.quiet_hours import Window
from nexnotify.reports.shopper import BY_REASON, BY_STATUS

#: New York in January: 12:00 and 22:00.
NOON, NIGHT = datetime(2026, 1, 6, 17, tzinfo=UTC), datetime(2026, 1, 7, 3, tzinfo=UTC)
MORNING = datetime(2026, 1, 7, 14, tzinfo=UTC)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(hours=24)
POLICY = Policy(
    "America/New_York", Window(time(20), time(9)), cap_texts=1, cap_hours=24, country="US", told_for=timedelta(hours=24)
)
HERE = Known(area="1212")


def facts(**changes: Any) -> Facts:
    return Facts(**{"known": HERE, **changes})


@pytest.mark.parametrize(
    "given,now,verdict",
    [
        (facts(), NOON, Send()),
        (facts(opted_out=True), NOON, Skip("opted_out")),
        (facts(reachable=False), NOON, Skip("unreachable")),
        (facts(request_open=False), NOON, Skip("request_closed")),
        (facts(switched_on=False), NOON, Skip("switched_off")),
        (facts(paused=True), NOON, Skip("alert_paused")),
        (facts(bought=True), NOON, Skip("bought")),
        (facts(buyable=False), NOON, Skip("sold_out_again")),
        (facts(told_at=NOON - AN_HOUR), NOON, Hold("told_lately", NOON - AN_HOUR + A_DAY)),
        (facts(told_at=NOON - A_DAY), NOON, Send()),
        (facts(recent=(NOON - AN_HOUR,)), NOON, Hold("frequency_cap", NOON - AN_HOUR + A_DAY)),
        (facts(), NIGHT, Hold("quiet_hours", MORNING)),
        (facts(page_gone=True), NOON, Hold("page_gone", NOON + PAGE_AGAIN)),
        # Six in the evening in Los Angeles, where the store's clock says nine.
        (facts(known=Known(area="1310")), NIGHT - AN_HOUR, Send()),
        (facts(known=None), NIGHT, Hold("quiet_hours", MORNING)),  # an email: the store's clock
        (facts(known=None), MORNING + timedelta(days=4), Send()),  # and no law's hours: Sunday, before noon
        (
            facts(known=Known(area="1214")),
            MORNING + timedelta(days=4),
            Hold("quiet_hours", MORNING + timedelta(days=4, hours=4)),
        ),
        # The STOP before all else, buying before stock, every end before every delay.
        (facts(opted_out=True, bought=True, buyable=False), NIGHT, Skip("opted_out")),
        (facts(bought=True, buyable=False, page_gone=True), NIGHT, Skip("bought")),
        (facts(buyable=False, told_at=NOON, page_gone=True), NIGHT, Skip("sold_out_again")),
        (
            facts(told_at=NIGHT - AN_HOUR, recent=(NIGHT - AN_HOUR,)),
            NIGHT,
            Hold("told_lately", NIGHT - AN_HOUR + A_DAY),
        ),
        (facts(recent=(NIGHT - AN_HOUR,), page_gone=True), NIGHT, Hold("frequency_cap", NIGHT - AN_HOUR + A_DAY)),
        (facts(page_gone=True), NIGHT, Hold("quiet_hours", MORNING)),  # a page is worth a look when it is needed
    ],
)
def test_what_becomes_of_an_alert(given: Facts, now: datetime, verdict: Verdict) -> None:
    assert decide_alert(given, POLICY, now) == verdict


def test_windows_that_leave_no_hour_hold_and_say_so() -> None:
    """The store is quiet by day, the law by night: the same answer each day, until somebody chooses other hours."""
    policy = Policy("America/New_York", Window(time(8), time(21)), country="US")
    for day in range(3):
        now = NOON + timedelta(days=day)
        verdict = decide_alert(facts(), policy, now)
        assert verdict == Hold("no_hours", now + HOURS_AGAIN)
        assert isinstance(verdict, Hold)
        assert verdict.detail == {"by": "number", "zones": ["America/New_York"], "laws": ["US-NY"]}


def test_quiet_hours_switched_off_switch_off_the_law_too() -> None:
    assert (
        decide_alert(facts(known=Known(area="1401")), Policy("America/New_York", None, country="US"), NIGHT) == Send()
    )


def test_a_decision_remembers_whose_clock_it_was() -> None:
    verdict = decide_alert(facts(known=Known("America/Chicago", "1212")), POLICY, NOON)
    assert isinstance(verdict, Send)
    assert verdict.detail == {
        "by": "sign_up+number",
        "zones": ["America/Chicago", "America/New_York"],
        "laws": ["US-NY"],
    }


def test_a_shopper_hears_of_every_reason_and_of_nothing_behind_it() -> None:
    assert set(BY_REASON) == set(REASONS)
    assert set(BY_STATUS) == set(STATUSES)
    for words in (*BY_REASON.values(), *BY_STATUS.values()):
        inside = (
            "gateway",
            "credit",
            "template",
            "token",
            "cap ",
            "switch",
            "setting",
            "worker",
            "lane",
            "queue",
            "page",
        )
        assert not [word for word in inside if word in words.lower()], words

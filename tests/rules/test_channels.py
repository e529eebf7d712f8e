"""Who asked on several channels is told on the first that works, and on the next only when that has failed."""

from datetime import UTC, datetime, timedelta

import pytest

from nexnotify.policy.channels import Way, in_the_way, standing

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)
ORDER = ["sms", "email", "push"]


@pytest.mark.parametrize(
    "status, minutes, after, twice, how",
    [
        ("delivered", 0, None, False, "told"),
        ("held", 600, TEN, False, "coming"),
        ("queued", 600, TEN, False, "coming"),
        ("claimed", 600, TEN, False, "gone"),
        ("accepted", 9, TEN, False, "gone"),
        ("accepted", 10, TEN, False, "no"),
        ("sent", 10, TEN, False, "no"),
        ("sent", 23 * 60, None, False, "gone"),
        ("sent", 24 * 60, None, False, "told"),
        ("uncertain", 60, TEN, False, "gone"),
        ("uncertain", 60, TEN, True, "no"),
        ("uncertain", 60, None, True, "gone"),
        ("uncertain", 24 * 60, TEN, False, "told"),
        ("rejected", 0, None, False, "no"),
        ("undelivered", 0, None, False, "no"),
        ("expired", 0, None, False, "no"),
        ("suppressed", 0, None, False, "no"),
    ],
)
def test_a_message_has_told_may_tell_or_has_failed(status, minutes, after, twice, how):
    way = Way("sms", "alerted", True, status, NOW - timedelta(minutes=minutes))
    assert standing(way, after, NOW, twice=twice) == how


def test_an_email_that_nobody_acknowledges_has_not_failed():
    assert standing(Way("email", "alerted", True, "accepted", NOW - TEN), TEN, NOW) == "gone"


@pytest.mark.parametrize(
    "request_status, usable, how",
    [
        ("waiting", True, "coming"),
        ("waiting", False, "no"),
        ("pending", True, "no"),
        ("cancelled", True, "no"),
        ("expired", True, "no"),
        ("alerted", True, "told"),
        ("bought", False, "told"),
    ],
)
def test_a_channel_without_a_message_is_as_its_request_is(request_status, usable, how):
    assert standing(Way("sms", request_status, usable), None, NOW) == how


@pytest.mark.parametrize(
    "channel, others, sending, reason",
    [
        ("email", [("sms", "coming")], False, "other_channel"),
        ("sms", [("email", "coming")], False, None),
        ("email", [("sms", "coming")], True, None),
        ("email", [("sms", "gone")], True, "other_channel"),
        ("sms", [("email", "gone")], False, "other_channel"),
        ("sms", [("email", "told")], True, "told_elsewhere"),
        ("push", [("sms", "no"), ("email", "coming")], False, "other_channel"),
        ("push", [("sms", "no"), ("email", "no")], False, None),
        ("push", [("sms", "gone"), ("email", "told")], False, "told_elsewhere"),
    ],
)
def test_a_channel_waits_for_those_before_it_and_for_what_has_gone(channel, others, sending, reason):
    assert in_the_way(channel, others, ORDER, sending=sending) == reason

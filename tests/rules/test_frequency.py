"""Frequency caps: nobody gets more texts than the merchant promised, in any stretch of time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.policy.frequency import next_allowed

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def ago(**how_long):
    return NOW - timedelta(**how_long)


@pytest.mark.parametrize(
    "sent, texts, hours, wait",
    [
        ([], 1, 24, timedelta(0)),
        ([ago(hours=1)], 2, 24, timedelta(0)),
        ([ago(hours=1)], 1, 24, timedelta(hours=23)),
        ([ago(hours=24)], 1, 24, timedelta(0)),
        ([ago(hours=24) + timedelta(microseconds=1)], 1, 24, timedelta(microseconds=1)),
        ([NOW], 1, 24, timedelta(hours=24)),
        ([ago(hours=5), ago(hours=1), ago(hours=10)], 3, 24, timedelta(hours=14)),
        ([ago(hours=5), ago(hours=1), ago(hours=10)], 2, 24, timedelta(hours=19)),
        ([ago(hours=5), ago(hours=1), ago(hours=10)], 1, 24, timedelta(hours=23)),
        ([ago(days=8), ago(days=6), ago(days=2)], 3, 168, timedelta(0)),
        ([ago(days=8), ago(days=6), ago(days=2), ago(days=1)], 3, 168, timedelta(days=1)),
        ([NOW + timedelta(hours=2)], 1, 24, timedelta(hours=26)),
    ],
)
def test_a_text_waits_until_enough_others_are_old(sent, texts, hours, wait):
    assert next_allowed(NOW, sent, texts, hours) == NOW + wait


@pytest.mark.parametrize("texts, hours", [(0, 24), (-1, 24), (3, 0)])
def test_a_cap_of_nothing_is_a_fault(texts, hours):
    with pytest.raises(ValueError, match="at least one"):
        next_allowed(NOW, [], texts, hours)


@given(st.lists(st.integers(0, 400), max_size=30), st.integers(1, 5), st.integers(1, 200))
def test_sending_when_allowed_keeps_the_cap_in_every_period(gaps, texts, hours):
    sent, now = [], NOW
    for gap in gaps:
        now = max(now + timedelta(minutes=gap), NOW)
        moment = next_allowed(now, sent, texts, hours)
        assert moment >= now
        if moment > now:  # not a moment later than needed
            before = moment - timedelta(microseconds=1)
            assert next_allowed(before, sent, texts, hours) == moment
        sent.append(moment)
        now = moment
    for first in sent:
        assert sum(first <= moment < first + timedelta(hours=hours) for moment in sent) <= texts

"""Pacing: a lane sends as fast as its rate and never faster, whoever asks and however often."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.dispatch.pacing import Reservation, reserve

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "next_at, rate, segments, burst, count, next_in",
    [
        # one a second: the burst of 20 ms starts the clock 20 ms ago
        (None, 1, [1, 1, 1], 0.02, 1, 0.98),
        (None, 1, [1, 1, 1], 0, 1, 1.0),
        # ten a second, idle long: one now, the next in 80 ms
        (after(-60), 10, [1] * 50, 0.02, 1, 0.08),
        # a hundred a second: -20, -10, 0 ms are due
        (None, 100, [1] * 50, 0.02, 3, 0.01),
        # not yet
        (after(0.5), 10, [1, 1], 0.02, 0, 0.5),
        # exactly now
        (after(0), 10, [1, 1], 0.02, 1, 0.1),
        # late by less than the burst: nothing is lost
        (after(-0.015), 100, [1] * 9, 0.02, 2, 0.005),
        # a long text pays for its parts, after it went
        (None, 10, [4, 1], 0, 1, 0.4),
        # fewer messages than allowed
        (None, 100, [1], 0.02, 1, -0.01),
        (after(-0.01), 100, [], 0.02, 0, -0.01),
        # slower than one a second
        (None, 0.1, [1], 0, 1, 10.0),
    ],
)
def test_what_may_go_now_and_when_the_next_may(next_at, rate, segments, burst, count, next_in):
    assert reserve(next_at, NOW, rate, segments, burst) == Reservation(count, after(next_in))


def test_a_rate_of_nothing_is_no_limit():
    assert reserve(after(99), NOW, 0, [1] * 500) == Reservation(500, NOW)


def test_a_rate_below_nothing_is_a_fault():
    with pytest.raises(ValueError, match="rate"):
        reserve(None, NOW, -1, [1])


@given(
    st.sampled_from([0.1, 0.3, 1, 3, 7, 10, 33.3, 100, 1000, 10_600]),
    st.sampled_from([0, 0.02, 0.5]),
    st.lists(st.tuples(st.integers(0, 700_000), st.lists(st.integers(1, 4), max_size=40)), max_size=60),
)
def test_no_second_ever_holds_more_than_the_rate(rate, burst, asks):
    """Asks come at any time; whichever second one looks at, it holds rate × (1 + burst) segments and one message."""
    now, next_at, sent = NOW, None, []
    for gap, segments in asks:
        now += timedelta(microseconds=gap)
        answer = reserve(next_at, now, rate, segments, burst)
        next_at = answer.next_at
        sent += [(now, cost) for cost in segments[: answer.count]]
        assert answer.count == len(segments) or answer.next_at > now
    for first, _ in sent:
        within = [cost for moment, cost in sent if first <= moment < first + timedelta(seconds=1)]
        assert sum(within) - within[-1] <= rate * (1 + burst) + 1e-6


@given(st.sampled_from([1, 3, 7, 100, 1000]), st.integers(1, 4))
def test_a_lane_that_is_never_idle_keeps_its_full_rate(rate, cost):
    now, next_at, sent = NOW, None, 0
    while now < after(10):
        answer = reserve(next_at, now, rate, [cost] * 50)
        sent += answer.count * cost
        next_at, now = answer.next_at, max(answer.next_at, now)
    assert 0.999 * rate * 10 - cost <= sent <= rate * 10.02 + cost

"""Back-off: a gateway in trouble is asked again, ever more patiently, while the message is worth sending."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.dispatch.backoff import next_try

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize("attempt, seconds", [(1, 30), (2, 120), (3, 600), (4, 1800), (5, 3600), (6, 3600), (60, 3600)])
def test_each_wait_is_longer_up_to_an_hour(attempt, seconds):
    assert next_try(attempt, NOW, LATER, 0) == NOW + timedelta(seconds=seconds)
    assert next_try(attempt, NOW, LATER, 1) == NOW + timedelta(seconds=seconds * 1.1)
    assert next_try(attempt, NOW, LATER, -1) == NOW + timedelta(seconds=seconds * 0.9)


@pytest.mark.parametrize("valid_for, tried", [(31, True), (30, True), (29, False), (0, False), (-5, False)])
def test_a_message_past_its_time_is_not_tried_again(valid_for, tried):
    answer = next_try(1, NOW, NOW + timedelta(seconds=valid_for), 0)
    assert answer == (NOW + timedelta(seconds=30) if tried else None)


@given(st.integers(1, 30), st.floats(-1, 1), st.integers(-100, 10_000))
def test_no_try_is_early_or_after_the_end(attempt, jitter, valid_for):
    valid_until = NOW + timedelta(seconds=valid_for)
    answer = next_try(attempt, NOW, valid_until, jitter)
    if answer is not None:
        assert timedelta(seconds=27) <= answer - NOW <= timedelta(minutes=66)
        assert answer <= valid_until


@pytest.mark.parametrize("attempt, jitter", [(0, 0.0), (1, 1.5), (1, -1.01)])
def test_what_makes_no_sense_is_a_fault(attempt, jitter):
    with pytest.raises(ValueError, match="attempt"):
        next_try(attempt, NOW, LATER, jitter)

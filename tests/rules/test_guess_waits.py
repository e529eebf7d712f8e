"""Guessing gets slower with each wrong one."""

from datetime import timedelta

import pytest

from nexnotify.stores.guesses import wait_after


@pytest.mark.parametrize(
    "failures, minutes",
    [(0, 0), (1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 16), (10, 32), (11, 60), (12, 60), (10_000, 60)],
)
def test_a_minute_after_five_wrong_ones_then_twice_as_long_each_time_up_to_an_hour(failures: int, minutes: int) -> None:
    assert wait_after(failures, 5) == timedelta(minutes=minutes)

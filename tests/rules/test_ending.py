"""When a request ends, in figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.waitlist.ending import Keeping

ASKED = datetime(2030, 1, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=1)


def day(number: float) -> datetime:
    return ASKED + number * DAYS


@pytest.mark.parametrize(
    "question, today, ends",
    [
        (None, 0, 90),  # asked in time
        (None, 79, 90),
        (80, 80, 90),
        (80, 89, 90),
        (85, 86, 95),  # asked late: ten days to answer all the same
        (None, 85, 95),  # not asked yet, and late
        (None, 400, 410),
    ],
)
def test_it_ends_after_its_time_and_never_before_there_was_time_to_answer(
    question: int | None, today: int, ends: int
) -> None:
    asked = None if question is None else day(question)
    assert Keeping(90, 10).ends(ASKED, asked, day(today)) == day(ends)


@given(st.integers(2, 400), st.integers(1, 60), st.integers(0, 900))
def test_what_nobody_was_asked_about_is_never_over(kept: int, answer: int, today: int) -> None:
    assert Keeping(kept, answer).ends(ASKED, None, day(today)) > day(today)


@given(st.integers(2, 400), st.integers(1, 60), st.integers(0, 400), st.integers(0, 60))
def test_whoever_was_asked_has_the_whole_time_to_answer(kept: int, answer: int, asked: int, after: int) -> None:
    over = Keeping(kept, answer).ends(ASKED, day(asked), day(asked + after)) <= day(asked + after)
    assert over == (after >= answer and asked + after >= kept)

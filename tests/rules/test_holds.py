"""What becomes of a unit that is kept, and what a text says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nexnotify.content.held import held_words
from nexnotify.content.segments import count
from nexnotify.holds.rules import ENDS, FREES, Standing, ask_again, end_of, tell_again

NOON = datetime(2030, 1, 15, 12, tzinfo=UTC)
MINUTES = 60


def standing(left: float = 50, **facts: Any) -> Standing:
    """A unit that is kept for so many minutes more."""
    return Standing(**{"until": NOON + timedelta(minutes=left), "message": "delivered", "request": "alerted", **facts})


@pytest.mark.parametrize(
    "facts, ends",
    [
        (standing(), None),
        (standing(0.1), None),
        (standing(0), "lapsed"),
        (standing(-600), "lapsed"),
        (standing(message="claimed", left=0), "lapsed"),
        (standing(message="uncertain"), None),  # it may have come
        (standing(message="uncertain", left=0), "lapsed"),
        # Bought is bought, whatever else has happened.
        (standing(request="bought"), "bought"),
        (standing(-5, request="bought", opted_out=True, recalled=True), "bought"),
        (standing(opted_out=True), "opted_out"),
        (standing(recalled=True), "recalled"),
        (standing(request="cancelled"), "cancelled"),
        (standing(request="expired"), "cancelled"),
        (standing(request=None), "cancelled"),
        *((standing(message=status), "not_sent") for status in ("undelivered", "rejected", "expired", "suppressed")),
        *((standing(message=status, elsewhere=True), None) for status in ("undelivered", "rejected")),
        (standing(0, message="rejected", elsewhere=True), "lapsed"),
        # A text that has not gone must leave the person half of the time.
        (standing(30, message="queued", request="waiting"), None),
        (standing(29, message="queued", request="waiting"), "too_late"),
        (standing(29, message="held", request="waiting"), "too_late"),
        (standing(29), None),
    ],
)
def test_a_unit_is_kept_until_it_is_bought_given_up_or_over(facts: Standing, ends: str | None) -> None:
    assert end_of(facts, MINUTES, NOON) == ends


def test_nobody_else_is_told_of_what_was_bought_or_is_asked_for_anew() -> None:
    assert set(ENDS) - set(FREES) == {"bought", "too_late", "no_answer"}


def test_a_silent_storefront_is_asked_three_times_and_told_until_the_time_is_over() -> None:
    assert [ask_again(tries, NOON) is not None for tries in (1, 2, 3)] == [True, True, False]
    over, open_ = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)
    assert tell_again(1, over, NOON) == NOON + timedelta(minutes=1)
    assert tell_again(6, over, NOON) == NOON + timedelta(minutes=240)
    assert tell_again(7, over, NOON) is None  # it has ended it by itself
    assert tell_again(7, open_, NOON) is not None


@pytest.mark.parametrize(
    "locale, zone, own, minutes, words",
    [
        ("en", "America/New_York", True, 155, "It is held for you until 9:35 AM."),
        ("en", "America/New_York", False, 155, "It is held for you until 9:35 AM EST."),
        ("en-GB", "Europe/Berlin", True, 24 * 60, "It is held for you until Wed 1:00 PM."),
        ("en", "America/Los_Angeles", True, 20 * 60, "It is held for you until Wed 12:00 AM."),
        ("de-DE", "Europe/Berlin", True, 155, "Es ist bis 15:35 Uhr für Sie zurückgelegt."),
        ("de", "Europe/Berlin", False, 24 * 60, "Es ist bis Mi. 13:00 Uhr CET für Sie zurückgelegt."),
        ("fr", "Europe/Paris", True, 155, "It is held for you until 3:35 PM."),
    ],
)
def test_the_text_says_until_when_on_a_clock_that_the_person_knows(
    locale: str, zone: str, own: bool, minutes: int, words: str
) -> None:
    said = held_words(locale, NOON + timedelta(minutes=minutes), NOON, zone, is_own_zone=own)
    assert said == words
    assert count(said).encoding == "gsm7"

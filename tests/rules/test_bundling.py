"""Several products in one message: who waits for whom, what becomes of the message, and how it names them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nexnotify.content.segments import count
from nexnotify.content.titles import MOST_SEGMENTS, fitting_words, title_words
from nexnotify.policy.bundling import together, wait_for_others
from nexnotify.policy.eligibility import Hold, Send, Skip, Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TITLES = [f"Product number {number}" for number in range(1, 12)]


def hold(reason: str, minutes: int) -> Hold:
    return Hold(reason, NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "verdict, minutes, after",
    [
        (Send(), 0, Send()),
        (Send(), 10, hold("bundling", 10)),
        (hold("frequency_cap", 90), 10, hold("frequency_cap", 90)),
        (hold("quiet_hours", 5), 0, hold("quiet_hours", 5)),
    ],
)
def test_only_what_could_go_now_waits_for_others(verdict: Send | Hold, minutes: int, after: Verdict) -> None:
    assert wait_for_others(verdict, minutes, NOW) == after


@pytest.mark.parametrize(
    "each, whole",
    [
        ([Send(), Send()], Send()),
        ([Skip("sold_out_again"), Send()], Send()),
        ([hold("page_gone", 10), Send()], Send()),
        ([hold("frequency_cap", 60), Skip("bought")], hold("frequency_cap", 60)),
        ([hold("quiet_hours", 90), hold("page_gone", 10)], hold("page_gone", 10)),
        ([Skip("sold_out_again"), Skip("bought")], Skip("sold_out_again")),
    ],
)
def test_a_message_goes_if_it_may_for_one_of_its_products(each: list[Verdict], whole: Verdict) -> None:
    assert together(each) == whole


@pytest.mark.parametrize(
    "titles, named, locale, words",
    [
        (["Tee"], 1, "en", "Tee"),
        (["Tee", "Mug"], 2, "en", "Tee and Mug"),
        (["Tee", "Mug", "Cap"], 3, "de_AT", "Tee, Mug und Cap"),
        (["Tee", "Mug", "Cap"], 1, "en", "Tee and 2 more"),
        (["Tee", "Mug", "Cap"], 2, "de", "Tee, Mug und 1 weitere"),
        (["Tee", "Mug", "Cap"], 0, "fr", "3 products"),
    ],
)
def test_products_are_named_as_people_name_them(titles: list[str], named: int, locale: str, words: str) -> None:
    assert title_words(titles, named, locale) == words


@pytest.mark.parametrize(
    "around", ["Acme: " + "x" * 120 + " {}", "Acme: " + "x" * 200 + " {}", "Äcme 😀: {} https://shop.example/s/1"]
)
def test_as_many_titles_are_named_as_two_segments_hold(around: str) -> None:
    def segments_of(words: str) -> int:
        return count(around.format(words)).segments

    words = fitting_words(TITLES, "en", segments_of)
    named = words.count("Product number")
    assert segments_of(words) <= MOST_SEGMENTS
    assert 0 < named < len(TITLES)
    assert words.endswith(f"and {len(TITLES) - named} more")
    assert segments_of(title_words(TITLES, named + 1, "en")) > MOST_SEGMENTS


def test_a_title_that_has_no_room_is_counted() -> None:
    assert fitting_words(["x" * 400, "y"], "en", lambda words: count(words).segments) == "2 products"

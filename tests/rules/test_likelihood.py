"""Who is likelier to buy: what a model looks at, what it says of somebody, and when it is any better than plain order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st

from nexnotify.ledger.planning.likelihood import (
    FEATURES,
    Asking,
    Model,
    Past,
    Told,
    features,
    is_better,
    order_words,
    ordered,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ASKING = Asking(NOW - timedelta(weeks=3), 2, "sms", "widget")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def told(days: float, clicked: float | None = None, bought: float | None = None) -> Told:
    return Told(1, 1, ago(days), None if clicked is None else ago(clicked), None if bought is None else ago(bought))


def named(past: Past, asking: Asking = ASKING) -> dict[str, float]:
    return dict(zip(FEATURES, features(asking, past, NOW), strict=True))


def model(**weights: float) -> Model:
    return Model(-1.0, {name: weights.get(name, 0.0) for name in FEATURES}, dict.fromkeys(FEATURES, 0.5))


@pytest.mark.parametrize(
    "past, expected",
    [
        (Past(), {"orders": 0, "clicks": 0, "missed": 0}),
        (Past([told(30, clicked=29)]), {"clicks": 1, "missed": 1}),
        (Past([told(30, clicked=29, bought=29)]), {"clicks": 1, "missed": 0}),
        (Past((), [ago(400), ago(5)]), {"orders": 2}),
        (Past([told(day) for day in range(1, 20)]), {"missed": 5}),
    ],
)
def test_what_is_known_of_somebody_becomes_a_few_numbers(past: Past, expected: dict[str, float]) -> None:
    found = named(past)
    assert {name: found[name] for name in expected} == expected
    assert (found["weeks"], found["units"], found["text"], found["widget"]) == (3, 2, 1, 1)


def test_nothing_that_came_later_is_known_at_the_time() -> None:
    later = Past([Told(1, 1, ago(-1), ago(-2), ago(-2))], [ago(-3)])
    assert named(later) == named(Past())
    assert named(Past([told(2, clicked=-1, bought=-1)]))["missed"] == 1, "it had not been bought by then"


def test_a_weight_of_log_two_doubles_the_odds() -> None:
    plain = model(clicks=0.6931471805599453)
    none, one = (plain.likelihood(features(ASKING, Past(past), NOW)) for past in ([], [told(9, clicked=8)]))
    assert (one / (1 - one)) / (none / (1 - none)) == pytest.approx(2)


def test_reasons_name_what_moves_somebody_most_and_keep_silent_about_trifles() -> None:
    known = model(clicks=0.8, orders=0.3, units=0.01)
    values = features(ASKING, Past([told(9, clicked=8), told(8, clicked=7)], [ago(50)]), NOW)
    assert known.reasons(values) == [("clicks", True), ("orders", True)]
    assert known.reasons(features(ASKING, Past(), NOW)) == []
    assert known.reasons(features(ASKING, Past(), NOW), likelier=False) == [("clicks", False), ("orders", False)]


def test_the_story_says_which_place_it_was_and_why() -> None:
    words = order_words({"order": {"place": 1, "plain": 17, "people": 40, "because": [["clicks", True]]}})
    assert words == (
        "Likelihood to buy made it number 1 of the 40 people told together; in plain order it was number 17. "
        "Because: has opened alerts before."
    )
    assert order_words({}) is None


@pytest.mark.parametrize(
    "figures, better",
    [
        ({"auc": 0.75, "auc_error": 0.03, "auc_plain": 0.52, "brier": 0.12, "brier_same": 0.15}, True),
        ({"auc": 0.55, "auc_error": 0.03, "auc_plain": 0.50, "brier": 0.12, "brier_same": 0.15}, False),  # luck
        ({"auc": 0.75, "auc_error": 0.03, "auc_plain": 0.74, "brier": 0.12, "brier_same": 0.15}, False),  # no news
        ({"auc": 0.58, "auc_error": 0.02, "auc_plain": 0.30, "brier": 0.12, "brier_same": 0.15}, True),
        ({"auc": 0.52, "auc_error": 0.02, "auc_plain": 0.30, "brier": 0.12, "brier_same": 0.15}, False),  # a coin
        ({"auc": 0.75, "auc_error": 0.03, "auc_plain": 0.52, "brier": 0.16, "brier_same": 0.15}, False),  # too sure
    ],
)
def test_a_model_is_used_only_where_it_beats_plain_order_and_chance(figures: dict[str, float], better: bool) -> None:
    assert is_better(figures) is better


@hypothesis.given(st.lists(st.sampled_from([0.1, 0.2, 0.3]), max_size=30))
def test_everybody_has_one_place_and_equals_keep_the_plain_order(likelihoods: list[float]) -> None:
    places = ordered(likelihoods)
    assert sorted(places) == list(range(len(likelihoods)))
    for before, after in itertools.pairwise(places):
        assert (likelihoods[before], -before) > (likelihoods[after], -after)

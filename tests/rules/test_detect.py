"""Restock detection: one event when a product can be bought again, none for the rest of the noise."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.restock.detect import crosses, may_open, offer_obstacle

UNLIMITED = None
STOCK = st.one_of(st.none(), st.integers(-50, 50))


@pytest.mark.parametrize(
    "before, after, threshold, restock",
    [
        (0, 1, 1, True),
        (0, 0, 1, False),
        (1, 2, 1, False),
        (5, 0, 1, False),
        (-3, 0, 1, False),
        (-3, -1, 1, False),
        (-3, 2, 1, True),
        (0, 1, 5, False),
        (0, 4, 5, False),
        (0, 5, 5, True),
        (4, 5, 5, True),
        (5, 6, 5, False),
        (5, 5, 5, False),
        (4, 4, 5, False),
        (0, UNLIMITED, 1, True),
        (4, UNLIMITED, 5, True),
        (5, UNLIMITED, 5, False),
        (UNLIMITED, UNLIMITED, 1, False),
        (UNLIMITED, 5, 1, False),
        (UNLIMITED, 0, 1, False),
        (-1, 0, 0, False),
        (0, 1, 0, True),
        (-9, -5, -7, False),
    ],
)
def test_stock_that_rises_across_the_threshold_is_a_restock(before, after, threshold, restock):
    assert crosses(before, after, threshold) is restock


@given(st.lists(STOCK, min_size=2), st.integers(1, 20))
def test_restocks_and_sell_outs_take_turns(levels, threshold):
    def can_be_bought(level):
        return level is None or level >= threshold

    answers = [crosses(before, after, threshold) for before, after in itertools.pairwise(levels)]
    expected = [not can_be_bought(a) and can_be_bought(b) for a, b in itertools.pairwise(levels)]
    assert answers == expected


@pytest.mark.parametrize(
    "cause, before, after, min_order, opens",
    [
        ("preordered", 0, 0, 1, True),
        ("backordered", -2, -2, 1, True),
        ("published", 0, -2, 1, True),
        ("check", 0, 0, 1, True),
        ("level", 5, 0, 1, True),
        ("level", UNLIMITED, 0, 1, True),
        ("level", 6, 5, 6, True),
        ("level", 5, 1, 1, False),
        ("level", 0, 0, 1, False),
        ("level", 0, 5, 1, False),
        ("unpublished", 5, 0, 1, False),
        ("minimum", 5, 5, 1, False),
    ],
)
def test_what_may_make_ordering_without_stock_possible(
    cause: str, before: int | None, after: int | None, min_order: int, opens: bool
) -> None:
    assert may_open(cause, before, after, min_order) is opens


@pytest.mark.parametrize(
    "alerts, published, told_of, status, reason",
    [
        (True, True, "preordered", "preordered", None),
        (True, True, "backordered", "backordered", None),
        (True, True, "preordered", "backordered", "offer_over"),
        (True, True, "preordered", "sold_out", "offer_over"),
        (True, True, "preordered", "in_stock", "offer_over"),
        (True, False, "preordered", "preordered", "offer_over"),
        (False, True, "preordered", "preordered", "alerts_off"),
    ],
)
def test_news_of_an_order_before_stock_goes_only_while_it_is_true(
    alerts: bool, published: bool, told_of: str, status: str, reason: str | None
) -> None:
    assert offer_obstacle(alerts, published, told_of, status) == reason

"""What a move of a message does to credits: rows of facts and answers."""

from __future__ import annotations

import pytest

from nexnotify.credits.rules import how_many_fit, is_crossing, needed
from nexnotify.ledger.charges import OPEN, PAID, Charge, charge
from nexnotify.ledger.transitions import STATUSES


def test_a_text_of_one_segment_is_twelve_credits_and_one_of_three_is_thirty_six() -> None:
    assert (needed(1, 12), needed(3, 12)) == (12, 36)


@pytest.mark.parametrize(
    "amounts, available, fit",
    [
        ([12, 12, 12], 36, 3),
        ([12, 12, 12], 35, 2),
        ([12], 11, 0),
        ([], 100, 0),
        ([12], -5, 0),
        ([24, 12], 12, 0),  # the shorter text behind does not overtake
    ],
)
def test_a_balance_pays_the_first_texts_in_their_order(amounts: list[int], available: int, fit: int) -> None:
    assert how_many_fit(amounts, available) == fit


@pytest.mark.parametrize(
    "before, after, below, crossing",
    [(60, 48, 50, True), (50, 49, 50, True), (48, 36, 50, False), (60, 50, 50, False), (60, 0, 0, False)],
)
def test_falling_below_the_threshold_is_a_crossing_and_being_below_is_none(
    before: int, after: int, below: int, crossing: bool
) -> None:
    assert is_crossing(before, after, below) is crossing


@pytest.mark.parametrize(
    "before, after, taken, cost, booked",
    [
        ("claimed", "accepted", 12, 12, Charge("settle", 0, -12, 12)),
        ("claimed", "accepted", 12, 24, Charge("settle", -12, -12, 24)),  # the gateway counted two segments
        ("claimed", "accepted", 24, 12, Charge("settle", 12, -24, 12)),
        ("uncertain", "delivered", 12, 12, Charge("settle", 0, -12, 12)),
        ("accepted", "delivered", 12, 12, None),
        ("accepted", "undelivered", 12, 12, None),
        ("sent", "expired", 12, 12, None),
        ("accepted", "rejected", 12, 12, Charge("refund", 12, 0, 0)),
        ("claimed", "rejected", 12, 12, Charge("refund", 12, -12, 0)),
        ("queued", "suppressed", 12, 12, Charge("refund", 12, -12, 0)),
        ("queued", "expired", 12, 12, Charge("refund", 12, -12, 0)),
        ("held", "cancelled", 12, 12, Charge("refund", 12, -12, 0)),
        ("queued", "held", 12, 12, None),
        ("claimed", "queued", 12, 12, None),
        ("claimed", "uncertain", 12, 12, None),
        ("uncertain", "queued", 0, 12, Charge("reserve", -12, 12, 12)),  # given back meanwhile, and sent again
        ("uncertain", "accepted", 0, 12, Charge("settle", -12, 0, 12)),  # given back, and taken after all
        ("rejected", "delivered", 0, 12, Charge("settle", -12, 0, 12)),
        ("suppressed", "accepted", 0, 12, Charge("settle", -12, 0, 12)),
        ("rejected", "rejected", 0, 12, None),
    ],
)
def test_what_is_booked(before: str, after: str, taken: int, cost: int, booked: Charge | None) -> None:
    assert charge(before, after, taken, cost) == booked


@pytest.mark.parametrize("taken", [0, 12])
@pytest.mark.parametrize("after", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_the_books_balance_after_any_move(before: str, after: str, taken: int) -> None:
    """What a text has taken is what left the balance; what is reserved is what texts that have not gone have taken."""
    step = charge(before, after, taken, 12)
    booked = step or Charge("none", 0, 0, taken)
    assert booked.taken - taken == -booked.credits
    if (before in OPEN) == (after in OPEN) or step:
        assert booked.reserved == (booked.taken if after in OPEN else 0) - (taken if before in OPEN else 0)
    if after in PAID and before not in PAID:
        assert booked.taken == 12

"""Who is not told of a restock, so that what telling is worth can be measured: drawn by chance, and always the same."""

from __future__ import annotations

import pytest

from nexnotify.policy.holdout import Draw, lot

PEOPLE = range(1, 10_001)


def drawn(draw: Draw, before: Draw | None = None, store_id: int = 1) -> set[int]:
    return {person for person in PEOPLE if lot(store_id, person, draw, before) is True}


# Of 10,000 people, four standard deviations of a binomial share are at most 200.
@pytest.mark.parametrize("share", [5, 10, 25, 50])
def test_the_share_that_is_set_is_drawn(share: int) -> None:
    assert abs(len(drawn(Draw(7, share))) - 100 * share) < 200


def test_nothing_draws_nobody_and_all_draws_everybody() -> None:
    assert drawn(Draw(7, 0)) == set()
    assert drawn(Draw(7, 100)) == set(PEOPLE)


def test_a_larger_share_draws_the_same_people_and_more() -> None:
    assert drawn(Draw(7, 10)) < drawn(Draw(7, 20))


def test_each_restock_and_store_draws_anew() -> None:
    first = drawn(Draw(7, 50))
    for other in (drawn(Draw(8, 50)), drawn(Draw(7, 50), store_id=2)):
        assert abs(len(first & other) - 2500) < 200, "as many in both as chance has it"


def test_nobody_is_drawn_twice_in_a_row() -> None:
    first, second = Draw(7, 30), Draw(8, 30)
    assert drawn(second) & drawn(first)
    assert not drawn(second, before=first) & drawn(first)
    assert drawn(second, before=first) == drawn(second) - drawn(first)

"""Available-to-sell: a shopper is only told of what can be bought."""

import pytest

from nexnotify.inventory.available import STATUSES, Level, available_to_sell, product_status

UNLIMITED = None


@pytest.mark.parametrize(
    "levels, available",
    [
        ([], 0),
        ([Level(5)], 5),
        ([Level(5, committed=2)], 3),
        ([Level(5, committed=2, safety_stock=1)], 2),
        ([Level(5, committed=5)], 0),
        ([Level(0, committed=2)], -2),
        ([Level(5, 1, 1), Level(4, 0, 2)], 5),
        ([Level(5), Level(0, committed=2)], 3),
        ([Level(UNLIMITED)], UNLIMITED),
        ([Level(UNLIMITED, committed=9, safety_stock=9)], UNLIMITED),
        ([Level(0, committed=3), Level(UNLIMITED)], UNLIMITED),
    ],
)
def test_available_is_on_hand_less_what_is_promised_or_kept(levels, available):
    assert available_to_sell(levels) == available
    assert available_to_sell(iter(levels)) == available


@pytest.mark.parametrize("unavailable_as", STATUSES)
@pytest.mark.parametrize(
    "published, available, in_stock",
    [
        (True, 1, True),
        (True, 99, True),
        (True, UNLIMITED, True),
        (True, 0, False),
        (True, -1, False),
        (False, 5, False),
        (False, UNLIMITED, False),
        (False, 0, False),
    ],
)
def test_a_product_is_in_stock_or_what_the_merchant_calls_it(published, available, in_stock, unavailable_as):
    assert product_status(published, available, unavailable_as) == ("in_stock" if in_stock else unavailable_as)


@pytest.mark.parametrize("unavailable_as", ["", "in_stock", "Sold Out"])
def test_there_are_three_ways_to_be_unavailable(unavailable_as):
    with pytest.raises(ValueError, match="preordered, backordered, sold_out"):
        product_status(True, 0, unavailable_as)

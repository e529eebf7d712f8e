"""Where other systems fail: thresholds, calls about stock, stock that moves, carts, and one of several sizes."""

from __future__ import annotations

from collections import Counter

import pytest

from nexnotify.gateways.contract import Accepted
from tests.journeys.told import ANN, BEN, CAT, statuses, told
from tests.shop import Shop
from tests.stages.test_claims import claim_now, numbers, settle_now, wait_for_stock
from tests.times import later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# --- 1: where a threshold lies ---------------------------------------------------------------------------------------

#: (threshold, before, after, whether that is a restock); None is unlimited.
BOUNDARIES = [
    (1, 0, 1, True),
    (1, 1, 2, False),
    (1, -2, 0, False),
    (1, -2, 1, True),
    (1, 0, None, True),
    (1, None, 5, False),
    (1, 5, None, False),
    (3, 0, 2, False),
    (3, 0, 3, True),
    (3, 2, 3, True),
    (3, 3, 4, False),
    (3, -1, 3, True),
    (3, 2, None, True),
]


def test_01_a_restock_is_below_the_threshold_before_and_at_it_or_above_after(shop: Shop) -> None:
    for number, (threshold, before, after, is_restock) in enumerate(BOUNDARIES):
        sku = f"TEE-{number}"
        shop.put("settings", {"threshold": threshold})
        shop.product(sku, on_hand=before)
        shop.plan()
        shop.stock(sku, after)
        shop.plan()
        found = shop.get(f"restocks?sku={sku}")["restocks"]
        assert bool(found) is is_restock, f"{before} → {after} at {threshold}"


# --- 2: two calls for one restock ------------------------------------------------------------------------------------


def test_02_quantity_and_then_status_of_one_restock_are_one_restock(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    for _ in range(2):
        shop.stock("TEE-M", 5)
        shop.plan()
        shop.product("TEE-M", on_hand=5, unavailable_as="backordered")
        shop.work()
    assert len(shop.get("restocks")["restocks"]) == 1
    assert told(shop) == [ANN]


# --- 3: many at once -------------------------------------------------------------------------------------------------


def test_03_eleven_products_that_come_back_within_a_minute_are_all_told(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": None})
    skus = [f"TEE-{number}" for number in range(11)]
    for sku in skus:
        shop.product(sku)
        shop.ask(sku)
    for sku in skus:
        shop.stock(sku, 1)
        shop.work()
    assert sorted(message["sku"] for message in shop.messages(status="delivered")) == sorted(skus)


# --- 4: stock that moves while people are told -----------------------------------------------------------------------


def test_04_sold_out_between_waves_the_rest_keep_their_place(shop: Shop) -> None:
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 60}})
    wait_for_stock(shop, [ANN, BEN, CAT])
    shop.stock("TEE-M", 1)
    shop.work()
    shop.stock("TEE-M", 0)
    with later(hours=2):
        shop.work()
        assert (told(shop), statuses(shop)) == ([ANN], ["alerted", "waiting", "waiting"])
        shop.stock("TEE-M", 1)
        shop.work()
    assert told(shop) == [ANN, BEN]


def test_04_sold_out_while_the_gateway_is_being_called_the_place_is_given_back(shop: Shop) -> None:
    """The call cannot be taken back; who was texted too late waits again, before those who asked later."""
    wait_for_stock(shop, [ANN])
    shop.put("settings", {"keep_place_minutes": 60, "told_hours": 0})
    shop.stock("TEE-M", 1)
    shop.plan()
    taken = claim_now(shop)
    shop.stock("TEE-M", 0)
    shop.ask(phone=BEN)
    settle_now(shop, taken, Accepted("SM1"))
    shop.work()
    assert (told(shop), statuses(shop)) == ([ANN], ["waiting", "waiting"])
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN, ANN, BEN]


def test_04_restocked_while_people_are_being_told_nobody_is_told_twice(shop: Shop) -> None:
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 60}})
    everybody = numbers(6)
    wait_for_stock(shop, everybody)
    shop.stock("TEE-M", 2)
    shop.work()
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 3)
    shop.work()
    with later(hours=1, minutes=1):
        shop.work()
    assert told(shop) == everybody[:6]
    assert max(Counter(told(shop)).values()) == 1


# --- 13: what lies in somebody's cart --------------------------------------------------------------------------------


def test_13_the_last_piece_in_ones_own_cart_is_no_reason_to_wait_and_no_restock(shop: Shop) -> None:
    """The shop's page calls it sold out; the server knows the stock, refuses the request, and hears of no change."""
    shop.product("TEE-M", on_hand=1)
    shop.plan()
    shop.ask(status=409)
    shop.stock("TEE-M", 1)
    shop.work()
    assert (shop.requests(), shop.get("restocks")["restocks"], shop.messages(None)) == ([], [], [])


def test_13_a_shop_that_counts_carts_as_committed_tells_nobody_of_a_unit_that_comes_and_goes(shop: Shop) -> None:
    """A unit that a cart gives back for a moment does not stay, and nobody has been told of it."""
    shop.put("settings", {"settle_seconds": 60})
    shop.product("TEE-M", on_hand=1)
    shop.stock("TEE-M", 1, committed=1)
    shop.ask()
    for committed in (0, 1):
        shop.stock("TEE-M", 1, committed=committed)
        shop.work()
    with later(minutes=2):
        shop.work()
    assert (told(shop), statuses(shop)) == ([], ["waiting"])


# --- 14: parents, any size, any of these -----------------------------------------------------------------------------


def tees(shop: Shop) -> None:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "SML"]
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": variants}]})
    for size in "SML":
        shop.stock(f"TEE-{size}", 0)


def test_14_who_asked_for_the_product_hears_of_any_size_and_who_asked_for_one_of_that_one(shop: Shop) -> None:
    tees(shop)
    shop.ask("TEE-S", ANN, any_variant=True)
    shop.ask("TEE-M", BEN)
    shop.ask("TEE-L", CAT)
    shop.stock("TEE-L", 5)
    shop.work()
    assert told(shop) == [ANN, CAT]
    assert [message["sku"] for message in shop.messages()] == ["TEE-L", "TEE-L"]


def test_14_any_of_these_tells_a_person_once_though_all_of_them_come_back(shop: Shop) -> None:
    tees(shop)
    shop.ask("TEE-S", ANN, or_variants=[{"sku": "TEE-M"}, {"sku": "TEE-L"}])
    for sku in ("TEE-M", "TEE-L", "TEE-S"):
        shop.stock(sku, 5)
    shop.work()
    assert told(shop) == [ANN]

"""A restock is available-to-sell rising across the threshold: once per crossing, and nothing else is one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shop import Shop


def restocks(shop: Shop, sku: str = "TEE-M") -> list[tuple[int | None, int | None]]:
    """Available before and after of each restock, oldest first."""
    shop.plan()
    found = shop.get(f"restocks?sku={sku}&limit=200")["restocks"]
    return [(event["available_before"], event["available_after"]) for event in reversed(found)]


def product(shop: Shop, *, published: bool = True, title: str = "Tee") -> None:
    variants = [{"id": "tee-m-v", "sku": "TEE-M", "price": "20.00"}]
    shop.put("products", {"products": [{"id": "tee-m", "title": title, "published": published, "variants": variants}]})


@pytest.fixture
def sold_out(shop: Shop) -> Shop:
    """The shop, its tee sold out and looked at."""
    product(shop)
    shop.stock("TEE-M", 0)
    assert restocks(shop) == []
    return shop


@pytest.mark.parametrize(
    "levels,expected",
    [
        ([5], [(0, 5)]),
        ([1], [(0, 1)]),
        ([5, 5, 5], [(0, 5)]),
        ([5, 9, 2, 7], [(0, 5)]),
        ([5, 0], [(0, 5)]),
        ([5, 0, 5], [(0, 5), (0, 5)]),
        ([-3, -1, 0], []),
        ([-3, 2], [(-3, 2)]),
        ([None], [(0, None)]),
        ([None, 5, None], [(0, None)]),
        ([None, 0, 4], [(0, None), (0, 4)]),
        ([0, 0], []),
    ],
    ids=str,
)
def test_one_restock_for_each_crossing(
    sold_out: Shop, levels: list[int | None], expected: list[tuple[int | None, int | None]]
) -> None:
    for level in levels:
        sold_out.stock("TEE-M", level)
    assert restocks(sold_out) == expected


@pytest.mark.parametrize(
    "levels,expected",
    [([2], []), ([3], [(0, 3)]), ([2, 3, 4], [(2, 3)]), ([5, 2, 3], [(0, 5), (2, 3)]), ([5, 3, 6], [(0, 5)])],
    ids=str,
)
def test_the_threshold_is_the_stores_own(
    sold_out: Shop, levels: list[int | None], expected: list[tuple[int | None, int | None]]
) -> None:
    sold_out.put("settings", {"threshold": 3})
    for level in levels:
        sold_out.stock("TEE-M", level)
    assert restocks(sold_out) == expected


def test_committed_units_and_safety_stock_cannot_be_sold(sold_out: Shop) -> None:
    sold_out.stock("TEE-M", 5, committed=3, safety_stock=2)
    assert restocks(sold_out) == []
    sold_out.stock("TEE-M", 5, committed=2, safety_stock=2)
    assert restocks(sold_out) == [(0, 1)]


def test_two_events_for_one_restock_make_one(sold_out: Shop) -> None:
    sold_out.ask("TEE-M")
    for _ in range(2):  # the webhook and the nightly file
        sold_out.stock("TEE-M", 5, as_of="2026-01-05T10:00:00Z")
        sold_out.stock("TEE-M", 5)
    sold_out.work()
    assert restocks(sold_out) == [(0, 5)]
    assert len(sold_out.messages()) == 1


def test_eleven_restocks_in_a_minute_make_eleven(sold_out: Shop) -> None:
    for _ in range(11):
        sold_out.stock("TEE-M", 5)
        sold_out.stock("TEE-M", 0)
    assert restocks(sold_out) == [(0, 5)] * 11


def test_eleven_restocks_told_in_one_call_make_eleven_and_one_text(sold_out: Shop) -> None:
    sold_out.ask("TEE-M")
    levels = [{"sku": "TEE-M", "on_hand": on_hand} for on_hand in (5, 0) * 10 + (5,)]
    assert sold_out.put("stock", {"levels": levels})["accepted"] == 21
    sold_out.work()
    assert restocks(sold_out) == [(0, 5)] * 11
    assert len(sold_out.messages()) == 1


def test_a_level_that_comes_late_changes_nothing(sold_out: Shop) -> None:
    product(sold_out)
    sold_out.product("MUG", on_hand=0)
    sold_out.stock("MUG", 0, as_of="2026-01-05T10:00:00Z")  # older than the one above
    sold_out.put(
        "stock",
        {
            "levels": [
                {"sku": "HAT", "on_hand": 0, "as_of": "2026-01-05T10:00:00Z"},
                {"sku": "HAT", "on_hand": 0, "as_of": "2026-01-05T10:05:00Z"},
            ]
        },
    )
    hat = {"id": "hat", "title": "Hat", "variants": [{"id": "hat-v", "sku": "HAT"}]}
    sold_out.put("products", {"products": [hat]})
    sold_out.stock("HAT", 7, as_of="2026-01-05T10:04:00Z")  # late: at 10:05 there were none
    assert restocks(sold_out, "HAT") == []
    sold_out.stock("HAT", 7, as_of="2026-01-05T10:06:00Z")
    sold_out.stock("HAT", 0, as_of="2026-01-05T10:05:30Z")  # late: it is still in stock
    assert restocks(sold_out, "HAT") == [(0, 7)]
    assert sold_out.offered("HAT")["status"] == "in_stock"


def test_a_storefront_whose_clock_runs_ahead_does_not_silence_what_comes_next(sold_out: Shop) -> None:
    sold_out.stock("TEE-M", 0, as_of="2126-01-05T10:00:00Z")
    sold_out.stock("TEE-M", 5)
    assert restocks(sold_out) == [(0, 5)]


def test_stock_of_a_product_we_do_not_know_yet_waits_for_it(shop: Shop) -> None:
    answer = shop.stock("TEE-M", 5)
    assert answer == {"accepted": 1, "errors": [], "unknown": ["TEE-M"]}
    assert shop.put("stock", {"levels": [{"variant_id": "mug-v", "on_hand": 2}]})["unknown"] == ["mug-v"]
    product(shop)
    assert shop.offered("TEE-M")["status"] == "in_stock"
    mug = {"id": "mug", "title": "Mug", "variants": [{"id": "mug-v", "sku": "MUG"}]}
    shop.put("products", {"products": [mug]})
    assert shop.offered("MUG")["status"] == "in_stock"


def test_stock_told_by_a_sku_that_a_variant_is_given_only_later_waits_for_that(shop: Shop) -> None:
    tee: dict[str, Any] = {"id": "tee", "title": "Tee", "variants": [{"id": "tee-v"}]}
    shop.put("products", {"products": [tee]})
    assert shop.stock("TEE-M", 5)["unknown"] == ["TEE-M"]
    tee["variants"][0]["sku"] = "TEE-M"
    shop.put("products", {"products": [tee]})
    assert shop.offered("TEE-M")["status"] == "in_stock"


def test_the_last_of_several_levels_for_an_unknown_product_counts(shop: Shop) -> None:
    shop.stock("TEE-M", 5, as_of="2026-01-05T10:00:00Z")
    shop.stock("TEE-M", 0, as_of="2026-01-05T11:00:00Z")
    shop.stock("TEE-M", 9, as_of="2026-01-05T09:00:00Z")
    product(shop)
    assert shop.offered("TEE-M")["status"] == "sold_out"


def test_the_first_level_ever_tells_those_who_wait(shop: Shop) -> None:
    product(shop)
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]
    assert restocks(shop) == [(0, 5)]


def test_the_first_level_ever_with_nobody_waiting_is_no_restock(shop: Shop) -> None:
    product(shop)
    shop.stock("TEE-M", 5)
    assert restocks(shop) == []
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    assert restocks(shop) == [(0, 5)], "from then on every crossing is one"


def test_publishing_what_is_in_stock_is_a_restock(sold_out: Shop) -> None:
    sold_out.ask("TEE-M")
    product(sold_out, published=False)
    sold_out.stock("TEE-M", 5)
    assert restocks(sold_out) == [], "nobody can buy what is hidden"
    product(sold_out)
    sold_out.work()
    assert restocks(sold_out) == [(0, 5)]
    assert [message["status"] for message in sold_out.messages()] == ["delivered"]


def test_hiding_or_editing_a_product_is_never_a_restock(sold_out: Shop) -> None:
    sold_out.stock("TEE-M", 5)
    assert restocks(sold_out) == [(0, 5)]
    product(sold_out, title="Better tee")
    product(sold_out, published=False)
    product(sold_out, published=False, title="Best tee")
    assert restocks(sold_out) == [(0, 5)]
    sold_out.stock("TEE-M", 0)
    product(sold_out)
    assert restocks(sold_out) == [(0, 5)]


def test_locations_are_added_up(sold_out: Shop) -> None:
    sold_out.put("settings", {"threshold": 3})
    sold_out.stock("TEE-M", 2, location="north")
    assert restocks(sold_out) == []
    sold_out.stock("TEE-M", 2, location="south")
    assert restocks(sold_out) == [(2, 4)]
    sold_out.stock("TEE-M", 0, location="north")
    sold_out.stock("TEE-M", 9, location="east")
    assert restocks(sold_out) == [(2, 4), (2, 11)]
    sold_out.stock("TEE-M", -20, location="south")
    sold_out.stock("TEE-M", None, location="west")
    assert restocks(sold_out) == [(2, 4), (2, 11), (-11, None)]


def test_moving_stock_between_locations_in_one_call_is_judged_level_by_level(sold_out: Shop) -> None:
    sold_out.stock("TEE-M", 5, location="north")
    assert restocks(sold_out) == [(0, 5)]
    sold_out.put(
        "stock",
        {
            "levels": [
                {"sku": "TEE-M", "on_hand": 5, "location": "south"},
                {"sku": "TEE-M", "on_hand": 0, "location": "north"},
            ]
        },
    )
    assert restocks(sold_out) == [(0, 5)], "five here before none there: it was never gone"


def test_two_shops_with_the_same_sku_do_not_hear_of_each_other(sold_out: Shop, other_shop: Shop) -> None:
    product(other_shop)
    other_shop.stock("TEE-M", 0)
    other_shop.ask("TEE-M")
    sold_out.stock("TEE-M", 5)
    sold_out.work()
    assert restocks(other_shop) == []
    assert other_shop.messages() == []

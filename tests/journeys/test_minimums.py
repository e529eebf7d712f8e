"""The least units at which people are told are the merchant's new zero: below them sending pauses, at them it resumes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shop import Shop

ANN, BEN = "+12015550123", "+12015550124"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def tee(shop: Shop, *, variant: dict[str, Any] | None = None, **product: Any) -> None:
    """Tell the tee again, with these fields beside those it always has."""
    variants = [{"id": "tee-m-v", "sku": "TEE-M", "price": "20.00", **(variant or {})}]
    row = {"id": "tee-m", "title": "Tee", "url": "https://acme.example/tee-m", **product, "variants": variants}
    assert shop.put("products", {"products": [row]})["errors"] == []


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """A tee that is sold out, and Ann waits for it."""
    tee(shop)
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", ANN)
    shop.work()
    return shop


def told(shop: Shop) -> list[str]:
    shop.work()
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


def events(shop: Shop) -> list[tuple[int | None, int | None]]:
    shop.plan()
    rows = shop.get("restocks?sku=TEE-M")["restocks"]
    return [(row["available_before"], row["available_after"]) for row in reversed(rows)]


def reasons(shop: Shop) -> list[str]:
    """Why Ann was told, held or passed over, in order."""
    [request] = shop.requests()
    return [event["reason"] for event in shop.trace(request["id"])["events"] if event["what"].startswith("decided_")]


@pytest.mark.parametrize(
    "levels,people",
    [
        ([4], 0),
        ([5], 1),
        ([6], 1),
        ([4, 5], 1),
        ([-3, 4], 0),
        ([-3, 5], 1),
        ([None], 1),
    ],
    ids=str,
)
def test_nobody_is_told_below_the_minimum(waiting: Shop, levels: list[int | None], people: int) -> None:
    waiting.put("settings", {"threshold": 5})
    for level in levels:
        waiting.stock("TEE-M", level)
        waiting.plan()
    assert len(told(waiting)) == people


@pytest.mark.parametrize("where", ["store", "product", "variant"])
def test_a_minimum_holds_for_the_store_a_product_or_a_variant(waiting: Shop, where: str) -> None:
    if where == "store":
        waiting.put("settings", {"threshold": 5})
    elif where == "product":
        waiting.put("settings", {"threshold": 1})
        tee(waiting, threshold=5)
    else:
        tee(waiting, threshold=1, variant={"threshold": 5})
    waiting.stock("TEE-M", 4)
    assert told(waiting) == []
    waiting.stock("TEE-M", 5)
    assert told(waiting) == [ANN]


def test_a_minimum_of_the_product_may_lie_below_the_stores(waiting: Shop) -> None:
    waiting.put("settings", {"threshold": 50})
    tee(waiting, threshold=2)
    waiting.stock("TEE-M", 2)
    assert told(waiting) == [ANN]


def test_below_the_minimum_sending_pauses_and_at_it_it_resumes(waiting: Shop) -> None:
    waiting.put("settings", {"threshold": 5})
    waiting.stock("TEE-M", 6)
    waiting.plan()
    waiting.stock("TEE-M", 4)  # two were bought before the text went
    assert told(waiting) == []
    assert reasons(waiting) == ["eligible", "below_minimum"]
    assert waiting.requests()[0]["status"] == "waiting"
    waiting.stock("TEE-M", 5)
    assert told(waiting) == [ANN]
    assert reasons(waiting) == ["eligible", "below_minimum", "eligible"]


def test_raising_the_minimum_pauses_what_is_on_its_way(waiting: Shop) -> None:
    waiting.stock("TEE-M", 3)
    waiting.plan()
    waiting.put("settings", {"threshold": 5})
    assert told(waiting) == []
    assert reasons(waiting)[-1] == "below_minimum"


@pytest.mark.parametrize("where", ["store", "product", "variant", "to the product's", "to the store's"])
def test_lowering_a_minimum_to_what_is_there_tells_those_who_wait(waiting: Shop, where: str) -> None:
    if where == "store":
        waiting.put("settings", {"threshold": 5})
    elif where in ("product", "to the store's"):
        tee(waiting, threshold=5)
    else:
        tee(waiting, threshold=2, variant={"threshold": 5})
    waiting.stock("TEE-M", 3)
    assert told(waiting) == []
    if where == "store":
        waiting.put("settings", {"threshold": 3})
    elif where == "product":
        tee(waiting, threshold=3)
    elif where == "variant":
        tee(waiting, variant={"threshold": 3})
    elif where == "to the product's":
        tee(waiting, variant={"threshold": None})
    else:
        tee(waiting, threshold=None)
    assert told(waiting) == [ANN]
    assert events(waiting) == [(3, 3)]


def test_lowering_a_minimum_to_more_than_is_there_tells_nobody(waiting: Shop) -> None:
    waiting.put("settings", {"threshold": 9})
    waiting.stock("TEE-M", 3)
    waiting.put("settings", {"threshold": 4})
    assert told(waiting) == []
    assert events(waiting) == []


def test_changing_the_minimum_where_nobody_waits_is_no_restock(shop: Shop) -> None:
    tee(shop)
    shop.put("settings", {"threshold": 9})
    shop.stock("TEE-M", 3)
    shop.put("settings", {"threshold": 2})
    assert events(shop) == []


def test_a_minimum_that_goes_up_and_down_tells_each_person_once(waiting: Shop) -> None:
    waiting.stock("TEE-M", 3)
    for threshold in (5, 3, 4, 2, 9, 1):
        waiting.put("settings", {"threshold": threshold})
    assert told(waiting) == [ANN]
    for threshold in (5, 1):
        waiting.put("settings", {"threshold": threshold})
    assert told(waiting) == [ANN]


def test_a_products_next_word_leaves_the_merchants_minimum_alone(waiting: Shop) -> None:
    tee(waiting, threshold=5, variant={"threshold": 7, "min_order_quantity": 3})
    tee(waiting, title="Better tee")
    [product] = waiting.get("products")["products"]
    assert (product["threshold"], product["variants"][0]["threshold"]) == (5, 7)
    assert product["variants"][0]["min_order_quantity"] == 3


def test_fewer_than_an_order_takes_cannot_be_bought(waiting: Shop) -> None:
    tee(waiting, variant={"min_order_quantity": 6})
    waiting.stock("TEE-M", 5)
    assert told(waiting) == []
    assert events(waiting) == []
    assert waiting.offered("TEE-M") | {"channels": []} == {
        "sku": "TEE-M",
        "variant_id": "tee-m-v",
        "status": "sold_out",
        "channels": [],
    }
    waiting.ask("TEE-M", BEN)
    waiting.stock("TEE-M", 6)
    assert told(waiting) == [ANN, BEN]


def test_an_order_that_takes_fewer_from_now_on_is_a_restock(waiting: Shop) -> None:
    tee(waiting, variant={"min_order_quantity": 6})
    waiting.stock("TEE-M", 5)
    tee(waiting, variant={"min_order_quantity": 5})
    assert told(waiting) == [ANN]


@pytest.mark.parametrize("value", [0, -1, 1_000_001, "5", 1.5, True])
def test_a_minimum_is_a_whole_number_from_1_on(shop: Shop, value: Any) -> None:
    row = {"id": "tee", "title": "Tee", "threshold": value}
    assert shop.put("products", {"products": [row]})["errors"][0]["code"] == "invalid"


def test_other_stores_are_not_touched_by_a_stores_minimum(waiting: Shop, other_shop: Shop) -> None:
    tee(other_shop)
    other_shop.stock("TEE-M", 0)
    other_shop.ask("TEE-M", ANN)
    other_shop.put("settings", {"threshold": 5})
    other_shop.stock("TEE-M", 3)
    waiting.put("settings", {"threshold": 5})
    waiting.put("settings", {"threshold": 1})
    assert told(other_shop) == []


# --- exclusion and switches of a product ---------------------------------------------------------------------------


def test_an_excluded_product_is_neither_asked_for_nor_told_of(waiting: Shop) -> None:
    tee(waiting, alerts=False)
    assert waiting.offered("TEE-M")["channels"] == []
    waiting.ask("TEE-M", BEN, status=422)
    waiting.stock("TEE-M", 5)
    assert told(waiting) == []
    assert events(waiting) == []
    assert waiting.requests()[0]["status"] == "waiting", "the request keeps its place"


def test_excluding_a_product_stops_what_is_on_its_way(waiting: Shop) -> None:
    waiting.stock("TEE-M", 5)
    waiting.plan()
    tee(waiting, alerts=False)
    assert told(waiting) == []
    assert reasons(waiting) == ["eligible", "alerts_off"]


def test_a_product_that_is_no_longer_excluded_tells_those_who_wait(waiting: Shop) -> None:
    tee(waiting, alerts=False)
    waiting.stock("TEE-M", 5)
    assert told(waiting) == []
    tee(waiting, title="Tee")  # says nothing of alerts, so they stay off
    assert told(waiting) == []
    tee(waiting, alerts=True)
    assert told(waiting) == [ANN]


def test_a_product_may_switch_channels_otherwise_than_the_store(waiting: Shop) -> None:
    tee(waiting, switches={"sold_out": {"email": False}, "preordered": {"sms": True}})
    assert waiting.offered("TEE-M")["channels"] == ["sms"]
    tee(waiting, variant={"unavailable_as": "preordered"})
    assert waiting.offered("TEE-M")["channels"] == ["sms"]
    tee(waiting, switches=None, variant={"unavailable_as": "preordered"})
    assert waiting.offered("TEE-M")["channels"] == []


def test_switching_a_channel_off_for_one_product_holds_for_those_who_wait(waiting: Shop) -> None:
    tee(waiting, switches={"sold_out": {"sms": False}})
    waiting.stock("TEE-M", 5)
    assert told(waiting) == []
    assert reasons(waiting) == ["switched_off"]


def test_switching_a_channel_off_for_one_product_stops_what_is_on_its_way(waiting: Shop) -> None:
    waiting.stock("TEE-M", 5)
    waiting.plan()
    tee(waiting, switches={"sold_out": {"sms": False}})
    assert told(waiting) == []
    assert reasons(waiting) == ["eligible", "switched_off"]


@pytest.mark.parametrize("switches", [{"in_stock": {"sms": True}}, {"sold_out": {"fax": True}}, {"sold_out": True}, []])
def test_unknown_switches_are_refused(shop: Shop, switches: Any) -> None:
    row = {"id": "tee", "title": "Tee", "switches": switches}
    assert shop.put("products", {"products": [row]})["errors"][0]["code"] == "invalid"

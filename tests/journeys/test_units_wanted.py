"""Somebody who wants several units is told when so many can be bought, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shop import Shop

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """A tee that is sold out: Ann wants four, Ben one."""
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M", ANN, quantity=4)
    shop.ask("TEE-M", BEN)
    shop.work()
    return shop


def told(shop: Shop) -> list[str]:
    shop.work()
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


def reasons(shop: Shop, to: str) -> list[str]:
    [request] = [row for row in shop.requests() if row["to"] == to]
    return [event["reason"] for event in shop.trace(request["id"])["events"] if event["what"].startswith("decided_")]


@pytest.mark.parametrize("on_hand,expected", [(1, [BEN]), (3, [BEN]), (4, [ANN, BEN]), (None, [ANN, BEN])])
def test_each_is_told_when_as_many_can_be_bought_as_they_want(
    waiting: Shop, on_hand: int | None, expected: list[str]
) -> None:
    waiting.stock("TEE-M", on_hand)
    assert told(waiting) == expected


def test_more_of_what_is_there_is_news_for_those_who_want_more(waiting: Shop) -> None:
    waiting.stock("TEE-M", 1)
    assert told(waiting) == [BEN]
    waiting.stock("TEE-M", 3)
    assert told(waiting) == [BEN]
    assert len(waiting.get("restocks")["restocks"]) == 1, "three are no news to anybody"
    waiting.stock("TEE-M", 4)
    assert told(waiting) == [BEN, ANN]
    assert reasons(waiting, ANN) == ["too_few", "eligible"]


def test_a_text_for_several_units_stays_back_when_some_are_sold_first(waiting: Shop) -> None:
    waiting.stock("TEE-M", 4)
    waiting.plan()
    waiting.stock("TEE-M", 3)
    assert told(waiting) == [BEN]
    assert reasons(waiting, ANN) == ["eligible", "too_few"]
    waiting.stock("TEE-M", 5)
    assert told(waiting) == [BEN, ANN]


def test_who_wants_more_than_there_is_may_ask_while_it_is_in_stock(waiting: Shop) -> None:
    waiting.stock("TEE-M", 4)
    assert told(waiting) == [ANN, BEN]
    waiting.ask("TEE-M", CAT, status=409)
    waiting.ask("TEE-M", CAT, quantity=4, status=409)
    waiting.ask("TEE-M", CAT, quantity=5)
    assert told(waiting) == [ANN, BEN]
    waiting.stock("TEE-M", 6)
    assert told(waiting) == [ANN, BEN, CAT]


def test_asking_again_for_another_number_keeps_the_place(waiting: Shop) -> None:
    before = waiting.requests()
    waiting.ask("TEE-M", ANN, quantity=2)
    after = waiting.requests()
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert [row["quantity"] for row in after] == [2, 1]


def test_demand_is_told_in_people_and_units(waiting: Shop) -> None:
    [variant] = waiting.get("products")["products"][0]["variants"]
    assert (variant["waiting"], variant["units_wanted"]) == (2, 5)


def test_units_wanted_come_through_the_api(shop: Shop) -> None:
    shop.product("TEE-M")
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "quantity": 3}
    assert shop.post("requests", {"requests": [row]})["errors"] == []
    assert [request["quantity"] for request in shop.requests()] == [3]


@pytest.mark.parametrize("quantity", [0, -2, 1_000_001, "3", 2.5, None, True])
def test_a_number_of_units_is_whole_and_at_least_one(shop: Shop, quantity: Any) -> None:
    shop.product("TEE-M")
    body = {"sku": "TEE-M", "phone": ANN, "consent": True, "quantity": quantity}
    assert shop.widget(body, 422)["error"]["fields"].keys() == {"quantity"}

"""Three statuses, each with its own switch per channel: they decide what is offered and what a restock may send."""

from __future__ import annotations

import itertools

import pytest

from tests.shop import Shop

STATUSES = ("sold_out", "backordered", "preordered")
CASES = list(itertools.product(STATUSES, ("sms", "email")))


def ask(shop: Shop, channel: str, status: int = 202) -> None:
    if channel == "sms":
        shop.ask("TEE-M", status=status)
    else:
        shop.ask_by_email("TEE-M", status=status)


def only(product_status: str, channel: str, on: bool) -> dict[str, dict[str, dict[str, bool]]]:
    """Every switch the other way but this one."""
    return {
        "switches": {
            status: {name: (status == product_status and name == channel) is on for name in ("sms", "email")}
            | {"push": False}
            for status in STATUSES
        }
    }


def test_a_new_store_offers_text_and_email_for_all_but_preorders(shop: Shop) -> None:
    offered = {}
    for status in STATUSES:
        shop.product("TEE-M", on_hand=0, unavailable_as=status)
        row = shop.offered("TEE-M")
        assert row["status"] == status
        offered[status] = row["channels"]
    assert offered == {"sold_out": ["sms", "email"], "backordered": ["sms", "email"], "preordered": []}
    ask(shop, "sms", 422)
    ask(shop, "email", 422)


@pytest.mark.parametrize("product_status,channel", CASES)
def test_one_switch_that_is_on_offers_that_channel_for_that_status_alone(
    shop: Shop, product_status: str, channel: str
) -> None:
    shop.put("settings", only(product_status, channel, True))
    for status in STATUSES:
        shop.product("TEE-M", on_hand=0, unavailable_as=status)
        expected = [channel] if status == product_status else []
        assert shop.offered("TEE-M") | {"channels": expected, "status": status} == shop.offered("TEE-M")
        for name in ("sms", "email"):
            ask(shop, name, 202 if name in expected else 422)


@pytest.mark.parametrize("product_status,channel", CASES)
def test_a_switch_turned_off_keeps_a_restock_from_telling_those_who_asked_under_it(
    shop: Shop, product_status: str, channel: str
) -> None:
    everything_on = {status: {"sms": True, "email": True, "push": False} for status in STATUSES}
    shop.put("settings", {"switches": everything_on, "confirmations": False})
    shop.product("TEE-M", on_hand=0, unavailable_as=product_status)
    ask(shop, "sms")
    ask(shop, "email")
    shop.put("settings", only(product_status, channel, False))

    shop.stock("TEE-M", 5)
    shop.work()
    other = "email" if channel == "sms" else "sms"
    assert [(message["channel"], message["status"]) for message in shop.messages()] == [(other, "delivered")]
    [kept] = shop.requests(status="waiting")
    assert kept["channel"] == channel
    [skip] = [event for event in shop.trace(kept["id"])["events"] if event["what"] == "decided_skip"]
    assert skip["reason"] == "switched_off"
    assert skip["words"] == "Nobody was told. This channel is switched off for this product status."

    shop.put("settings", {"switches": everything_on})
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert sorted(message["channel"] for message in shop.messages()) == ["email", "sms"]


@pytest.mark.parametrize(
    "product_status,words",
    [
        ("sold_out", "Acme: Tee is back in stock. https://acme.example/tee-m Reply STOP to end."),
        (
            "backordered",
            "Acme: Tee, which was on backorder, is here and ships now. https://acme.example/tee-m Reply STOP to end.",
        ),
        (
            "preordered",
            "Acme: Tee has been released, you can buy it now. https://acme.example/tee-m Reply STOP to end.",
        ),
    ],
)
def test_each_status_has_words_of_its_own(shop: Shop, product_status: str, words: str) -> None:
    shop.put("settings", {"switches": {"preordered": {"sms": True, "email": False, "push": False}}})
    shop.product("TEE-M", on_hand=0, unavailable_as=product_status)
    ask(shop, "sms")
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["body"] for message in shop.messages()] == [words]


def test_the_question_that_was_asked_counts_not_what_the_product_is_called_now(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0, unavailable_as="sold_out")
    ask(shop, "sms")
    shop.product("TEE-M", on_hand=0, unavailable_as="preordered")  # off, but nobody asked about a preorder
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]


def test_push_is_offered_by_nobody_in_a_new_store(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    answer = shop.widget({"sku": "TEE-M", "channels": ["push"], "consent": True}, 422)
    assert answer["error"]["fields"]["channels"]


def test_in_stock_unknown_and_hidden_products_are_told_apart(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=5)
    assert shop.ask("TEE-M", status=409)["error"]["code"] == "in_stock"
    assert shop.offered("TEE-M") == {
        "sku": "TEE-M",
        "variant_id": "tee-m-v",
        "status": "in_stock",
        "channels": [],
    }
    assert shop.ask("NOPE", status=404)["error"]["code"] == "not_found"
    shop.product("MUG", on_hand=0, published=False)
    assert shop.ask("MUG", status=404)["error"]["code"] == "not_found"
    assert shop.client.get(f"/widget/v1/{shop.key}/variants?sku=MUG").status_code == 404
    assert shop.requests() == []

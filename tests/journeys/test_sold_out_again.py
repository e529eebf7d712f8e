"""Whether it can still be bought is asked again at the moment of sending; whoever is passed over keeps their place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.shop import Shop
from tests.times import at

ANN, BEN = "+12015550123", "+12015550124"


@pytest.fixture
def waiting(shop: Shop) -> list[int]:
    """Ann, then Ben wait for the sold-out tee; the ids of their requests."""
    shop.product("TEE-M", on_hand=0)
    rows = [{"sku": "TEE-M", "phone": phone, "consent": True, "confirm": False} for phone in (ANN, BEN)]
    return [row["id"] for row in shop.post("requests", {"requests": rows})["requests"]]


def unpublish(shop: Shop) -> None:
    shop.put("products", {"products": [{"id": "tee-m", "title": "Tee", "published": False}]})


def publish(shop: Shop) -> None:
    shop.put("products", {"products": [{"id": "tee-m", "title": "Tee", "url": "https://acme.example/tee-m"}]})


def told(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


def reasons(shop: Shop, request: int, stage: str) -> list[tuple[str, str]]:
    events = shop.trace(request)["events"]
    return [(event["what"], event["reason"]) for event in events if event.get("stage") == stage]


@pytest.mark.parametrize(
    "gone,back",
    [
        (lambda shop: shop.stock("TEE-M", 0), lambda shop: shop.stock("TEE-M", 3)),
        (lambda shop: shop.stock("TEE-M", 2, committed=2), lambda shop: shop.stock("TEE-M", 2, committed=1)),
        (lambda shop: shop.stock("TEE-M", -1), lambda shop: shop.stock("TEE-M", None)),
        (unpublish, publish),
    ],
    ids=["sold", "committed", "oversold", "unpublished"],
)
def test_gone_between_planning_and_sending_nobody_is_told_and_everybody_still_waits(
    shop: Shop, waiting: list[int], gone: Callable[[Shop], None], back: Callable[[Shop], None]
) -> None:
    shop.stock("TEE-M", 5)
    shop.plan()
    assert [message["status"] for message in shop.messages()] == ["queued", "queued"]

    gone(shop)
    shop.work()
    assert {(message["status"], message["reason"]) for message in shop.messages()} == {("suppressed", "sold_out_again")}
    assert [(item["id"], item["status"]) for item in shop.requests()] == [(id_, "waiting") for id_ in waiting]
    assert reasons(shop, waiting[0], "plan") == [("decided_send", "eligible")]
    assert reasons(shop, waiting[0], "send") == [("decided_skip", "sold_out_again")]

    back(shop)
    shop.work()
    assert told(shop) == [ANN, BEN], "each once, in the order in which they asked"
    assert [item["status"] for item in shop.requests()] == ["alerted", "alerted"]


def test_whoever_asks_after_that_comes_behind_those_who_kept_their_place(shop: Shop, waiting: list[int]) -> None:
    shop.stock("TEE-M", 5)
    shop.plan()
    shop.stock("TEE-M", 0)
    shop.work()
    shop.ask("TEE-M", "+12015550125")
    shop.stock("TEE-M", 5)
    shop.plan()
    queued = [message["to"] for message in shop.messages(status="queued")]
    assert queued == [ANN, BEN, "+12015550125"]


def test_sold_out_before_planning_is_found_at_planning(shop: Shop, waiting: list[int]) -> None:
    shop.stock("TEE-M", 5)
    shop.stock("TEE-M", 0)
    shop.work()
    assert shop.messages() == []
    assert reasons(shop, waiting[1], "plan") == [("decided_skip", "sold_out_again")]
    shop.stock("TEE-M", 1)
    shop.work()
    assert told(shop) == [ANN, BEN]


def test_gone_and_back_before_sending_tells_everybody_once(shop: Shop, waiting: list[int]) -> None:
    shop.stock("TEE-M", 5)
    shop.plan()
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 9)
    shop.plan()
    shop.work()
    assert told(shop) == [ANN, BEN]
    assert len(shop.messages()) == 2
    assert ("decided_skip", "told_already") in reasons(shop, waiting[0], "plan")


def test_a_channel_that_is_switched_off_in_between_sends_nothing(shop: Shop, waiting: list[int]) -> None:
    shop.stock("TEE-M", 5)
    shop.plan()
    shop.put("settings", {"switches": {"sold_out": {"sms": False}}})
    shop.work()
    assert {(message["status"], message["reason"]) for message in shop.messages()} == {("suppressed", "switched_off")}
    assert [item["status"] for item in shop.requests()] == ["waiting", "waiting"]
    assert reasons(shop, waiting[0], "send") == [("decided_skip", "switched_off")]

    shop.put("settings", {"switches": {"sold_out": {"sms": True}}})
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN, BEN]


def test_a_held_alert_is_decided_again_when_the_quiet_hours_end(shop: Shop, waiting: list[int]) -> None:
    shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
    with at("2030-01-15 22:00"):
        shop.stock("TEE-M", 5)
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["held", "held"]
    with at("2030-01-16 08:00"):
        shop.stock("TEE-M", 0)
        shop.work()
    with at("2030-01-16 09:01"):
        shop.work()
        assert {(message["status"], message["reason"]) for message in shop.messages()} == {
            ("suppressed", "sold_out_again")
        }
        assert [item["status"] for item in shop.requests()] == ["waiting", "waiting"]
        shop.stock("TEE-M", 5)
        shop.work()
        assert told(shop) == [ANN, BEN]


def test_a_request_that_the_shopper_has_cancelled_in_between_is_not_told(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask_by_email("TEE-M")
    shop.work()
    [confirmation] = shop.messages("confirmation")
    link = confirmation["body"].split("Changed your mind? ")[1].split()[0].removeprefix("http://127.0.0.1:8000")
    shop.stock("TEE-M", 5)
    shop.plan()
    [request] = shop.requests()
    assert shop.client.post(link, data={"request": request["id"]}).status_code == 200
    shop.work()
    assert [(message["status"], message["reason"]) for message in shop.messages()] == [("suppressed", "request_closed")]
    assert shop.trace(request["id"])["summary"] == "The shopper cancelled it."

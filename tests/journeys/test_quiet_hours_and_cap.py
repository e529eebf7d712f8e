"""What quiet hours and the frequency cap stop is held, says so, and goes out afterwards."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine

from tests.shop import Shop
from tests.texting import Twilio
from tests.times import at, local, moment

ANN = "+12015550123"
DEFAULT = {"from": "20:00", "to": "09:00"}


def wait_for(shop: Shop, *skus: str, phone: str = ANN) -> list[int]:
    """The shopper waits for each of these; the ids of the requests."""
    for sku in skus:
        shop.product(sku, on_hand=0)
    rows = [{"sku": sku, "phone": phone, "consent": True, "confirm": False} for sku in skus]
    return [row["id"] for row in shop.post("requests", {"requests": rows})["requests"]]


def restock(shop: Shop, *skus: str) -> None:
    shop.put("stock", {"levels": [{"sku": sku, "on_hand": 5} for sku in skus]})
    shop.work()


def states(shop: Shop) -> list[tuple[str, str | None]]:
    return [(message["status"], message["reason"]) for message in shop.messages()]


@pytest.mark.parametrize(
    "restocked,ends",
    [
        ("2030-01-15 21:00", "2030-01-16 09:00"),
        ("2030-01-16 03:00", "2030-01-16 09:00"),
        ("2030-03-09 21:00", "2030-03-10 09:00"),  # the clocks go forward: eleven hours later
        ("2030-11-02 21:00", "2030-11-03 09:00"),  # and back: thirteen
    ],
)
def test_what_quiet_hours_hold_goes_out_when_they_end_on_the_shops_own_clock(
    shop: Shop, restocked: str, ends: str
) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    [request] = wait_for(shop, "TEE-M")
    with at(restocked):
        restock(shop, "TEE-M")
        assert states(shop) == [("held", "quiet_hours")]
        [message] = shop.messages()
        assert moment(message["due_at"]) == local(ends)
        [held] = [event for event in shop.trace(request)["events"] if event["what"] == "decided_hold"]
        assert held["reason"] == "quiet_hours"
        assert moment(held["until"]) == local(ends)
        assert (
            held["words"]
            == "The message was held back. It is quiet hours; alerts and marketing texts wait until they end."
        )
    with time_machine.travel(local(ends) - timedelta(seconds=30), tick=True):
        shop.work()
        assert states(shop) == [("held", "quiet_hours")]
    with time_machine.travel(local(ends) + timedelta(seconds=1), tick=True):
        shop.work()
        assert states(shop) == [("delivered", None)]
        assert [item["status"] for item in shop.requests()] == ["alerted"]


def test_quiet_hours_follow_the_shoppers_own_clock_not_the_stores(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT, "zone": "Asia/Tokyo"})
    wait_for(shop, "TEE-M")
    with at("2030-01-15 21:00"):  # 11:00 of the next day in Tokyo
        restock(shop, "TEE-M")
        assert states(shop) == [("held", "quiet_hours")]


def test_quiet_hours_of_emails_follow_the_stores_zone(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT, "zone": "Asia/Tokyo"})
    shop.product("TEE-M", on_hand=0)
    shop.ask_by_email("TEE-M")
    with at("2030-01-15 21:00"):  # 11:00 of the next day in Tokyo
        restock(shop, "TEE-M")
        assert states(shop) == [("delivered", None)]


def test_an_alert_planned_by_day_and_sent_late_meets_the_quiet_hours_at_the_moment_of_sending(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    wait_for(shop, "TEE-M")
    with at("2030-01-15 19:59"):
        shop.stock("TEE-M", 5)
        shop.plan()
        assert states(shop) == [("queued", None)]
    with at("2030-01-15 20:00"):  # no worker ran for a minute
        shop.send()
        assert states(shop) == [("held", "quiet_hours")]
    with at("2030-01-16 09:00"):
        shop.work()
        assert states(shop) == [("delivered", None)]


def test_a_confirmation_does_not_wait_for_the_morning(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    shop.product("TEE-M", on_hand=0)
    with at("2030-01-15 22:00"):
        shop.ask("TEE-M", ANN)
        shop.work()
        assert [message["status"] for message in shop.messages("confirmation")] == ["delivered"]


def test_an_answer_to_a_keyword_does_not_wait_for_the_morning(shop: Shop, twilio: Twilio) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    with at("2030-01-15 22:00"):
        twilio.text(ANN, "please stop")
        shop.work()
        assert [message["status"] for message in shop.messages("keyword_reply")] == ["accepted"]


def test_what_the_cap_holds_says_so_and_goes_out_when_the_period_is_over(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 24}})
    _, request = wait_for(shop, "TEE-M", "MUG")
    with at("2030-01-15 12:00"):
        restock(shop, "TEE-M")
        assert states(shop) == [("delivered", None)]
        [first] = shop.messages()
    with at("2030-01-15 15:00"):
        restock(shop, "MUG")
        assert states(shop) == [("delivered", None), ("held", "frequency_cap")]
        held = shop.messages()[1]
        assert moment(held["due_at"]) == moment(first["accepted_at"]) + timedelta(hours=24)
        [decision] = [event for event in shop.trace(request)["events"] if event["what"] == "decided_hold"]
        assert decision["reason"] == "frequency_cap"
    with at("2030-01-16 11:59"):
        shop.work()
        assert states(shop)[1] == ("held", "frequency_cap")
    with at("2030-01-16 12:01"):
        shop.work()
        assert states(shop) == [("delivered", None), ("delivered", None)]


@pytest.mark.parametrize("together", [True, False], ids=["at once", "one after another"])
def test_five_items_for_one_shopper_never_exceed_the_cap_and_all_arrive(shop: Shop, together: bool) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 24}})
    skus = [f"SKU-{number}" for number in range(5)]
    wait_for(shop, *skus)
    wait_for(shop, "SKU-0", phone="+12015550124")
    with at("2030-01-15 12:00"):
        if together:
            restock(shop, *skus)
        for sku in () if together else skus:
            restock(shop, sku)
        assert sorted(status for status, _ in states(shop)) == ["delivered", "delivered", *["held"] * 4]
    for _ in range(12):
        held = shop.messages(status="held")
        if not held:
            break
        with time_machine.travel(min(moment(message["due_at"]) for message in held), tick=True):
            shop.work()
    mine = sorted(moment(message["accepted_at"]) for message in shop.messages(to=ANN, status="delivered"))
    assert len(mine) == 5
    assert all(later - earlier >= timedelta(hours=24) for earlier, later in pairwise(mine))
    assert mine[-1] - mine[0] < timedelta(hours=97), "nobody waits longer than the cap asks for"


def test_a_cap_of_two_lets_two_go_and_holds_the_third(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 2, "hours": 1}})
    skus = ["TEE-M", "MUG", "HAT"]
    wait_for(shop, *skus)
    restock(shop, *skus)
    assert states(shop) == [("delivered", None), ("delivered", None), ("held", "frequency_cap")]


def test_planned_apart_but_due_together_the_cap_still_holds(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 24}, "quiet_hours": DEFAULT})
    wait_for(shop, "TEE-M", "MUG")
    with at("2030-01-15 21:00"):
        restock(shop, "TEE-M")
    with at("2030-01-15 22:00"):
        restock(shop, "MUG")
        assert {status for status, _ in states(shop)} == {"held"}
    with at("2030-01-16 09:00"):
        shop.work()
        assert sorted(states(shop), key=str) == [("delivered", None), ("held", "frequency_cap")]
    with at("2030-01-17 09:05"):
        shop.work()
        assert states(shop) == [("delivered", None), ("delivered", None)]


def test_the_cap_counts_neither_confirmations_nor_answers_to_keywords(shop: Shop, twilio: Twilio) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 168}})
    for sku in ("TEE-M", "MUG", "HAT"):
        shop.product(sku, on_hand=0)
        shop.ask(sku, ANN)
    twilio.text(ANN, "help me please")
    shop.work()
    assert [message["status"] for message in shop.messages("confirmation")] == ["accepted"] * 3
    assert [message["status"] for message in shop.messages("keyword_reply")] == ["accepted"]
    restock(shop, "TEE-M")
    assert states(shop) == [("accepted", None)], "four texts before, and none of them counts"


def test_a_store_without_a_cap_holds_nothing(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": None})
    skus = [f"SKU-{number}" for number in range(5)]
    wait_for(shop, *skus)
    restock(shop, *skus)
    assert states(shop) == [("delivered", None)] * 5

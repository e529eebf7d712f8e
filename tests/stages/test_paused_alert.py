"""A merchant who pauses the text alert is obeyed at once, and the trace says so."""

from __future__ import annotations

from typing import Any

from tests.shop import Shop

ALERT = {"name": "SMS InStock Notifications", "active": True}


def pause(shop: Shop, active: bool = False) -> None:
    shop.put("settings", {"alert": {**ALERT, "active": active}})


def reasons(shop: Shop) -> set[Any]:
    return {event.get("reason") for event in shop.trace(shop.requests()[0]["id"])["events"]}


def test_nobody_is_texted_while_it_is_paused_and_everybody_keeps_the_place(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    pause(shop)
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    story = shop.trace(shop.requests()[0]["id"])
    assert story["status"] == "waiting"
    [line] = [event for event in story["events"] if event.get("reason") == "alert_paused"]
    assert line["words"] == "Nobody was told. The store has paused its text alert; the request keeps its place."
    pause(shop, active=True)
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]


def test_a_text_that_is_queued_already_does_not_go_either(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.plan()
    assert [message["status"] for message in shop.messages()] == ["queued"]
    pause(shop)
    shop.send()
    assert [message["status"] for message in shop.messages()] == ["suppressed"]
    assert "alert_paused" in reasons(shop)
    assert shop.requests()[0]["status"] == "waiting"


def test_emails_go_on(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.ask_by_email("TEE-M")
    pause(shop)
    shop.stock("TEE-M", 5)
    shop.work()
    assert [(message["channel"], message["status"]) for message in shop.messages()] == [("email", "delivered")]


def test_a_store_that_never_set_one_up_texts_by_its_switches(shop: Shop) -> None:
    assert shop.get("settings")["alert"] is None
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]

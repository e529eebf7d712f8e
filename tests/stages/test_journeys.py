"""Journeys: who comes in, what a delay is good for, and that nobody is told twice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nexnotify.db import db
from nexnotify.journeys.models import JourneyPerson
from tests.admin import Desk
from tests.shop import Shop
from tests.times import later

BACK, WAITS = "back_in_stock", "waiting_on_stock"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk.of(shop)


def journey(desk: Desk, *, on: bool = True, **typed: Any) -> int:
    """A journey made on the admin's pages, switched on."""
    fields = {
        "name": "Soft launch",
        "trigger": BACK,
        "unit": "minutes",
        "delay": 0,
        "sms_body": "J: [[product]] [[url]]",
    }
    desk.post("/journeys/new", **fields | typed)
    number = max(int(found) for found in _numbers(desk))
    if on:
        desk.post(f"/journeys/{number}/on")
    return number


def _numbers(desk: Desk) -> list[str]:
    return re.findall(r'"/admin/journeys/(\d+)"', desk.raw("/journeys"))


def own_alert_off(desk: Desk) -> None:
    """Switch the store's own alerts off, so that journeys speak in their place."""
    page = desk.raw("/templates?kind=back_in_stock")
    for number in sorted(set(re.findall(r'"/admin/templates/(\d+)"', page))):
        if "Back in stock" in desk.page(f"/templates/{number}"):
            desk.post(f"/templates/{number}/switch", active="")


def bodies(shop: Shop, kind: str | None = None) -> list[str]:
    return [m["body"] for m in shop.messages(kind) if m["kind"] != "confirmation"]


def test_smoke(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    own_alert_off(desk)
    number = journey(desk, delay=30)
    shop.ask()
    shop.work()
    shop.stock("TEE-M", 3)
    shop.work()
    print(desk.page(f"/journeys/{number}")[-3500:])
    assert bodies(shop) == []
    with later(minutes=31):
        shop.work()
        assert bodies(shop) == ["J: Tee https://acme.example/tee-m"]
        assert shop.requests()[0]["status"] == "alerted"

"""Where other systems fail: words, gateways that break off, products that go, whom a text is for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import pytest

from nexnotify.gateways.contract import Accepted, Capabilities, OutgoingMessage, Transient
from nexnotify.workers import sender as sending
from tests.admin import Desk
from tests.conftest import KEY
from tests.journeys.told import ANN, BEN, erase, statuses, told
from tests.shop import Shop
from tests.stages.test_claims import numbers, queue_for
from tests.texting import Twilio
from tests.times import later
from tests.web.test_admin_templates import template

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# --- 5: no words -----------------------------------------------------------------------------------------------------


def test_05_in_a_language_without_a_template_the_stores_words_go_out(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask(language="fr")
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]
    assert "is back in stock" in shop.messages()[0]["body"]


def test_05_without_any_template_in_use_nobody_is_told_and_nobody_is_dropped(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    desk.post(f"/templates/{number}/switch", active="0")
    shop.stock("TEE-M", 5)
    shop.work()
    assert (shop.messages(), statuses(shop)) == ([], ["waiting"])
    assert "no_text" in {event.get("reason") for event in shop.trace(shop.requests()[0]["id"])["events"]}
    desk.post(f"/templates/{number}/switch", active="1")
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]


# --- 6: gateways that break off --------------------------------------------------------------------------------------


class _Breaks:
    """A gateway that takes three texts, then none for a while."""

    capabilities = Capabilities()

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.most = 3
        self._lock = threading.Lock()

    def send(self, message: OutgoingMessage) -> Accepted:
        with self._lock:
            if len(self.taken) >= self.most:
                raise Transient("No line.")
            self.taken.append(message.to)
            return Accepted(f"SM{len(self.taken)}")


def test_06_a_gateway_that_breaks_after_three_of_fifty_leaves_47_and_doubles_none(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = _Breaks()
    monkeypatch.setattr(sending, "open_gateway", lambda instance: gateway)
    queue_for(shop, numbers(50))
    shop.work()
    assert len(gateway.taken) == 3
    assert Counter(statuses(shop)) == {"alerted": 3, "waiting": 47}
    gateway.most = 1000
    with later(minutes=1):
        shop.work()
    assert Counter(gateway.taken) == Counter(numbers(50))
    assert statuses(shop) == ["alerted"] * 50


def test_06_killed_between_the_providers_yes_and_our_writing_it_down_nobody_is_texted_twice(
    shop: Shop, twilio: Twilio, twilio_stub: Any
) -> None:
    """A worker process of its own; the provider has taken the text and keeps it waiting for the answer."""
    to = "+12123000005"  # the stand-in accepts it, then hangs
    queue_for(shop, [to])
    settings = shop.app.extensions["nexnotify"].settings
    own = {"INSTANCE": str(settings.instance), "DATABASE_URL": settings.database_url, "SECRET_KEYS": KEY}
    with subprocess.Popen(
        [sys.executable, "-m", "nexnotify", "worker"],
        env=os.environ | {f"NEXNOTIFY_{name}": value for name, value in own.items()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as worker:
        deadline = time.monotonic() + 30
        while not twilio_stub.counts().get(to) and time.monotonic() < deadline:
            time.sleep(0.05)
        worker.kill()
    assert twilio_stub.counts()[to] == 1
    assert [message["status"] for message in shop.messages()] == ["claimed"]
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["uncertain"]
    with later(minutes=1):
        shop.work()
        shop.work()
    assert told(shop) == [to], "found in the provider's list"
    assert twilio_stub.counts()[to] == 1


# --- 7: what is not there any more -----------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before planning", "before sending"])
def test_07_a_product_that_is_hidden_is_told_to_nobody_and_keeps_its_people(shop: Shop, when: str) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 5)
    if when == "before sending":
        shop.plan()
    shop.product("TEE-M", on_hand=5, published=False)
    shop.work()
    assert (told(shop), statuses(shop)) == ([], ["waiting"])
    shop.product("TEE-M", on_hand=5)
    shop.work()
    assert told(shop) == [ANN]


def test_07_a_deleted_customer_is_told_of_nothing_and_stops_nobody_elses_text(shop: Shop) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN}]})
    shop.product("TEE-M")
    shop.ask()
    shop.ask(phone=BEN)
    shop.stock("TEE-M", 5)
    shop.plan()
    erase(Desk.of(shop), "Ann Lee")
    shop.work()
    assert told(shop) == [BEN]
    assert [(request["status"], request["closed_reason"]) for request in shop.requests()] == [
        ("cancelled", "erased"),
        ("alerted", None),
    ]


def test_07_a_variant_that_moves_to_another_product_keeps_its_people(shop: Shop) -> None:
    """Two products become one: the SKU is given up by the one and taken over by the other."""
    shop.product("TEE-M")
    shop.ask()
    rows = [
        {"id": "tee-m", "title": "Tee", "variants": [{"id": "tee-m-v", "sku": None}]},
        {"id": "tees", "title": "Tees", "variants": [{"id": "tees-m", "sku": "TEE-M"}]},
    ]
    assert shop.put("products", {"products": rows})["errors"] == []
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [], "the new variant is not what Ann asked for"
    assert statuses(shop) == ["waiting"]
    shop.put("stock", {"levels": [{"variant_id": "tee-m-v", "on_hand": 5}]})
    shop.work()
    assert told(shop) == [ANN]


def test_07_a_product_that_becomes_a_preorder_is_told_as_what_was_asked(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.product("TEE-M", unavailable_as="preordered")
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]
    assert "is back in stock" in shop.messages()[0]["body"]


# --- 12: nobody is nobody --------------------------------------------------------------------------------------------


def test_12_an_empty_selection_texts_nobody(shop: Shop) -> None:
    rows = [{"id": "c1", "phone": ANN, "fields": {"I would like to receive SMS messages": True}}]
    shop.put("customers", {"customers": rows})
    desk = Desk.of(shop, "admin")
    assert "Nobody is selected" in desk.post("/sends/bulk", source="customers")
    assert "Nothing matches" in desk.post("/sends/bulk", source="customers", all="1", opt_in="no")
    shop.work()
    assert shop.messages(None) == []


# --- 15: tests are tests ---------------------------------------------------------------------------------------------


def test_15_a_test_of_staff_passes_the_cap_is_marked_and_does_not_count_for_it(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 168}})
    desk = Desk.of(shop)
    gateway = desk.id_of("/gateways", "gateways")
    for _ in range(2):
        desk.post(f"/gateways/{gateway}/test", to=ANN)
    shop.work()
    assert [(message["kind"], message["status"]) for message in shop.messages(None)] == [("test", "delivered")] * 2
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN], "the cap of one has not been used up"


# --- 19: pairs, not all with all -------------------------------------------------------------------------------------


def test_19_one_shops_tee_and_anothers_mug_come_back_and_nobody_hears_of_the_others(
    shop: Shop, other_shop: Shop
) -> None:
    for each in (shop, other_shop):
        each.put("settings", {"frequency_cap": None})
        for sku, phone in (("TEE-M", ANN), ("MUG", BEN)):
            each.product(sku)
            each.ask(sku, phone)
    shop.stock("TEE-M", 5)
    other_shop.stock("MUG", 5)
    shop.work()
    assert [(message["to"], message["sku"]) for message in shop.messages()] == [(ANN, "TEE-M")]
    assert [(message["to"], message["sku"]) for message in other_shop.messages()] == [(BEN, "MUG")]

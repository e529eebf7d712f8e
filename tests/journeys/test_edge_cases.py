"""Where other systems fail, numbers 1 to 9: stock, gateways, products and people that change. The rest is beside it."""

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
from tests.shop import Shop
from tests.stages.test_claims import claim_now, numbers, queue_for, settle_now, wait_for_stock
from tests.texting import Twilio
from tests.times import later
from tests.web.test_admin_templates import template

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"


def told(shop: Shop) -> list[str]:
    """Who was told, in order."""
    return [message["to"] for message in shop.messages() if message["status"] in ("accepted", "sent", "delivered")]


def statuses(shop: Shop) -> list[str]:
    return [request["status"] for request in shop.requests()]


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


# --- 8: one person in several spellings ------------------------------------------------------------------------------


def test_08_one_number_in_two_formats_and_one_address_in_two_cases_are_told_once(shop: Shop) -> None:
    shop.product("TEE-M")
    for phone in (ANN, "(201) 555-0123", "201.555.0123"):
        shop.ask(phone=phone)
    for email in ("ann@mail.example", "Ann@Mail.Example"):
        shop.ask_by_email(email=email)
    shop.stock("TEE-M", 5)
    shop.work()
    assert sorted(message["channel"] for message in shop.messages(status="delivered")) == ["email", "sms"]
    assert len(shop.requests()) == 2


def test_08_who_asks_as_a_guest_and_has_an_account_is_one_person_told_once(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": "(201) 555-0123"}]})
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "source": "account"}
    shop.post("requests", {"requests": [row]})
    assert len(shop.requests()) == 1
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]


def test_08_typing_somebodys_address_neither_shows_nor_takes_over_what_they_wait_for(shop: Shop) -> None:
    """A known email typed by a stranger is answered like any other and opens no page."""
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "email": "ann@mail.example"}]})
    shop.product("TEE-M")
    shop.product("MUG")
    shop.ask_by_email("MUG")
    stranger = shop.ask_by_email("TEE-M")
    assert stranger == {"status": "waiting"}
    assert {request["first_name"] for request in shop.requests()} == {None}


# --- 9: forgetting ---------------------------------------------------------------------------------------------------


def test_09_who_is_erased_leaves_no_address_and_a_stop_outlives_it(shop: Shop, twilio: Twilio) -> None:
    row = {"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN, "email": "ann@mail.example"}
    shop.put("customers", {"customers": [row]})
    shop.product("TEE-M")
    shop.ask()
    shop.ask_by_email()
    twilio.text(ANN, "STOP")
    erase(Desk.of(shop), "Ann Lee")
    assert {request["to"] for request in shop.requests()} == {""}
    assert {message["body"] for message in shop.messages(None)} == {"[erased]"}
    shop.ask(phone="(201) 555-0123")
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [], "who has said STOP stays so, although nothing else of her is known"


def test_09_what_was_asked_with_an_earlier_number_is_erased_too_unless_it_is_another_customers_now(
    shop: Shop,
) -> None:
    def customer(number: str, last_name: str, phone: str) -> None:
        row = {"id": number, "first_name": "Ann", "last_name": last_name, "phone": phone}
        assert shop.put("customers", {"customers": [row]})["errors"] == []

    shop.product("TEE-M")
    for phone in (ANN, BEN, CAT):
        customer("c1", "Lee", phone)
        shop.ask(phone=phone)
    customer("c2", "Fox", ANN)
    erase(Desk.of(shop), "Ann Lee")
    assert [request["to"] for request in shop.requests()] == [ANN, "", ""]
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]


def erase(desk: Desk, name: str) -> None:
    number = desk.id_of(f"/customers?q={name.replace(' ', '+')}", "customers")
    desk.post(f"/customers/{number}/erase", typed=name)

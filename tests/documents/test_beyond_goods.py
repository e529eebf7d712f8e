"""Availability beyond goods: an appointment or a ticket is a product, its slots are variants, its places are stock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.documents.conftest import Admin
from tests.shop import Shop
from tests.times import later

ANN, BEN, EVA = "+12015550101", "+12015550102", "+12015550103"


@pytest.fixture
def salon(shop: Shop) -> Shop:
    """A hairdresser with two slots on Friday, one person each, both taken."""
    shop.put("settings", {"frequency_cap": None, "waves": {"kind": "per_unit", "people": 1, "minutes": 30}})
    offer(shop, "haircut", "Haircut", ("FRI-10", "Fri 10:00"), ("FRI-11", "Fri 11:00"))
    for slot in ("FRI-10", "FRI-11"):
        shop.stock(slot, 0)
    return shop


def offer(shop: Shop, id: str, title: str, *slots: tuple[str, str]) -> None:
    """What a booking system tells: one product, a variant for each slot."""
    variants = [{"id": sku, "sku": sku, "options": {"time": when}, "price": "40.00"} for sku, when in slots]
    page = {"id": id, "title": title, "url": f"https://salon.example/{id}", "variants": variants}
    shop.put("products", {"products": [page]})


def texts(shop: Shop) -> list[tuple[str, str]]:
    return [(message["to"], message["body"]) for message in shop.messages()]


def test_a_slot_that_is_released_texts_who_has_waited_longest_for_it(salon: Shop) -> None:
    salon.ask("FRI-10", ANN)
    salon.ask("FRI-10", BEN)
    salon.ask("FRI-11", EVA)
    salon.stock("FRI-10", 1)  # somebody cancelled
    salon.work()
    [(to, body)] = texts(salon)
    assert to == ANN, "one place, one person; who waits for another time hears nothing"
    assert "Haircut" in body
    assert "Fri 10:00" in body


def test_when_it_is_not_taken_the_next_one_is_texted_and_once_taken_nobody(salon: Shop) -> None:
    for phone in (ANN, BEN, EVA):
        salon.ask("FRI-10", phone)
    salon.stock("FRI-10", 1)
    salon.work()
    with later(minutes=31):
        salon.work()
        assert [to for to, _ in texts(salon)] == [ANN, BEN]
        salon.stock("FRI-10", 0)  # booked
    with later(minutes=70):
        salon.work()
    assert [to for to, _ in texts(salon)] == [ANN, BEN], "Eva keeps her place for the next cancellation"
    assert [request["status"] for request in salon.requests()] == ["alerted", "alerted", "waiting"]


def test_who_takes_any_slot_is_told_of_the_first_that_is_free(salon: Shop) -> None:
    salon.put("settings", {"ask_any": True})
    salon.ask("FRI-10", ANN, any_variant=True)
    salon.stock("FRI-11", 1)
    salon.work()
    [(to, body)] = texts(salon)
    assert to == ANN
    assert "Fri 11:00" in body


def test_tickets_are_told_when_as_many_are_there_as_somebody_wants(shop: Shop) -> None:
    offer(shop, "concert", "Concert", ("SAT-STALLS", "Sat, stalls"))
    shop.stock("SAT-STALLS", 0)
    shop.ask("SAT-STALLS", ANN, quantity=2)
    shop.ask("SAT-STALLS", BEN)
    shop.stock("SAT-STALLS", 1)  # one ticket is given back
    shop.work()
    assert [to for to, _ in texts(shop)] == [BEN]
    shop.stock("SAT-STALLS", 2)
    shop.work()
    assert [to for to, _ in texts(shop)] == [BEN, ANN]


def test_one_sentence_of_the_merchants_own_makes_the_words_fit(salon: Shop) -> None:
    admin = Admin(salon.sign_in(role="admin"))
    mine = [f"/admin/templates/{id}" for id in re.findall(r'"/admin/templates/(\d+)"', admin.page("/admin/templates"))]
    page = next(page for page in mine if "<h1>Back in stock, text message</h1>" in admin.page(page))
    body = "[[store]]: [[product]], [[variant]] is free. [[scarcity]] Book: [[url]] Reply STOP to end."
    assert admin.fill_in(page, {"body": body}).status_code == 302
    salon.ask("FRI-10", ANN)
    salon.stock("FRI-10", 1)
    salon.work()
    [(_, told)] = texts(salon)
    assert told.startswith("Acme: Haircut, Fri 10:00 is free. Limited quantities Book: https://salon.example/haircut")


def test_a_slot_that_has_passed_is_unpublished_and_tells_nobody(salon: Shop) -> None:
    salon.ask("FRI-10", ANN)
    slots = [{"id": "FRI-10", "sku": "FRI-10", "options": {"time": "Fri 10:00"}, "price": "40.00"}]
    gone = {"id": "haircut", "title": "Haircut", "url": "https://salon.example/haircut", "published": False}
    salon.put("products", {"products": [{**gone, "variants": slots}]})
    salon.stock("FRI-10", 1, as_of=datetime.now(UTC).isoformat())
    salon.work()
    assert texts(salon) == []

"""Rules that are fine each by itself, together: waves with nights, caps, flapping stock, late answers and kept places."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof
from nexnotify.customers.service import find_contact
from nexnotify.db import db, transaction
from nexnotify.ledger.asking.questions import follow_up, say_yes
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stages.test_waves import people, per_unit, steer, the_event, told, waits
from tests.times import at, later, moment
from tests.web.test_short_links import GO, keep, path_of, tap

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ANN = "+12015550123"


def two_sizes(shop: Shop) -> None:
    """A tee in L and M, both sold out."""
    sizes = [{"id": size, "sku": f"TEE-{size}", "price": "20.00"} for size in "LM"]
    tee = {"id": "tee", "title": "Tee", "url": "https://acme.example/tee", "variants": sizes}
    shop.put("products", {"products": [tee]})
    shop.put("stock", {"levels": [{"sku": f"TEE-{size}", "on_hand": 0} for size in "LM"]})


def say_yes_late(shop: Shop, phone: str) -> None:
    """A shopper confirms what was asked on the way in."""
    with inside(shop.app), transaction():
        store = db.session.get_one(Store, shop.store_id)
        contact = find_contact(store, "sms", phone)
        assert contact is not None
        follow_up(store, contact, say_yes(store, contact, Proof("keyword"), utcnow()), utcnow(), by_text=True)


def unconfirmed(shop: Shop, phone: str) -> None:
    """One more who waits, once the number is confirmed."""
    shop.put("settings", {"double_opt_in": True, "confirmations": False})
    shop.ask("TEE-M", phone)


def story(shop: Shop, number: int = 0) -> tuple[str, list[str]]:
    """The summary of a request's story, and what happened."""
    found = shop.trace(shop.requests()[number]["id"])
    return found["summary"], [event["what"] for event in found["events"]]


# --- waves, nights, caps ----------------------------------------------------------------------------------------------


def test_stock_that_flaps_at_night_does_not_have_more_people_told_in_the_morning(shop: Shop) -> None:
    everybody = people(shop, 20, waves=per_unit(1), quiet_hours={"from": "20:00", "to": "09:00"})
    for clock in ("22:00", "23:00", "23:30"):
        with at(f"2030-01-15 {clock}"):
            shop.stock("TEE-M", 0)
            shop.stock("TEE-M", 3)
            shop.work()
    with at("2030-01-16 09:01"):
        shop.work()
        assert told(shop) == everybody[:3], "one for each of three units, however often they came and went"
    with at("2030-01-16 10:02"):
        shop.work()
    assert told(shop) == everybody[:6]


def test_a_wave_does_not_wait_for_days_for_one_persons_cap(shop: Shop) -> None:
    everybody = people(shop, 3, waves=per_unit(1), frequency_cap={"texts": 1, "hours": 168})
    shop.product("HAT")
    shop.post("requests", {"requests": [{"sku": "HAT", "phone": everybody[0], "consent": True, "confirm": False}]})
    shop.stock("HAT", 1)
    shop.work()
    shop.stock("TEE-M", 1)
    shop.work()
    assert [message["status"] for message in shop.messages(sku="TEE-M")] == ["held"]
    with later(minutes=61):
        shop.work()
    assert [message["to"] for message in shop.messages(sku="TEE-M")] == everybody[:2]


@pytest.mark.parametrize("orders", [("oldest", "newest"), ("newest", "oldest"), ("priority", "oldest")])
def test_another_order_in_the_middle_of_the_waves_loses_nobody_and_tells_nobody_twice(
    shop: Shop, orders: tuple[str, str]
) -> None:
    first, then = ({"alert_order": order, "priority_field": "VIP"} for order in orders)
    everybody = people(shop, 6, waves=per_unit(1), **first)
    shop.stock("TEE-M", 2)
    shop.work()
    shop.stock("TEE-M", 2)
    shop.put("settings", then)
    for hour in range(1, 5):
        with later(minutes=61 * hour):
            shop.work()
    assert sorted(told(shop)) == everybody


def test_whose_text_was_taken_back_stops_no_wave_when_the_order_changes(shop: Shop) -> None:
    """A restock has one text for each; who is met again in another order is passed, and the others are told."""
    everybody = people(shop, 6, waves=per_unit(1), alert_order="oldest")
    shop.stock("TEE-M", 2)
    shop.plan()
    shop.put("settings", {"switches": {"sold_out": {"sms": False, "email": True, "push": False}}})
    shop.send()
    assert [message["status"] for message in shop.messages()] == ["suppressed"] * 2
    shop.put(
        "settings", {"switches": {"sold_out": {"sms": True, "email": True, "push": False}}, "alert_order": "newest"}
    )
    for hour in range(1, 5):
        with later(minutes=61 * hour):
            shop.work()
    assert sorted(message["to"] for message in shop.messages(status="delivered")) == everybody[2:]


@pytest.mark.parametrize("waves", ["all", per_unit(1)])
def test_a_recall_takes_nobody_the_text_of_the_restock_that_is_true(shop: Shop, waves: Any) -> None:
    """500 typed for 0 in the evening, and three come in at night: that text was held, so the second restock wrote none."""
    everybody = people(shop, 5, waves=waves, quiet_hours={"from": "20:00", "to": "09:00"})
    with at("2030-01-15 21:00"):
        shop.stock("TEE-M", 500)
        shop.work()
        shop.stock("TEE-M", 0)
        shop.work()
    with at("2030-01-15 23:00"):
        shop.stock("TEE-M", 3)
        shop.work()
        with inside(shop.app), transaction():
            first = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id)).first()
            assert first is not None
            assert steering.recall(first, utcnow())
        shop.work()
    for clock in ("09:01", "10:02", "11:03", "12:04"):
        with at(f"2030-01-16 {clock}"):
            shop.work()
    assert told(shop) == everybody


# --- a yes that comes late --------------------------------------------------------------------------------------------


def test_who_says_yes_in_the_middle_of_the_waves_is_first_in_the_next_one(shop: Shop) -> None:
    people(shop, 0)
    unconfirmed(shop, ANN)
    everybody = people(shop, 4, waves=per_unit(1), confirmations=False)
    shop.stock("TEE-M", 2)
    shop.work()
    say_yes_late(shop, ANN)
    shop.work()
    assert told(shop) == everybody[:2], "two units, two people"
    for hour in (1, 2):
        with later(minutes=61 * hour):
            shop.work()
    assert told(shop) == [*everybody[:2], ANN, *everybody[2:]], "next in line: Ann has waited longest"


@pytest.mark.parametrize("keep_place_minutes", [0, 60])
def test_who_says_yes_when_as_many_are_told_as_staff_allow_keeps_the_place(shop: Shop, keep_place_minutes: int) -> None:
    people(shop, 0)
    unconfirmed(shop, ANN)
    everybody = people(shop, 3, keep_place_minutes=keep_place_minutes, undo_seconds=60)
    shop.stock("TEE-M", 9)
    shop.plan()
    assert steer(shop, steering.cap, 2)
    with later(minutes=2):
        shop.work()
        say_yes_late(shop, ANN)
        shop.work()
        assert told(shop) == everybody[:2]


def test_who_says_yes_while_staff_hold_it_is_told_when_it_goes_on(shop: Shop) -> None:
    people(shop, 0)
    unconfirmed(shop, ANN)
    everybody = people(shop, 3, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    assert steer(shop, steering.hold, utcnow())
    say_yes_late(shop, ANN)
    with later(minutes=90):
        shop.work()
        assert told(shop) == everybody[:2]
        assert steer(shop, steering.go_on, utcnow())
        shop.work()
        shop.work()
    with later(minutes=200):
        shop.work()
    assert sorted(told(shop)) == sorted([*everybody, ANN])


def test_an_idle_number_has_its_hours_to_answer_from_the_morning_on_in_which_it_is_asked(shop: Shop) -> None:
    quiet = {"quiet_hours": {"from": "20:00", "to": "09:00"}}
    shop.put("settings", {"request_days": None, "reconfirm_months": 12, "confirm_hours": 1, **quiet})
    shop.product("TEE-M")
    with at("2030-01-15 12:00"):
        shop.ask("TEE-M", ANN)
    with at("2031-02-15 21:00"):
        shop.sweep()
    with at("2031-02-16 09:30"):
        shop.sweep()
        assert [message["status"] for message in shop.messages("double_opt_in")] == ["delivered"]
        assert shop.requests()[0]["status"] == "pending", "an hour to answer, from nine o'clock"
    with at("2031-02-16 10:01"):
        shop.sweep()
        assert shop.requests()[0]["status"] == "expired"


# --- places that are kept ---------------------------------------------------------------------------------------------


def told_of_a_tee(shop: Shop, **settings: Any) -> str:
    """Ann was told; her link."""
    shop.put("settings", {"link_domain": GO, "frequency_cap": None, "confirmations": False, **settings})
    shop.stock("TEE-M", 1)
    shop.work()
    return path_of(shop.messages()[-1])


def press_keep(shop: Shop, link: str) -> str:
    """What the page says to the button."""
    page = tap(shop, link).get_data(as_text=True)
    answer: str = keep(shop, link, page).get_data(as_text=True)
    return answer


@pytest.mark.parametrize("how", ["button", "too late"])
def test_who_keeps_a_place_is_not_ended_by_a_question_that_was_asked_before(shop: Shop, how: str) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN)
    with later(days=81):
        shop.sweep()
        assert len(shop.messages("renewal")) == 1
    with later(days=85):
        link = told_of_a_tee(shop, keep_place_minutes=600 if how == "too late" else 0)
        shop.stock("TEE-M", 0)
        shop.sweep()
    with later(days=92):
        if how == "button":
            press_keep(shop, link)
        shop.sweep()
        assert shop.requests()[0]["status"] == "waiting", "the shopper wants it, and was not asked since"


@pytest.mark.parametrize("how", ["button", "too late"])
def test_who_keeps_a_place_and_has_asked_for_any_size_meanwhile_is_told_once(shop: Shop, how: str) -> None:
    two_sizes(shop)
    shop.ask("TEE-M", ANN)
    link = told_of_a_tee(shop, keep_place_minutes=600 if how == "too late" else 0)
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", ANN, any_variant=True)
    shop.work()
    if how == "button":
        assert "You are on the waitlist" in tap(shop, link).get_data(as_text=True), "there is no button to press"
    assert waits(shop) == 1
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN, ANN], "once for each restock"


def test_who_was_told_of_another_size_keeps_the_place_too(shop: Shop) -> None:
    two_sizes(shop)
    shop.ask("TEE-M", ANN, any_variant=True)
    link = told_of_a_tee(shop)
    shop.stock("TEE-M", 0)
    assert "Your place is kept" in press_keep(shop, link)
    assert waits(shop) == 1
    assert shop.get("restocks")["restocks"][0]["outcome"]["clicked"] == 1, "the click belongs to the restock"


# --- the story says so ------------------------------------------------------------------------------------------------


def test_while_the_waves_go_on_the_story_says_that_it_is_back_and_not_that_it_is_not(shop: Shop) -> None:
    people(shop, 3, waves=per_unit(1))
    assert story(shop, 2)[0] == "Waits: the product has not come back since."
    shop.stock("TEE-M", 1)
    shop.work()
    summary, what = story(shop, 2)
    assert (summary, what[-1]) == ("The product is back; this request's turn has not come yet.", "restock_on")


def test_who_kept_a_place_and_was_not_reached_by_the_next_restock_learns_why(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN)
    link = told_of_a_tee(shop, approval=False)
    shop.stock("TEE-M", 0)
    press_keep(shop, link)
    shop.put("settings", {"approval": True})
    with later(hours=1):
        shop.stock("TEE-M", 1)
        shop.work()
        shop.stock("TEE-M", 0)
        shop.work()
        assert the_event(shop).reason == "stock_gone"
        summary, what = story(shop)
    assert what[-1] == "restock_ended"
    assert "gone again before this request's turn" in summary


def test_any_size_that_was_not_reached_learns_why(shop: Shop) -> None:
    two_sizes(shop)
    shop.put("settings", {"approval": True})
    shop.ask("TEE-M", ANN, any_variant=True)
    shop.stock("TEE-M", 1)
    shop.work()
    shop.stock("TEE-M", 0)
    shop.work()
    with inside(shop.app):
        assert db.session.scalars(sa.select(AlertRequest.scope)).all() == ["product"]
    assert "gone again before this request's turn" in story(shop)[0]


# --- plans and ends ---------------------------------------------------------------------------------------------------


def test_who_was_told_by_a_wrong_number_gets_the_place_back_when_the_number_is_mended_after_the_recall(
    shop: Shop,
) -> None:
    people(shop, 3, keep_place_minutes=60)
    shop.stock("TEE-M", 500)
    shop.work()
    assert waits(shop) == 0
    assert steer(shop, steering.recall, utcnow())
    shop.work()
    with later(minutes=5):
        shop.stock("TEE-M", 0)
        shop.work()
        assert (the_event(shop).state, the_event(shop).reason, waits(shop)) == ("stopped", "recalled", 3)


def test_a_restock_that_told_everybody_says_so_though_another_one_follows(shop: Shop) -> None:
    people(shop, 3, keep_place_minutes=60, waves=per_unit(2))
    shop.stock("TEE-M", 3)
    shop.work()
    shop.work()
    with later(minutes=5):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 3)
        shop.work()
        assert (the_event(shop, 0).state, the_event(shop, 0).reason) == ("done", "everyone_told")


def test_the_end_of_very_many_waves_is_that_of_the_last_one(shop: Shop) -> None:
    people(shop, 150, waves={"kind": "paced", "people": 1, "minutes": 10})
    plan = shop.post("simulations", {"sku": "TEE-M", "units": None})["forecast"]
    assert len(plan["waves"]) == 100, "as many as anybody reads"
    assert moment(plan["ends_at"]) - moment(plan["starts_at"]) >= timedelta(minutes=10 * 149)

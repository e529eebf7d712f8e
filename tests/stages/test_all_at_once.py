"""What a store may switch on, switched on together: nobody hears twice, untruly, or against a choice made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent
from nexnotify.settings import Settings
from tests.admin import Desk
from tests.conftest import make_settings
from tests.holding import connect, holds
from tests.journeys.told import erase
from tests.shop import Shop
from tests.stages.test_claims import inside, numbers
from tests.stages.test_waves import steer, the_event
from tests.stubs.holds_stub import HoldsStub
from tests.times import at, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ANN, BEN = "+12015550123", "+12015550124"
WORDS = {"sms": "[[store]]: sorry, [[product]] is not back. Reply STOP to end."}
BY_EMAIL = {"email": {"subject": "A mistake", "body": "[[product]] is not back."}}


def sent(shop: Shop, kind: str = "back_in_stock") -> list[dict[str, Any]]:
    return [message for message in shop.messages(kind) if message["status"] in ("accepted", "sent", "delivered")]


def sold_out(shop: Shop, *skus: str, **settings: Any) -> None:
    shop.put("settings", {"confirmations": False, "frequency_cap": None, "send_undo_seconds": 0, **settings})
    for sku in skus:
        shop.product(sku, title=f"Title of {sku}")


def back(shop: Shop, *skus: str, units: int = 5) -> None:
    for sku in skus:
        shop.stock(sku, units)
    shop.work()


def on(shop: Shop, *minutes: float) -> None:
    for moment in minutes:
        with later(minutes=moment):
            shop.sweep()


def by_sku(shop: Shop) -> dict[str, str]:
    return {request["sku"]: request["status"] for request in shop.requests()}


def restock_of(shop: Shop, sku: str) -> int:
    [number] = [event["id"] for event in shop.get("restocks")["restocks"] if event["sku"] == sku]
    return int(number)


def recall(shop: Shop, number: int) -> None:
    with inside(shop.app), transaction():
        assert steering.recall(db.session.get_one(RestockEvent, number, with_for_update=True), utcnow())


# --- several products in one message ------------------------------------------------------------------------------------


def test_of_a_message_for_two_the_one_that_was_wrong_is_corrected(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", bundle_minutes=10)
    for sku in ("CUP", "HAT"):
        shop.ask(sku, ANN)
    back(shop, "CUP", "HAT")
    on(shop, 11)
    assert [("CUP" in m["body"], "HAT" in m["body"]) for m in sent(shop)] == [(True, True)]
    wrong = restock_of(shop, "CUP")
    with later(minutes=12):
        recall(shop, wrong)
        shop.stock("CUP", 0)
        shop.post(f"restocks/{wrong}/correction", WORDS)
        shop.work()
    assert [m["body"] for m in sent(shop, "correction")] == [
        "Acme: sorry, Title of CUP is not back. Reply STOP to end."
    ]
    assert by_sku(shop) == {"CUP": "waiting", "HAT": "alerted"}
    with later(minutes=20):
        back(shop, "CUP")
    on(shop, 31)
    assert len(sent(shop)) == 2
    assert "HAT" not in sent(shop)[1]["body"]


def test_a_message_for_several_names_nothing_that_its_person_was_drawn_not_to_hear_of(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", bundle_minutes=10, holdout=50)
    for to in numbers(30):
        for sku in ("CUP", "HAT"):
            shop.ask(sku, to)
    back(shop, "CUP", "HAT", units=100)
    on(shop, 11)
    drawn = {(r["to"], r["sku"]) for r in shop.requests() if r["status"] == "waiting"}
    assert 10 < len(drawn) < 50
    named = [(m["to"], sku) for m in sent(shop) for sku in ("CUP", "HAT") if sku in m["body"]]
    assert len(named) == len(set(named)) == 60 - len(drawn)
    assert not drawn & set(named)


def test_who_would_take_either_of_two_that_come_together_hears_of_them_in_one_message(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", "BAG", bundle_minutes=10)
    shop.ask("CUP", ANN, or_variants=[{"sku": "HAT"}])
    shop.ask("BAG", ANN)
    back(shop, "HAT", "CUP", "BAG")
    on(shop, 11, 30)
    assert len(sent(shop)) == 1
    assert {request["status"] for request in shop.requests()} == {"alerted"}


def test_whom_a_message_for_two_kept_from_a_later_restock_hears_of_that_when_the_first_is_recalled(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", bundle_minutes=10, told_hours=0)
    for sku in ("CUP", "HAT"):
        shop.ask(sku, ANN)
    with at("2030-01-15 15:00"):
        back(shop, "CUP", "HAT")
    shop.put("settings", {"quiet_hours": {"from": "14:00", "to": "18:00"}})
    with at("2030-01-15 15:11"):
        shop.work()
        shop.stock("CUP", 0)
        back(shop, "CUP", units=7)
        recall(shop, min(event["id"] for event in shop.get("restocks")["restocks"] if event["sku"] == "CUP"))
        shop.work()
    for time in ("18:01", "18:12"):
        with at(f"2030-01-15 {time}"):
            shop.work()
    assert [("CUP" in m["body"], "HAT" in m["body"]) for m in sent(shop)] == [(False, True), (True, False)]
    assert by_sku(shop) == {"CUP": "alerted", "HAT": "alerted"}


def test_a_text_that_never_went_counts_for_no_cap(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", frequency_cap={"texts": 1, "hours": 24})
    for sku in ("CUP", "HAT"):
        shop.ask(sku, ANN)
    for sku in ("CUP", "HAT"):
        shop.stock(sku, 5)
    shop.plan()
    shop.stock("CUP", 0)
    shop.work()
    on(shop, 1)
    assert [("HAT" in m["body"], m["status"]) for m in shop.messages()] == [(False, "suppressed"), (True, "delivered")]


# --- channels in order --------------------------------------------------------------------------------------------------


def both(shop: Shop, sku: str, phone: str, email: str) -> None:
    shop.widget({"sku": sku, "phone": phone, "email": email, "channels": ["sms", "email"], "consent": True})


def test_whom_the_text_left_out_by_chance_gets_no_email_when_texts_fail(shop: Shop) -> None:
    sold_out(shop, "CUP", channels="in_order", holdout=50)
    for n in range(30):
        both(shop, "CUP", f"+1212555{1000 + n}", f"p{n}@mail.example")
    back(shop, "CUP", units=100)
    on(shop, 2, 10, 60)
    told = {m["to"] for m in sent(shop)}
    assert {m["channel"] for m in sent(shop)} == {"sms"}
    out = [r for r in shop.requests() if r["status"] == "waiting"]
    assert len(out) == 2 * (30 - len(told)), "both of their requests wait on"


def test_a_correction_goes_by_the_channel_that_told_in_the_end(shop: Shop) -> None:
    sold_out(shop, "CUP", channels="in_order")
    both(shop, "CUP", "+12015550190", "ann@mail.example")
    back(shop, "CUP")
    on(shop, 2, 4)
    assert [m["channel"] for m in sent(shop)] == ["email"]
    wrong = restock_of(shop, "CUP")
    with later(minutes=6):
        recall(shop, wrong)
        shop.stock("CUP", 0)
        shop.post(f"restocks/{wrong}/correction", WORDS | BY_EMAIL)
        shop.work()
    assert [(m["channel"], m["status"]) for m in shop.messages("correction")] == [("email", "delivered")]
    with later(minutes=10):
        shop.sweep()
        back(shop, "CUP")
    on(shop, 12, 14, 20)
    assert [m["channel"] for m in sent(shop)] == ["email", "email"], "told once by each restock that was true"


def test_texts_switched_off_while_they_wait_go_on_by_email_and_no_text_goes(shop: Shop) -> None:
    sold_out(shop, "CUP", channels="in_order")
    both(shop, "CUP", ANN, "ann@mail.example")
    shop.stock("CUP", 5)
    shop.plan()
    shop.put("settings", {"switches": {"sold_out": {"sms": False}}})
    shop.work()
    on(shop, 2, 4)
    assert [(m["channel"], m["status"]) for m in shop.messages()] == [("sms", "suppressed"), ("email", "delivered")]


def test_a_stop_while_the_other_channel_is_awaited_is_obeyed_and_the_email_goes(shop: Shop) -> None:
    sold_out(shop, "CUP", channels="in_order")
    both(shop, "CUP", "+12015550192", "ann@mail.example")  # said STOP at the gateway
    back(shop, "CUP")
    on(shop, 2, 4)
    assert [(m["channel"], m["status"]) for m in shop.messages()] == [("sms", "rejected"), ("email", "delivered")]


@pytest.mark.parametrize("when", ["in a bundle", "in fail-over"])
def test_who_is_erased_while_a_message_is_on_its_way_hears_nothing(shop: Shop, when: str) -> None:
    bundled = when == "in a bundle"
    sold_out(shop, "CUP", "HAT", channels="in_order", bundle_minutes=10 if bundled else 0)
    phone = ANN if bundled else "+12015550190"  # which is never reached
    shop.put(
        "customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": phone, "email": "ann@mail.example"}]}
    )
    for sku in ("CUP", "HAT"):
        both(shop, sku, phone, "ann@mail.example")
    back(shop, "CUP", "HAT")
    before = len(sent(shop))
    erase(Desk.of(shop), "Ann")
    on(shop, 2, 4, 11, 30)
    assert len(sent(shop)) == before
    assert {request["status"] for request in shop.requests()} <= {"cancelled", "alerted"}
    assert all(shop.trace(request["id"])["summary"] for request in shop.requests())


# --- units that are held -------------------------------------------------------------------------------------------------


class TestHolding:
    @pytest.fixture
    def storefront(self) -> Iterator[HoldsStub]:
        with HoldsStub(units=3) as stub:
            yield stub

    @pytest.fixture
    def settings(self, tmp_path: Path, database_url: str, storefront: HoldsStub) -> Settings:
        return make_settings(tmp_path, database_url, private_shops=storefront.origin)

    def test_nothing_is_held_for_who_was_drawn_not_to_hear(self, shop: Shop, storefront: HoldsStub) -> None:
        storefront.units = 100
        connect(shop, storefront, holdout=50, confirmations=False)
        shop.product("TEE-M")
        for to in numbers(20):
            shop.ask("TEE-M", to)
        back(shop, "TEE-M", units=100)
        on(shop, 1)
        told = [m["to"] for m in sent(shop)]
        assert 0 < len(told) < 20
        assert storefront.taken == len(told)

    def test_the_unit_of_a_person_who_is_erased_goes_to_the_next(self, shop: Shop, storefront: HoldsStub) -> None:
        storefront.units = 1
        connect(shop, storefront, confirmations=False)
        shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN}]})
        shop.product("TEE-M")
        for to in (ANN, BEN):
            shop.ask("TEE-M", to)
        back(shop, "TEE-M", units=5)
        assert [m["to"] for m in sent(shop)] == [ANN]
        erase(Desk.of(shop), "Ann Lee")
        on(shop, 31, 32)
        assert [m["to"] for m in sent(shop)][1:] == [BEN]
        assert storefront.most == 1
        assert len(storefront.given_back) == 1
        assert holds(shop)[-1] == ("held", None)
        assert any("held_until" in event for event in shop.trace(shop.requests()[-1]["id"])["events"])

    def test_who_would_take_any_size_has_a_unit_of_the_one_the_text_names(
        self, shop: Shop, storefront: HoldsStub
    ) -> None:
        connect(shop, storefront, confirmations=False)
        for sku in ("CUP", "TEE-M"):
            shop.product(sku)
        shop.ask("CUP", ANN, or_variants=[{"sku": "TEE-M"}])
        back(shop, "TEE-M")
        assert [told["sku"] for told in storefront.told if told["action"] == "reserve"] == ["TEE-M"]
        assert len(sent(shop)) == 1

    def test_a_recall_and_its_correction_give_each_unit_back_once(self, shop: Shop, storefront: HoldsStub) -> None:
        connect(shop, storefront, confirmations=False, send_undo_seconds=0)
        shop.product("TEE-M")
        for to in (ANN, BEN):
            shop.ask("TEE-M", to)
        back(shop, "TEE-M")
        assert steer(shop, steering.recall, utcnow())
        shop.stock("TEE-M", 0)
        shop.post(f"restocks/{the_event(shop).id}/correction", WORDS)
        on(shop, 2, 4)
        assert sorted(storefront.given_back) == sorted(storefront.kept)
        assert len(sent(shop, "correction")) == 2


# --- places --------------------------------------------------------------------------------------------------------------


def two_regions(shop: Shop, sku: str) -> None:
    for location in ("berlin", "munich"):
        shop.stock(sku, 0, location=location)
    regions = [
        {"key": "north", "name": "The north", "locations": ["berlin"]},
        {"key": "south", "name": "The south", "locations": ["munich"]},
    ]
    assert shop.put("regions", {"regions": regions})["errors"] == []
    shop.plan()


def test_a_message_for_several_names_nothing_that_is_only_in_another_region(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", bundle_minutes=10)
    two_regions(shop, "CUP")
    shop.ask("CUP", ANN, region="north")
    shop.ask("HAT", ANN)
    shop.ask("CUP", BEN, region="south")
    shop.ask("HAT", BEN)
    shop.stock("CUP", 5, location="munich")
    back(shop, "HAT")
    on(shop, 11)
    assert {m["to"]: ("CUP" in m["body"], "HAT" in m["body"]) for m in sent(shop)} == {
        ANN: (False, True),
        BEN: (True, True),
    }


def test_a_region_that_sells_out_in_the_meantime_drops_out_for_those_who_wait_there(shop: Shop) -> None:
    sold_out(shop, "CUP", "HAT", bundle_minutes=10)
    two_regions(shop, "CUP")
    for to, region in ((ANN, "north"), (BEN, "south")):
        shop.ask("CUP", to, region=region)
        shop.ask("HAT", to)
    for location in ("berlin", "munich"):
        shop.stock("CUP", 5, location=location)
    back(shop, "HAT")
    with later(minutes=5):
        shop.stock("CUP", 0, location="berlin")
        shop.work()
    on(shop, 11)
    assert {m["to"]: ("CUP" in m["body"], "HAT" in m["body"]) for m in sent(shop)} == {
        ANN: (False, True),
        BEN: (True, True),
    }


def test_a_region_that_is_deleted_while_people_wait_for_it_loses_nobody_and_tells_nobody_untruly(shop: Shop) -> None:
    sold_out(shop, "CUP")
    two_regions(shop, "CUP")
    shop.ask("CUP", ANN, region="north")
    desk = Desk.of(shop)
    number = desk.id_in("/settings/regions", r'/regions/(\d+)" aria-label="Change The north')
    desk.post(f"/settings/regions/{number}/delete")
    shop.stock("CUP", 5, location="munich")
    shop.work()
    [request] = shop.requests()
    assert request["status"] in ("waiting", "alerted")
    assert shop.trace(request["id"])["summary"]


# --- waves ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", ["in_order", "together"])
def test_in_waves_with_several_channels_bundles_and_a_control_group_nobody_hears_twice(
    shop: Shop, channels: str
) -> None:
    waves = {"kind": "paced", "people": 4, "minutes": 5}
    sold_out(shop, "CUP", "HAT", channels=channels, bundle_minutes=3, holdout=20, waves=waves)
    for n in range(20):
        for sku in ("CUP", "HAT"):
            both(shop, sku, f"+12015550{190 + n}", f"p{n}@mail.example")  # the first ten have fates of their own
    back(shop, "CUP", "HAT", units=100)
    on(shop, *range(1, 60, 2))
    for sku in ("CUP", "HAT"):
        mine = [m for m in sent(shop) if sku in m["body"]]
        told = [(m["to"], m["channel"]) for m in mine]
        assert len(told) == len(set(told)), sku
    stories = [shop.trace(request["id"]) for request in shop.requests()]
    assert all(story["summary"] for story in stories)

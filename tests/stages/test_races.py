"""Two at the same moment: the one that comes second waits or sees what the first did; nobody is lost in between.

The first holds its transaction open until the second has come as far as it gets. On SQLite, where writers wait for each
other from the start, these are the same promises with less to do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.campaigns import planner as correcting
from nexnotify.catalog.service import ProductData, VariantData
from nexnotify.clock import utcnow
from nexnotify.db import db, is_postgresql, transaction
from nexnotify.dispatch.claim import claim
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.gateways.service import add_gateway
from nexnotify.inventory.intake import take_product
from nexnotify.inventory.regions import Places
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.ledger.asking.reminders import remind
from nexnotify.ledger.models import Message
from nexnotify.ledger.opening import take_over_queue
from nexnotify.ledger.planning import audience, chunk, planner
from nexnotify.receipts import service as receiving
from nexnotify.restock.models import RestockEvent
from nexnotify.restock.service import detect_restocks
from nexnotify.restock.steering import recall
from nexnotify.stores.models import Store
from nexnotify.waitlist.queries import anyone_waits
from nexnotify.workers.steps import run_campaigns
from tests.credits import with_credits
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers, queue_for, statuses, wait_for_stock
from tests.stages.test_corrections import corrected, recalled
from tests.stages.test_waves import people
from tests.texting import Line
from tests.times import later

#: How long the first holds on. A second one that is right waits for it, so each race costs this much.
HELD = 0.6


@contextmanager
def meanwhile(job: Callable[[], None]) -> Iterator[None]:
    """Run in a thread beside the block; what it raises, the test raises."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            job()
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)
    assert not thread.is_alive()
    if faults:
        raise faults[0]


@contextmanager
def under_way(shop: Shop, job: Callable[[Store], Any]) -> Iterator[None]:
    """The job has done its work, but not committed, when the block begins."""
    done, over = threading.Event(), threading.Event()

    def goes_first() -> None:
        with inside(shop.app), transaction():
            job(db.session.get_one(Store, shop.store_id))
            done.set()
            over.wait(HELD)

    with meanwhile(goes_first):
        assert done.wait(10)
        yield
        over.set()


def at_the_same_moment(shop: Shop, first: Callable[[Store], Any], second: Callable[[Store], Any]) -> None:
    """Both in a transaction of their own; the second begins while the first is under way."""
    with under_way(shop, first), inside(shop.app), transaction():
        second(db.session.get_one(Store, shop.store_id))


def tee(published: bool, sku: str = "TEE-M") -> ProductData:
    return ProductData("tee-m", "Tee", "https://acme.example/tee-m", None, published, [VariantData("tee-m-v", sku)])


def publish(sku: str) -> Callable[[Store], None]:
    return lambda store: void(take_product(store, tee(True, sku), utcnow()))


def stock(**level: Any) -> Callable[[Store], None]:
    return lambda store: void(set_level(store, LevelData(**level), utcnow()))


def void(_: object) -> None:
    pass


# --- stock and products ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["stock", "publishing"])
@pytest.mark.parametrize("sku", ["TEE-M", "TEE-NEW"], ids=["same SKU", "new SKU"])
def test_publishing_and_stock_at_the_same_moment_make_a_restock(shop: Shop, first: str, sku: str) -> None:
    wait_for_stock(shop, numbers(1))
    with inside(shop.app), transaction():
        take_product(db.session.get_one(Store, shop.store_id), tee(False), utcnow())
    jobs = [stock(variant_id="tee-m-v", on_hand=5), publish(sku)]
    at_the_same_moment(shop, *(jobs if first == "stock" else jobs[::-1]))
    assert shop.offered(sku)["status"] == "in_stock"
    shop.work()
    assert len(shop.get("restocks")["restocks"]) == 1
    assert statuses(shop) == ["delivered"]


@pytest.mark.parametrize("first", ["level", "product"])
@pytest.mark.parametrize("by", [{"sku": "TEE-M"}, {"variant_id": "tee-m-v"}], ids=["SKU", "variant id"])
def test_a_level_and_the_product_it_is_about_at_the_same_moment_find_each_other(
    shop: Shop, first: str, by: dict[str, str]
) -> None:
    jobs = [stock(**by, on_hand=5), publish("TEE-M")]
    at_the_same_moment(shop, *(jobs if first == "level" else jobs[::-1]))
    assert shop.offered()["status"] == "in_stock"
    [variant] = shop.get("products?sku=TEE-M")["products"][0]["variants"]
    assert variant["available"] == 5


# --- planning --------------------------------------------------------------------------------------------------------


def halted(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The planner halts before it writes: an event that it is there, and one that lets it go on."""
    there, on = threading.Event(), threading.Event()
    store = chunk.write_alerts

    def waits(*args: Any) -> Any:
        there.set()
        on.wait(HELD)
        return store(*args)

    monkeypatch.setattr(chunk, "write_alerts", waits)
    return there, on


def test_a_planner_and_a_claim_on_a_paced_lane_do_not_lock_each_other_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "CHUNK", 3)
    wait_for_stock(shop, numbers(6))
    lane_id = lane_of(shop)
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Lane).where(Lane.id == lane_id).values(rate=10.0))
    shop.stock("TEE-M", 100)
    with inside(shop.app):
        with transaction():
            detect_restocks(utcnow(), anyone_waits)
        with transaction():
            planner.plan_next(utcnow())
    shop.stock("TEE-M", 0)  # the claim puts the first chunk aside …
    monkeypatch.setattr(audience, "obstacle", lambda *_: None)
    monkeypatch.setattr(Places, "status", lambda *_: "in_stock")  # … while the second, which saw stock, is written
    there, on = halted(monkeypatch)

    def plans() -> None:
        with inside(shop.app), transaction():
            planner.plan_next(utcnow())

    with meanwhile(plans):
        assert there.wait(10)
        with inside(shop.app), transaction():
            assert claim(lane_id, "elsewhere:1:1", 10, utcnow()).outgoing == ()
        on.set()
    shop.work()
    assert statuses(shop) == ["suppressed"] * 6
    monkeypatch.undo()
    shop.stock("TEE-M", 100)
    shop.plan()
    assert statuses(shop) == ["suppressed"] * 6 + ["queued"] * 6


def test_what_is_being_planned_while_a_gateway_becomes_the_sender_goes_out_by_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_stock(shop, numbers(3))
    shop.stock("TEE-M", 9)
    there, on = halted(monkeypatch)
    with meanwhile(shop.plan):
        assert there.wait(10)
        line = Line.add(shop, "kannel", username="u", password="p", rate=0)
        with inside(shop.app), transaction():
            take_over_queue(db.session.get_one(GatewayInstance, line.id))
        on.set()
    assert [(message["gateway"], message["status"]) for message in shop.messages()] == [("kannel", "queued")] * 3


def test_a_plan_that_begins_while_a_gateway_becomes_the_sender_goes_out_by_it(shop: Shop) -> None:
    wait_for_stock(shop, numbers(3))
    shop.stock("TEE-M", 9)
    with under_way(shop, add_kannel):
        shop.plan()
    assert [message["gateway"] for message in shop.messages()] == ["kannel"] * 3


def add_kannel(store: Store) -> None:
    values = {"username": "u", "password": "p", "rate": 0}
    take_over_queue(add_gateway(store, "kannel", "kannel", values, utcnow()))


# --- recalls ---------------------------------------------------------------------------------------------------------


def test_a_recall_waits_for_no_text_that_somebody_else_has_and_takes_it_back_a_moment_later(shop: Shop) -> None:
    wait_for_stock(shop, numbers(3))
    shop.stock("TEE-M", 5)
    shop.plan()
    with inside(shop.app), transaction():
        event = db.session.scalars(sa.select(RestockEvent)).one()
        assert recall(event, utcnow())

    def has_a_text(_: Store) -> None:
        db.session.scalars(sa.select(Message).order_by(Message.id.desc()).limit(1).with_for_update()).one()

    def takes_back(_: Store) -> None:
        planner.plan_next(utcnow())
        if is_postgresql():
            assert [text.status for text in db.session.scalars(sa.select(Message).order_by(Message.id))][-1] == "queued"

    at_the_same_moment(shop, has_a_text, takes_back)
    with later(seconds=2):
        shop.plan()
    assert statuses(shop) == ["cancelled"] * 3
    assert shop.get("restocks")["restocks"][0]["state"] == "stopped"


# --- corrections -----------------------------------------------------------------------------------------------------


def test_a_correction_and_a_reminder_of_the_same_person_do_not_lock_each_other_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(shop, 1, reminders=1, send_undo_seconds=0)
    with_credits(shop, 1000)
    shop.stock("TEE-M", 5)
    shop.work()
    corrected(shop, recalled(shop))
    write, there, on = correcting.write_messages, threading.Event(), threading.Event()

    def slowly(*args: Any, **more: Any) -> Any:
        written = write(*args, **more)
        there.set()
        on.wait(HELD)
        return written

    monkeypatch.setattr(correcting, "write_messages", slowly)

    def corrects() -> None:
        with inside(shop.app):
            run_campaigns()

    with later(hours=25):
        with meanwhile(corrects):
            assert there.wait(10)
            with inside(shop.app), transaction():
                remind(db.session.get_one(Store, shop.store_id), utcnow())
            on.set()
        shop.work()
    assert [message["status"] for message in shop.messages("correction")] == ["delivered"]
    assert [request["status"] for request in shop.requests()] == ["waiting"]


# --- receipts --------------------------------------------------------------------------------------------------------


def test_two_workers_with_receipts_for_the_same_texts_do_not_lock_each_other_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line.add(shop, "kannel", username="u", password="p", rate=0)
    queue_for(shop, numbers(2))
    one, two = (message["reference"] for message in shop.messages())
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Message).values(status="accepted", accepted_at=utcnow()))
    for reference, kind in ((one, "8"), (two, "8"), (two, "1"), (one, "1")):  # to the carrier, delivered; crosswise
        assert line.get(f"{line.receipts}?reference={reference}", type=kind).status_code == 200
    monkeypatch.setattr(receiving, "BATCH", 2)
    apply, begun, over = receiving._apply_safely, threading.Event(), threading.Event()

    def slowly(*args: Any) -> str:
        outcome = apply(*args)
        begun.set()
        over.wait(HELD / 2)
        return outcome

    monkeypatch.setattr(receiving, "_apply_safely", slowly)

    def applies() -> None:
        with inside(shop.app), transaction():
            assert receiving.apply_callbacks(utcnow()) == 2

    with meanwhile(applies):
        assert begun.wait(10)
        applies()
    over.set()
    assert statuses(shop) == ["delivered"] * 2

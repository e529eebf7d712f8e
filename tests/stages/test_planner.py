"""Planning: everyone who waits is decided about exactly once, whatever interrupts it and whoever else plans."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.content.models import Template, TemplateVersion
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.dispatch.claim import claim
from nexnotify.gateways.models import GatewayInstance
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning import planner, writing
from nexnotify.stores.models import Store
from nexnotify.stores.service import address_hash
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.workers.steps import run_restock
from tests.shop import Shop
from tests.stages.test_waves import flapping, told

MANY = 2500


def crowd(shop: Shop, count: int = MANY, sku: str = "TEE-M") -> None:
    """So many shoppers wait, the first of them longest; put there row by row, because asking takes a while."""
    shop.product(sku, on_hand=0)
    with shop.app.app_context():
        with transaction():
            variant = find_variant(db.session.get_one(Store, shop.store_id), sku=sku)
            assert variant is not None
            now = utcnow()
            phones = [f"+1202{5550000 + number:07}" for number in range(count)]
            contacts = [
                {
                    "store_id": shop.store_id,
                    "channel": "sms",
                    "address": phone,
                    "address_hash": address_hash(shop.store_id, "sms", phone),
                    "last4_hash": "",
                    "created_at": now,
                }
                for phone in phones
            ]
            ids = db.session.scalars(
                sa.insert(Contact).returning(Contact.id, sort_by_parameter_order=True), contacts
            ).all()
            requests = [
                {
                    "store_id": shop.store_id,
                    "variant_id": variant.id,
                    "contact_id": contact_id,
                    "status": "waiting",
                    "asked_status": "sold_out",
                    "source": "test",
                    "created_at": now,
                }
                for contact_id in ids
            ]
            db.session.execute(sa.insert(AlertRequest), requests)
        db.session.remove()


def planned(shop: Shop) -> dict[str, int]:
    """Messages, alerts, decisions, and the shoppers they are about."""
    with shop.app.app_context():
        found = {
            "messages": db.session.scalar(sa.select(sa.func.count(Message.id))) or 0,
            "contacts": db.session.scalar(sa.select(sa.func.count(Message.contact_id.distinct()))) or 0,
            "alerts": db.session.scalar(sa.select(sa.func.count(Alert.request_id.distinct()))) or 0,
            "sends": db.session.scalar(sa.select(sa.func.count(Decision.id)).where(Decision.verdict == "send")) or 0,
        }
        db.session.remove()
    return found


EVERYONE = dict.fromkeys(("messages", "contacts", "alerts", "sends"), MANY)


def test_a_plan_that_is_interrupted_goes_on_where_it_was_and_tells_everyone_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(shop)
    shop.stock("TEE-M", 5)
    record, calls = writing.record_new, []

    def breaks_in_the_second_chunk(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the plug is pulled")
        record(*args)

    monkeypatch.setattr(writing, "record_new", breaks_in_the_second_chunk)
    shop.plan()
    assert planned(shop) == dict.fromkeys(EVERYONE, 1000), "the first chunk stands, of the second there is nothing"
    shop.plan()
    assert planned(shop) == EVERYONE
    shop.plan()
    assert planned(shop) == EVERYONE


def test_those_who_waited_longest_come_first(shop: Shop) -> None:
    crowd(shop, 1200)
    shop.stock("TEE-M", 5)
    shop.plan()
    with shop.app.app_context():
        order = db.session.scalars(sa.select(Message.contact_id).order_by(Message.due_at, Message.id)).all()
        asked = db.session.scalars(sa.select(AlertRequest.contact_id).order_by(AlertRequest.id)).all()
        db.session.remove()
    assert order == asked


def plan_at_once(shop: Shop, planners: int) -> None:
    """Several workers plan at the same time."""
    barrier, faults = threading.Barrier(planners), []

    def work() -> None:
        try:
            with shop.app.app_context():
                barrier.wait()
                run_restock()
                db.session.remove()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(planners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_several_planners_at_once_plan_everyone_once(shop: Shop) -> None:
    crowd(shop)
    shop.stock("TEE-M", 5)
    plan_at_once(shop, 3)
    shop.plan()
    assert planned(shop) == EVERYONE


def test_several_restocks_of_one_product_at_once_still_tell_everyone_once(shop: Shop) -> None:
    crowd(shop, 1200)
    for _ in range(3):
        shop.stock("TEE-M", 5)
        shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    plan_at_once(shop, 4)
    shop.plan()
    assert planned(shop) == dict.fromkeys(EVERYONE, 1200)
    with shop.app.app_context():
        verdicts = Counter(tuple(row) for row in db.session.execute(sa.select(Decision.verdict, Decision.reason)))
        db.session.remove()
    assert verdicts == {("send", "eligible"): 1200, ("skip", "told_already"): 3600}


def test_planning_while_sending_tells_everyone_once(shop: Shop) -> None:
    crowd(shop, 300)
    shop.stock("TEE-M", 5)
    shop.plan()
    sending = threading.Thread(target=shop.send)
    sending.start()
    for _ in range(5):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 5)
        shop.plan()
    sending.join()
    shop.work()
    told = Counter(message["to"] for message in all_messages(shop) if message["status"] == "delivered")
    assert len(told) == 300
    assert set(told.values()) == {1}


def test_a_restock_while_a_claim_is_finding_it_sold_out_still_tells_everyone(shop: Shop) -> None:
    crowd(shop, 3)
    shop.stock("TEE-M", 5)
    shop.plan()
    shop.stock("TEE-M", 0)
    decided, over = threading.Event(), threading.Event()

    def claims_slowly() -> None:
        with shop.app.app_context():
            with transaction():
                lane = db.session.scalars(sa.select(Message.lane_id)).first()
                assert lane is not None
                assert claim(lane, "somebody", 10, utcnow()).outgoing == ()
                decided.set()
                over.wait(2)  # a planner that is right waits for us instead
            db.session.remove()

    claiming = threading.Thread(target=claims_slowly)
    claiming.start()
    assert decided.wait(10)
    shop.stock("TEE-M", 5)
    shop.plan()
    over.set()
    claiming.join()
    shop.work()
    assert Counter((message["status"], message["reason"]) for message in all_messages(shop)) == {
        ("suppressed", "sold_out_again"): 3,
        ("delivered", None): 3,
    }


def all_messages(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: str | None = "/api/v1/messages?limit=200"
    while page:
        body = shop.get(page)
        found += body["messages"]
        page = body["next"]
    return found


def wait_for_tee(shop: Shop, **product: Any) -> int:
    shop.product("TEE-M", on_hand=0, **product)
    row = {"sku": "TEE-M", "phone": "+12015550123", "consent": True, "confirm": False}
    request_id: int = shop.post("requests", {"requests": [row]})["requests"][0]["id"]
    return request_id


def skipped(shop: Shop, request: int) -> list[str]:
    return [event["reason"] for event in shop.trace(request)["events"] if event["what"] == "decided_skip"]


def test_a_template_without_a_value_is_not_sent_and_says_so(shop: Shop) -> None:
    request = wait_for_tee(shop)
    with shop.app.app_context():
        with transaction():
            template = db.session.scalars(
                sa.select(Template).where(
                    Template.kind == "back_in_stock", Template.channel == "sms", Template.product_status.is_(None)
                )
            ).one()
            template.version = 2
            db.session.add(
                TemplateVersion(
                    store_id=shop.store_id,
                    template_id=template.id,
                    number=2,
                    body="[[store]]: [[product]] is back, [[url]]",  # no words for when there is no address
                    created_at=utcnow(),
                )
            )
        db.session.remove()
    shop.put("products", {"products": [{"id": "tee-m", "title": "Tee"}]})  # the product has no page any more
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert skipped(shop, request) == ["no_text"]
    assert [item["status"] for item in shop.requests()] == ["waiting"]

    shop.put("products", {"products": [{"id": "tee-m", "title": "Tee", "url": "https://acme.example/tee"}]})
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["body"] for message in shop.messages()] == ["Acme: Tee is back, https://acme.example/tee"]


def test_a_store_without_a_gateway_tells_nobody_and_says_so(shop: Shop) -> None:
    request = wait_for_tee(shop)
    with shop.app.app_context():
        with transaction():
            db.session.execute(sa.update(GatewayInstance).values(is_sender=False))
        db.session.remove()
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert skipped(shop, request) == ["no_gateway"]
    assert [item["status"] for item in shop.requests()] == ["waiting"]


@pytest.mark.parametrize("anew", [{}, {"sku": "HAT", "or_variants": [{"sku": "TEE-M"}]}], ids=["the same", "or a hat"])
def test_who_was_told_by_one_restock_twice_waits_again_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, anew: dict[str, Any]
) -> None:
    monkeypatch.setattr(planner, "CHUNK", 1)
    shop.product("HAT")
    ann, ben = flapping(shop, **anew)
    shop.stock("TEE-M", 0)
    shop.work()
    assert {event["state"] for event in shop.get("restocks")["restocks"]} <= {"done", "stopped"}
    assert sorted(request["to"] for request in shop.requests(status="waiting")) == [ann, ben]
    shop.stock("TEE-M", 5)
    shop.work()
    assert sorted(told(shop)[3:]) == [ann, ben], "later restocks are told"

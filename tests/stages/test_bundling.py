"""Several products in one message: two workers at the same moment, and a store with a long past."""

from __future__ import annotations

import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.dispatch.claim import claim
from nexnotify.dispatch.recover import release_held
from nexnotify.ledger.models import Message
from nexnotify.ledger.values import products_url
from nexnotify.workers.steps import run_restock
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers
from tests.stages.test_hot_statements import check_reads, fill_past, watched_in
from tests.stages.test_races import at_the_same_moment
from tests.times import later


def test_two_workers_put_one_persons_alerts_together_once(shop: Shop) -> None:
    shop.put("settings", {"bundle_minutes": 5, "confirmations": False})
    for sku in ("TEE-S", "TEE-M", "TEE-L"):
        shop.product(sku, title=f"Tee {sku}")
        shop.ask(sku)
        shop.stock(sku, 5)
    shop.plan()
    with later(minutes=6):
        at_the_same_moment(shop, lambda _: release_held(utcnow()), lambda _: release_held(utcnow()))
        with inside(shop.app):
            rows = db.session.execute(sa.select(Message.status, Message.reason).order_by(Message.id)).all()
        assert [tuple(row) for row in rows] == [("queued", "bundled"), *[("cancelled", "bundled")] * 2]
        shop.send()
    assert [item["status"] for item in shop.requests()] == ["alerted"] * 3


def test_no_statement_of_a_message_for_several_products_reads_what_went_out_before(shop: Shop) -> None:
    """From the end of the wait to the claim, with one product that has sold out meanwhile, and with its page."""
    lane_id = lane_of(shop)
    shop.put("settings", {"bundle_minutes": 5, "told_hours": 24, "confirmations": False})
    for sku in ("TEE-S", "TEE-M", "TEE-L"):
        shop.product(sku)
        rows = [{"sku": sku, "phone": to, "consent": True, "confirm": False} for to in numbers(5)]
        assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
    for sku in ("TEE-S", "TEE-M", "TEE-L"):
        shop.stock(sku, 5)
    with watched_in(shop) as seen, later(minutes=6):
        run_restock()
        with later(minutes=6):
            with transaction():
                release_held(utcnow())
            shop.stock("TEE-M", 0)
            with transaction():
                [first, *others] = claim(lane_id, "here:1:1", 5, utcnow()).outgoing
            assert len(others) == 4
            shop.client.get(products_url(shop.store_id, first.message_id).removeprefix("http://127.0.0.1:8000"))
    with inside(shop.app):
        gone = sa.select(sa.func.count()).where(Message.reason == "sold_out_again")
        assert db.session.scalar(gone) == 5
        check_reads(seen)

"""Two workers find the held alerts of one person at the same moment: it is one message all the same."""

from __future__ import annotations

import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.dispatch.recover import release_held
from nexnotify.ledger.models import Message
from tests.shop import Shop
from tests.stages.test_claims import inside
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

"""A past of many alerts and what came of them, written straight into the tables: a model needs a thousand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.gateways.models import Lane
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.outcomes.models import Click, OrderMatch, PageOrder
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest
from tests.shop import Shop

#: Restocks of the invented past, one a week, and the hour of the day (UTC) at which links were opened.
WEEKS = 14


def invent(shop: Shop, now: datetime, *, eager: int = 4, learnable: bool = True) -> None:
    """Everybody of the shop's contacts was told of a product of the past each week.

    :param eager: each so many-th contact opens most of its alerts and buys after half of them; the others seldom do.
    :param learnable: False lets everybody open and buy alike, by chance.
    """
    chance = random.Random(7)
    shop.product("OLD", on_hand=0)
    with shop.app.app_context():
        with transaction():
            variant = db.session.scalars(
                sa.select(Variant).where(Variant.store_id == shop.store_id, Variant.sku == "OLD")
            ).one()
            contacts = db.session.scalars(
                sa.select(Contact.id).where(Contact.store_id == shop.store_id).order_by(Contact.id)
            ).all()
            lane = db.session.scalars(
                sa.select(Lane.id).where(Lane.store_id == shop.store_id).order_by(Lane.id)
            ).first()
            week = _Week(shop.store_id, variant.id, contacts, lane, chance, eager, learnable)
            for number in range(WEEKS, 0, -1):
                week.happen(now - timedelta(weeks=number + 2))
        db.session.remove()


@dataclass
class _Week:
    store_id: int
    variant_id: int
    contacts: Sequence[int]
    lane: int | None
    chance: random.Random
    eager: int
    learnable: bool

    def happen(self, at: datetime) -> None:
        """Everybody is told at this moment; some open, some buy."""
        store_id, variant_id, chance = self.store_id, self.variant_id, self.chance
        mine: dict[str, Any] = {"store_id": store_id}
        change = StockChange(
            **mine,
            variant_id=variant_id,
            cause="level",
            available_before=0,
            available_after=9,
            as_of=at,
            at=at,
            looked_at=at,
        )
        db.session.add(change)
        db.session.flush()
        event = RestockEvent(
            **mine, variant_id=variant_id, stock_change_id=change.id, available_before=0, available_after=9, at=at,
            state="done", reason="everyone_told", work_at=None, planned_at=at,
        )  # fmt: skip
        asked = [
            AlertRequest(
                **mine,
                variant_id=variant_id,
                contact_id=contact,
                status="alerted",
                asked_status="sold_out",
                source="api",
                created_at=at - timedelta(days=chance.uniform(0, 60)),
                alerted_at=at,
            )
            for contact in self.contacts
        ]
        sent = [
            Message(
                **mine,
                reference=f"{chance.getrandbits(128):032x}",
                kind="back_in_stock",
                channel="sms",
                contact_id=request.contact_id,
                lane_id=self.lane,
                variant_id=variant_id,
                body="Tee is back.",
                encoding="gsm7",
                segments=1,
                status="delivered",
                due_at=at,
                valid_until=at,
                created_at=at,
                accepted_at=at,
            )
            for request in asked
        ]
        db.session.add_all([event, *asked, *sent])
        db.session.flush()
        links = [
            ShortLink(**mine, code=f"t{message.id}", message_id=message.id, variant_id=variant_id) for message in sent
        ]
        db.session.add_all(links)
        db.session.add_all(
            Alert(
                **mine,
                request_id=request.id,
                restock_id=event.id,
                channel="sms",
                kind="back_in_stock",
                message_id=sms.id,
            )
            for request, sms in zip(asked, sent, strict=True)
        )
        db.session.flush()
        for number, (request, link) in enumerate(zip(asked, links, strict=True)):
            likely = self.learnable and number % self.eager == 0
            opens, buys = (0.8, 0.5) if likely else (0.1, 0.05) if self.learnable else (0.3, 0.15)
            opened = at.replace(hour=23, minute=chance.randrange(60))
            if chance.random() < opens:
                db.session.add(
                    Click(**mine, link_id=link.id, restock_id=event.id, at=opened, is_person=True, sign="", agent=None)
                )
            if chance.random() < buys:
                order = PageOrder(**mine, key=f"{chance.getrandbits(128):032x}", at=opened, currency="USD")
                db.session.add(order)
                db.session.flush()
                match = {"request_id": request.id, "page_order_id": order.id, "restock_id": event.id}
                db.session.add(
                    OrderMatch(**mine, **match, key=order.key, by="contact", source="page", at=opened, how="click")
                )

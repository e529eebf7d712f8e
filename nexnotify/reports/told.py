"""What the store's text alert did last."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store


@dataclass(frozen=True, slots=True)
class LastRestock:
    """The store's newest restock, and how many were told of it by text."""

    event: RestockEvent
    variant: Variant
    told: int


def last_restock(store: Store) -> LastRestock | None:
    """The newest restock of the store; None before the first."""
    row = db.session.execute(
        sa.select(RestockEvent, Variant)
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .options(contains_eager(Variant.product))
        .where(RestockEvent.store_id == store.id)
        .order_by(RestockEvent.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    told = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Alert)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .where(
            Alert.store_id == store.id,
            Alert.restock_id == row[0].id,
            Alert.channel == "sms",
            Message.accepted_at.is_not(None),
        )
    )
    return LastRestock(row[0], row[1], told or 0)

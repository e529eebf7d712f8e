"""Who waits for what, by variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from nexnotify.catalog.models import Product, Variant
from nexnotify.catalog.queries import matches
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import OPEN, AlertRequest


def demand(store: Store, search: str = "") -> Any:
    """Rows of (variant, waiting, by_text, by_email, oldest), most wanted first; the caller takes a page of it."""
    counts = (
        sa.select(
            AlertRequest.variant_id.label("variant_id"),
            sa.func.count().label("waiting"),
            sa.func.count(sa.case((Contact.channel == "sms", 1))).label("by_text"),
            sa.func.count(sa.case((Contact.channel == "email", 1))).label("by_email"),
            sa.func.min(AlertRequest.created_at).label("oldest"),
        )
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(AlertRequest.store_id == store.id, AlertRequest.status.in_(OPEN))
        .group_by(AlertRequest.variant_id)
        .subquery()
    )
    statement = (
        sa.select(Variant, counts.c.waiting, counts.c.by_text, counts.c.by_email, counts.c.oldest)
        .join(counts, counts.c.variant_id == Variant.id)
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .options(contains_eager(Variant.product))
        .where(Variant.store_id == store.id)
        .order_by(counts.c.waiting.desc(), Variant.id)
    )
    return statement.where(matches(search)) if search.strip() else statement


def status_counts(variant: Variant) -> dict[str, int]:
    """How many requests a variant has in each status."""
    rows: Sequence[Any] = db.session.execute(
        sa.select(AlertRequest.status, sa.func.count())
        .where(AlertRequest.store_id == variant.store_id, AlertRequest.variant_id == variant.id)
        .group_by(AlertRequest.status)
    ).all()
    return {row[0]: row[1] for row in rows}

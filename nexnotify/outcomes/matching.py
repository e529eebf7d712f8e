"""Orders of people who were told shortly before. A match is a candidate: it proves nothing, it can be counted.

The storefront's own word counts more than a page's: an order that both tell is one match, and points to the storefront's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Customer
from nexnotify.db import db, insert_ignore, upsert
from nexnotify.orders.models import Order, OrderLine
from nexnotify.outcomes.models import OrderMatch, PageOrder, VisitorRequest
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import index_key
from nexnotify.waitlist.models import AlertRequest

#: From being told to buying, at most.
WINDOW = timedelta(days=10)


def order_key(store: Store, *parts: str) -> str:
    """What makes an order one, whoever tells it: of one with a number, that number."""
    return keyed_hash(index_key(), "order", str(store.id), *parts)


def match_order(store: Store, order: Order) -> None:
    """Look whether the person of an order had been told; an order that is told again is matched once."""
    contacts = {order.sms_contact_id, order.email_contact_id}
    if order.customer_id is not None:
        customer = sa.select(Customer.sms_contact_id, Customer.email_contact_id)
        row = db.session.execute(
            customer.where(Customer.store_id == store.id, Customer.id == order.customer_id)
        ).first()
        contacts |= set(row or ())
    key = order_key(store, order.external_id)
    lines = sa.select(OrderLine.variant_id).where(OrderLine.store_id == store.id, OrderLine.order_id == order.id)
    found = _told(store, contacts - {None}, None, _products(store, lines), order.placed_at)
    if found is not None:
        told = {"request_id": found, "order_id": order.id, "page_order_id": None, "by": "contact", "source": "api"}
    else:  # its page may have known better who it was
        told = {"order_id": order.id, "page_order_id": None}
        update = sa.update(OrderMatch).where(OrderMatch.store_id == store.id, OrderMatch.key == key).values(**told)
        db.session.execute(update.execution_options(synchronize_session=False))
        return
    db.session.execute(
        upsert(OrderMatch.__table__)
        .values(store_id=store.id, key=key, at=order.placed_at, **told)
        .on_conflict_do_update(index_elements=["store_id", "key"], set_=told)
    )


def match_page_order(store: Store, page_order: PageOrder) -> None:
    """The same for an order that a page told."""
    variants = [line["variant"] for line in page_order.lines]
    products = _products(store, sa.select(Variant.id).where(Variant.store_id == store.id, Variant.id.in_(variants)))
    contacts = {page_order.sms_contact_id, page_order.email_contact_id} - {None}
    found, by = _told(store, contacts, None, products, page_order.at), "contact"
    if found is None and page_order.visitor:
        found, by = _told(store, (), page_order.visitor, products, page_order.at), "visitor"
    if found is None:
        return
    known = sa.select(Order.id).where(Order.store_id == store.id, Order.external_id == page_order.reference)
    order_id = db.session.scalar(known) if page_order.reference is not None else None
    db.session.execute(
        insert_ignore(OrderMatch).values(
            store_id=store.id,
            key=page_order.key,
            request_id=found,
            order_id=order_id,
            page_order_id=None if order_id else page_order.id,
            by=by,
            source="page",
            at=page_order.at,
        )
    )


def _products(store: Store, variants: Any) -> Any:
    """Ids of the products of an order's variants; None where no variant is known."""
    statement = sa.select(Variant.product_id).where(Variant.store_id == store.id, Variant.id.in_(variants)).distinct()
    return list(db.session.scalars(statement)) or None


def _told(
    store: Store, contacts: Collection[int | None], visitor: str | None, products: Any, at: datetime
) -> int | None:
    """The request that was told last before ``at``, of these contacts or this visitor."""
    if not contacts and visitor is None:
        return None
    statement = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == store.id, AlertRequest.alerted_at <= at, AlertRequest.alerted_at > at - WINDOW
    )
    if visitor is None:
        statement = statement.where(AlertRequest.contact_id.in_(contacts))
    else:
        asked = sa.select(VisitorRequest.request_id).where(
            VisitorRequest.store_id == store.id, VisitorRequest.visitor == visitor
        )
        statement = statement.where(AlertRequest.id.in_(asked))
    if products is not None:
        variants = sa.select(Variant.id).where(Variant.store_id == store.id, Variant.product_id.in_(products))
        statement = statement.where(AlertRequest.variant_id.in_(variants))
    return db.session.scalar(statement.order_by(AlertRequest.alerted_at.desc(), AlertRequest.id.desc()).limit(1))

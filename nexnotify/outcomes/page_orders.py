"""Orders as confirmation pages tell them: kept apart from the storefront's own, each once, and only counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.clock import to_local
from nexnotify.customers.service import find_contact
from nexnotify.db import db, insert_ignore, insert_new
from nexnotify.outcomes.marks import mark
from nexnotify.outcomes.matching import match_page_order, order_key
from nexnotify.outcomes.models import OrderMatch, PageOrder, VisitorRequest
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import index_key
from nexnotify.waitlist.models import AlertRequest

#: What is older is forgotten.
KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class PageLine:
    """One thing of an order, named by SKU or by the storefront's id of the variant."""

    sku: str | None
    variant_id: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class PageOrderData:
    """An order as a page told it. Addresses are normalised."""

    reference: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    lines: Sequence[PageLine] = ()
    visitor: str | None = None
    phone: str | None = None
    email: str | None = None


def take_page_order(store: Store, data: PageOrderData, now: datetime) -> PageOrder | None:
    """Keep an order that is not known yet, and look whose it may be; of one that is known, only if that was not said before.

    It makes no customer and no contact, changes no order of the storefront's, and is no news to anybody. Without a number
    it is told apart by the visitor and the day, so that a reload is no second order.

    :returns: None for one that is known as well, or that nothing tells from another.
    """
    visitor = visitor_hash(store, data.visitor) if data.visitor else None
    if data.reference is not None:
        key = order_key(store, data.reference)
    elif visitor is not None:
        key = order_key(store, "", visitor, to_local(now, store.zone).date().isoformat())
    else:
        return None
    person: dict[str, Any] = {"visitor": visitor, **_contacts(store, data)}
    values: dict[str, Any] = {
        "store_id": store.id,
        "key": key,
        "reference": data.reference,
        "at": now,
        "currency": data.currency or store.currency,
        "total": data.total,
        "lines": _known_lines(store, data.lines),
        **person,
    }
    order_id = insert_new(PageOrder, values)
    if order_id is not None:
        order = db.session.get_one(PageOrder, order_id)
    else:  # a page may tell it before its visitor agrees, and once more after
        known = sa.select(PageOrder).where(PageOrder.store_id == store.id, PageOrder.key == key).with_for_update()
        order = db.session.scalars(known).one()
        if not any(person.values()) or any(getattr(order, name) for name in person):
            return None
        for name, value in person.items():
            setattr(order, name, value)
        db.session.flush()
    match_page_order(store, order)
    return order


def _contacts(store: Store, data: PageOrderData) -> dict[str, int | None]:
    """The contacts of its addresses, where they are known already."""
    found = {
        channel: contact.id
        for channel, address in (("sms", data.phone), ("email", data.email))
        if address and (contact := find_contact(store, channel, address))
    }
    return {"sms_contact_id": found.get("sms"), "email_contact_id": found.get("email")}


def _known_lines(store: Store, lines: Sequence[PageLine]) -> list[dict[str, int]]:
    skus, ids = {line.sku for line in lines}, {line.variant_id for line in lines}
    rows = db.session.execute(
        sa.select(Variant.id, Variant.sku, Variant.external_id).where(
            Variant.store_id == store.id, sa.or_(Variant.sku.in_(skus - {None}), Variant.external_id.in_(ids - {None}))
        )
    ).all()
    by_name = {("sku", row.sku): row.id for row in rows} | {("id", row.external_id): row.id for row in rows}
    named = [(by_name.get(("sku", line.sku) if line.sku else ("id", line.variant_id)), line.quantity) for line in lines]
    return [{"variant": number, "quantity": quantity} for number, quantity in named if number is not None]


# --- visitors --------------------------------------------------------------------------------------------------------


def visitor_hash(store: Store, token: str) -> str:
    """What is kept of a browser's token."""
    return keyed_hash(index_key(), "visitor", str(store.id), token)


def remember_visitor(store: Store, token: str, request_ids: Collection[int], now: datetime) -> None:
    """The browser in which requests were made, so that an order from it can be told to be theirs."""
    visitor = visitor_hash(store, token)
    for request_id in request_ids:
        row = {"store_id": store.id, "visitor": visitor, "request_id": request_id, "created_at": now}
        db.session.execute(insert_ignore(VisitorRequest).values(**row))


def forget_visitors(store_id: int, contact_ids: Collection[int]) -> None:
    """Erasing: which browser these contacts' requests and orders came from."""
    theirs = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == store_id, AlertRequest.contact_id.in_(contact_ids)
    )
    quiet = {"synchronize_session": False}
    db.session.execute(
        sa.delete(VisitorRequest)
        .where(VisitorRequest.store_id == store_id, VisitorRequest.request_id.in_(theirs))
        .execution_options(**quiet)
    )
    for column in (PageOrder.sms_contact_id, PageOrder.email_contact_id):
        db.session.execute(
            sa.update(PageOrder)
            .where(PageOrder.store_id == store_id, column.in_(contact_ids))
            .values(visitor=None, **{column.key: None})
            .execution_options(**quiet)
        )


def forget_old_orders(now: datetime) -> None:
    """Sweep: what pages told longer ago than :data:`KEPT`."""
    old = sa.select(PageOrder.id).where(PageOrder.at < now - KEPT)
    gone = OrderMatch.page_order_id.in_(old)
    moments: dict[int, list[datetime]] = {}
    for row in db.session.execute(sa.select(OrderMatch.store_id, OrderMatch.at).where(gone)):
        moments.setdefault(row.store_id, []).append(row.at)
    for store_id, their in moments.items():
        mark(db.session.get_one(Store, store_id), their, "bought")
    db.session.execute(sa.delete(OrderMatch).where(gone))
    db.session.execute(sa.delete(PageOrder).where(PageOrder.at < now - KEPT))
    db.session.execute(sa.delete(VisitorRequest).where(VisitorRequest.created_at < now - KEPT))

"""Orders of people who were told shortly before. A match is a candidate: it proves nothing, it can be counted.

The storefront's own word counts more than a page's: an order that both tell is one match, and points to the storefront's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
#: Alerts of one person that are looked at.
MOST_TOLD = 100


def order_key(store: Store, *parts: str) -> str:
    """What makes an order one, whoever tells it: of one with a number, that number, with a # before it or without."""
    return keyed_hash(index_key(), "order", str(store.id), *(part.removeprefix("#") for part in parts))


def match_order(store: Store, order: Order) -> None:
    """Look whether the person of an order had been told; an order that is told again is matched once."""
    key = order_key(store, order.external_id)
    request = _bought(
        store,
        _told(store, _asked_by(contacts_of_order(store, order)), order.placed_at),
        lambda: variants_of_order(order),
    )
    mine: dict[str, Any] = {"order_id": order.id, "page_order_id": None}
    if request is None:  # its page may have known better who it was
        update = sa.update(OrderMatch).where(OrderMatch.store_id == store.id, OrderMatch.key == key).values(**mine)
        db.session.execute(update.execution_options(synchronize_session=False))
        return
    mine |= {"request_id": request, "by": "contact", "source": "api"}
    db.session.execute(
        upsert(OrderMatch.__table__)
        .values(store_id=store.id, key=key, at=order.placed_at, **mine)
        .on_conflict_do_update(index_elements=["store_id", "key"], set_=mine)
    )


def match_page_order(store: Store, page_order: PageOrder) -> None:
    """The same for an order that a page told. What the storefront itself said of it stays."""
    contacts = [number for number in (page_order.sms_contact_id, page_order.email_contact_id) if number is not None]
    visitor = VisitorRequest.visitor == page_order.visitor
    in_browser = sa.select(VisitorRequest.request_id).where(VisitorRequest.store_id == store.id, visitor)
    variants = [line["variant"] for line in page_order.lines]
    ways = {"contact": _asked_by(contacts), "visitor": AlertRequest.id.in_(in_browser)}
    found = ((by, _bought(store, _told(store, whose, page_order.at), lambda: variants)) for by, whose in ways.items())
    by, request = next((each for each in found if each[1] is not None), ("", None))
    if request is None:
        return
    number = (page_order.reference or "").removeprefix("#")
    known = sa.select(Order.id).where(Order.store_id == store.id, Order.external_id.in_((number, f"#{number}")))
    order_id = db.session.scalar(known.limit(1)) if page_order.reference is not None else None
    whole = {"order_id": order_id, "page_order_id": None if order_id else page_order.id, "by": by, "source": "page"}
    db.session.execute(
        insert_ignore(OrderMatch).values(
            store_id=store.id, key=page_order.key, request_id=request, at=page_order.at, **whole
        )
    )


def contacts_of_order(store: Store, order: Order) -> list[int]:
    """Where the order's person is reached: what came with it, and what the customer has."""
    ids = {order.sms_contact_id, order.email_contact_id}
    if order.customer_id is not None:
        customer = sa.select(Customer.sms_contact_id, Customer.email_contact_id)
        row = db.session.execute(
            customer.where(Customer.store_id == store.id, Customer.id == order.customer_id)
        ).first()
        ids |= set(row or ())
    return [number for number in ids if number is not None]


def variants_of_order(order: Order) -> list[int]:
    """What was bought, as far as the catalogue knows it."""
    lines = sa.select(OrderLine.variant_id).where(OrderLine.store_id == order.store_id, OrderLine.order_id == order.id)
    return [number for number in db.session.scalars(lines) if number is not None]


def _asked_by(contacts: Sequence[int]) -> Any:
    return AlertRequest.contact_id.in_(contacts)


def _told(store: Store, whose: Any, at: datetime) -> Sequence[Any]:
    """(request, product) of those who were told in the :data:`WINDOW` before ``at``, the last first."""
    return db.session.execute(
        sa.select(AlertRequest.id, Variant.product_id)
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .where(AlertRequest.store_id == store.id, whose)
        .where(AlertRequest.alerted_at <= at, AlertRequest.alerted_at > at - WINDOW)
        .order_by(AlertRequest.alerted_at.desc(), AlertRequest.id.desc())
        .limit(MOST_TOLD)
    ).all()


def _bought(store: Store, told: Sequence[Any], variants: Callable[[], Sequence[int]]) -> int | None:
    """The first of these requests for a product that was bought; of an order that says nothing of its things, the first."""
    if not told:
        return None  # most orders: nothing more is asked
    mine = sa.select(Variant.product_id).where(Variant.store_id == store.id, Variant.id.in_(variants()))
    products = set(db.session.scalars(mine))
    return next((request for request, product in told if not products or product in products), None)

"""Orders of people who were told shortly before. A match is a candidate: it proves nothing, it can be counted.

The storefront's own word counts more than a page's: an order that both tell is one match, and points to the storefront's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db, insert_ignore, upsert
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.ledger.planning.facts import GONE
from nexnotify.orders.models import UNDONE, Order, OrderLine
from nexnotify.outcomes.attribution import Credit, Told, credit
from nexnotify.outcomes.marks import mark
from nexnotify.outcomes.models import Click, OrderMatch, PageOrder, VisitorRequest
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import index_key
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

#: Alerts of one person that are looked at.
MOST_TOLD = 100


def order_key(store: Store, *parts: str) -> str:
    """What makes an order one, whoever tells it: of one with a number, that number, with a # before it or without."""
    return keyed_hash(index_key(), "order", str(store.id), *(part.removeprefix("#") for part in parts))


def match_order(store: Store, order: Order) -> None:
    """Look whether the person of an order had been told; an order that is told again is matched once."""
    key = order_key(store, order.external_id)
    told = _told(store, AlertRequest.contact_id.in_(contacts_of_order(store, order)), order.placed_at)
    found = _credit(store, key, told, lambda: variants_of_order(order), order.placed_at)
    known = sa.select(OrderMatch.request_id, OrderMatch.at).where(
        OrderMatch.store_id == store.id, OrderMatch.key == key
    )
    before, placed = db.session.execute(known).first() or (None, None)
    mine: dict[str, Any] = {"order_id": order.id, "page_order_id": None, "at": order.placed_at}
    if found is not None:
        mine |= {"by": "contact", "source": "api", **_counted_for(store, found, order.placed_at)}
        db.session.execute(
            upsert(OrderMatch.__table__)
            .values(store_id=store.id, key=key, **mine)
            .on_conflict_do_update(index_elements=["store_id", "key"], set_=mine)
        )
    elif before is not None:  # its page may have known better who it was
        update = sa.update(OrderMatch).where(OrderMatch.store_id == store.id, OrderMatch.key == key).values(**mine)
        db.session.execute(update.execution_options(synchronize_session=False))
    _count_firsts(store, {before, found.request_id if found else None} - {None})
    if placed is not None and placed != order.placed_at:
        mark(store, [placed], "bought")


def match_page_order(store: Store, page_order: PageOrder) -> None:
    """The same for an order that a page told. What the storefront itself said of it stays."""
    contacts = [number for number in (page_order.sms_contact_id, page_order.email_contact_id) if number is not None]
    visitor = VisitorRequest.visitor == page_order.visitor
    in_browser = sa.select(VisitorRequest.request_id).where(VisitorRequest.store_id == store.id, visitor)
    variants = [line["variant"] for line in page_order.lines]
    ways = {"contact": AlertRequest.contact_id.in_(contacts), "visitor": AlertRequest.id.in_(in_browser)}
    found = (
        (by, _credit(store, page_order.key, _told(store, whose, page_order.at), lambda: variants, page_order.at))
        for by, whose in ways.items()
    )
    by, best = next((each for each in found if each[1] is not None), ("", None))
    if best is None:
        return
    number = (page_order.reference or "").removeprefix("#")
    known = sa.select(Order.id).where(Order.store_id == store.id, Order.external_id.in_((number, f"#{number}")))
    order_id = db.session.scalar(known.limit(1)) if page_order.reference is not None else None
    whole: dict[str, Any] = {
        "order_id": order_id,
        "page_order_id": None if order_id else page_order.id,
        "by": by,
        "source": "page",
    }
    whole |= {"key": page_order.key, "at": page_order.at, **_counted_for(store, best, page_order.at)}
    db.session.execute(insert_ignore(OrderMatch).values(store_id=store.id, **whole))
    _count_firsts(store, {best.request_id})


def match_again(store: Store, order: Order | PageOrder) -> None:
    """Forget what an order counted for, and look anew: the rules have changed.

    An order that its page told as well is looked at once, with the storefront's own word first. What it counts for stays
    where nobody knows any more whose it was, because they were erased.
    """
    key = order.key if isinstance(order, PageOrder) else order_key(store, order.external_id)
    mine = (OrderMatch.store_id == store.id, OrderMatch.key == key)
    known = db.session.execute(sa.select(OrderMatch.request_id, OrderMatch.at).where(*mine)).first()
    page_order = order if isinstance(order, PageOrder) else None
    if page_order is None:
        told = sa.select(PageOrder).where(PageOrder.store_id == store.id, PageOrder.key == key)
        page_order = db.session.scalar(told)
    elif db.session.scalar(sa.select(OrderMatch.order_id).where(*mine)) is not None:
        return
    people = [page_order.sms_contact_id, page_order.email_contact_id, page_order.visitor] if page_order else []
    if not any(people) and not (isinstance(order, Order) and contacts_of_order(store, order)):
        return
    db.session.execute(sa.delete(OrderMatch).where(*mine).execution_options(synchronize_session=False))
    if isinstance(order, Order):
        match_order(store, order)
    if page_order is not None:
        match_page_order(store, page_order)
    if known is not None:
        mark(store, [known.at], "bought")
        _count_firsts(store, {known.request_id})


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


def _told(store: Store, whose: Any, at: datetime) -> Sequence[Any]:
    """Those who were told within the store's window before ``at``, the last first."""
    window = timedelta(days=store_settings(store).attribution_days)
    return db.session.execute(
        sa.select(AlertRequest.id, Variant.product_id, AlertRequest.alerted_at)
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .where(AlertRequest.store_id == store.id, whose)
        .where(AlertRequest.alerted_at <= at, AlertRequest.alerted_at > at - window)
        .order_by(AlertRequest.alerted_at.desc(), AlertRequest.id.desc())
        .limit(MOST_TOLD)
    ).all()


def _credit(
    store: Store, key: str, rows: Sequence[Any], variants: Callable[[], Sequence[int]], at: datetime
) -> Credit | None:
    """What an order counts for."""
    if not rows:
        return None  # most orders: nothing more is asked
    ids = [row.id for row in rows]
    clicks = _clicks(store, ids, at)
    told = [Told(row.id, row.product_id, row.alerted_at, clicks.get(row.id)) for row in rows]
    mine = sa.select(Variant.product_id).where(Variant.store_id == store.id, Variant.id.in_(variants()))
    return credit(told, set(db.session.scalars(mine)), _bought_before(store, key, ids, at))


def _clicks(store: Store, request_ids: list[int], at: datetime) -> dict[int, datetime]:
    """Request → when a person last opened its link, up to a moment."""
    rows = db.session.execute(
        sa.select(Alert.request_id, sa.func.max(Click.at))
        .join(ShortLink, sa.and_(ShortLink.store_id == Alert.store_id, ShortLink.message_id == Alert.message_id))
        .join(Click, sa.and_(Click.store_id == ShortLink.store_id, Click.link_id == ShortLink.id))
        .where(Alert.store_id == store.id, IdIn(Alert.__table__.c.request_id, ids=request_ids))
        # A message may serve several restocks, each with a link of its own.
        .where(sa.or_(Click.restock_id == Alert.restock_id, Click.restock_id.is_(None)))
        .where(Click.is_person, Click.at <= at)
        .group_by(Alert.request_id)
    )
    return {row[0]: row[1] for row in rows}


def _bought_before(store: Store, key: str, request_ids: list[int], at: datetime) -> dict[int, datetime]:
    """Request → its order that counts, if that was placed before ``at``."""
    rows = db.session.execute(
        sa.select(OrderMatch.request_id, OrderMatch.at).where(
            OrderMatch.store_id == store.id,
            OrderMatch.request_id.in_(request_ids),
            OrderMatch.counts,
            OrderMatch.key != key,
            OrderMatch.at < at,
        )
    )
    return {row[0]: row[1] for row in rows}


def _counted_for(store: Store, found: Credit, at: datetime) -> dict[str, Any]:
    """The request an order counts for, how, and the restock it had been told of last."""
    restock_id = db.session.scalar(
        sa.select(Alert.restock_id)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .where(Alert.store_id == store.id, Alert.request_id == found.request_id)
        # Not the bare column: SQLite would read its index, and with it all that the store has ever sent.
        .where((Message.status + "").in_(GONE), Message.created_at <= at)
        .order_by(Alert.restock_id.desc())
        .limit(1)
    )
    return {"request_id": found.request_id, "how": found.how, "restock_id": restock_id}


def _count_firsts(store: Store, request_ids: Collection[int | None]) -> None:
    """Of the orders of each request, let the first count that was not called off."""
    for request_id in request_ids:
        rows = db.session.execute(
            sa.select(OrderMatch.id, OrderMatch.at, OrderMatch.counts, Order.status)
            .outerjoin(Order, sa.and_(Order.store_id == OrderMatch.store_id, Order.id == OrderMatch.order_id))
            .where(OrderMatch.store_id == store.id, OrderMatch.request_id == request_id)
        ).all()  # unsorted: to sort them, SQLite would read all matches of the store
        mark(store, [row.at for row in rows], "bought")
        first = min(((row.at, row.id) for row in rows if row.status not in UNDONE), default=(None, None))[1]
        for row in rows:
            if row.counts != (row.id == first):
                update = sa.update(OrderMatch).where(OrderMatch.store_id == store.id, OrderMatch.id == row.id)
                db.session.execute(update.values(counts=row.id == first).execution_options(synchronize_session=False))

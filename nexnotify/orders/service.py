"""Orders taken in: made or changed, and each status they come to written down once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import db, insert_ignore, insert_rows
from nexnotify.orders.models import ORDER_STATUSES, Order, OrderEvent, OrderLine
from nexnotify.orders.people import PersonData, set_person
from nexnotify.stores.models import Store

_PLACE = {status: place for place, status in enumerate(ORDER_STATUSES)}


@dataclass(frozen=True, slots=True)
class LineData:
    """One thing of an order as told, named by SKU or by the storefront's id of the variant."""

    sku: str | None = None
    variant_id: str | None = None
    title: str | None = None
    quantity: int = 1
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OrderData:
    """An order as told. None leaves what is known as it is."""

    id: str
    status: str
    person: PersonData
    placed_at: datetime | None = None
    #: When it came to this status; None: now, or of an order not known before, when it was placed.
    status_at: datetime | None = None
    currency: str | None = None
    total: Decimal | None = None
    lines: Sequence[LineData] | None = None
    #: False: nobody is told of what this call brings.
    notify: bool = True


def take_order(store: Store, data: OrderData, now: datetime) -> Order:
    """Make or change an order; the same again changes nothing. Its addresses must be normalised.

    A status that is new to the order becomes an event, once for each order and status. One that comes before the order's
    own is taken for late, and changes it only with a ``status_at`` that is later: so read the status off what is returned.
    """
    placed_at = min(data.placed_at or now, now)
    # Whoever comes second waits here for the first to commit, and then finds its row.
    new_id = db.session.scalar(
        insert_ignore(Order)
        .values(
            store_id=store.id,
            external_id=data.id,
            status=data.status,
            placed_at=placed_at,
            currency=store.currency,
            created_at=now,
            updated_at=now,
        )
        .returning(Order.id)
    )
    order = db.session.scalars(
        sa.select(Order)
        .where(Order.store_id == store.id, Order.external_id == data.id)
        .with_for_update(key_share=True, of=Order)
        .execution_options(populate_existing=True)
    ).one()
    status_before = None if new_id is not None else order.status
    if data.placed_at is not None:
        order.placed_at = placed_at
    if not _comes_late(order, status_before, data):
        order.status = data.status
    order.currency, order.updated_at = data.currency or order.currency, now
    set_person(store, order, data.person, now)
    if data.lines is not None:
        _set_lines(store, order, data.lines)
    if data.total is not None:
        order.total = data.total
    elif data.lines is not None:
        order.total = _sum(data.lines)
    db.session.flush()
    _write_events(order, status_before, data, now)
    return order


def _comes_late(order: Order, before: str | None, data: OrderData) -> bool:
    """Whether an earlier status is told only now: by an old file, or by a call that others have overtaken."""
    if before is None or _PLACE[before] <= _PLACE[data.status]:
        return False
    if data.status_at is None:
        return True
    reached = sa.select(OrderEvent.at).where(
        OrderEvent.store_id == order.store_id, OrderEvent.order_id == order.id, OrderEvent.status == before
    )
    since = db.session.scalar(reached)
    return since is not None and data.status_at <= since


def _write_events(order: Order, before: str | None, data: OrderData, now: datetime) -> None:
    """The statuses that are news. One that is paid at once has been placed, too."""
    if before == data.status:
        return
    at = min(data.status_at or (order.placed_at if before is None else now), now)
    news = [(data.status, at)]
    if before is None and data.status == "paid":
        news.insert(0, ("new", order.placed_at))
    # Calls overtake each other: what comes after a later status is written down, and told to nobody.
    notify = data.notify and (before is None or _PLACE[before] < _PLACE[data.status])
    for status, moment in news:
        db.session.execute(
            insert_ignore(OrderEvent).values(
                store_id=order.store_id, order_id=order.id, status=status, notify=notify, at=moment
            )
        )


def _sum(lines: Sequence[LineData]) -> Decimal | None:
    """What the lines come to; None where one has no price."""
    prices = [line.price * line.quantity for line in lines if line.price is not None]
    return sum(prices, Decimal(0)) if prices and len(prices) == len(lines) else None


def _set_lines(store: Store, order: Order, lines: Sequence[LineData]) -> None:
    by_sku, by_id = _variants(store, lines)
    rows = [
        {
            "store_id": store.id,
            "order_id": order.id,
            "number": number,
            "variant_id": by_sku.get(line.sku) if line.sku is not None else by_id.get(line.variant_id or ""),
            "ref": line.sku if line.sku is not None else line.variant_id,
            "title": line.title,
            "quantity": line.quantity,
            "price": line.price,
        }
        for number, line in enumerate(lines, start=1)
    ]
    db.session.execute(
        sa.delete(OrderLine)
        .where(OrderLine.store_id == store.id, OrderLine.order_id == order.id)
        .execution_options(synchronize_session=False)
    )
    insert_rows(OrderLine, rows)


def _variants(store: Store, lines: Sequence[LineData]) -> tuple[dict[str | None, int], dict[str, int]]:
    """Ids of the variants that the lines name, by SKU and by the storefront's id."""
    skus = {line.sku for line in lines if line.sku is not None}
    ids = {line.variant_id for line in lines if line.variant_id is not None}
    rows = db.session.execute(
        sa.select(Variant.id, Variant.sku, Variant.external_id).where(
            Variant.store_id == store.id, sa.or_(Variant.sku.in_(skus), Variant.external_id.in_(ids))
        )
    ).all()
    return {row.sku: row.id for row in rows if row.sku}, {row.external_id: row.id for row in rows}

"""Orders and their lines: a sheet each, so that the totals of one can be summed and the things of the other counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import IdIn, db
from nexnotify.orders.models import ORDER_STATUSES, Order, OrderLine
from nexnotify.orders.people import people_of
from nexnotify.orders.search import matches
from nexnotify.reports.exports.table import IN_PERIOD, Export, Filter, in_batches
from nexnotify.reports.orders import Requested, requested_for
from nexnotify.reports.periods import begin_of
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import Store
from nexnotify.words import N_

_ORDERS = (
    Column("Order", 16),
    Column("Status", 12),
    Column("Placed", 19, "moment"),
    Column("Customer id in the shop", 18),
    Column("First name", 18),
    Column("Last name", 18),
    Column("Number", 18),
    Column("Email", 30),
    Column("Currency", 9),
    Column("Total", 12, "money"),
    Column("Requested by text message", 12, "number"),
    Column("Requested by email", 12, "number"),
    Column("Known since", 19, "moment"),
    Column("Changed", 19, "moment"),
)
_LINES = (
    Column("Order", 16),
    Column("Status", 12),
    Column("Placed", 19, "moment"),
    Column("Line", 8, "number"),
    Column("SKU or id", 18),
    Column("Title", 36),
    Column("Product", 36),
    Column("Variant", 20),
    Column("Quantity", 9, "number"),
    Column("Price", 12, "money"),
    Column("Amount", 12, "money"),
    Column("Currency", 9),
)


def _chosen(store: Store, wanted: Mapping[str, str]) -> sa.Select[Any]:
    statement = sa.select(Order.id).where(Order.store_id == store.id)
    if wanted.get("status") in ORDER_STATUSES:
        statement = statement.where(Order.status == wanted["status"])
    if begin := begin_of(wanted.get("placed", ""), store.zone):
        statement = statement.where(Order.placed_at >= begin)
    if search := wanted.get("q"):
        statement = statement.where(matches(store, search))
    return statement


def _sheets(store: Store, chosen: sa.Select[Any]) -> list[Sheet]:
    return [
        Sheet("Orders", _ORDERS, _order_rows(store, chosen)),
        Sheet("Lines", _LINES, _line_rows(store, chosen)),
    ]


def _order_rows(store: Store, chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    statement = chosen.with_only_columns(*Order.__table__.c)
    nobody = Requested()
    for batch in in_batches(statement, Order.id):
        people, requested = people_of(list(batch)), requested_for(store.id, [row.id for row in batch])
        for row in batch:
            person, asked = people[row.id], requested.get(row.id, nobody)
            addresses = {channel: contact.address for channel, contact in person.contacts.items()}
            yield (
                row.external_id,
                row.status.capitalize(),
                row.placed_at,
                row.customer_ref,
                person.first_name,
                person.last_name,
                addresses.get("sms"),
                addresses.get("email"),
                row.currency,
                row.total,
                asked.by_text,
                asked.by_email,
                row.created_at,
                row.updated_at,
            )


def _line_rows(store: Store, chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    orders = chosen.with_only_columns(Order.id, Order.external_id, Order.status, Order.placed_at, Order.currency)
    lines = (
        sa.select(
            OrderLine.order_id,
            OrderLine.number,
            OrderLine.ref,
            OrderLine.title,
            Product.title.label("product"),
            Variant.options,
            OrderLine.quantity,
            OrderLine.price,
        )
        .outerjoin(Variant, sa.and_(Variant.store_id == OrderLine.store_id, Variant.id == OrderLine.variant_id))
        .outerjoin(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .where(OrderLine.store_id == store.id, IdIn(OrderLine.__table__.c.order_id))
        .order_by(OrderLine.order_id, OrderLine.number)
    )
    for batch in in_batches(orders, Order.id):
        known = {row.id: row for row in batch}
        for line in db.session.execute(lines, {"b_ids": list(known)}):
            order = known[line.order_id]
            yield (
                order.external_id,
                order.status.capitalize(),
                order.placed_at,
                line.number,
                line.ref,
                line.title,
                line.product,
                " / ".join(str(value) for value in (line.options or {}).values()),
                line.quantity,
                line.price,
                None if line.price is None else line.price * line.quantity,
                order.currency,
            )


ORDERS = Export(
    "orders",
    N_("Orders"),
    N_("One sheet with a row for each order, and one with a row for each of their lines."),
    (N_("order"), N_("orders")),
    {
        "q": Filter(N_("Order number, phone number or email")),
        "status": Filter(N_("Status"), {name: name for name in ORDER_STATUSES}),
        "placed": Filter(N_("Placed"), IN_PERIOD),
    },
    _chosen,
    Order.id,
    _sheets,
)

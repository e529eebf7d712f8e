"""Orders in and out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import selectinload

from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.nudge import nudge
from nexnotify.orders.models import ORDER_STATUSES, Order, OrderLine
from nexnotify.orders.people import Person, people_of
from nexnotify.orders.service import LineData, OrderData, take_order
from nexnotify.outcomes.bought import close_bought
from nexnotify.outcomes.matching import match_order
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.order_payloads import LinePayload, OrderPayload
from nexnotify.web.payloads import moment, next_address, page_of, refuse_unknown_filters
from nexnotify.web.storefront import blueprint


@blueprint.post("/orders")
def post_orders() -> ResponseReturnValue:
    """Make or change orders; each status an order comes to is news once."""
    store, now = the_store(), utcnow()

    def save(row: OrderPayload) -> dict[str, Any]:
        lines = None if row.lines is None else [_line(line) for line in row.lines]
        data = OrderData(
            row.id,
            row.status,
            row.person(store),
            row.placed_at,
            row.status_at,
            row.currency,
            row.total,
            lines,
            row.notify,
        )
        order = take_order(store, data, now)
        match_order(store, order)
        close_bought(store, order, now)
        return {"id": order.external_id, "status": order.status}

    answer, saved = bulk("orders", OrderPayload, save, lock_order=lambda row: (row.id,))
    nudge("notices")
    return jsonify({**answer, "orders": [{"index": index, **order} for index, order in saved]})


def _line(row: LinePayload) -> LineData:
    return LineData(row.sku, row.variant_id, row.title, row.quantity, row.price)


@blueprint.get("/orders")
def get_orders() -> ResponseReturnValue:
    """Orders, the latest told first, by ``id``, ``customer_id`` and ``status``."""
    refuse_unknown_filters(("id", "customer_id", "status"))
    store, (after, limit) = the_store(), page_of("after")
    statement = sa.select(Order).options(selectinload(Order.lines)).where(Order.store_id == store.id)
    for column, name in ((Order.external_id, "id"), (Order.customer_ref, "customer_id")):
        if (wanted := request.args.get(name)) is not None:
            statement = statement.where(column == wanted)
    if (status := request.args.get("status")) is not None:
        if status not in ORDER_STATUSES:
            raise Invalid(f"An order's status is one of {', '.join(ORDER_STATUSES)}.", fields={"status": "unknown"})
        statement = statement.where(Order.status == status)
    if after is not None:
        statement = statement.where(Order.id < after)
    rows = db.session.scalars(statement.order_by(Order.id.desc()).limit(limit + 1)).all()
    page = rows[:limit]
    people, variants = people_of(list(page)), _variants(page)
    found = [_row(order, people[order.id], variants) for order in page]
    return jsonify(orders=found, next=next_address(page[-1].id if len(rows) > limit else None))


def _variants(orders: Any) -> dict[int, Variant]:
    ids = {line.variant_id for order in orders for line in order.lines if line.variant_id is not None}
    return {item.id: item for item in db.session.scalars(sa.select(Variant).where(Variant.id.in_(ids)))}


def _row(order: Order, person: Person, variants: dict[int, Variant]) -> dict[str, Any]:
    return {
        "id": order.external_id,
        "status": order.status,
        **person_row(order.customer_ref, person),
        "placed_at": moment(order.placed_at),
        "currency": order.currency,
        "total": None if order.total is None else f"{order.total:.2f}",
        "lines": [_line_row(line, variants.get(line.variant_id or 0)) for line in order.lines],
    }


def person_row(customer_ref: str | None, person: Person) -> dict[str, Any]:
    """Whose an order or a ticket is, as answers write it."""
    contacts = {name: person.contact(channel) for name, channel in (("phone", "sms"), ("email", "email"))}
    return {
        "customer_id": customer_ref,
        "first_name": person.first_name,
        "last_name": person.last_name,
        **{name: contact.address if contact else None for name, contact in contacts.items()},
    }


def _line_row(line: OrderLine, variant: Variant | None) -> dict[str, Any]:
    return {
        "sku": variant.sku if variant else line.ref,
        "variant_id": variant.external_id if variant else None,
        "title": line.title,
        "quantity": line.quantity,
        "price": None if line.price is None else f"{line.price:.2f}",
    }

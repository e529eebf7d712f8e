"""Orders as the storefront told them, who waits for their things, and what was texted about them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.orders.models import ORDER_STATUSES, Order, OrderEvent
from nexnotify.orders.people import people_of, person_of
from nexnotify.orders.search import matches
from nexnotify.reports.orders import Requested, requested_for, told_of_order
from nexnotify.stores.settings import store_settings
from nexnotify.web.admin.access import current_store, staff_guard
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import keyset

bp = Blueprint("admin_orders", __name__)
bp.before_request(staff_guard)


@bp.get("")
def index() -> ResponseReturnValue:
    """Orders, the latest told first, by status, and by number, phone number or email."""
    store, status = current_store(), request.args.get("status", "")
    search = request.args.get("q", "").strip()[:254]
    statement: Any = sa.select(Order).where(Order.store_id == store.id)
    if status in ORDER_STATUSES:
        statement = statement.where(Order.status == status)
    if search:
        statement = statement.where(matches(store, search))
    page = keyset(statement, Order.id)
    orders = [row[0] for row in page.rows]
    return render_template(
        "admin/orders/index.html",
        page=page,
        people=people_of(orders),
        requested=requested_for(store.id, [order.id for order in orders]),
        nobody=Requested(),
        q=search,
        status=status,
        statuses=ORDER_STATUSES,
    )


@bp.get("/<int:order_id>")
def order(order_id: int) -> ResponseReturnValue:
    """One order: its lines, whose it is, what happened, and what was texted."""
    item = load(Order, order_id)
    ids = [line.variant_id for line in item.lines if line.variant_id is not None]
    variants = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == item.store_id, Variant.id.in_(ids))
    )
    events = db.session.scalars(
        sa.select(OrderEvent)
        .where(OrderEvent.store_id == item.store_id, OrderEvent.order_id == item.id)
        .order_by(OrderEvent.at, OrderEvent.id)
    ).all()
    return render_template(
        "admin/orders/order.html",
        order=item,
        person=person_of(item),
        variants={variant.id: variant for variant in variants},
        events=events,
        meanings=ORDER_STATUSES,
        told=told_of_order(item.store_id, item.id),
        requested=requested_for(item.store_id, [item.id]).get(item.id, Requested()),
        texts_on=store_settings(current_store()).order_texts,
    )

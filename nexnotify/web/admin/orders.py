"""Orders as the storefront told them, who waits for their things, and what was texted about them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.orders.models import ORDER_STATUSES, Order, OrderEvent
from nexnotify.orders.people import people_of, person_of
from nexnotify.orders.search import found
from nexnotify.reports.orders import Requested, requested_for, told_of_order
from nexnotify.reports.outcomes import recovered
from nexnotify.reports.periods import PERIODS, begin_of
from nexnotify.stores.settings import store_settings
from nexnotify.web.admin.access import current_store, staff_guard
from nexnotify.web.admin.filters import asked, chosen, period_options
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import few, keyset
from nexnotify.web.admin.sends.picking import picking
from nexnotify.web.admin.sorting import By, asked_sorting
from nexnotify.words import N_

bp = Blueprint("admin_orders", __name__)
bp.before_request(staff_guard)


SORTED_BY = {
    "placed": By(Order.placed_at, N_("Earliest placed first"), N_("Latest placed first")),
    "total": By(Order.total, N_("Smallest total first"), N_("Largest total first")),
}


@bp.get("")
def index() -> ResponseReturnValue:
    """Orders by status, by the days they were placed in, and by number, phone number or email."""
    store = current_store()
    search, status, placed = asked("q"), chosen("status", ORDER_STATUSES), chosen("placed", PERIODS)
    kept: list[Any] = [Order.status == status] if status else []
    begin = begin_of(placed, store.zone)
    if begin is not None:
        kept.append(Order.placed_at >= begin)
    if search:
        way = few(Order, sa.union_all(*found(store, search)), *kept)
    else:
        way = sa.select(Order.id).where(Order.store_id == store.id, *kept)
    # The orders of some days stand together in no index by total.
    offered = SORTED_BY if begin is None else {"placed": SORTED_BY["placed"]}
    page = keyset(sa.select(Order), way, asked_sorting(offered))
    orders = [row[0] for row in page.rows]
    return render_template(
        "admin/orders/index.html",
        page=page,
        people=people_of(orders),
        requested=requested_for(store.id, [order.id for order in orders]),
        nobody=Requested(),
        recovered=recovered(store.id, [order.id for order in orders]),
        q=search,
        status=status,
        statuses=ORDER_STATUSES,
        placed=placed,
        periods=period_options(N_("Placed at any time")),
        picking=picking(
            "orders",
            [order.id for order in orders],
            {"q": search, "status": status, "placed_from": begin.isoformat() if begin else ""},
            page.total,
        ),
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
        recovered=recovered(item.store_id, [item.id]).get(item.id),
        requested=requested_for(item.store_id, [item.id]).get(item.id, Requested()),
        texts_on=store_settings(current_store()).order_texts,
    )

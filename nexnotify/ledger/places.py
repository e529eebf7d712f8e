"""Told and too late: who was told shortly before stock was gone, and has not bought, waits again at the old place."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert
from nexnotify.orders.models import Order, OrderLine
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.service import back_to_waiting


def give_places_back(event: RestockEvent, minutes: int, now: datetime) -> int:
    """Give those their place back whom a restock told less than ``minutes`` before its stock was gone, or after.

    A request keeps its number and its day, so the next restock comes to it first. Who has bought is known from orders.

    :returns: how many.
    """
    gone = gone_at(event) if minutes and event.told + event.held else None
    if gone is None:
        return 0
    late = db.session.scalars(
        sa.select(AlertRequest.id)
        .join(Alert, sa.and_(Alert.store_id == AlertRequest.store_id, Alert.request_id == AlertRequest.id))
        .where(
            Alert.store_id == event.store_id,
            Alert.restock_id == event.id,
            AlertRequest.status == "alerted",
            AlertRequest.alerted_at >= gone - timedelta(minutes=minutes),
            ~_bought(event),
        )
    ).all()
    if late:
        back_to_waiting(late, now)
    return len(late)


def gone_at(event: RestockEvent) -> datetime | None:
    """When there was nothing left of a restock for the first time; None: there still is, or it needs no stock."""
    if event.status != IN_STOCK:
        return None
    return db.session.scalar(
        sa.select(StockChange.at)
        .where(
            StockChange.store_id == event.store_id,
            StockChange.variant_id == event.variant_id,
            StockChange.id > event.stock_change_id,
            StockChange.applied,
            StockChange.available_after <= 0,
        )
        .order_by(StockChange.id)
        .limit(1)
    )


def _bought(event: RestockEvent) -> sa.ColumnElement[bool]:
    """Whether the request's person has ordered the product since being told."""
    of_order = sa.and_(Order.store_id == OrderLine.store_id, Order.id == OrderLine.order_id)
    of_customer = sa.and_(Customer.store_id == Order.store_id, Customer.id == Order.customer_id)
    reached_at = (Order.sms_contact_id, Order.email_contact_id, Customer.sms_contact_id, Customer.email_contact_id)
    return (
        sa.select(OrderLine.id)
        .join(Order, of_order)
        .outerjoin(Customer, of_customer)
        .where(
            OrderLine.store_id == event.store_id,
            OrderLine.variant_id == event.variant_id,
            Order.placed_at >= AlertRequest.alerted_at,
            Order.status != "cancelled",
            sa.or_(*(contact_id == AlertRequest.contact_id for contact_id in reached_at)),
        )
        .correlate(AlertRequest)
        .exists()
    )

"""Told in vain: who was told shortly before stock was gone, or of stock that never was, waits again at the old place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert, Hold
from nexnotify.ledger.telling import wait_again
from nexnotify.orders.models import Order, OrderLine
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest, Decision


def give_places_back(event: RestockEvent, minutes: int, now: datetime) -> int:
    """Give those their place back whom a restock told less than ``minutes`` before its stock was gone, or while it was.

    A request keeps its number and its day, so the next restock comes to it first. Who has bought is known from orders.

    :returns: how many.
    """
    spans = _in_vain(event, timedelta(minutes=minutes)) if minutes and event.told + event.held else []
    if not spans:
        return 0
    of_request = sa.and_(Alert.store_id == AlertRequest.store_id, Alert.request_id == AlertRequest.id)
    told_at = AlertRequest.alerted_at
    in_vain = (
        sa.select(AlertRequest.id)
        .join(Alert, of_request)
        .where(
            AlertRequest.store_id == event.store_id,
            AlertRequest.status == "alerted",
            sa.or_(*(sa.and_(told_at >= begin, *([told_at < end] if end else [])) for begin, end in spans)),
            ~_bought(event),
            ~_had_a_unit(),
        )
    )
    passed_over = sa.and_(Decision.store_id == AlertRequest.store_id, Decision.request_id == AlertRequest.id)
    late = {
        *db.session.scalars(in_vain.where(Alert.restock_id == event.id)),
        # The text of an earlier restock was on its way, which watches no more.
        *db.session.scalars(
            in_vain.join(Decision, passed_over).where(
                Alert.restock_id < event.id, Decision.restock_id == event.id, Decision.reason == "told_already"
            )
        ),
    }
    if late:
        wait_again(sorted(late), now)
    return len(late)


def give_told_back(event: RestockEvent, request_ids: Sequence[int], now: datetime) -> Collection[int]:
    """Give these requests, which a recalled restock told, their place back; not those who have bought it since.

    :returns: those that wait again.
    """
    request = AlertRequest.__table__.c
    # By id alone, and not the bare column: the databases would read its index, and with it all who were ever told.
    mine, status = IdIn(request.id, ids=request_ids), AlertRequest.status + ""
    told = sa.select(AlertRequest.id).where(mine, status == "alerted", ~_bought(event))
    if late := db.session.scalars(told).all():
        wait_again(late, now)
    return set(db.session.scalars(sa.select(AlertRequest.id).where(mine, status == "waiting")))


def gone_at(event: RestockEvent) -> datetime | None:
    """When there was nothing left of a restock for the first time; None: there still is, or it needs no stock."""
    if event.status != IN_STOCK:
        return None
    gone = _changes(event).where(StockChange.available_after <= 0)
    return db.session.scalar(gone.with_only_columns(StockChange.at).order_by(StockChange.id).limit(1))


def _in_vain(event: RestockEvent, minutes: timedelta) -> list[tuple[datetime, datetime | None]]:
    """From when to when it was told in vain: so long before its stock was gone, until it was back; None: it is not."""
    if event.status != IN_STOCK:
        return []
    moved = sa.or_(StockChange.available_before <= 0, StockChange.available_after <= 0)
    spans: list[tuple[datetime, datetime | None]] = []
    for at, left in db.session.execute(_changes(event).where(moved).order_by(StockChange.id)):
        is_gone = left is not None and left <= 0
        if is_gone and spans and (spans[-1][1] is None or spans[-1][1] >= at - minutes):
            spans[-1] = (spans[-1][0], None)
        elif is_gone:
            spans.append((at - minutes, None))
        elif spans and spans[-1][1] is None:
            spans[-1] = (spans[-1][0], at)
    return spans


def _changes(event: RestockEvent) -> sa.Select[datetime, int | None]:
    """How the stock of a restock has moved since."""
    return sa.select(StockChange.at, StockChange.available_after).where(
        StockChange.store_id == event.store_id,
        StockChange.variant_id == event.variant_id,
        StockChange.region_id.is_not_distinct_from(event.region_id),
        StockChange.id > event.stock_change_id,
        StockChange.applied,
    )


def _had_a_unit() -> sa.ColumnElement[bool]:
    """Whether a unit was kept for the request's person, who so was not too late."""
    return (
        sa.select(Hold.id)
        .where(
            Hold.store_id == Alert.store_id,
            Hold.message_id == Alert.message_id,
            Hold.status.in_(("held", "redeemed", "lapsed")),
        )
        .correlate(Alert)
        .exists()
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

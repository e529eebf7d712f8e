"""Restocks that passed a request by without a decision, for its story."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.models import StockChange
from nexnotify.reports.words import line
from nexnotify.restock.models import BEFORE, STATES, RestockEvent
from nexnotify.restock.waves import ENDED
from nexnotify.waitlist.covering import covered_by
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.words import N_

#: So many a story tells of: the latest.
MOST = 50
_ELSEWHERE = N_("Stock came at another location than the one for which this request waits.")


def not_reached(request: AlertRequest) -> list[dict[str, Any]]:
    """Restocks at which nothing was decided about this request: they ended before its turn, or it is still to come."""
    mine = sa.exists().where(
        Decision.store_id == request.store_id,
        Decision.request_id == request.id,
        Decision.restock_id == RestockEvent.id,
    )
    told_at = None if request.status == "waiting" else request.alerted_at  # who keeps the place was told before
    until = request.closed_at or told_at or datetime.max.replace(tzinfo=UTC)
    events = db.session.scalars(
        sa.select(RestockEvent)
        .where(
            RestockEvent.store_id == request.store_id,
            RestockEvent.variant_id.in_(covered_by(request)),
            RestockEvent.at >= request.created_at,
            RestockEvent.status.in_((IN_STOCK, request.intent)),
            _concerns(request),
            sa.func.coalesce(RestockEvent.planned_at, RestockEvent.at) <= until,
            ~mine,
        )
        .order_by(RestockEvent.id.desc())
        .limit(MOST)
    )
    lines = []
    for event in events:
        if event.status == IN_STOCK and event.region_id != request.region_id:
            lines.append(line(event.at, "restock_elsewhere", _ELSEWHERE, restock_id=event.id))
        elif request.status == "waiting" or event.planned_at:
            lines.append(_restock(event))
    return lines


def _concerns(request: AlertRequest) -> sa.ColumnElement[bool]:
    """Restocks that say something about a request: at its place; and, where it has one, those that were elsewhere alone."""
    here = RestockEvent.region_id.is_not_distinct_from(request.region_id)
    if request.region_id is None:
        return here
    brought, mine = sa.orm.aliased(StockChange), sa.orm.aliased(StockChange)
    here_too = sa.exists().where(
        brought.store_id == RestockEvent.store_id,
        brought.id == RestockEvent.stock_change_id,
        mine.store_id == brought.store_id,
        mine.variant_id == brought.variant_id,
        mine.region_id == request.region_id,
        mine.at == brought.at,
    )
    return sa.or_(here, RestockEvent.status != IN_STOCK, ~here_too)


def _restock(event: RestockEvent) -> dict[str, Any]:
    if event.state in (*BEFORE, "telling"):
        news = N_("The product is back, and it is not this request's turn yet.")
        if event.status != IN_STOCK:
            news = N_("The product can be ordered, and it is not this request's turn yet.")
        words = news + " " + STATES[event.state]
        return line(event.at, "restock_on", words, restock_id=event.id)
    if event.reason in (None, "everyone_told"):
        words = N_("The product came in again while this request did not wait.")
    else:
        words = N_("The product came in again, and it was not this request's turn before the restock ended.")
        words = words + " " + ENDED[event.reason]
    return line(event.planned_at or event.at, "restock_ended", words, reason=event.reason, restock_id=event.id)

"""Restock events and their plans."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.errors import NotFound
from nexnotify.reports.outcomes import Outcome, outcomes_of
from nexnotify.reports.plan import plan_summary, preview_json, state_words, still_to_come
from nexnotify.restock.models import RestockEvent
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import moment, next_address, page_of, refuse_unknown_filters
from nexnotify.web.storefront import blueprint


@blueprint.get("/restocks")
def get_restocks() -> ResponseReturnValue:
    """Restock events, newest first."""
    refuse_unknown_filters(("sku", "variant_id"))
    store, (after, limit) = the_store(), page_of("after")
    statement = _with_variant().where(RestockEvent.store_id == store.id)
    if "sku" in request.args or "variant_id" in request.args:
        variant = find_variant(store, sku=request.args.get("sku"), variant_id=request.args.get("variant_id"))
        statement = statement.where(RestockEvent.variant_id == (variant.id if variant else 0))
    if after is not None:
        statement = statement.where(RestockEvent.id < after)
    rows = db.session.execute(statement.order_by(RestockEvent.id.desc()).limit(limit + 1)).all()
    figures = outcomes_of(store, [row[0] for row in rows[:limit]])
    page = [_row(*row, figures[row[0].id]) for row in rows[:limit]]
    return jsonify(restocks=page, next=next_address(page[-1]["id"] if len(rows) > limit else None))


@blueprint.get("/restocks/<int:restock_id>/plan")
def get_plan(restock_id: int) -> ResponseReturnValue:
    """Who is told, who is held back and who is left out, why, and what is still to come."""
    store = the_store()
    row = db.session.execute(
        _with_variant().where(RestockEvent.store_id == store.id, RestockEvent.id == restock_id)
    ).first()
    if row is None:
        raise NotFound("This store has no restock with that id.")
    figures = outcomes_of(store, [row[0]])[row[0].id]
    summary, forecast = plan_summary(row[0]), still_to_come(row[0], utcnow())
    return jsonify(restock=_row(*row, figures), **summary, forecast=preview_json(forecast) if forecast else None)


def _with_variant() -> sa.Select[RestockEvent, Variant]:
    return (
        sa.select(RestockEvent, Variant)
        .options(joinedload(Variant.product))
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
    )


def _row(event: RestockEvent, variant: Variant, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": event.id,
        "sku": variant.sku,
        "variant_id": variant.external_id,
        "product": variant.product.title,
        "available_before": event.available_before,
        "available_after": event.available_after,
        "status": event.status,
        "by_check": event.by_check,
        "at": moment(event.at),
        "planned_at": moment(event.planned_at),
        "state": event.state,
        "words": state_words(event),
        "next_at": moment(event.work_at),
        "outcome": {
            "messages": outcome.messages,
            "clicked": outcome.clicked,
            "won": outcome.won,
            "assisted": outcome.assisted,
            "revenue": f"{outcome.revenue:.2f}",
            "revenue_won": f"{outcome.revenue_won:.2f}",
            "revenue_per_message": None if outcome.per_message is None else f"{outcome.per_message:.2f}",
        },
    }

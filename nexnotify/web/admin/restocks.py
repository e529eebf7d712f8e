"""What came back into stock, and what was decided about each person who waited."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.catalog.queries import ids_matching
from nexnotify.db import db
from nexnotify.reports.outcomes import outcomes_of
from nexnotify.reports.plan import plan_summary
from nexnotify.restock.models import RestockEvent
from nexnotify.web.admin.access import current_store, staff_guard
from nexnotify.web.admin.filters import asked
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import few, keyset

bp = Blueprint("admin_restocks", __name__)
bp.before_request(staff_guard)


@bp.get("")
def index() -> ResponseReturnValue:
    """Restocks, of a product where the address says so."""
    store, search = current_store(), asked("q")
    shown: Any = (
        sa.select(RestockEvent, Variant)
        .options(joinedload(Variant.product))
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
    )
    way = sa.select(RestockEvent.id).where(RestockEvent.store_id == store.id)
    if search:
        named = list(db.session.scalars(ids_matching(store, search)))
        way = few(RestockEvent, way.where(RestockEvent.variant_id.in_(named)))
    return render_template("admin/restocks/index.html", page=keyset(shown, way), q=search)


@bp.get("/<int:restock_id>")
def plan(restock_id: int) -> ResponseReturnValue:
    """One restock: who is told, who is held back, who is left out, and why."""
    event = load(RestockEvent, restock_id)
    variant = load(Variant, event.variant_id, joinedload(Variant.product))
    summary = plan_summary(event)
    people = {
        verdict: sum(
            row["people"] for row in summary["decisions"] if row["stage"] == "plan" and row["verdict"] == verdict
        )
        for verdict in ("send", "hold", "skip")
    }
    outcome = outcomes_of(current_store(), [event])[event.id]
    return render_template(
        "admin/restocks/plan.html", event=event, variant=variant, plan=summary, people=people, outcome=outcome
    )

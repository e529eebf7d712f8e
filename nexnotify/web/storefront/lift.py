"""What telling adds, for the shop's own tables."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.outcomes.control_group.lift import Estimate, Group
from nexnotify.reports.lift import VERDICTS, compared, compared_at
from nexnotify.reports.metrics import span_until
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.settings import store_settings
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import moment, refuse_unknown_filters
from nexnotify.web.storefront import blueprint
from nexnotify.web.storefront.reports import days_asked, product_asked


@blueprint.get("/reports/lift")
def get_lift() -> ResponseReturnValue:
    """People who were told against those who by chance were not: of a period, or of one restock."""
    refuse_unknown_filters(("days", "product_id", "restock_id"), is_paged=False)
    store, span = the_store(), None
    if "restock_id" in request.args:
        if len(request.args) > 1:
            raise Invalid("Some filters are not right.", fields={"restock_id": "Give it alone."})
        found = compared_at(_restock(store.id))
    else:
        span = span_until(store, utcnow(), days_asked())
        found = compared(store, span, product_asked(store.id))
    lift = found.lift
    return jsonify(
        first_day=span.first.isoformat() if span else None,
        last_day=span.last.isoformat() if span else None,
        zone=store.zone,
        currency=store.currency,
        window_days=store_settings(store).attribution_days,
        verdict=found.verdict,
        words=VERDICTS[found.verdict],
        restocks=found.restocks,
        told=_group(found.told),
        control=_group(found.control),
        pending=found.pending,
        counted_at=moment(found.counted_at),
        conversion_lift=_share(lift.difference),
        relative_lift=_share(lift.relative),
        revenue_per_person_lift=_money(lift.money),
        revenue_added=_money(found.earned),
        revenue_added_per_restock=_money(found.per_restock),
        revenue_forgone=_money(found.forgone),
    )


def _restock(store_id: int) -> RestockEvent:
    text = request.args["restock_id"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
    event = db.session.get(RestockEvent, number)
    if event is None or event.store_id != store_id:
        raise Invalid("There is no such restock.", fields={"restock_id": "Unknown."})
    return event


def _group(group: Group) -> dict[str, Any]:
    some = group.people > 0
    return {
        "people": group.people,
        "buyers": group.buyers,
        "conversion": round(group.rate, 6) if some else None,
        "revenue": f"{group.revenue:.2f}",
        "revenue_per_person": f"{group.mean:.2f}" if some else None,
    }


def _share(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else {name: round(value, 6) for name, value in estimate._asdict().items()}


def _money(estimate: Estimate | None) -> dict[str, str] | None:
    return None if estimate is None else {name: f"{value:.2f}" for name, value in estimate._asdict().items()}

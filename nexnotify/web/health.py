"""For machines: is the process up, can it work?"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.reports.dashboard.restocks import found_by_check
from nexnotify.reports.metrics import in_time
from nexnotify.stores.models import Store

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """The database answers too; 503 in the one error shape when it does not."""
    db.session.execute(sa.text("SELECT 1"))
    return jsonify(status="ok")


#: Name of a counter → what it counts, and how; the text format of Prometheus.
_COUNTERS = {
    "nexnotify_restocks_found_by_check_total": ("Restocks that no event told of, of all stores.", found_by_check),
}
#: Over so many days the share of texts taken in time is told.
TIMELY_DAYS = 7


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Numbers for a monitoring program, of the whole installation; they name no store and no person."""
    lines = [
        line
        for name, (words, count) in _COUNTERS.items()
        for line in (f"# HELP {name} {words}", f"# TYPE {name} counter", f"{name} {count()}")
    ]
    taken, timely = in_time(db.session.scalars(sa.select(Store)), utcnow(), TIMELY_DAYS)
    name = "nexnotify_texts_taken_within_10_seconds_ratio"
    lines += [
        f"# HELP {name} Of texts of the last {TIMELY_DAYS} days, the share taken in time from becoming due, of all stores.",
        f"# TYPE {name} gauge",
        f"{name} {timely / taken if taken else 'NaN'}",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")

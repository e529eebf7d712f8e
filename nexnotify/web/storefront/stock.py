"""Stock in."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.nudge import nudge
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import LevelPayload, bulk
from nexnotify.web.storefront import blueprint


@blueprint.put("/stock")
def put_stock() -> ResponseReturnValue:
    """Set levels; those of products we do not know yet are kept and named under ``unknown``."""
    store, now = the_store(), utcnow()
    unknown: list[str] = []

    def save(_index: int, row: LevelPayload) -> None:
        if set_level(store, LevelData(**row.model_dump()), now) is None:
            unknown.append(row.sku or row.variant_id or "")

    answer = bulk("levels", LevelPayload, save, lock_order=lambda row: row.sku or row.variant_id or "")
    nudge("restock")
    return jsonify({**answer, "unknown": list(dict.fromkeys(unknown))})

"""Stock in."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.nudge import nudge
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import LevelPayload
from nexnotify.web.storefront import blueprint


@blueprint.put("/stock")
def put_stock() -> ResponseReturnValue:
    """Set levels; those of products we do not know yet are kept and named under ``unknown``."""
    store, now = the_store(), utcnow()

    def save(row: LevelPayload) -> str | None:
        """The name of a product that we do not know yet."""
        return row.ref if set_level(store, LevelData(**row.model_dump()), now) is None else None

    answer, saved = bulk("levels", LevelPayload, save, lock_order=lambda row: (row.ref,))
    nudge("restock")
    return jsonify({**answer, "unknown": list(dict.fromkeys(ref for _, ref in saved if ref is not None))})

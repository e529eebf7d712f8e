"""Switches and policy of the store."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.inventory.minimums import threshold_changed
from nexnotify.ledger.paying import credits_changed
from nexnotify.nudge import nudge
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, settings_json, store_settings
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import read_json
from nexnotify.web.storefront import blueprint


@blueprint.get("/settings")
def get_settings() -> ResponseReturnValue:
    """All settings."""
    return jsonify(settings_json(store_settings(the_store())))


@blueprint.put("/settings")
def put_settings() -> ResponseReturnValue:
    """Merge at the top level."""
    changes = read_json()
    if not isinstance(changes, dict):
        raise Invalid("The body must be a JSON object.", fields={"body": "not an object"})
    with transaction():
        store = db.session.get_one(Store, the_store().id, with_for_update=True, populate_existing=True)
        changed, now = merge_settings(store, changes), utcnow()
        if changed:
            audit(store, "settings.changed", None, now, by="api", changed=changed)
            credits_changed(store, changed, now)
            threshold_changed(store, changed, now)
    nudge("restock")
    return jsonify(settings_json(store_settings(store)))

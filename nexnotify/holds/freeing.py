"""A unit that somebody let go is for the next in line."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.service import needed_of, status_of
from nexnotify.restock.detect import obstacle
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.restock.service import begin_freed
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.queries import anyone_waits


def free(store_id: int, variant_id: int, units: int, now: datetime) -> None:
    """Tell as many as were freed, where nothing else does.

    A restock that goes on takes them into its next wave. Where our stock has none yet, the storefront's own word on it is
    still to come, and is a restock by itself.
    """
    variant = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == store_id, Variant.id == variant_id)
        .with_for_update(of=Variant, key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    settings = store_settings(db.session.get_one(Store, store_id))
    if status_of(variant) != IN_STOCK or not variant.product.published:
        return
    if obstacle(variant.product.alerts, variant.available, needed_of(settings, variant), 1) is not None:
        return
    if _goes_on(variant) or not anyone_waits(store_id, variant_id):
        return
    begin_freed(variant, units, now)


def _goes_on(variant: Variant) -> bool:
    going = sa.select(RestockEvent.id).where(
        RestockEvent.store_id == variant.store_id,
        RestockEvent.variant_id == variant.id,
        sa.text("restock_event.state NOT IN ('done', 'stopped')"),
        (RestockEvent.state + "").in_((*BEFORE, "telling")),
    )
    return db.session.scalar(going.limit(1)) is not None

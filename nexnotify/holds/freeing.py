"""A unit that somebody let go is for the next in line."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import Places
from nexnotify.inventory.service import needed_of
from nexnotify.ledger.models import Hold
from nexnotify.restock.detect import obstacle
from nexnotify.restock.freed import add_freed, begin_freed
from nexnotify.restock.models import BEFORE, IS_OPEN, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.queries import anyone_waits


def free(hold: Hold, now: datetime) -> None:
    """Tell as many as were freed, where nothing else does: those who wait in the place where the units lie, else those
    who named none.

    A restock that goes on takes them into its next wave, or, where it is of freed units itself, tells so many more. Where our stock has none yet, the storefront's own word on it is
    still to come, and is a restock by itself.
    """
    variant = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == hold.store_id, Variant.id == hold.variant_id)
        .with_for_update(of=Variant, key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    there = db.session.scalar(
        sa.select(RestockEvent.region_id).where(
            RestockEvent.store_id == hold.store_id, RestockEvent.id == hold.restock_id
        )
    )
    settings = store_settings(db.session.get_one(Store, hold.store_id))
    places = Places(hold.store_id, [variant.id], [there])
    for region_id in dict.fromkeys((there, None)):
        available = places.available(variant, region_id)
        if places.status(variant, region_id) != IN_STOCK:
            continue
        if obstacle(variant.product.alerts, available, needed_of(settings, variant), 1) is not None:
            continue
        if add_freed(variant, hold.quantity, now, region_id) or _goes_on(variant, region_id):
            return
        if anyone_waits(hold.store_id, variant.id, region_id=region_id):
            begin_freed(variant, hold.quantity, now, region_id, available)
            return


def _goes_on(variant: Variant, region_id: int | None) -> bool:
    going = sa.select(RestockEvent.id).where(
        RestockEvent.store_id == variant.store_id,
        RestockEvent.variant_id == variant.id,
        RestockEvent.region_id.is_not_distinct_from(region_id),
        IS_OPEN,
        (RestockEvent.state + "").in_((*BEFORE, "telling")),
    )
    return db.session.scalar(going.limit(1)) is not None

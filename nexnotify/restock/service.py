"""Detection: stock changes become restock events."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK, OFFERS, reaches
from nexnotify.inventory.models import StockChange
from nexnotify.inventory.service import needed_of, status_of
from nexnotify.restock.detect import BY_RULE, crosses, may_open
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings

BATCH = 500


class AnyoneWaits(Protocol):
    """Whether a restock of a variant would have somebody to tell, which is a later stage's knowledge."""

    def __call__(
        self,
        store_id: int,
        variant_id: int,
        *,
        more_than: int | None = None,
        at_most: int | None = None,
        intent: str | None = None,
        region_id: int | None = None,
    ) -> bool:
        """Whether anyone does who waits in this region, or, None, who named no place.

        ``more_than`` and ``at_most``: only those who want so many units; ``intent``: only those with this one, whatever
        place they named.
        """
        ...


def detect_restocks(now: datetime, anyone_waits: AnyoneWaits) -> list[RestockEvent]:
    """Look at the next batch of stock changes, oldest first.

    Each is looked at once: on PostgreSQL the rows are locked, and the event's unique key refuses a second one.

    :returns: the new events; call again until :func:`has_unseen_changes` says no.
    """
    rows = db.session.execute(
        sa.select(StockChange, Store, Variant)
        .join(Store, Store.id == StockChange.store_id)
        .join(Variant, sa.and_(Variant.store_id == StockChange.store_id, Variant.id == StockChange.variant_id))
        .options(joinedload(Variant.product, innerjoin=True))
        .where(sa.text("stock_change.looked_at IS NULL"))
        .order_by(StockChange.id)
        .limit(BATCH)
        .with_for_update(of=StockChange, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    events = []
    for change, store, variant in rows:
        change.looked_at = now
        status = _told_of(change, variant, store_settings(store), anyone_waits) if variant.product.alerts else None
        if status is None:
            continue
        events.append(
            RestockEvent(
                store_id=store.id,
                variant_id=change.variant_id,
                status=status,
                region_id=change.region_id,
                stock_change_id=change.id,
                available_before=change.available_before,
                available_after=change.available_after,
                by_check=change.cause == "check",
                at=now,
            )
        )
    db.session.add_all(events)
    db.session.flush()
    return events


def _told_of(change: StockChange, variant: Variant, settings: StoreSettings, anyone_waits: AnyoneWaits) -> str | None:
    """The product status that people can be told of after this change; None: of none."""
    if _is_restock(change, needed_of(settings, variant), anyone_waits):
        return IN_STOCK
    before, after = change.available_before, change.available_after
    if change.region_id is not None:
        return None  # whether it can be ordered before there is stock is no question of places
    if not change.applied or not may_open(change.cause, before, after, variant.min_order_quantity):
        return None
    status = status_of(variant)  # of this moment: what it was in between is no news any more
    if status not in OFFERS or not variant.product.published:
        return None
    return status if anyone_waits(change.store_id, change.variant_id, intent=status) else None


def _is_restock(change: StockChange, needed: int, anyone_waits: AnyoneWaits) -> bool:
    """The first level ever of a variant, what no stock moved, and stock of a region is one only where somebody waits.

    A catalogue that comes in with its stock, or a minimum lowered for all of it, is no ten thousand restocks.
    """
    before, after = change.available_before, change.available_after
    if not change.applied or not reaches(after, needed):
        return False
    anyone = partial(anyone_waits, change.store_id, change.variant_id, region_id=change.region_id)
    if change.cause in BY_RULE:
        return anyone()
    if crosses(before, after, needed):
        return (change.region_id is None and not _is_first_level(change)) or anyone()
    if before is None or (after is not None and after <= before):
        return False
    # More of what was there already: news for those who want more than there was.
    return anyone(more_than=before, at_most=after)


def _is_first_level(change: StockChange) -> bool:
    earlier = sa.select(StockChange.id).where(
        StockChange.store_id == change.store_id,
        StockChange.variant_id == change.variant_id,
        StockChange.id < change.id,
        StockChange.region_id.is_(None),
        StockChange.cause == "level",
    )
    return change.cause == "level" and db.session.scalar(earlier.limit(1)) is None


def has_unseen_changes() -> bool:
    """Whether detection has work."""
    statement = sa.select(StockChange.id).where(sa.text("stock_change.looked_at IS NULL")).limit(1)
    return db.session.scalar(statement) is not None

"""Detection: stock changes become restock events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.restock.detect import crosses
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

BATCH = 500


def detect_restocks(now: datetime, anyone_waits: Callable[[int, int], bool]) -> list[RestockEvent]:
    """Look at the next batch of stock changes, oldest first.

    The first level ever of a variant is a restock only where ``anyone_waits`` (store and variant id) for it, which is
    a later stage's knowledge: a catalogue that comes in with its stock is no ten thousand restocks.

    Each is looked at once: on PostgreSQL the rows are locked, and the event's unique key refuses a second one.

    :returns: the new events; call again until :func:`has_unseen_changes` says no.
    """
    rows = db.session.execute(
        sa.select(StockChange, Store)
        .join(Store, Store.id == StockChange.store_id)
        .where(sa.text("stock_change.looked_at IS NULL"))
        .order_by(StockChange.id)
        .limit(BATCH)
        .with_for_update(of=StockChange, skip_locked=True)
    ).all()
    events = []
    for change, store in rows:
        change.looked_at = now
        threshold = store_settings(store).threshold
        if change.applied and crosses(change.available_before, change.available_after, threshold):
            if _is_first_level(change) and not anyone_waits(store.id, change.variant_id):
                continue
            events.append(
                RestockEvent(
                    store_id=store.id,
                    variant_id=change.variant_id,
                    stock_change_id=change.id,
                    available_before=change.available_before,
                    available_after=change.available_after,
                    at=now,
                )
            )
    db.session.add_all(events)
    db.session.flush()
    return events


def _is_first_level(change: StockChange) -> bool:
    earlier = sa.select(StockChange.id).where(
        StockChange.store_id == change.store_id,
        StockChange.variant_id == change.variant_id,
        StockChange.id < change.id,
        StockChange.cause == "level",
    )
    return change.cause == "level" and db.session.scalar(earlier.limit(1)) is None


def has_unseen_changes() -> bool:
    """Whether detection has work."""
    statement = sa.select(StockChange.id).where(sa.text("stock_change.looked_at IS NULL")).limit(1)
    return db.session.scalar(statement) is not None

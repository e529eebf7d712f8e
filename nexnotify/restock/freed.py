"""Restocks of units that were kept for somebody and are free again: for just as many people."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.restock.models import IS_OPEN, RestockEvent

#: The cause of a stock change that is none.
FREED = "freed"


def is_freed(event: RestockEvent) -> bool:
    """Whether a restock is of units that were kept for somebody and are free again, and so for as many people."""
    cause = sa.select(StockChange.cause).where(
        StockChange.store_id == event.store_id, StockChange.id == event.stock_change_id
    )
    return db.session.scalar(cause) == FREED


def add_freed(variant: Variant, units: int, now: datetime, region_id: int | None) -> bool:
    """Let a restock of freed units that still tells be for so many people more.

    :returns: False when there is none.
    """
    freed = sa.exists().where(
        StockChange.store_id == RestockEvent.store_id,
        StockChange.id == RestockEvent.stock_change_id,
        StockChange.cause == FREED,
    )
    done = db.session.execute(
        sa.update(RestockEvent)
        .where(
            RestockEvent.store_id == variant.store_id,
            RestockEvent.variant_id == variant.id,
            RestockEvent.region_id.is_not_distinct_from(region_id),
            # Not the bare column: PostgreSQL would read all that ever told.
            (RestockEvent.state + "") == "telling",
            IS_OPEN,
            RestockEvent.most.is_not(None),
            freed,
        )
        .values(most=RestockEvent.most + units, work_at=sa.case((RestockEvent.held_at.is_(None), now)))
        .returning(RestockEvent.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None


def begin_freed(variant: Variant, units: int, now: datetime, region_id: int | None, available: int | None) -> None:
    """A restock for as many people as there are units that were kept for somebody and are free again.

    :param region_id: the place where they lie, where it is known; ``available`` is what can be sold there.

    It waits for no settling, approval or undo: the restock that they came in by has been through these.
    """
    change = StockChange(
        store_id=variant.store_id,
        variant_id=variant.id,
        cause=FREED,
        region_id=region_id,
        available_before=available,
        available_after=available,
        as_of=now,
        at=now,
        looked_at=now,
    )
    db.session.add(change)
    db.session.flush()
    event = RestockEvent(
        store_id=variant.store_id,
        variant_id=variant.id,
        stock_change_id=change.id,
        region_id=region_id,
        available_before=available,
        available_after=available,
        state="telling",
        most=units,
        at=now,
    )
    db.session.add(event)
    db.session.flush()

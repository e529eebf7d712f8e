"""Reads of the waitlist that pages and the API share."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import OPEN, AlertRequest


def anyone_waits(store_id: int, variant_id: int) -> bool:
    """Whether a restock of this variant would have somebody to tell."""
    statement = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == store_id, AlertRequest.variant_id == variant_id, AlertRequest.status == "waiting"
    )
    return db.session.scalar(statement.limit(1)) is not None


def waiting_counts(store: Store, variant_ids: Sequence[int]) -> dict[int, int]:
    """Open requests per variant, in one query."""
    if not variant_ids:
        return {}
    statement = (
        sa.select(AlertRequest.variant_id, sa.func.count())
        .where(
            AlertRequest.store_id == store.id,
            AlertRequest.variant_id.in_(variant_ids),
            AlertRequest.status.in_(OPEN),
        )
        .group_by(AlertRequest.variant_id)
    )
    return dict(db.session.execute(statement).all())

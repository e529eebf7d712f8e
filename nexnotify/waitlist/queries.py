"""Reads of the waitlist that pages and the API share."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import OPEN, AlertRequest


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
    return {variant_id: count for variant_id, count in db.session.execute(statement)}

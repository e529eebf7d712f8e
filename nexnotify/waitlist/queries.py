"""Reads of the waitlist that pages and the API share."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import OPEN, AlertRequest

#: Literally, as in the partial index.
WANTS_MORE = sa.text("alert_request.status = 'waiting' AND alert_request.quantity > 1")


def anyone_waits(store_id: int, variant_id: int, *, more_than: int | None = None, at_most: int | None = None) -> bool:
    """Whether a restock of this variant would have somebody to tell.

    :param more_than: only those who want more units than these.
    :param at_most: only those who want no more units than these.
    """
    mine = AlertRequest.store_id == store_id, AlertRequest.variant_id == variant_id
    statement = sa.select(AlertRequest.id).where(*mine)
    if more_than is None:
        statement = statement.where(AlertRequest.status == "waiting")
    else:
        statement = statement.where(WANTS_MORE, AlertRequest.quantity > more_than)
    if at_most is not None:
        statement = statement.where(AlertRequest.quantity <= at_most)
    return db.session.scalar(statement.limit(1)) is not None


def units_wanted(store: Store, variant_ids: Sequence[int]) -> dict[int, int]:
    """Units that open requests want, per variant, in one query."""
    if not variant_ids:
        return {}
    statement = (
        sa.select(AlertRequest.variant_id, sa.func.sum(AlertRequest.quantity))
        .where(
            AlertRequest.store_id == store.id,
            AlertRequest.variant_id.in_(variant_ids),
            AlertRequest.status.in_(OPEN),
        )
        .group_by(AlertRequest.variant_id)
    )
    return {variant_id: int(units) for variant_id, units in db.session.execute(statement)}


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

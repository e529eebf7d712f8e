"""Reads of the waitlist that pages and the API share."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import OPEN, AlertRequest
from nexnotify.waitlist.scope import FIRST_OF, who_waits


def anyone_waits(
    store_id: int,
    variant_id: int,
    *,
    more_than: int | None = None,
    at_most: int | None = None,
    intent: str | None = None,
) -> bool:
    """Whether a restock of this variant would have somebody to tell.

    :param more_than: only those who want more units than these.
    :param at_most: only those who want no more units than these.
    :param intent: only those who want to hear that it can be ordered so; None: all, a restock is for them too.
    """
    first = db.session.scalar(FIRST_OF, {"store_id": store_id, "variant_id": variant_id})
    for way in who_waits([AlertRequest.id], store_id, variant_id, sa.literal(first), more_than):
        requests = way.requests if intent is None else way.wanting(intent).requests
        if at_most is not None:
            requests = requests.where(AlertRequest.quantity <= at_most)
        if db.session.scalar(requests.limit(1)) is not None:
            return True
    return False


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


def count_waiting_for(store_id: int, variant_id: int) -> int:
    """How many people a restock of this variant would tell, whichever way they wait for it."""
    first = db.session.scalar(FIRST_OF, {"store_id": store_id, "variant_id": variant_id})
    ways = who_waits([AlertRequest.id], store_id, variant_id, sa.literal(first))
    return sum(db.session.scalar(sa.select(sa.func.count()).select_from(way.requests.subquery())) or 0 for way in ways)

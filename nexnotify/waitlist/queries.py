"""Reads of the waitlist that pages and the API share."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import OPEN, AlertRequest
from nexnotify.waitlist.scope import FIRST_OF, WANTS_THERE, who_waits


def anyone_waits(
    store_id: int,
    variant_id: int,
    *,
    more_than: int | None = None,
    at_most: int | None = None,
    intent: str | None = None,
    region_id: int | None = None,
) -> bool:
    """Whether a restock of this variant would have somebody to tell.

    :param more_than: only those who want more units than these.
    :param at_most: only those who want no more units than these.
    :param intent: only those who want to hear that it can be ordered so, wherever; None: all, a restock is for them too.
    :param region_id: only those who wait there; None: those who named no place.
    """
    first = db.session.scalar(FIRST_OF, {"store_id": store_id, "variant_id": variant_id})
    for way in who_waits([AlertRequest.id], store_id, variant_id, sa.literal(first), more_than):
        requests = (way.there(region_id) if intent is None else way.wanting(intent)).requests
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


def waiting_in(store: Store) -> dict[int, int]:
    """Region → requests that wait there, of those with some."""
    statement = (
        sa.select(AlertRequest.region_id, sa.func.count())
        .where(AlertRequest.store_id == store.id, WANTS_THERE, (AlertRequest.status + "") == "waiting")
        .group_by(AlertRequest.region_id)
    )
    return {region_id: count for region_id, count in db.session.execute(statement) if region_id is not None}


def was_named(store: Store, region_id: int) -> bool:
    """Whether any request, open or not, is about a region."""
    mine = (AlertRequest.store_id == store.id, AlertRequest.region_id == region_id)
    return db.session.scalar(sa.select(AlertRequest.id).where(*mine).limit(1)) is not None


def count_waiting_for(store_id: int, variant_id: int, region_id: int | None = None) -> int:
    """How many people a restock of this variant (in a region) would tell, whichever way they wait for it."""
    first = db.session.scalar(FIRST_OF, {"store_id": store_id, "variant_id": variant_id})
    ways = [way.there(region_id) for way in who_waits([AlertRequest.id], store_id, variant_id, sa.literal(first))]
    return sum(db.session.scalar(sa.select(sa.func.count()).select_from(way.requests.subquery())) or 0 for way in ways)

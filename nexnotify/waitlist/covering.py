"""What open requests cover: nobody waits for the same variant by two of them, so that one restock tells a person once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import IdIn, db
from nexnotify.waitlist.models import OPEN, AlertRequest, WantedVariant


def waits_for(store_id: int, contact_id: int, variant_ids: Collection[int]) -> bool:
    """Whether a contact waits for one of these variants, by itself or as one of several."""
    wanted = set(variant_ids)
    return any(covered & wanted for _, covered in open_requests_of(store_id, contact_id))


def covered_by(request: AlertRequest) -> set[int]:
    """The variants that a request is about."""
    return _covered(request.store_id, [request])[0][1]


def covered_by_wide(request_ids: Sequence[int]) -> dict[int, set[int]]:
    """Those of these requests that are about several variants, each with all of them."""
    request = AlertRequest.__table__.c
    wide = sa.select(AlertRequest).where(IdIn(request.id, ids=request_ids), AlertRequest.scope != "variant")
    found = db.session.scalars(wide.execution_options(populate_existing=True)).all()
    return {item.id: covered for item, covered in _covered(found[0].store_id, found)} if found else {}


def waited_for_anew(request_ids: Sequence[int]) -> set[int]:
    """Those of these closed requests that would make their contact wait twice for a variant, were they open again.

    Only where the one or the other is about several variants; of two about the same one, the unique index knows.
    """
    wide = AlertRequest.__table__.alias()
    other = sa.exists().where(
        wide.c.store_id == AlertRequest.store_id,
        wide.c.contact_id == AlertRequest.contact_id,
        wide.c.status.in_(OPEN),
        wide.c.scope != "variant",
    )
    closed = db.session.scalars(
        sa.select(AlertRequest)
        .where(AlertRequest.id.in_(request_ids), sa.or_(AlertRequest.scope != "variant", other))
        .execution_options(populate_existing=True)
    ).all()
    return {item.id for item in closed if waits_for(item.store_id, item.contact_id, covered_by(item))}


def open_requests_of(store_id: int, contact_id: int) -> list[tuple[AlertRequest, set[int]]]:
    """A contact's open requests, oldest first, each with the variants it covers."""
    requests = db.session.scalars(
        sa.select(AlertRequest)
        .where(
            AlertRequest.store_id == store_id,
            AlertRequest.contact_id == contact_id,
            # Not the bare column: PostgreSQL would read its index, and with it all who wait.
            (AlertRequest.status + "").in_(OPEN),
        )
        .order_by(AlertRequest.id)
        .execution_options(populate_existing=True)
    ).all()
    return _covered(store_id, requests)


def _covered(store_id: int, requests: Sequence[AlertRequest]) -> list[tuple[AlertRequest, set[int]]]:
    """Each of these with the variants it covers."""
    also = others_wanted(store_id, [item.id for item in requests if item.scope == "listed"])
    firsts = [item.variant_id for item in requests if item.scope == "product"]
    siblings: dict[int, set[int]] = {first: _siblings(store_id, first) for first in firsts}
    return [
        (item, {item.variant_id, *also.get(item.id, ()), *siblings.get(item.variant_id, ())})
        if item.scope != "variant"
        else (item, {item.variant_id})
        for item in requests
    ]


def _siblings(store_id: int, variant_id: int) -> set[int]:
    product = sa.select(Variant.product_id).where(Variant.store_id == store_id, Variant.id == variant_id)
    statement = sa.select(Variant.id).where(
        Variant.store_id == store_id, Variant.product_id == product.scalar_subquery()
    )
    return set(db.session.scalars(statement))


def others_wanted(store_id: int, request_ids: Sequence[int]) -> dict[int, list[int]]:
    """Request → the other variants that it is about, in one query."""
    if not request_ids:
        return {}
    rows = db.session.execute(
        sa.select(WantedVariant.request_id, WantedVariant.variant_id)
        .where(WantedVariant.store_id == store_id, WantedVariant.request_id.in_(request_ids))
        .order_by(WantedVariant.id)
    )
    found: dict[int, list[int]] = {}
    for request_id, variant_id in rows:
        found.setdefault(request_id, []).append(variant_id)
    return found

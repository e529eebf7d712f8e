"""Views counted as they come: one row for a product and a day, however many see it."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.clock import to_local
from nexnotify.db import db, upsert
from nexnotify.outcomes.models import CodeSighting, ProductView
from nexnotify.stores.models import Store

#: What is older is forgotten: a year, and the same season of the year before.
KEPT = timedelta(days=400)
#: A sighting is written down again after so long, so that a busy shop does not write one row all the time.
SIGHTING_EVERY = timedelta(seconds=30)


def count_view(store: Store, product_id: int, now: datetime, *, unavailable: bool) -> None:
    """One more view of a product, on this day of the store."""
    _add(store, product_id, now, views=1, unavailable_views=int(unavailable))


def count_signup_seen(store: Store, product_id: int, now: datetime) -> None:
    """One more sign-up of a visitor whose view was counted."""
    _add(store, product_id, now, signups=1)


def _add(store: Store, product_id: int, now: datetime, **more: int) -> None:
    table = ProductView.__table__
    counts = {"views": 0, "unavailable_views": 0, "signups": 0} | more
    db.session.execute(
        upsert(table)
        .values(store_id=store.id, product_id=product_id, day=to_local(now, store.zone).date(), **counts)
        .on_conflict_do_update(
            index_elements=["store_id", "product_id", "day"],
            set_={name: table.c[name] + count for name, count in more.items()},
        )
    )


def see_code(store: Store, code: str, origin: str, missing: str, now: datetime) -> None:
    """Write down that a code works on the shop. ``missing`` as in :class:`CodeSighting`."""
    known = db.session.scalar(
        sa.select(CodeSighting).where(CodeSighting.store_id == store.id, CodeSighting.code == code)
    )
    seen = {"at": now, "origin": origin[:300], "missing": missing}
    if known and now - known.at < SIGHTING_EVERY and (known.origin, known.missing) == (seen["origin"], missing):
        return
    db.session.execute(
        upsert(CodeSighting.__table__)
        .values(store_id=store.id, code=code, **seen)
        .on_conflict_do_update(index_elements=["store_id", "code"], set_=seen)
    )


def forget_old_views(now: datetime) -> None:
    """Sweep: days longer ago than :data:`KEPT`."""
    db.session.execute(sa.delete(ProductView).where(ProductView.day < (now - KEPT).date()))

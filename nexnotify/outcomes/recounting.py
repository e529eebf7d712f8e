"""Orders looked at again, when the days within which one counts have been changed: what they count for follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.orders.models import Order
from nexnotify.outcomes.matching import match_again
from nexnotify.outcomes.models import OutcomeBasis, PageOrder
from nexnotify.outcomes.page_orders import KEPT
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Orders that one transaction looks at again.
BATCH = 50


def begin_recounts(now: datetime) -> list[int]:
    """Note which stores have changed their days since their orders were looked at.

    :returns: ids of the stores whose orders are to be looked at again.
    """
    rows = db.session.execute(
        sa.select(OutcomeBasis, Store).join(Store, Store.id == OutcomeBasis.store_id).order_by(Store.id)
    ).all()
    for basis, store in rows:
        days = store_settings(store).attribution_days
        if basis.attribution_days != days:
            basis.attribution_days, basis.recounted_to = days, now - KEPT
    db.session.flush()
    return [store.id for basis, store in rows if basis.recounted_to is not None]


def recount_next(store_id: int) -> bool:
    """Look at the next orders of a store again, oldest first, as they came.

    :returns: whether there are more.
    """
    store = db.session.get_one(Store, store_id)
    mine = sa.select(OutcomeBasis).where(OutcomeBasis.store_id == store_id).with_for_update()
    basis = db.session.scalars(mine.execution_options(populate_existing=True)).one()
    if basis.recounted_to is None:
        return False
    moments = [*_next(Order, Order.placed_at, basis), *_next(PageOrder, PageOrder.at, basis)]
    if not moments:
        basis.recounted_to = None
        return False
    # Those of one moment are taken together, so that the moment says how far it came.
    upto = sorted(moments)[:BATCH][-1]
    for _, item in sorted(_between(store_id, basis.recounted_to, upto), key=lambda found: (found[0], found[1].id)):
        match_again(store, item)
    basis.recounted_to = upto
    return True


def _next(model: Any, at: Any, basis: OutcomeBasis) -> list[datetime]:
    later = sa.select(at).where(model.store_id == basis.store_id, at > basis.recounted_to)
    return list(db.session.scalars(later.order_by(at).limit(BATCH)))


def _between(store_id: int, after: datetime, upto: datetime) -> list[tuple[datetime, Order | PageOrder]]:
    found: list[tuple[datetime, Order | PageOrder]] = []
    for model, at in ((Order, Order.placed_at), (PageOrder, PageOrder.at)):
        rows: Any = sa.select(at, model).where(model.store_id == store_id, at > after, at <= upto)
        found += [(row[0], row[1]) for row in db.session.execute(rows)]
    return found

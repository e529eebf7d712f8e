"""Restocks that no event told of: stock compared with those who wait for it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.inventory.service import record_ready
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.queries import WANTS_MORE

#: Variants found at a time, and put right in one transaction.
BATCH = 100

_variant, _product, _change = Variant.__table__, Product.__table__, StockChange.__table__
_event, _request = RestockEvent.__table__, AlertRequest.__table__
_minimum = sa.func.coalesce(_variant.c.threshold, _product.c.threshold, sa.bindparam("threshold", type_=sa.Integer))


def _reaches(units: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.or_(_variant.c.available.is_(None), _variant.c.available >= units)


def _of_variant(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.store_id == _variant.c.store_id, table.c.variant_id == _variant.c.id)


def _any(table: sa.FromClause, *where: sa.ColumnElement[bool] | sa.TextClause) -> sa.ColumnElement[bool]:
    """Whether the variant has such a row."""
    return sa.select(table.c.id).where(_of_variant(table), *where).correlate(_variant, _product, _event).exists()


#: When the last of those who wait asked, for no more than there is.
_newest = (
    sa.select(_request.c.created_at)
    .where(_of_variant(_request), _request.c.status == "waiting", _reaches(_request.c.quantity))
    .order_by(_request.c.id.desc())
    .limit(1)
    .correlate(_variant)
    .scalar_subquery()
)
_events = _event.alias()
_last = sa.select(sa.func.max(_events.c.id)).where(_of_variant(_events)).correlate(_variant).scalar_subquery()
#: It could not be told of in between, so there was a restock since.
_gone_since = _any(
    _change,
    _change.c.id > _event.c.stock_change_id,
    _change.c.applied,
    sa.or_(
        _change.c.available_after < 1,
        _change.c.available_after < _variant.c.min_order_quantity,
        _change.c.available_after < _minimum,
    ),
)
_wanted_more = _any(_request, WANTS_MORE, _request.c.quantity > _event.c.available_after, _reaches(_request.c.quantity))
_unseen = _any(_change, sa.text("stock_change.looked_at IS NULL"))

#: Variants of one store that people can be told of, with somebody waiting who can be told, and neither an event that
#: covers it nor a change that detection has yet to look at. The last event covers everybody who had asked by then,
#: whatever was decided about them, unless the stock was gone in between; while it is planned, so is everybody.
OVERLOOKED = (
    sa.select(_variant.c.id)
    .join(_product, sa.and_(_product.c.store_id == _variant.c.store_id, _product.c.id == _variant.c.product_id))
    .outerjoin(_event, sa.and_(_event.c.store_id == _variant.c.store_id, _event.c.id == _last))
    .where(
        _variant.c.store_id == sa.bindparam("store_id"),
        _variant.c.id > sa.bindparam("after"),
        _product.c.published,
        _product.c.alerts,
        _reaches(sa.literal(1)),
        _reaches(_variant.c.min_order_quantity),
        _reaches(_minimum),
        _newest.is_not(None),
        sa.or_(
            _event.c.id.is_(None),
            sa.and_(_event.c.planned_at.is_not(None), sa.or_(_newest > _event.c.at, _gone_since, _wanted_more)),
        ),
        ~_unseen,
    )
    .order_by(_variant.c.id)
    .limit(BATCH)
)


def overlooked(store: Store, after: int = 0) -> list[int]:
    """The next variants behind the id ``after`` whose restock no event told of."""
    where = {"store_id": store.id, "after": after, "threshold": store_settings(store).threshold}
    return list(db.session.connection().scalars(OVERLOOKED, where))


def record_overlooked(store: Store, variant_ids: list[int], now: datetime) -> int:
    """Write a change for each of these that is overlooked still, which detection makes a restock of.

    The variants are locked first, as stock changes lock them, and asked about again: an event that came meanwhile, or
    another worker's check, is seen.

    :returns: how many there were.
    """
    rows = db.session.scalars(
        sa.select(Variant)
        .where(Variant.store_id == store.id, Variant.id.in_(variant_ids))
        .order_by(Variant.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    still = set(overlooked(store, min(variant_ids) - 1)) if rows else set()
    found = [variant for variant in rows if variant.id in still]
    for variant in found:
        record_ready(variant, "check", now)
    return len(found)

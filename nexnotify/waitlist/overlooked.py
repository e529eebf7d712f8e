"""Restocks that no event told of: stock compared with those who wait for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.inventory.models import StockChange
from nexnotify.inventory.service import record_ready
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.scope import Way, who_waits

#: Variants found at a time, and put right in one transaction.
BATCH = 100

_variant, _product, _change = Variant.__table__, Product.__table__, StockChange.__table__
_event, _request = RestockEvent.__table__, AlertRequest.__table__
_minimum = sa.func.coalesce(_variant.c.threshold, _product.c.threshold, sa.bindparam("threshold", type_=sa.Integer))


def _reaches(units: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.or_(_variant.c.available.is_(None), _variant.c.available >= units)


def _of_variant(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.store_id == _variant.c.store_id, table.c.variant_id == _variant.c.id)


_siblings = _variant.alias()
_first = (
    sa.select(sa.func.min(_siblings.c.id))
    .where(_siblings.c.store_id == _variant.c.store_id, _siblings.c.product_id == _variant.c.product_id)
    .correlate(_variant)
    .scalar_subquery()
)


def _served(way: Way) -> sa.Select[Any]:
    """Those who want no more than there is."""
    return way.requests.where(_reaches(_request.c.quantity))


_about_variant = (_variant.c.store_id, _variant.c.id, _first)
_ways = who_waits([_request.c.created_at], *_about_variant)
_anybody = sa.or_(*(_served(way).correlate(_variant).exists() for way in _ways))
#: When the last of them asked, in each of the ways to wait.
_newest = [_served(way).order_by(way.id.desc()).limit(1).correlate(_variant).scalar_subquery() for way in _ways]
_events = _event.alias()
_last = (
    sa.select(sa.func.max(_events.c.id))
    .where(_of_variant(_events), _events.c.status == IN_STOCK)
    .correlate(_variant)
    .scalar_subquery()
)
#: It could not be told of in between, so there was a restock since.
_gone = (
    sa.select(_change.c.id)
    .where(
        _of_variant(_change),
        _change.c.applied,
        sa.or_(
            _change.c.available_after < 1,
            _change.c.available_after < _variant.c.min_order_quantity,
            _change.c.available_after < _minimum,
        ),
    )
    .order_by(_change.c.id.desc())  # backwards from the last: it is found before the event at the latest
    .limit(1)
    .correlate(_variant, _product)
    .scalar_subquery()
)
_gone_since = _gone > _event.c.stock_change_id
_wanted_more = sa.or_(
    *(
        _served(way).correlate(_variant, _event).exists()
        for way in who_waits([_request.c.id], _variant.c.store_id, _variant.c.id, _first, _event.c.available_after)
    )
)
#: What detection has yet to look at: few, in an index of their own, read once.
_unseen = _variant.c.id.in_(sa.select(_change.c.variant_id).where(sa.text("stock_change.looked_at IS NULL")))

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
        _anybody,
        sa.or_(
            _event.c.id.is_(None),
            sa.and_(
                _event.c.planned_at.is_not(None),
                sa.or_(*(newest > _event.c.at for newest in _newest), _gone_since, _wanted_more),
            ),
        ),
        ~_unseen,
    )
    .order_by(_variant.c.id)
    .limit(BATCH)
)

_wanting = [way.wanting(_variant.c.unavailable_as) for way in who_waits([_request.c.created_at], *_about_variant)]
_any_last = sa.select(sa.func.max(_events.c.id)).where(_of_variant(_events)).correlate(_variant).scalar_subquery()
#: The same of variants that are not in stock and can be ordered, for those who want to hear just that.
OVERLOOKED_OFFERS = (
    sa.select(_variant.c.id)
    .join(_product, sa.and_(_product.c.store_id == _variant.c.store_id, _product.c.id == _variant.c.product_id))
    .outerjoin(_event, sa.and_(_event.c.store_id == _variant.c.store_id, _event.c.id == _any_last))
    .where(
        _variant.c.store_id == sa.bindparam("store_id"),
        _variant.c.id > sa.bindparam("after"),
        _variant.c.unavailable_as.in_(OFFERS),
        _variant.c.available < _variant.c.min_order_quantity,
        _product.c.published,
        _product.c.alerts,
        sa.or_(*(way.requests.correlate(_variant).exists() for way in _wanting)),
        sa.or_(
            _event.c.id.is_(None),
            sa.and_(
                _event.c.planned_at.is_not(None),
                sa.or_(
                    _event.c.status != _variant.c.unavailable_as,
                    *(
                        way.requests.order_by(way.id.desc()).limit(1).correlate(_variant).scalar_subquery()
                        > _event.c.at
                        for way in _wanting
                    ),
                ),
            ),
        ),
        ~_unseen,
    )
    .order_by(_variant.c.id)
    .limit(BATCH)
)


def overlooked(store: Store, after: int = 0) -> list[int]:
    """The next variants behind the id ``after`` that no event told of: a restock, or that they can be ordered."""
    where = {"store_id": store.id, "after": after, "threshold": store_settings(store).threshold}
    restocks = db.session.connection().scalars(OVERLOOKED, where).all()
    offers = db.session.connection().scalars(OVERLOOKED_OFFERS, where).all()
    return sorted({*restocks, *offers})[:BATCH]


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

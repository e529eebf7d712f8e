"""The same in regions: restocks of one place that no event told of."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.inventory.regions import units_there
from nexnotify.inventory.service import record_ready
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest, WantedVariant
from nexnotify.waitlist.scope import WANTS_THERE

_variant, _product, _change = Variant.__table__, Product.__table__, StockChange.__table__
_event, _request, _wanted = RestockEvent.__table__, AlertRequest.__table__, WantedVariant.__table__
_sibling = _variant.alias()
_store_id: sa.BindParameter[int] = sa.bindparam("store_id")
_asks = (_request.c.region_id, _request.c.quantity, _request.c.created_at)
_here = (_request.c.store_id == _store_id, WANTS_THERE, (_request.c.status + "") == "waiting")
#: Who waits in which place for which variant: for one, for any of a product, for one of several.
_waits = sa.union_all(
    sa.select(_request.c.variant_id, *_asks).where(*_here),
    sa.select(_sibling.c.id, *_asks)
    .select_from(_request)
    .join(_variant, _variant.c.id == _request.c.variant_id)
    .join(_sibling, sa.and_(_sibling.c.store_id == _store_id, _sibling.c.product_id == _variant.c.product_id))
    .where(*_here, _request.c.scope == "product", _sibling.c.id != _request.c.variant_id),
    sa.select(_wanted.c.variant_id, *_asks)
    .select_from(_request)
    .join(_wanted, sa.and_(_wanted.c.store_id == _store_id, _wanted.c.request_id == _request.c.id))
    .where(*_here, _request.c.scope == "listed"),
).subquery("waits")
_who = sa.select(
    _waits.c.variant_id,
    _waits.c.region_id,
    units_there(_waits.c.variant_id, _waits.c.region_id).correlate(_waits).label("units"),
    sa.func.min(_waits.c.quantity).label("fewest"),
    sa.func.max(_waits.c.created_at).label("newest"),
)
_places = _who.group_by(_waits.c.variant_id, _waits.c.region_id).subquery("places")
_minimum = sa.func.coalesce(_variant.c.threshold, _product.c.threshold, sa.bindparam("threshold", type_=sa.Integer))
_events = _event.alias()
_last = (
    sa.select(sa.func.max(_events.c.id))
    .where(
        _events.c.store_id == _store_id,
        _events.c.variant_id == _places.c.variant_id,
        _events.c.region_id == _places.c.region_id,
    )
    .correlate(_places)
    .scalar_subquery()
)


def _reaches(units: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.or_(_places.c.units.is_(None), _places.c.units >= units)


#: It could not be told of in between, so there was a restock since.
_gone = (
    sa.select(_change.c.id)
    .where(
        _change.c.store_id == _store_id,
        _change.c.variant_id == _places.c.variant_id,
        _change.c.region_id == _places.c.region_id,
        _change.c.applied,
        sa.or_(_change.c.available_after < _variant.c.min_order_quantity, _change.c.available_after < _minimum),
    )
    .order_by(_change.c.id.desc())
    .limit(1)
    .correlate(_places, _variant, _product)
    .scalar_subquery()
)
#: (variant, region) of one store, as ``overlooked.OVERLOOKED``. More of what was there already counts for whoever wants
#: the fewest units alone.
OVERLOOKED_THERE = (
    sa.select(_places.c.variant_id, _places.c.region_id)
    .join(_variant, sa.and_(_variant.c.store_id == _store_id, _variant.c.id == _places.c.variant_id))
    .join(_product, sa.and_(_product.c.store_id == _store_id, _product.c.id == _variant.c.product_id))
    .outerjoin(_event, sa.and_(_event.c.store_id == _store_id, _event.c.id == _last))
    .where(
        _product.c.published,
        _product.c.alerts,
        _reaches(sa.literal(1)),
        _reaches(_variant.c.min_order_quantity),
        _reaches(_minimum),
        _reaches(_places.c.fewest),
        sa.or_(
            _event.c.id.is_(None),
            sa.and_(
                _event.c.planned_at.is_not(None),
                sa.or_(
                    _places.c.newest > _event.c.at,
                    _gone > _event.c.stock_change_id,
                    _event.c.available_after < _places.c.fewest,
                ),
            ),
        ),
        _places.c.variant_id.not_in(sa.select(_change.c.variant_id).where(sa.text("stock_change.looked_at IS NULL"))),
    )
    .order_by(_places.c.variant_id, _places.c.region_id)
)


def overlooked_there(store: Store) -> list[tuple[int, int]]:
    """(variant, region) where people could be told and no event told of it."""
    where = {"store_id": store.id, "threshold": store_settings(store).threshold}
    return [(row.variant_id, row.region_id) for row in db.session.connection().execute(OVERLOOKED_THERE, where)]


def record_overlooked_there(store: Store, found: list[tuple[int, int]], now: datetime) -> int:
    """Write a change for each of these that is overlooked still, as ``overlooked.record_overlooked`` does.

    :returns: how many there were.
    """
    variants = {
        variant.id: variant
        for variant in db.session.scalars(
            sa.select(Variant)
            .where(Variant.store_id == store.id, Variant.id.in_({variant_id for variant_id, _ in found}))
            .order_by(Variant.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    still = set(overlooked_there(store)) & set(found)
    for variant_id, region_id in sorted(still):
        record_ready(variants[variant_id], "check", now, region_id)
    return len(still)

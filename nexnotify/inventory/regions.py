"""Units that can be sold at the locations of a region, for those who wait there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import RegionLocation, Variant
from nexnotify.db import IdIn, db
from nexnotify.inventory.available import product_status
from nexnotify.inventory.models import StockLevel

_level, _part = StockLevel.__table__, RegionLocation.__table__
_of_location = sa.and_(_part.c.store_id == _level.c.store_id, _part.c.location_id == _level.c.location_id)
#: As :func:`available.available_to_sell` has it.
_UNITS = sa.cast(
    sa.func.coalesce(sa.func.sum(_level.c.on_hand - _level.c.committed - _level.c.safety_stock), 0), sa.BigInteger
)
_UNLIMITED = sa.func.count() > sa.func.count(_level.c.on_hand)
_AVAILABLE = (
    sa.select(_level.c.variant_id, _part.c.region_id, sa.case((_UNLIMITED, None), else_=_UNITS))
    .join(_part, _of_location)
    .where(_level.c.store_id == sa.bindparam("store_id"), IdIn(_level.c.variant_id), IdIn(_part.c.region_id, "regions"))
    .group_by(_level.c.variant_id, _part.c.region_id)
)


class Places:
    """What can be sold of some variants: over all locations, or in one of some regions."""

    def __init__(self, store_id: int, variant_ids: Collection[int], region_ids: Collection[int | None]) -> None:
        """One query, and none where no region is named."""
        regions = {id for id in region_ids if id is not None}
        self._there: dict[tuple[int, int], int | None] = {}
        if regions and variant_ids:
            where = {"store_id": store_id, "b_ids": sorted(set(variant_ids)), "regions": sorted(regions)}
            rows = db.session.connection().execute(_AVAILABLE, where)
            self._there = {(variant_id, region_id): units for variant_id, region_id, units in rows}

    def available(self, variant: Variant, region_id: int | None) -> int | None:
        """Units; None is unlimited. A region that was not asked about has none."""
        return variant.available if region_id is None else self._there.get((variant.id, region_id), 0)

    def status(self, variant: Variant, region_id: int | None) -> str:
        """``in_stock``, or what the variant counts as where it cannot be bought there."""
        units, fewest = self.available(variant, region_id), variant.min_order_quantity
        return product_status(variant.product.published, units, variant.unavailable_as, fewest)


class Invented(Places):
    """The same for stock that is not there: so many units, wherever one asks."""

    def __init__(self, units: int | None) -> None:
        """:param units: None is unlimited."""
        self._units = units

    def available(self, variant: Variant, region_id: int | None) -> int | None:
        """The units that were invented."""
        return self._units


def available_at(variant: Variant, region_id: int | None) -> int | None:
    """Units of one variant that can be sold in a region; None for it: over all locations."""
    return Places(variant.store_id, [variant.id], [region_id]).available(variant, region_id)


def status_at(variant: Variant, region_id: int | None) -> str:
    """The status of one variant in a region; None for it: over all locations."""
    return Places(variant.store_id, [variant.id], [region_id]).status(variant, region_id)


def regions_with(store_id: int, location_id: int) -> list[int]:
    """Ids of the regions that a location is of."""
    mine = (RegionLocation.store_id == store_id, RegionLocation.location_id == location_id)
    return list(db.session.scalars(sa.select(RegionLocation.region_id).where(*mine).order_by(RegionLocation.region_id)))


def units_there(variant_id: Any, region_id: Any) -> sa.ScalarSelect[Any]:
    """The same as a part of a statement: units, null where they are unlimited."""
    level, part = _level.alias(), _part.alias()
    units = sa.cast(
        sa.func.coalesce(sa.func.sum(level.c.on_hand - level.c.committed - level.c.safety_stock), 0), sa.BigInteger
    )
    return (
        sa.select(sa.case((sa.func.count() > sa.func.count(level.c.on_hand), None), else_=units))
        .select_from(part)
        .join(level, sa.and_(level.c.store_id == part.c.store_id, level.c.location_id == part.c.location_id))
        .where(part.c.region_id == region_id, level.c.variant_id == variant_id)
        .scalar_subquery()
    )

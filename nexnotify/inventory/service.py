"""Stock in: levels are kept, and every change of what can be sold is written down."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Location, Product, Region, Variant
from nexnotify.catalog.service import find_or_make_location, find_variant, lock_new_variants, lock_variant
from nexnotify.db import db
from nexnotify.inventory.available import OFFERS, Level, available_to_sell, product_status, units_needed
from nexnotify.inventory.models import StockChange, StockLevel, UnmatchedLevel
from nexnotify.inventory.regions import Places, regions_with
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class LevelData:
    """A level as told, by SKU or by variant id."""

    sku: str | None = None
    variant_id: str | None = None
    location: str = "main"
    #: None is unlimited.
    on_hand: int | None = 0
    committed: int = 0
    safety_stock: int = 0
    #: None is now.
    as_of: datetime | None = None


def set_level(store: Store, data: LevelData, now: datetime) -> StockChange | None:
    """Take in one level.

    :returns: the change it made; None when the variant is unknown (the level is kept and applied when it comes).
    """
    variant = find_variant(store, sku=data.sku, variant_id=data.variant_id)
    if variant is None:
        lock_new_variants(store)  # the product may be coming at this very moment
        variant = find_variant(store, sku=data.sku, variant_id=data.variant_id)
    if variant is None:
        _keep_unmatched(store, data, now)
        return None
    return _apply(store, lock_variant(variant), data, now)


def apply_unmatched(store: Store, variant: Variant, now: datetime) -> None:
    """Apply the levels that came before their variant did."""
    waiting = db.session.scalars(
        sa.select(UnmatchedLevel).where(
            UnmatchedLevel.store_id == store.id,
            sa.or_(
                sa.and_(UnmatchedLevel.by == "variant_id", UnmatchedLevel.ref == variant.external_id),
                sa.and_(UnmatchedLevel.by == "sku", UnmatchedLevel.ref == (variant.sku or "")),
            ),
        )
    )
    for kept in waiting.all():
        level = LevelData(None, None, kept.location_key, kept.on_hand, kept.committed, kept.safety_stock, kept.as_of)
        _apply(store, lock_variant(variant), level, now)
        db.session.delete(kept)


def record_publishing(product: Product, now: datetime) -> None:
    """Write down that a product with stock came up for sale, or went: that too changes what can be bought."""
    cause = "published" if product.published else "unpublished"
    variants = db.session.scalars(
        sa.select(Variant)
        .where(Variant.store_id == product.store_id, Variant.product_id == product.id)
        .order_by(Variant.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)  # stock may have come while we waited for the lock
    )
    found = variants.all()
    regions: list[int | None] = list(
        db.session.scalars(sa.select(Region.id).where(Region.store_id == product.store_id).order_by(Region.id))
    )
    places = Places(product.store_id, [variant.id for variant in found], regions)
    for variant in found:
        for region_id in (None, *regions):
            units = places.available(variant, region_id)
            before, after = (0, units) if product.published else (units, 0)
            if before == after and region_id is None:
                record_offer(variant, now)
            if before != after:
                _record(variant, region_id, cause, before, after, now)
    db.session.flush()


def status_of(variant: Variant) -> str:
    """``in_stock``, or what the variant counts as when it cannot be bought."""
    product = variant.product
    return product_status(product.published, variant.available, variant.unavailable_as, variant.min_order_quantity)


def record_offer(variant: Variant, now: datetime) -> None:
    """Write down that a variant which is not in stock can be preordered or backordered from now on, if it can."""
    status = status_of(variant)
    if variant.product.published and status in OFFERS:
        record_ready(variant, status, now)


def needed_of(settings: StoreSettings, variant: Variant) -> int:
    """The fewest units of a variant at which people are told."""
    return units_needed(settings.threshold, variant.product.threshold, variant.threshold, variant.min_order_quantity)


def record_ready(variant: Variant, cause: str, now: datetime, region_id: int | None = None) -> None:
    """Write down that people can be told of a variant from now on, for another ``cause`` than its stock.

    :param region_id: those who wait there; None: those who named no place.
    """
    units = Places(variant.store_id, [variant.id], [region_id]).available(variant, region_id)
    _record(variant, region_id, cause, units, units, now)
    db.session.flush()


def _record(
    variant: Variant, region_id: int | None, cause: str, before: int | None, after: int | None, now: datetime
) -> None:
    """Write down that what people can be told of is different from now on."""
    units = {"available_before": before, "available_after": after, "as_of": now, "at": now}
    db.session.add(
        StockChange(store_id=variant.store_id, variant_id=variant.id, region_id=region_id, cause=cause, **units)
    )


def _apply(store: Store, variant: Variant, data: LevelData, now: datetime) -> StockChange:
    location = find_or_make_location(store, data.location)
    level = _level(store, variant, location)
    as_of = min(data.as_of or now, now)  # a storefront's clock that runs ahead must not silence what comes next
    is_late = level.as_of is not None and as_of < level.as_of
    before = variant.available
    regions = [] if is_late else regions_with(store.id, location.id)
    there = Places(store.id, [variant.id], regions)
    if not is_late:
        level.on_hand, level.committed, level.safety_stock = data.on_hand, data.committed, data.safety_stock
        level.as_of, level.updated_at = as_of, now
        db.session.add(level)
        db.session.flush()
        variant.available = _total(variant)
    # Read under the variant's lock: the product may have come up for sale since it was loaded.
    published = db.session.scalar(
        sa.select(Product.published).where(Product.store_id == store.id, Product.id == variant.product_id)
    )
    change = StockChange(
        store_id=store.id,
        variant_id=variant.id,
        cause="level",
        location_key=location.key,
        on_hand=data.on_hand,
        available_before=before if published else 0,
        available_after=variant.available if published else 0,
        applied=not is_late,
        as_of=as_of,
        at=now,
    )
    db.session.add(change)
    db.session.flush()
    if regions:
        _record_regions(change, variant, regions, there, bool(published))
    return change


def _record_regions(
    change: StockChange, variant: Variant, regions: Collection[int], before: Places, published: bool
) -> None:
    """What a level's change was in each region that its location is of; 0 while the product is not published."""
    now = Places(variant.store_id, [variant.id], regions)
    for region_id in regions:
        db.session.add(
            StockChange(
                store_id=change.store_id,
                variant_id=variant.id,
                region_id=region_id,
                cause=change.cause,
                location_key=change.location_key,
                on_hand=change.on_hand,
                available_before=before.available(variant, region_id) if published else 0,
                available_after=now.available(variant, region_id) if published else 0,
                as_of=change.as_of,
                at=change.at,
            )
        )
    db.session.flush()


def _level(store: Store, variant: Variant, location: Location) -> StockLevel:
    known = db.session.scalar(
        sa.select(StockLevel).where(
            StockLevel.store_id == store.id,
            StockLevel.variant_id == variant.id,
            StockLevel.location_id == location.id,
        )
    )
    return known or StockLevel(store_id=store.id, variant_id=variant.id, location_id=location.id)


def _total(variant: Variant) -> int | None:
    rows = db.session.execute(
        sa.select(StockLevel.on_hand, StockLevel.committed, StockLevel.safety_stock).where(
            StockLevel.store_id == variant.store_id, StockLevel.variant_id == variant.id
        )
    )
    return available_to_sell(Level(*row) for row in rows)


def _keep_unmatched(store: Store, data: LevelData, now: datetime) -> None:
    by = "sku" if data.sku is not None else "variant_id"
    ref = data.sku if data.sku is not None else data.variant_id or ""
    as_of = min(data.as_of or now, now)
    kept = db.session.scalar(
        sa.select(UnmatchedLevel).filter_by(store_id=store.id, by=by, ref=ref, location_key=data.location)
    )
    if kept is not None and as_of < kept.as_of:
        return
    kept = kept or UnmatchedLevel(store_id=store.id, by=by, ref=ref, location_key=data.location)
    kept.on_hand, kept.committed, kept.safety_stock, kept.as_of = (
        data.on_hand,
        data.committed,
        data.safety_stock,
        as_of,
    )
    db.session.add(kept)
    db.session.flush()

"""Minimums and exclusions that change: what people could not be told of before, and can now, is written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.inventory.available import reaches
from nexnotify.inventory.models import StockChange
from nexnotify.inventory.service import needed_of, record_ready
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings


def threshold_changed(store: Store, changed: Mapping[str, Any], now: datetime) -> None:
    """After ``merge_settings``: a lower minimum of the store is reached by what lay below the one before.

    One statement, however many products there are; which of them somebody waits for is asked by detection.
    """
    if "threshold" not in changed:
        return
    before, after = changed["threshold"]
    if after >= before:
        return
    variant, product = Variant.__table__, Product.__table__
    rows = (
        sa.select(
            variant.c.store_id,
            variant.c.id,
            sa.literal("minimum"),
            variant.c.available,
            variant.c.available,
            sa.true(),
            sa.literal(now, StockChange.__table__.c.at.type),
            sa.literal(now, StockChange.__table__.c.at.type),
        )
        .join(product, sa.and_(product.c.store_id == variant.c.store_id, product.c.id == variant.c.product_id))
        .where(
            variant.c.store_id == store.id,
            product.c.published,
            product.c.alerts,
            sa.func.coalesce(variant.c.threshold, product.c.threshold).is_(None),
            variant.c.available >= after,
            variant.c.available >= variant.c.min_order_quantity,
            variant.c.available < before,
        )
        .order_by(variant.c.id)
    )
    names = ["store_id", "variant_id", "cause", "available_before", "available_after", "applied", "as_of", "at"]
    db.session.execute(sa.insert(StockChange.__table__).from_select(names, rows))


@contextmanager
def rules_change(store: Store, product_id: str, now: datetime) -> Iterator[None]:
    """Around a change of a product's or its variants' minimums, least order or exclusion.

    :param product_id: the storefront's; the product need not exist yet.
    """
    settings = store_settings(store)
    product = _locked(store, product_id)
    ready = _ready(product, settings) if product is not None else {}
    excluded = product is not None and not product.alerts
    published = product is not None and product.published
    yield
    db.session.flush()
    if product is None or not published:
        return  # stock or publishing is still to come, and makes a change of its own
    cause = "alerts" if excluded else "minimum"
    for variant in _ready(product, settings).values():
        if variant.id not in ready:
            record_ready(variant, cause, now)


def _locked(store: Store, product_id: str) -> Product | None:
    return db.session.scalar(
        sa.select(Product)
        .where(Product.store_id == store.id, Product.external_id == product_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _ready(product: Product, settings: StoreSettings) -> dict[int, Variant]:
    """The product's variants that people can be told of."""
    variants = db.session.scalars(
        sa.select(Variant)
        .where(Variant.store_id == product.store_id, Variant.product_id == product.id)
        .order_by(Variant.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)  # stock may have come while we waited for the lock
    ).all()
    if not (product.published and product.alerts):
        return {}
    return {variant.id: variant for variant in variants if reaches(variant.available, needed_of(settings, variant))}

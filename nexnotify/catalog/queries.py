"""Reads of the catalogue that several pages share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.stores.models import Store


def matches(search: str) -> sa.ColumnElement[bool]:
    """Product title or SKU contains the words; for statements that have both tables joined."""
    words = search.strip()
    return sa.or_(Product.title.icontains(words, autoescape=True), Variant.sku.icontains(words, autoescape=True))


def ids_matching(store: Store, search: str) -> Any:
    """Ids of the variants that :func:`matches` finds; of all where nothing is searched for."""
    return (
        sa.select(Variant.id)
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .where(Variant.store_id == store.id, matches(search) if search else sa.true())
    )


def by_title(
    store: Store, search: str, place: tuple[int, int] | None, limit: int, *, back: bool = False
) -> list[Variant]:
    """Variants by the title of their product, from a place (product, variant) on or (``back``) up to it."""
    title = sa.func.lower(Product.title)
    keys = (title, Product.id, Variant.id)
    ids = ids_matching(store, search)
    if place is not None:
        told = db.session.scalar(sa.select(title).where(Product.store_id == store.id, Product.id == place[0]))
        here = sa.tuple_(sa.literal(told or ""), sa.literal(place[0]), sa.literal(place[1]))
        ids = ids.where(sa.tuple_(*keys) < here if back else sa.tuple_(*keys) > here)
    ids = ids.order_by(*(key.desc() for key in keys)) if back else ids.order_by(*keys)
    found = list(db.session.scalars(ids.limit(limit)))
    statement = sa.select(Variant).options(joinedload(Variant.product)).where(Variant.id.in_(found))
    rows = {item.id: item for item in db.session.scalars(statement)}
    return [rows[number] for number in (found[::-1] if back else found)]


def find_products(
    store: Store, skus: Collection[str], variant_ids: Collection[str], product_ids: Collection[str]
) -> Sequence[Product]:
    """The store's products that one of these names, their variants loaded, in two queries however many there are."""
    named = sa.or_(Variant.sku.in_(skus), Variant.external_id.in_(variant_ids))
    of_variants = sa.select(Variant.product_id).where(Variant.store_id == store.id, named)
    statement = sa.select(Product).where(
        Product.store_id == store.id, sa.or_(Product.external_id.in_(product_ids), Product.id.in_(of_variants))
    )
    return db.session.scalars(statement.options(selectinload(Product.variants))).all()

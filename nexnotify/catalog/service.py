"""Products and variants as a storefront tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Location, Product, Variant
from nexnotify.catalog.substitutes import set_substitutes
from nexnotify.db import db, insert_ignore, is_postgresql
from nexnotify.errors import Invalid
from nexnotify.stores.models import Store


class Untold(Enum):
    """Nothing was said of it, so it stays: what a merchant has set survives the storefront's next word."""

    STAYS = "stays"


STAYS: Final = Untold.STAYS


@dataclass(frozen=True, slots=True)
class VariantData:
    """A variant as told; ``id`` may be left out where product and options name it."""

    id: str | None = None
    sku: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    price: Decimal | None = None
    currency: str | None = None
    url: str | None = None
    image_url: str | None = None
    unavailable_as: str = "sold_out"
    threshold: int | Untold | None = STAYS
    min_order_quantity: int | Untold = STAYS

    @property
    def has_rules(self) -> bool:
        """Whether it says something that decides from how many units on people are told."""
        return self.threshold is not STAYS or self.min_order_quantity is not STAYS


@dataclass(frozen=True, slots=True)
class ProductData:
    """A product as told; variants that are left out stay as they are."""

    id: str
    title: str
    url: str | None = None
    image_url: str | None = None
    published: bool = True
    variants: Sequence[VariantData] = ()
    alerts: bool | Untold = STAYS
    threshold: int | Untold | None = STAYS
    switches: dict[str, Any] | Untold | None = STAYS
    tags: Sequence[str] | Untold = STAYS
    #: Ids of products that do as well; None leaves them as they are.
    substitutes: Sequence[str] | None = None

    @property
    def has_rules(self) -> bool:
        """Whether it says something that decides when people are told."""
        own = self.alerts is not STAYS or self.threshold is not STAYS
        return own or any(variant.has_rules for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did, for the stages that follow."""

    product: Product
    #: Made, or known by a SKU from now on that they did not have: stock may have come before them.
    new_variants: tuple[Variant, ...]
    #: None when it did not change.
    published_before: bool | None
    #: Known before, and counted as something else while they could not be bought.
    other_status: tuple[Variant, ...] = ()


def upsert_product(store: Store, data: ProductData, now: datetime) -> Upserted:
    """Make or change a product and its variants. The same data again changes nothing.

    :raises Invalid: a SKU or variant id that another product of the store has.
    """
    product = db.session.scalar(
        sa.select(Product).where(Product.store_id == store.id, Product.external_id == data.id).with_for_update()
    )
    published_before = None if product is None else product.published
    if product is None:
        product = Product(store_id=store.id, external_id=data.id)
        db.session.add(product)
    product.title, product.url, product.image_url = data.title, data.url, data.image_url
    product.published, product.updated_at = data.published, now
    _take_told(product, data, ("alerts", "threshold", "switches", "tags"))
    db.session.flush()
    if data.substitutes is not None:
        set_substitutes(product, data.substitutes)
    made = [_upsert_variant(store, product, variant, now) for variant in data.variants]
    changed = published_before is not None and published_before != product.published
    new, other = (tuple(variant for variant, *facts in made if facts[place]) for place in (0, 1))
    return Upserted(product, new, published_before if changed else None, other)


def _upsert_variant(store: Store, product: Product, data: VariantData, now: datetime) -> tuple[Variant, bool, bool]:
    """The variant; whether it is new, or known by its SKU from now on; whether its status while unavailable is another."""
    external_id = data.id or variant_id_from(product.external_id, data.options)
    variant = db.session.scalar(
        sa.select(Variant)
        .where(Variant.store_id == store.id, Variant.external_id == external_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if variant is not None and variant.product_id != product.id:
        raise Invalid(f"The variant id {external_id} belongs to another product.", fields={"variants.id": "taken"})
    if data.sku:
        holder = db.session.scalar(sa.select(Variant).where(Variant.store_id == store.id, Variant.sku == data.sku))
        if holder is not None and holder is not variant:
            raise Invalid(
                f"The SKU {data.sku} belongs to the variant {holder.external_id}.", fields={"variants.sku": "taken"}
            )
    is_new = variant is None or (data.sku or None) not in (None, variant.sku)
    if is_new:
        lock_new_variants(store)
    is_other = variant is not None and variant.unavailable_as != data.unavailable_as
    if variant is None:
        variant = Variant(store_id=store.id, product_id=product.id, external_id=external_id, available=0)
        db.session.add(variant)
    variant.sku, variant.options, variant.price = data.sku or None, dict(data.options), data.price
    variant.currency = data.currency or store.currency
    variant.url, variant.image_url, variant.unavailable_as = data.url, data.image_url, data.unavailable_as
    variant.updated_at = now
    _take_told(variant, data, ("threshold", "min_order_quantity"))
    db.session.flush()
    return variant, is_new, is_other


def _take_told(row: Product | Variant, data: ProductData | VariantData, names: Sequence[str]) -> None:
    for name in names:
        if (value := getattr(data, name)) is not STAYS:
            setattr(row, name, value)


def variant_id_from(product_id: str, options: dict[str, str]) -> str:
    """An id for a variant that came without one: product and options, stable between imports."""
    return "/".join([product_id, *(f"{name}={options[name]}" for name in sorted(options))])


def _variant_by(column: Any) -> Any:
    return (
        sa.select(Variant)
        .options(joinedload(Variant.product, innerjoin=True))
        .where(Variant.store_id == sa.bindparam("store_id"), column == sa.bindparam("ref"))
    )


def _locked(statement: Any) -> Any:
    return statement.with_for_update(of=Variant, key_share=True).execution_options(populate_existing=True)


_BY_SKU, _BY_ID = _variant_by(Variant.sku), _variant_by(Variant.external_id)
_BY_SKU_LOCKED, _BY_ID_LOCKED = _locked(_BY_SKU), _locked(_BY_ID)


def find_variant(store: Store, *, sku: str | None = None, variant_id: str | None = None) -> Variant | None:
    """The store's variant with this SKU or (storefront's) variant id, its product loaded."""
    return _first(_BY_ID if sku is None else _BY_SKU, store, sku, variant_id)


def find_variant_locked(store: Store, *, sku: str | None = None, variant_id: str | None = None) -> Variant | None:
    """The same, read afresh and locked as :func:`lock_variant` does, in one query."""
    return _first(_BY_ID_LOCKED if sku is None else _BY_SKU_LOCKED, store, sku, variant_id)


def _first(statement: Any, store: Store, sku: str | None, variant_id: str | None) -> Variant | None:
    return db.session.scalar(statement, {"store_id": store.id, "ref": variant_id if sku is None else sku})


def find_product(store: Store, product_id: str) -> Product | None:
    """The store's product with this (storefront's) id."""
    return db.session.scalar(sa.select(Product).where(Product.store_id == store.id, Product.external_id == product_id))


def lock_new_variants(store: Store) -> None:
    """Until the transaction ends, no other one makes a variant of this store or keeps a level for an unknown one.

    SQLite's writers wait for each other anyway.
    """
    if is_postgresql():
        db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(4713, sa.cast(store.id, sa.Integer))))


def lock_variant(variant: Variant) -> Variant:
    """Read a variant afresh and keep others from changing it until the transaction ends.

    Stock changes and sign-ups both take this lock, so that nobody joins a waitlist in the very moment it is told.
    """
    return db.session.execute(
        sa.select(Variant)
        .where(Variant.store_id == variant.store_id, Variant.id == variant.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one()


def find_or_make_location(store: Store, key: str) -> Location:
    """The location with this key, made on first mention."""
    db.session.execute(insert_ignore(Location).values(store_id=store.id, key=key, name=key))
    return db.session.scalars(sa.select(Location).where(Location.store_id == store.id, Location.key == key)).one()

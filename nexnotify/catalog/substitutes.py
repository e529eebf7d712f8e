"""Products that do as well as another, as the merchant set them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.catalog.models import Product, ProductSubstitute, Variant
from nexnotify.catalog.queries import find_products
from nexnotify.db import db
from nexnotify.stores.models import Store


def set_substitutes(product: Product, refs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Replace a product's substitutes by these, named by the storefront's ids of the products.

    :returns: those before and those after, by id.
    """
    had = substitutes_of(product.store_id, [product.id])[product.id]
    wanted = sorted(set(refs))
    if wanted != had:
        mine = (ProductSubstitute.store_id == product.store_id, ProductSubstitute.product_id == product.id)
        db.session.execute(sa.delete(ProductSubstitute).where(*mine))
        db.session.add_all(
            ProductSubstitute(store_id=product.store_id, product_id=product.id, substitute_ref=ref) for ref in wanted
        )
        db.session.flush()
    return had, wanted


def products_named(store: Store, names: Sequence[str]) -> tuple[list[Product], list[str]]:
    """The store's products with these ids or SKUs, and the names that none has."""
    found: dict[str, Product] = {}
    for product in find_products(store, names, (), names):
        ours = {product.external_id, *(variant.sku for variant in product.variants if variant.sku)}
        found |= {name: product for name in names if name in ours}
    products = {product.id: product for product in found.values()}
    return list(products.values()), [name for name in names if name not in found]


def substitutes_of(store_id: int, product_ids: Sequence[int]) -> defaultdict[int, list[str]]:
    """Product → the storefront's ids of its substitutes, in order."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = db.session.execute(
        sa.select(ProductSubstitute.product_id, ProductSubstitute.substitute_ref).where(
            ProductSubstitute.store_id == store_id, ProductSubstitute.product_id.in_(product_ids)
        )
    )
    for product_id, ref in rows:
        found[product_id].append(ref)
    return defaultdict(list, {product_id: sorted(refs) for product_id, refs in found.items()})


def stand_ins(store_id: int, variant_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """Variant → itself and the variants of its product's substitutes."""
    known = {variant_id: {variant_id} for variant_id in variant_ids}
    substitute, other = sa.orm.aliased(Product), sa.orm.aliased(Variant)
    rows = db.session.execute(
        sa.select(Variant.id, other.id)
        .join(
            ProductSubstitute,
            sa.and_(ProductSubstitute.store_id == Variant.store_id, ProductSubstitute.product_id == Variant.product_id),
        )
        .join(
            substitute,
            sa.and_(
                substitute.store_id == ProductSubstitute.store_id,
                substitute.external_id == ProductSubstitute.substitute_ref,
            ),
        )
        .join(other, sa.and_(other.store_id == substitute.store_id, other.product_id == substitute.id))
        .where(Variant.store_id == store_id, Variant.id.in_(variant_ids))
    )
    for variant_id, other_id in rows:
        known[variant_id].add(other_id)
    return {variant_id: frozenset(others) for variant_id, others in known.items()}

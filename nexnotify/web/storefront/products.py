"""Products in and out."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import selectinload

from nexnotify.catalog.models import Product, Variant
from nexnotify.catalog.service import ProductData, VariantData
from nexnotify.catalog.substitutes import substitutes_of
from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.inventory.intake import take_product
from nexnotify.inventory.service import status_of
from nexnotify.nudge import nudge
from nexnotify.waitlist.queries import units_wanted, waiting_counts
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import Payload, next_address, page_of, refuse_unknown_filters
from nexnotify.web.product_payloads import ProductPayload
from nexnotify.web.storefront import blueprint


@blueprint.put("/products")
def put_products() -> ResponseReturnValue:
    """Make or change products; variants that are left out stay."""
    store, now = the_store(), utcnow()

    def save(row: ProductPayload) -> dict[str, Any]:
        return {"id": take_product(store, _data(row), now).external_id}

    answer, saved = bulk("products", ProductPayload, save, lock_order=lambda row: (row.id,))
    nudge("restock")
    return jsonify({**answer, "products": [product for _, product in saved]})


def _data(row: ProductPayload) -> ProductData:
    variants = [VariantData(**_told(variant, ("threshold", "min_order_quantity"))) for variant in row.variants]
    return ProductData(**{**_told(row, ("alerts", "threshold", "switches", "tags")), "variants": variants})


def _told(row: Payload, staying: Collection[str]) -> dict[str, Any]:
    """The values of a row, without those that stay as they are because it does not name them."""
    return row.model_dump(exclude=set(staying) - row.model_fields_set)


@blueprint.get("/products")
def get_products() -> ResponseReturnValue:
    """Products with their variants, oldest first; ``?sku=`` finds the one that has it."""
    refuse_unknown_filters(("sku", "variant_id", "id"))
    store, (after, limit) = the_store(), page_of("after")
    statement = sa.select(Product).options(selectinload(Product.variants)).where(Product.store_id == store.id)
    if (product_id := request.args.get("id")) is not None:
        statement = statement.where(Product.external_id == product_id)
    for column, name in ((Variant.sku, "sku"), (Variant.external_id, "variant_id")):
        if (named := request.args.get(name)) is not None:
            mine = sa.select(Variant.product_id).where(Variant.store_id == store.id, column == named)
            statement = statement.where(Product.id.in_(mine))
    if after is not None:
        statement = statement.where(Product.id > after)
    products = db.session.scalars(statement.order_by(Product.id).limit(limit + 1)).all()
    page = products[:limit]
    ids = [variant.id for product in page for variant in product.variants]
    waiting, wanted = waiting_counts(store, ids), units_wanted(store, ids)
    substitutes = substitutes_of(store.id, [product.id for product in page])
    rows = [_row(product, waiting, wanted, substitutes[product.id]) for product in page]
    return jsonify(products=rows, next=next_address(page[-1].id if len(products) > limit else None))


def _price(price: Decimal | None) -> str | None:
    """As it was told: two digits, or up to four where it has them."""
    if price is None:
        return None
    whole, _, part = f"{price:.4f}".partition(".")
    return f"{whole}.{part[:2]}{part[2:].rstrip('0')}"


def _row(product: Product, waiting: dict[int, int], wanted: dict[int, int], substitutes: list[str]) -> dict[str, Any]:
    return {
        "id": product.external_id,
        "title": product.title,
        "url": product.url,
        "image_url": product.image_url,
        "published": product.published,
        "tags": product.tags,
        "alerts": product.alerts,
        "threshold": product.threshold,
        "switches": product.switches,
        "substitutes": substitutes,
        "variants": [
            {
                "id": variant.external_id,
                "sku": variant.sku,
                "options": variant.options,
                "price": _price(variant.price),
                "currency": variant.currency,
                "url": variant.url,
                "unavailable_as": variant.unavailable_as,
                "threshold": variant.threshold,
                "min_order_quantity": variant.min_order_quantity,
                "available": variant.available,
                "status": status_of(variant),
                "waiting": waiting.get(variant.id, 0),
                "units_wanted": wanted.get(variant.id, 0),
            }
            for variant in product.variants
        ],
    }

"""The demo store's own shop window: product pages that carry the widget as a merchant's would."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import selectinload

from nexnotify.catalog.models import Product
from nexnotify.catalog.service import find_product, find_variant
from nexnotify.db import db
from nexnotify.errors import NotFound
from nexnotify.inventory.service import status_of
from nexnotify.settings import ROOT, Settings
from nexnotify.stores.models import Store
from nexnotify.stores.service import find_store
from nexnotify.web.private import keep_private

blueprint = Blueprint("demo_shop", __name__)
keep_private(blueprint)

#: Where `nexnotify demo` leaves the demo store's keys in the instance folder; without it there is no demo shop.
NOTES = "demo.json"

#: Product id → what the shop says about it. A product that is not here is shown all the same.
BLURBS = {
    "fisherman-jumper": "Knitted on the quay from oiled wool, ribbed where the rope rubs. Keeps out wind and small talk.",
    "enamel-mug": "Steel, twice fired. Falls off the boat, floats for a while, goes on as before.",
    "deck-lantern": "Burns nine hours on one filling and stands up by itself in a swell.",
    "oilskin-tote": "Waxed cotton with a rope handle. Holds a week's bread or a wet dog.",
    "tide-clock": "Shows high and low water at your harbour, and how long you still have.",
    "wool-socks": "Two pairs, for boots that never dry.",
    "rope-doormat": "Spliced from retired mooring line; no two are alike.",
    "sailcloth-apron": "Cut from old mainsails, with a pocket for the marlinspike.",
}


@blueprint.get("")
def shelf() -> ResponseReturnValue:
    """All products of the demo shop."""
    store = _store()
    products = db.session.scalars(
        sa.select(Product)
        .options(selectinload(Product.variants))
        .where(Product.store_id == store.id, Product.published)
        .order_by(Product.id)
        .limit(60)
    ).all()
    return render_template("demo/shelf.html", store=store, products=products, picture=_picture)


@blueprint.get("/thank-you")
def thanks() -> ResponseReturnValue:
    """What follows an order: ``v`` is the SKU, ``order`` the number. Nothing was sold; the code on it tells of it all the same."""
    store = _store()
    bought = find_variant(store, sku=request.args.get("v") or "")
    order = request.args.get("order", "")[:40]
    if bought is None or not order:
        raise NotFound("The demo shop has no such order.")
    line = {"sku": bought.sku, "quantity": 1}
    return render_template(
        "demo/thanks.html", store=store, variant=bought, order=order, lines=[line], price=_price(bought)
    )


@blueprint.get("/<product_id>")
def product(product_id: str) -> ResponseReturnValue:
    """One product; ``v`` picks a variant by SKU, as the shop's own links do."""
    store = _store()
    found = find_product(store, product_id)
    if found is None or not found.published or not found.variants:
        raise NotFound("The demo shop does not sell that.")
    rows: list[dict[str, Any]] = [{"variant": variant, "status": status_of(variant)} for variant in found.variants]
    wish = request.args.get("v")
    picked = next((row for row in rows if wish and row["variant"].sku == wish), rows[0])
    context: dict[str, Any] = {"store": store, "product": found, "rows": rows, "picked": picked}
    return render_template(
        "demo/product.html", **context, blurb=BLURBS.get(product_id), picture=_picture, price_of=_price
    )


def _store() -> Store:
    settings: Settings = current_app.extensions["nexnotify"].settings
    try:
        key = json.loads((settings.instance / NOTES).read_text())["store_key"]
    except (OSError, ValueError, KeyError):
        raise NotFound("There is no demo shop here; `nexnotify demo` makes one.") from None
    store = find_store(str(key))
    if store is None:
        raise NotFound("The demo store is gone; `nexnotify demo` makes a new one.")
    return store


def _picture(product: Product) -> str:
    name = f"demo/{product.external_id}.svg"
    known = product.external_id in BLURBS and (ROOT / "static" / name).is_file()
    return name if known else "demo/parcel.svg"


def _price(variant: Any) -> str:
    if variant.price is None:
        return ""
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(variant.currency)
    return f"{sign}{variant.price:.2f}" if sign else f"{variant.price:.2f} {variant.currency}"

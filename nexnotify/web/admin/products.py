"""The catalogue as the storefront told it, and stock by hand."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from nexnotify.catalog.models import Location, Product, Variant
from nexnotify.catalog.queries import by_title
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.inventory.models import StockChange, StockLevel
from nexnotify.inventory.service import LevelData, set_level, status_of
from nexnotify.nudge import nudge
from nexnotify.reports.outcomes import outcome_of_product
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.service import audit
from nexnotify.waitlist.queries import waiting_counts
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.filters import asked
from nexnotify.web.admin.forms import StockForm, UnavailableForm
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import by_value
from nexnotify.words import N_

bp = Blueprint("admin_products", __name__)
bp.before_request(staff_guard)

#: The location that levels without one belong to.
MAIN = "main"


@bp.get("")
def index() -> ResponseReturnValue:
    """All variants, by title."""
    store, search = current_store(), asked("q", 200)
    page = by_value(lambda place, limit, back: by_title(store, search, place, limit, back=back), _place)
    waiting = waiting_counts(store, [item.id for item in page.rows])
    return render_template("admin/products/index.html", page=page, q=search, waiting=waiting, status_of=status_of)


def _place(item: Variant) -> tuple[int, int]:
    return item.product_id, item.id


@bp.get("/<int:product_id>")
def product(product_id: int) -> ResponseReturnValue:
    """One product and its variants."""
    item = load(Product, product_id, selectinload(Product.variants))
    waiting = waiting_counts(current_store(), [variant.id for variant in item.variants])
    outcome = outcome_of_product(current_store(), item.id)
    return render_template(
        "admin/products/product.html", product=item, waiting=waiting, status_of=status_of, outcome=outcome
    )


@bp.get("/variants/<int:variant_id>")
def variant(variant_id: int) -> ResponseReturnValue:
    """One variant: its stock by location, what it counts as, and what changed lately."""
    return _variant_page(load(Variant, variant_id, joinedload(Variant.product)))


def _variant_page(
    item: Variant, stock: StockForm | None = None, unavailable: UnavailableForm | None = None
) -> ResponseReturnValue:
    levels = db.session.execute(
        sa.select(StockLevel, Location)
        .join(Location, sa.and_(Location.store_id == StockLevel.store_id, Location.id == StockLevel.location_id))
        .where(StockLevel.store_id == item.store_id, StockLevel.variant_id == item.id)
        .order_by(Location.key)
    ).all()
    changes = db.session.scalars(
        sa.select(StockChange)
        .where(StockChange.store_id == item.store_id, StockChange.variant_id == item.id)
        .order_by(StockChange.id.desc())
        .limit(20)
    ).all()
    body = render_template(
        "admin/products/variant.html",
        variant=item,
        status=status_of(item),
        levels=levels,
        changes=changes,
        waiting=waiting_counts(current_store(), [item.id]).get(item.id, 0),
        stock=stock or _stock_form(formdata=None),
        unavailable=unavailable or UnavailableForm(formdata=None, data={"unavailable_as": item.unavailable_as}),
    )
    return (body, 422) if (stock and stock.errors) or (unavailable and unavailable.errors) else body


def _stock_form(**kwargs: Any) -> StockForm:
    locations = db.session.scalars(
        sa.select(Location).where(Location.store_id == current_store().id).order_by(Location.key)
    )
    form = StockForm(**kwargs)
    names = {MAIN: MAIN, **{item.key: item.name for item in locations}}
    form.location.choices = [SelectChoice(key, name) for key, name in names.items()]
    return form


@bp.post("/variants/<int:variant_id>/stock")
def set_stock(variant_id: int) -> ResponseReturnValue:
    """Set what is on hand at a location; committed and safety stock stay."""
    require("staff")
    item = load(Variant, variant_id, joinedload(Variant.product))
    form = _stock_form()
    if not form.validate():
        return _variant_page(item, stock=form)
    on_hand = None if form.unlimited.data else form.on_hand.data
    key, store, now = form.location.data, current_store(), utcnow()
    with transaction():
        load(Variant, variant_id, lock=True)
        committed, safety = _kept(item, key)
        level = LevelData(
            variant_id=item.external_id, location=key, on_hand=on_hand, committed=committed, safety_stock=safety
        )
        set_level(store, level, now)
        audit(
            store,
            "stock.set",
            current_user.id,
            now,
            variant=item.external_id,
            location=key,
            on_hand=N_("unlimited") if on_hand is None else on_hand,
        )
    nudge("restock")
    flash(
        N_("Saved: %(on_hand)s on hand at %(key)s.", on_hand=N_("unlimited") if on_hand is None else on_hand, key=key),
        "success",
    )
    return redirect(url_for("admin_products.variant", variant_id=variant_id))


def _kept(item: Variant, key: str) -> tuple[int, int]:
    row = db.session.execute(
        sa.select(StockLevel.committed, StockLevel.safety_stock)
        .join(Location, sa.and_(Location.store_id == StockLevel.store_id, Location.id == StockLevel.location_id))
        .where(StockLevel.store_id == item.store_id, StockLevel.variant_id == item.id, Location.key == key)
    ).first()
    return (row[0], row[1]) if row else (0, 0)


@bp.post("/variants/<int:variant_id>/unavailable")
def set_unavailable(variant_id: int) -> ResponseReturnValue:
    """Choose which of the three statuses it has while it cannot be bought."""
    require("staff")
    item = load(Variant, variant_id, joinedload(Variant.product))
    form = UnavailableForm()
    if not form.validate():
        return _variant_page(item, unavailable=form)
    now, before, chosen = utcnow(), item.unavailable_as, form.unavailable_as.data
    with transaction():
        item = load(Variant, variant_id, lock=True)
        item.unavailable_as, item.updated_at = chosen, now
        if before != chosen:
            changed = {"unavailable_as": [before, chosen]}
            audit(current_store(), "variant.changed", current_user.id, now, variant=item.external_id, changed=changed)
    flash(N_("Saved: when it cannot be bought, it is %(chosen)s.", chosen=PRODUCT_STATUSES[chosen]), "success")
    return redirect(url_for("admin_products.variant", variant_id=variant_id))

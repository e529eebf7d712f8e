"""The catalogue as the storefront told it, and stock by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import joinedload, selectinload
from wtforms.fields.choices import SelectChoice

from nexnotify.catalog.models import Location, Product, Variant
from nexnotify.catalog.queries import by_title, find_products
from nexnotify.catalog.substitutes import products_named, set_substitutes, substitutes_of
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.inventory.minimums import rules_change
from nexnotify.inventory.models import StockChange, StockLevel
from nexnotify.inventory.service import LevelData, needed_of, record_offer, set_level, status_of
from nexnotify.ledger.planning.pages import find_page_check
from nexnotify.nudge import nudge
from nexnotify.policy.product_page import VERDICTS
from nexnotify.reports.outcomes import outcome_of_product
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.service import audit
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.queries import waiting_counts
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.filters import asked
from nexnotify.web.admin.forms import StockForm, UnavailableForm
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import by_value
from nexnotify.web.admin.product_forms import ProductAlertsForm, SubstitutesForm, VariantMinimumForm
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
    """One product, its variants, and what does as well."""
    return _product_page(load(Product, product_id, selectinload(Product.variants)))


def _product_page(
    item: Product, form: ProductAlertsForm | None = None, substitutes_form: SubstitutesForm | None = None
) -> ResponseReturnValue:
    waiting = waiting_counts(current_store(), [variant.id for variant in item.variants])
    refs = substitutes_of(item.store_id, [item.id])[item.id]
    known = {other.external_id: other for other in find_products(current_store(), (), (), refs)}
    body = render_template(
        "admin/products/product.html",
        product=item,
        waiting=waiting,
        outcome=outcome_of_product(current_store(), item.id),
        status_of=status_of,
        form=form or ProductAlertsForm.of(item),
        settings=store_settings(current_store()),
        substitutes=[(ref, known.get(ref)) for ref in refs],
        substitutes_form=substitutes_form or SubstitutesForm(formdata=None, data={"substitutes": "\n".join(refs)}),
    )
    is_wrong = any(typed is not None and typed.errors for typed in (form, substitutes_form))
    return (body, 422) if is_wrong else body


@bp.post("/<int:product_id>/alerts")
def set_alerts(product_id: int) -> ResponseReturnValue:
    """Exclude a product from alerts, give it a minimum or channels of its own, or take that back."""
    require("staff")
    item = load(Product, product_id, selectinload(Product.variants))
    form = ProductAlertsForm()
    if not form.validate():
        return _product_page(item, form)
    wanted = {"alerts": form.alerts.data, "threshold": form.threshold.data, "switches": form.switches}
    store, now = current_store(), utcnow()
    with transaction(), rules_change(store, item.external_id, now):
        item = load(Product, product_id, lock=True)
        if changed := _change(item, wanted, now):
            audit(store, "product.changed", current_user.id, now, product=item.external_id, changed=changed)
    nudge("restock")
    flash(N_("Saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return redirect(url_for("admin_products.product", product_id=product_id))


def _change(item: Product | Variant, wanted: dict[str, Any], now: datetime) -> dict[str, list[Any]]:
    """Set what is different: name → before and after."""
    changed = {name: [getattr(item, name), value] for name, value in wanted.items() if getattr(item, name) != value}
    for name, (_, value) in changed.items():
        setattr(item, name, value)
    if changed:
        item.updated_at = now
    return changed


@bp.post("/<int:product_id>/substitutes")
def choose_substitutes(product_id: int) -> ResponseReturnValue:
    """Choose products that do as well: who has ordered one is not told that this one is back."""
    require("staff")
    item = load(Product, product_id, selectinload(Product.variants))
    form = SubstitutesForm()
    if not form.validate():
        return _product_page(item, substitutes_form=form)
    found, unknown = products_named(current_store(), form.names)
    had = substitutes_of(item.store_id, [item.id])[item.id]  # what the storefront told may still be to come
    if wrong := [name for name in unknown if name not in had]:
        form.refuse(wrong)
        return _product_page(item, substitutes_form=form)
    with transaction():
        item = load(Product, product_id, lock=True)
        before, after = set_substitutes(item, [*(other.external_id for other in found), *unknown])
        if before != after:
            changed = {"substitutes": [before, after]}
            audit(
                current_store(), "product.changed", current_user.id, utcnow(), product=item.external_id, changed=changed
            )
    flash(N_("Substitutes saved."), "success")
    return redirect(url_for("admin_products.product", product_id=product_id))


@bp.get("/variants/<int:variant_id>")
def variant(variant_id: int) -> ResponseReturnValue:
    """One variant: its stock by location, what it counts as, and what changed lately."""
    return _variant_page(load(Variant, variant_id, joinedload(Variant.product)))


def _variant_page(
    item: Variant,
    stock: StockForm | None = None,
    unavailable: UnavailableForm | None = None,
    minimum: VariantMinimumForm | None = None,
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
        .where(StockChange.region_id.is_(None))
        .order_by(StockChange.id.desc())
        .limit(20)
    ).all()
    body = render_template(
        "admin/products/variant.html",
        variant=item,
        status=status_of(item),
        page_check=find_page_check(item),
        page_words=VERDICTS,
        levels=levels,
        changes=changes,
        waiting=waiting_counts(current_store(), [item.id]).get(item.id, 0),
        needed=needed_of(store_settings(current_store()), item),
        minimum=minimum or VariantMinimumForm.of(item),
        stock=stock or _stock_form(formdata=None),
        unavailable=unavailable or UnavailableForm(formdata=None, data={"unavailable_as": item.unavailable_as}),
    )
    return (body, 422) if any(form and form.errors for form in (stock, unavailable, minimum)) else body


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
            record_offer(item, now)
            changed = {"unavailable_as": [before, chosen]}
            audit(current_store(), "variant.changed", current_user.id, now, variant=item.external_id, changed=changed)
    nudge("restock")
    flash(N_("Saved: when it cannot be bought, it is %(chosen)s.", chosen=PRODUCT_STATUSES[chosen]), "success")
    return redirect(url_for("admin_products.variant", variant_id=variant_id))


@bp.post("/variants/<int:variant_id>/minimum")
def set_minimum(variant_id: int) -> ResponseReturnValue:
    """Give a variant a minimum of its own and the units an order takes."""
    require("staff")
    item = load(Variant, variant_id, joinedload(Variant.product))
    form = VariantMinimumForm()
    if not form.validate():
        return _variant_page(item, minimum=form)
    wanted = {"threshold": form.threshold.data, "min_order_quantity": form.min_order_quantity.data}
    store, now = current_store(), utcnow()
    with transaction(), rules_change(store, item.product.external_id, now):
        item = load(Variant, variant_id, lock=True)
        if changed := _change(item, wanted, now):
            audit(store, "variant.changed", current_user.id, now, variant=item.external_id, changed=changed)
    nudge("restock")
    flash(N_("Saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return redirect(url_for("admin_products.variant", variant_id=variant_id))

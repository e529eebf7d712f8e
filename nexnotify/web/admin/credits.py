"""Credits: what is left, every movement of them, and buying more."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.credits.buying import STATUSES, begun, opened, order, order_of, packs, payments, ways_to_pay
from nexnotify.credits.contract import PaymentError
from nexnotify.credits.models import CreditEntry, CreditPurchase, Payment
from nexnotify.credits.packs import price_words
from nexnotify.credits.rules import KINDS, NAMES
from nexnotify.credits.service import balance, is_low, reserved
from nexnotify.db import db, end_read, transaction
from nexnotify.errors import Invalid
from nexnotify.ledger.paying import close_purchase, credits_changed, waiting_for_credits
from nexnotify.nudge import nudge
from nexnotify.stores.models import StaffUser, Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.credit_forms import BuyForm, CreditSettingsForm
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import keyset
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.words import N_

bp = Blueprint("admin_credits", __name__)
bp.before_request(staff_guard)

#: Kind of entry → the colour of its pill.
COLOURS = {
    "opening": "ok",
    "purchase": "ok",
    "reserve": "neutral",
    "settle": "info",
    "refund": "warn",
    "correction": "warn",
}


@bp.get("")
def index() -> ResponseReturnValue:
    """What is left, packs to buy, the ledger."""
    return _page(_buy_form(formdata=None), _settings_form())


def _settings_form() -> CreditSettingsForm:
    names = {"credits", "credits_per_segment", "low_credit_below"}
    return CreditSettingsForm(formdata=None, data=store_settings(current_store()).model_dump(include=names))


def _buy_form(**options: object) -> BuyForm:
    ways = ways_to_pay(current_store(), active=True)
    return BuyForm.of(packs(), ways, {key: kind.label for key, kind in payments().kinds.items()}, **options)


def _page(buy: BuyForm, form: CreditSettingsForm) -> str:
    store, kind = current_store(), request.args.get("kind", "")
    shown = sa.select(CreditEntry, StaffUser.email).outerjoin(StaffUser, StaffUser.id == CreditEntry.user_id)
    way = sa.select(CreditEntry.id).where(CreditEntry.store_id == store.id)
    if kind in KINDS:
        way = way.where(CreditEntry.kind == kind)
    purchases = sa.select(CreditPurchase).where(CreditPurchase.store_id == store.id).order_by(CreditPurchase.id.desc())
    return render_template(
        "admin/credits/index.html",
        saved=store_settings(store),
        balance=balance(store.id),
        reserved=reserved(store.id),
        low=is_low(store),
        waiting=waiting_for_credits(store.id),
        page=keyset(shown, way),
        kind=kind,
        kinds=[("", N_("Every movement")), *NAMES.items()],
        words={name: (word, COLOURS[name]) for name, word in NAMES.items()},
        meanings=KINDS,
        purchases=db.session.scalars(purchases.limit(10)).all(),
        price=price_words,
        buy=buy,
        form=form,
        hints=[payments().kinds[way.kind] for way in ways_to_pay(store, active=True)],
        ways={way.kind: way for way in ways_to_pay(store)},
        payments=payments(),
        tabs=settings_tabs("admin_credits.index"),
    )


@bp.post("/settings")
def change_settings() -> ResponseReturnValue:
    """Whether texts are paid with credits, and when the merchant is warned."""
    require("admin")
    form, now = CreditSettingsForm(), utcnow()
    if not form.validate():
        return _page(_buy_form(formdata=None), form), 422
    changes = {name: form[name].data for name in ("credits", "credits_per_segment", "low_credit_below")}
    try:
        with transaction():
            store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
            changed = merge_settings(store, changes)
            if changed:
                audit(store, "settings.changed", current_user.id, now, changed=changed)
                credits_changed(store, changed, now)
    except Invalid as error:
        put_errors(form, error.fields)
        return _page(_buy_form(formdata=None), form), 422
    nudge("send")
    flash(N_("Saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return redirect(url_for(".index"))


# --- buying ----------------------------------------------------------------------------------------------------------


@bp.post("/buy")
def buy() -> ResponseReturnValue:
    """Order a pack. The provider is told outside any transaction; the order is on record before it is."""
    require("admin")
    form, now = _buy_form(), utcnow()
    if not form.validate():
        return _page(form, _settings_form()), 422
    with transaction():
        payment = load(Payment, form.payment.data)
        purchase = order(current_store(), payment, form.pack.data, current_user.id, now)
        about = {"credits": purchase.credits, "price": price_words(purchase.amount, purchase.currency)}
        audit(current_store(), "credits.ordered", current_user.id, now, **about, payment=payment.kind)
    _begin(purchase.id)
    return redirect(url_for(".purchase", purchase_id=purchase.id))


def _begin(purchase_id: int) -> None:
    """Tell the provider; a refusal ends the purchase and is shown."""
    purchase = load(CreditPurchase, purchase_id)
    payment = load(Payment, purchase.payment_id)
    base = current_app.extensions["nexnotify"].settings.public_url
    what = order_of(purchase, base + url_for(".purchase", purchase_id=purchase_id))
    plugin = opened(payment)
    end_read()
    try:
        answer = plugin.begin(what)
    except PaymentError as error:
        with transaction():
            close_purchase(load(CreditPurchase, purchase_id, lock=True), "failed", current_user.id, utcnow())
        flash(N_("%(error)s Nothing was charged.", error=error), "error")
        return
    with transaction():
        begun(load(CreditPurchase, purchase_id, lock=True), answer)


@bp.get("/purchases/<int:purchase_id>")
def purchase(purchase_id: int) -> ResponseReturnValue:
    """One purchase as we know it; whoever comes back from paying reads here whether we have heard of it."""
    found = load(CreditPurchase, purchase_id)
    payment = load(Payment, found.payment_id)
    kind = payments().kinds.get(payment.kind)
    return render_template(
        "admin/credits/purchase.html",
        purchase=found,
        kind=kind,
        instructions=opened(payment).settings.get("instructions", "") if kind else "",
        price=price_words(found.amount, found.currency),
        meaning=STATUSES[found.status],
    )


@bp.post("/purchases/<int:purchase_id>/paid")
def confirm_paid(purchase_id: int) -> ResponseReturnValue:
    """An owner says that an invoice was paid."""
    require("owner")
    kind = payments().kinds.get(load(Payment, load(CreditPurchase, purchase_id).payment_id).kind)
    if kind is None or not kind.by_hand:
        flash(N_("Whether this was paid is for the payment provider to say."), "error")
        return redirect(url_for(".purchase", purchase_id=purchase_id))
    return _close(purchase_id, "paid", N_("The credits are in the balance."))


@bp.post("/purchases/<int:purchase_id>/cancel")
def cancel(purchase_id: int) -> ResponseReturnValue:
    """Give a purchase up."""
    require("admin")
    return _close(purchase_id, "cancelled", N_("The purchase is cancelled."))


def _close(purchase_id: int, status: str, done: str) -> ResponseReturnValue:
    load(CreditPurchase, purchase_id)
    now = utcnow()
    with transaction():
        found = load(CreditPurchase, purchase_id, lock=True)
        news = close_purchase(found, status, current_user.id, now)
        if news:
            about = {"credits": found.credits, "purchase": found.id}
            audit(current_store(), f"credits.{status}", current_user.id, now, **about)
    nudge("send")
    flash(done if news else N_("Nothing was changed: it had ended before."), "success" if news else "warning")
    return redirect(url_for(".purchase", purchase_id=purchase_id))

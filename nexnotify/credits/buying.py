"""Buying credits: ways to pay as a store configured them, and purchases from the order to the payment."""

from __future__ import annotations

import json
import secrets as stdlib_secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app
from wtforms import Form

from nexnotify.credits.contract import Begun, News, Order
from nexnotify.credits.contract import Payment as PaymentPlugin
from nexnotify.credits.loader import Payments
from nexnotify.credits.models import CreditPurchase, Payment
from nexnotify.credits.packs import Pack
from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid, NotFound
from nexnotify.plugin_settings import changes, form_of
from nexnotify.secrets import token_hash
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Status of a purchase → what it means to a merchant.
STATUSES = {
    "pending": N_("Not paid yet, as far as we have heard."),
    "paid": N_("Paid; the credits are in the balance."),
    "cancelled": N_("Given up before it was paid."),
    "failed": N_("The payment did not come about."),
}


def payments() -> Payments:
    """The plugins found at the start."""
    found: Payments = current_app.extensions["nexnotify"].payments
    return found


def packs() -> tuple[Pack, ...]:
    """What is sold, and for how much."""
    found: tuple[Pack, ...] = current_app.extensions["nexnotify"].packs
    return found


# --- ways to pay ------------------------------------------------------------------------------------------------------


def plugin_of(kind: str) -> type[PaymentPlugin]:
    """The plugin of this key.

    :raises NotFound: there is none, or its file is broken.
    """
    if kind not in payments().kinds:
        raise NotFound(N_("There is no way to pay called %(kind)s.", kind=kind))
    return payments().kinds[kind]


def ways_to_pay(store: Store, *, active: bool = False) -> Sequence[Payment]:
    """Those the store has configured and that can be used."""
    statement = sa.select(Payment).where(Payment.store_id == store.id, Payment.kind.in_(list(payments().kinds)))
    if active:
        statement = statement.where(Payment.active)
    return db.session.scalars(statement.order_by(Payment.kind)).all()


def configured(store: Store, kind: str) -> Payment | None:
    """The store's configured way to pay of this kind."""
    return db.session.scalar(sa.select(Payment).where(Payment.store_id == store.id, Payment.kind == kind))


def payment_form(kind: str, data: Mapping[str, str] | None, stored: Mapping[str, Any]) -> Form:
    """The plugin's form, filled from ``data``; empty secrets keep what is stored."""
    return form_of(plugin_of(kind).Settings, data, stored)


def configure(store: Store, kind: str, values: Mapping[str, Any], active: bool, now: datetime) -> dict[str, Any]:
    """Save a way to pay, whose ``values`` the form has checked.

    :returns: what changed, for the audit trail; secrets only by name.
    """
    payment = configured(store, kind)
    before = {**json.loads(payment.settings), "active": payment.active} if payment else {}
    if payment is None:
        token = stdlib_secrets.token_urlsafe(24)
        payment = Payment(
            store_id=store.id, kind=kind, callback_token=token, callback_token_hash=token_hash(token), created_at=now
        )
        db.session.add(payment)
    payment.settings, payment.active = json.dumps(dict(values)), active
    db.session.flush()
    return changes(plugin_of(kind).Settings(), before, {**values, "active": active})


def opened(payment: Payment) -> PaymentPlugin:
    """The plugin with the store's settings."""
    return plugin_of(payment.kind)(json.loads(payment.settings))


def hook_url(payment: Payment) -> str:
    """Where the provider tells us what was paid."""
    base = current_app.extensions["nexnotify"].settings.public_url
    return f"{base}/hooks/{payment.id}/{payment.callback_token}"


def payment_at(payment_id: int, token: str) -> Payment | None:
    """The way to pay that a provider's call is meant for."""
    return db.session.scalar(
        sa.select(Payment).where(Payment.id == payment_id, Payment.callback_token_hash == token_hash(token))
    )


# --- purchases --------------------------------------------------------------------------------------------------------


def order(store: Store, payment: Payment, credits: int, user_id: int | None, now: datetime) -> CreditPurchase:
    """A purchase at today's price; nothing is paid yet.

    :raises Invalid: there is no such pack.
    """
    pack = next((pack for pack in packs() if pack.credits == credits), None)
    if pack is None or not payment.active:
        raise Invalid(N_("Choose a pack and a way to pay."), fields={"pack": N_("Choose one of the packs.")})
    purchase = CreditPurchase(
        store_id=store.id,
        payment_id=payment.id,
        reference=stdlib_secrets.token_hex(16),
        credits=pack.credits,
        amount=pack.amount,
        currency=pack.currency,
        status="pending",
        created_at=now,
        created_by=user_id,
    )
    db.session.add(purchase)
    db.session.flush()
    return purchase


def order_of(purchase: CreditPurchase, page_url: str) -> Order:
    """What a payment plugin is told of a purchase."""
    title = N_("%(credits)s credits", credits=f"{purchase.credits:,}")
    return Order(purchase.reference, title, purchase.amount, purchase.currency, page_url)


def begun(purchase: CreditPurchase, answer: Begun) -> None:
    """The provider knows of the (locked) purchase."""
    purchase.provider_id = purchase.provider_id or answer.provider_id
    purchase.pay_url = answer.pay_url
    db.session.flush()


def end(purchase: CreditPurchase, status: str, user_id: int | None, now: datetime) -> bool:
    """Close a (locked) purchase as "paid", "cancelled" or "failed". What was paid is paid, even after it was given up.

    :returns: False when that is no news.
    """
    if purchase.status == "paid" or purchase.status == status or (status != "paid" and purchase.status != "pending"):
        return False
    purchase.status, purchase.ended_at, purchase.ended_by = status, now, user_id
    db.session.flush()
    return True


def pays(purchase: CreditPurchase, news: News) -> bool:
    """Whether what the provider names, if it names a sum, covers the purchase."""
    if news.amount is None or news.currency is None:
        return True
    return news.currency.upper() == purchase.currency and news.amount >= purchase.amount


def find_purchase(payment: Payment, reference: str, provider_id: str | None) -> CreditPurchase | None:
    """The purchase a provider speaks of, locked.

    :raises Conflict: it is another payment than the one that the purchase began with.
    """
    found = db.session.scalar(
        sa.select(CreditPurchase)
        .where(
            CreditPurchase.store_id == payment.store_id,
            CreditPurchase.payment_id == payment.id,
            CreditPurchase.reference == reference,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is not None and provider_id and found.provider_id not in (None, provider_id):
        raise Conflict(N_("This purchase belongs to another payment."))
    if found is not None:
        found.provider_id = found.provider_id or provider_id
    return found

"""The first steps of a new store. Each is ticked by what is there, never by a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import OUTBOXES
from nexnotify.inventory.models import StockLevel
from nexnotify.ledger.models import Message
from nexnotify.stores.models import AuditEntry, StaffUser, Store
from nexnotify.stores.settings import store_settings
from nexnotify.words import N_


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps."""

    #: "products", "stock", "gateway", "widget", "test", "second_factor", "pages"
    key: str
    done: bool
    title: str
    why: str


def first_steps(store: Store, user: StaffUser, widget_seen: bool) -> list[Step]:
    """What makes a store ready, in the order to do it in.

    :param widget_seen: whether the widget is known to work on the shop.
    """
    settings = store_settings(store)
    real_and_checked = (GatewayInstance.kind.not_in(OUTBOXES), GatewayInstance.check_ok.is_(True))
    return [
        Step(
            "products", _any(Product, store), N_("Bring your products in"), N_("Shoppers ask for a product by its SKU.")
        ),
        Step("stock", _any(StockLevel, store), N_("Tell the stock"), N_("A restock is when stock rises from nothing.")),
        Step(
            "gateway",
            _any(GatewayInstance, store, *real_and_checked),
            N_("Add a gateway, and check it"),
            N_("Until then messages go to the outbox and reach nobody."),
        ),
        Step(
            "test", _test_sent(store), N_("Send yourself a test"), N_("To see what shoppers get, and that it arrives.")
        ),
        Step(
            "widget",
            widget_seen,
            N_("Put the widget on your shop"),
            N_("It is where shoppers leave their number or email."),
        ),
        Step(
            "pages",
            bool(settings.terms_url and settings.privacy_url),
            N_("Link your terms and privacy pages"),
            N_("Carriers look for both links beside the consent before they let a sender text."),
        ),
        Step(
            "second_factor",
            user.has_second_factor,
            N_("Add a second factor to your sign-in"),
            N_("A stolen password alone then opens nothing."),
        ),
    ]


def _any(model: Any, store: Store, *conditions: Any) -> bool:
    return db.session.scalar(sa.select(model.id).where(model.store_id == store.id, *conditions).limit(1)) is not None


def _test_sent(store: Store) -> bool:
    """Whether a gateway has taken a test. The audit trail knows the tests; messages have no index by kind."""
    tested = db.session.scalars(
        sa.select(AuditEntry.detail)
        .where(AuditEntry.store_id == store.id, AuditEntry.action == "gateway.tested")
        .order_by(AuditEntry.id.desc())
        .limit(20)
    )
    ids = [detail["message"] for detail in tested if "message" in detail]
    return _any(Message, store, Message.id.in_(ids), Message.accepted_at.is_not(None))

"""A shop whose storefront keeps units for whom a text tells."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.content.models import Template
from nexnotify.content.service import save_template
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.holds.sources import configure
from nexnotify.ledger.models import Hold
from nexnotify.ledger.suppression import stop as take_stop
from nexnotify.phone import to_e164
from nexnotify.stores.models import Store
from tests.shop import Shop
from tests.stubs.holds_stub import SECRET, HoldsStub

TEXT = "[[store]]: [[product]] is back. [[held_until]] [[url]] Reply STOP to opt out."


def connect(shop: Shop, storefront: HoldsStub, **settings: Any) -> None:
    """The shop's storefront keeps units for half an hour."""
    with shop.app.app_context():
        with transaction():
            store = db.session.get_one(Store, shop.store_id)
            configure(store, "webhook", {"address": storefront.url, "secret": SECRET}, utcnow())
        db.session.remove()
    shop.put("settings", {"hold_minutes": 30, "frequency_cap": None, **settings})
    write_template(shop, TEXT)


def write_template(shop: Shop, body: str) -> None:
    with shop.app.app_context():
        with transaction():
            for template in db.session.scalars(
                sa.select(Template).where(
                    Template.store_id == shop.store_id, Template.kind == "back_in_stock", Template.channel == "sms"
                )
            ):
                save_template(template, body, None, None, utcnow())
        db.session.remove()


def holds(shop: Shop) -> list[tuple[str, str | None]]:
    """(status, reason) of each, oldest first."""
    with shop.app.app_context():
        rows = db.session.execute(
            sa.select(Hold.status, Hold.reason).where(Hold.store_id == shop.store_id).order_by(Hold.id)
        )
        found = [(row.status, row.reason) for row in rows]
        db.session.remove()
    return found


def sent(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


def waiting(shop: Shop, *people: str, **fields: Any) -> None:
    shop.product("TEE-M", on_hand=0)
    for person in people:
        shop.ask("TEE-M", person, **fields)
    shop.work()


def stop(shop: Shop, phone: str) -> None:
    with shop.app.app_context():
        with transaction():
            contacts = db.session.scalars(sa.select(Contact).where(Contact.store_id == shop.store_id))
            [contact] = [contact for contact in contacts if contact.address == to_e164(phone, "US")]
            take_stop(contact, Proof("keyword"), utcnow())
        db.session.remove()

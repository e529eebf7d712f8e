"""A shop's credits: granted as an operator does, and the promise that its books always balance."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import utcnow
from nexnotify.credits.buying import configure, configured, order
from nexnotify.credits.models import CreditBalance, CreditEntry
from nexnotify.db import db, transaction
from nexnotify.ledger.charges import OPEN
from nexnotify.ledger.models import Message
from nexnotify.ledger.paying import top_up
from nexnotify.stores.models import Store
from nexnotify.stores.service import find_store
from tests.shop import Shop


def order_pack(app: Flask, key: str) -> None:
    """A purchase by invoice that nobody has paid."""
    with app.app_context():
        with transaction():
            store = find_store(key)
            assert store is not None
            configure(store, "invoice", {"instructions": "To our bank. " * 60}, True, utcnow())
            way = configured(store, "invoice")
            assert way is not None
            order(store, way, 1000, None, utcnow())
        db.session.remove()


class Account(NamedTuple):
    """What a shop has, and what is put aside."""

    balance: int
    reserved: int


def grant(shop: Shop, credits: int, kind: str = "opening") -> None:
    """Credits from the operator."""
    with shop.app.app_context():
        with transaction():
            top_up(db.session.get_one(Store, shop.store_id), kind, credits, utcnow())
        db.session.remove()


def with_credits(shop: Shop, credits: int, **settings: object) -> None:
    """The shop pays its texts with credits from now on, and has so many."""
    shop.put("settings", {"credits": True, "low_credit_below": 0, **settings})
    grant(shop, credits)


def account(shop: Shop) -> Account:
    with shop.app.app_context():
        statement = sa.select(CreditBalance.balance, CreditBalance.reserved)
        row = db.session.execute(statement.where(CreditBalance.store_id == shop.store_id)).one()
        db.session.remove()
    return Account(*row)


def entries(shop: Shop, kind: str | None = None) -> list[CreditEntry]:
    """The shop's ledger, oldest first."""
    with shop.app.app_context():
        statement = sa.select(CreditEntry).where(CreditEntry.store_id == shop.store_id).order_by(CreditEntry.id)
        found = [entry for entry in db.session.scalars(statement) if kind in (None, entry.kind)]
        db.session.remove()
    return found


def assert_books_balance(shop: Shop) -> None:
    """The ledger sums to the balance; what is reserved is what texts that have not gone hold; each text paid once."""
    booked = entries(shop)
    with shop.app.app_context():
        texts = db.session.execute(
            sa.select(Message.id, Message.status, Message.credits).where(
                Message.store_id == shop.store_id, Message.credits.is_not(None)
            )
        ).all()
        db.session.remove()
    found = account(shop)
    assert found.balance == sum(entry.credits for entry in booked)
    assert found.reserved == sum(entry.reserved for entry in booked)
    assert found.reserved == sum(text.credits for text in texts if text.status in OPEN)
    by_text: dict[int, int] = {}
    for entry in booked:
        if entry.message_id is not None:
            by_text[entry.message_id] = by_text.get(entry.message_id, 0) - entry.credits
    assert by_text == {text.id: text.credits for text in texts}

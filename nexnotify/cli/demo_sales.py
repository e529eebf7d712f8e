"""What came of the demo shop's alerts: some people open their link, some of them buy, a few buy without opening it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.catalog.service import find_variant_locked
from nexnotify.cli.moments import Moment
from nexnotify.customers.service import find_contact
from nexnotify.db import db
from nexnotify.inventory.service import status_of
from nexnotify.ledger.models import Message, ShortLink
from nexnotify.orders.people import PersonData
from nexnotify.orders.service import LineData, OrderData, take_order
from nexnotify.outcomes.bought import close_bought
from nexnotify.outcomes.clicks import find_link, record_click
from nexnotify.outcomes.matching import match_order
from nexnotify.outcomes.scanners import Opening
from nexnotify.outcomes.views import count_signup_seen, count_view
from nexnotify.stores.models import Store

#: Of 100 who are told, and of 100 who opened it; and of 100 who did not.
OPEN, BUY, BUY_UNSEEN = 44, 48, 4
_PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


class Till:
    """Numbers the shop's orders, and sells no more than there is."""

    def __init__(self) -> None:
        self._numbers = count(1001)
        self._left: dict[str, int] = {}

    def fill(self, sku: str, units: int) -> None:
        """So many can be sold."""
        self._left[sku] = units

    def sell(self, sku: str) -> str | None:
        """The number of the next order; None: nothing is left."""
        if not self._left.get(sku):
            return None
        self._left[sku] -= 1
        return str(next(self._numbers))


def sales(
    store: Store, till: Till, sku: str, channel: str, address: str, number: int, asked: datetime, told: datetime
) -> Iterator[Moment]:
    """What one person does before asking, and once told."""
    chance = random.Random(number)
    looks = chance.randint(4, 11)
    yield Moment(asked - timedelta(minutes=1), lambda now: _look(store, sku, looks, now), stirs=False)
    opened = told + timedelta(minutes=chance.triangular(1.5, 900, 9))
    if chance.random() * 100 < OPEN:
        yield Moment(opened, lambda now: _open(store, sku, channel, address, now), stirs=False)
        buys = chance.random() * 100 < BUY
    else:
        buys = chance.random() * 100 < BUY_UNSEEN
    if buys:
        bought = opened + timedelta(minutes=chance.triangular(3, 240, 6))
        yield Moment(bought, lambda now: _buy(store, till, sku, channel, address, now), stirs=False)


def _look(store: Store, sku: str, times: int, now: datetime) -> None:
    variant = _variant(store, sku)
    for _ in range(times):
        count_view(store, variant.product_id, now, unavailable=True)
    count_signup_seen(store, variant.product_id, now)


def _open(store: Store, sku: str, channel: str, address: str, now: datetime) -> None:
    contact = find_contact(store, channel, address)
    code = db.session.scalar(
        sa.select(ShortLink.code)
        .join(Message, sa.and_(Message.store_id == ShortLink.store_id, Message.id == ShortLink.message_id))
        .where(
            ShortLink.store_id == store.id,
            ShortLink.variant_id == _variant(store, sku).id,
            Message.contact_id == (contact.id if contact else None),
            Message.accepted_at < now,
        )
        .order_by(ShortLink.id.desc())
        .limit(1)
    )
    found = find_link(code) if code else None
    if found is not None:
        record_click(found, Opening(user_agent=_PHONE), address, now)


def _buy(store: Store, till: Till, sku: str, channel: str, address: str, now: datetime) -> None:
    variant = _variant(store, sku)
    number = till.sell(sku) if status_of(variant) == "in_stock" else None
    if number is None:
        return
    person = PersonData(phone=address) if channel == "sms" else PersonData(email=address)
    line = LineData(sku=sku, title=variant.product.title, price=variant.price)
    order = take_order(store, OrderData(number, "paid", person, now, lines=[line], notify=False), now)
    match_order(store, order)
    close_bought(store, order, now)


def _variant(store: Store, sku: str) -> Variant:
    variant = find_variant_locked(store, sku=sku)
    assert variant is not None
    return variant

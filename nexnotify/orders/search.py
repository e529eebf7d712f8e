"""Which orders and tickets a merchant means."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.customers.service import search_contacts
from nexnotify.db import db
from nexnotify.orders.models import Order, Ticket
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store


def matches(store: Store, search: str, model: type[Order] | type[Ticket] = Order) -> Any:
    """Orders, or tickets, of this number, or of the person with this address."""
    # Each way by an index of its own: an OR of them all would read every order of the store.
    return model.id.in_(sa.union_all(*found(store, search, model)))


def found(store: Store, search: str, model: type[Order] | type[Ticket] = Order) -> list[sa.Select[Any]]:
    """The same as selects of ids, one for each way; an id may be found by several."""
    mine = sa.select(model.id).where(model.store_id == store.id)
    numbers = {search, search.removeprefix("#")}
    ways = [mine.where(model.external_id.in_(numbers))]
    try:
        contacts = search_contacts(store, search)
    except (InvalidPhone, InvalidEmail):
        return ways
    if not contacts:
        return ways
    customers = _customers(store, contacts)
    return [
        *ways,
        mine.where(model.sms_contact_id.in_(contacts)),
        mine.where(model.email_contact_id.in_(contacts)),
        mine.where(model.customer_id.in_([row[0] for row in customers])),
        # A customer who was told of only after the order.
        mine.where(model.customer_ref.in_([row[1] for row in customers]), model.customer_id.is_(None)),
    ]


def _customers(store: Store, contacts: list[int]) -> list[tuple[int, str | None]]:
    mine = sa.select(Customer.id, Customer.external_id).where(Customer.store_id == store.id)
    ways = (mine.where(column.in_(contacts)) for column in (Customer.sms_contact_id, Customer.email_contact_id))
    return [(row[0], row[1]) for row in db.session.execute(sa.union_all(*ways))]

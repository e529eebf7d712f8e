"""Which orders and tickets are a customer's."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import db
from nexnotify.orders.models import Order, Ticket


def belongs_to(table: type[Order | Ticket], customer: Customer, contact_ids: Collection[int]) -> sa.ColumnElement[bool]:
    """Those told with the customer's id, also before the customer was known; and with an address of theirs and no other customer.

    :param contact_ids: the customer's contacts.
    """
    other = sa.exists().where(Customer.store_id == table.store_id, Customer.external_id == table.customer_ref)
    nobodys = sa.and_(table.customer_id.is_(None), ~other)
    ways = [
        table.customer_id == customer.id,
        table.customer_ref == customer.external_id,
        sa.and_(table.sms_contact_id.in_(contact_ids), nobodys),
        sa.and_(table.email_contact_id.in_(contact_ids), nobodys),
    ]
    # One after the other, each by an index of its own.
    found = [sa.select(table.id).where(table.store_id == customer.store_id, way) for way in ways]
    return sa.and_(table.store_id == customer.store_id, table.id.in_(sa.union_all(*found)))


def ids_of(table: type[Order | Ticket], customer: Customer, contact_ids: Collection[int]) -> Sequence[int]:
    """The ids of those."""
    return db.session.scalars(sa.select(table.id).where(belongs_to(table, customer, contact_ids))).all()

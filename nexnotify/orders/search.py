"""Which orders a merchant means."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.customers.service import search_contacts
from nexnotify.orders.models import Order
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store


def matches(store: Store, search: str) -> Any:
    """Orders of this number, or of the person with this address."""
    found = Order.external_id == search.removeprefix("#")
    if search.startswith("#"):
        return sa.or_(found, Order.external_id == search)
    try:
        contacts = search_contacts(store, search)
    except (InvalidPhone, InvalidEmail):
        return found
    if not contacts:
        return found
    customers = sa.select(Customer.id).where(
        Customer.store_id == store.id,
        sa.or_(Customer.sms_contact_id.in_(contacts), Customer.email_contact_id.in_(contacts)),
    )
    return sa.or_(
        found,
        Order.sms_contact_id.in_(contacts),
        Order.email_contact_id.in_(contacts),
        Order.customer_id.in_(customers),
    )

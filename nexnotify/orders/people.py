"""Whose an order or a ticket is, and where they can be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.service import find_or_make_contact
from nexnotify.db import db
from nexnotify.orders.models import Order, Ticket
from nexnotify.stores.models import Store


@dataclass(frozen=True, slots=True)
class PersonData:
    """A person as told with an order or a ticket; None leaves what is known as it is. Addresses are normalised."""

    #: The storefront's id of the customer; unknown ones are kept, and found when the customer comes.
    customer_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A name and contacts by channel; what came with the order goes before what the customer has."""

    first_name: str | None = None
    last_name: str | None = None
    customer: Customer | None = None
    contacts: dict[str, Contact] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """First and last name, or what there is of them."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    def contact(self, channel: str) -> Contact | None:
        """Where the person is reached on a channel."""
        return self.contacts.get(channel)


def set_person(store: Store, record: Order | Ticket, data: PersonData, now: datetime) -> None:
    """Write down whose it is."""
    if data.customer_id is not None:
        record.customer_ref, record.customer_id = data.customer_id, None
    if record.customer_ref is not None and record.customer_id is None:
        record.customer_id = db.session.scalar(
            sa.select(Customer.id).where(Customer.store_id == store.id, Customer.external_id == record.customer_ref)
        )
    record.first_name = data.first_name or record.first_name
    record.last_name = data.last_name or record.last_name
    if data.phone is not None:
        record.sms_contact_id = find_or_make_contact(store, "sms", data.phone, now).id
    if data.email is not None:
        record.email_contact_id = find_or_make_contact(store, "email", data.email, now).id


def person_of(record: Order | Ticket) -> Person:
    """Whose it is, read afresh."""
    return people_of([record])[record.id]


def people_of(records: list[Any]) -> dict[int, Person]:
    """The same for a page of one store's orders, or tickets, by their ids: three queries however many there are."""
    if not records:
        return {}
    store_id = records[0].store_id
    ids = {record.customer_id for record in records if record.customer_id is not None}
    refs = {record.customer_ref for record in records if record.customer_ref is not None and record.customer_id is None}
    by_id = {item.id: item for item in _customers(store_id, Customer.id.in_(ids))}
    by_ref = {item.external_id: item for item in _customers(store_id, Customer.external_id.in_(refs))} if refs else {}
    customers = {record.id: by_id.get(record.customer_id) or by_ref.get(record.customer_ref) for record in records}
    sources = [*records, *(item for item in customers.values() if item is not None)]
    wanted = {source.sms_contact_id for source in sources} | {source.email_contact_id for source in sources}
    contacts = {
        contact.id: contact
        for contact in db.session.scalars(
            sa.select(Contact)
            .where(Contact.store_id == store_id, Contact.id.in_(wanted - {None}))
            .execution_options(populate_existing=True)
        )
    }
    return {record.id: _person(record, customers[record.id], contacts) for record in records}


def _customers(store_id: int, which: sa.ColumnElement[bool]) -> Sequence[Customer]:
    """Asked for by one column at a time: for two, SQLite would read the store's every customer."""
    statement = sa.select(Customer).where(Customer.store_id == store_id, which)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def _person(record: Any, customer: Customer | None, contacts: dict[int, Contact]) -> Person:
    ids = {
        "sms": record.sms_contact_id or (customer.sms_contact_id if customer else None),
        "email": record.email_contact_id or (customer.email_contact_id if customer else None),
    }
    known = {channel: contacts[number] for channel, number in ids.items() if number in contacts}
    return Person(
        record.first_name or (customer.first_name if customer else None),
        record.last_name or (customer.last_name if customer else None),
        customer,
        {channel: contact for channel, contact in known.items() if contact.address},
    )

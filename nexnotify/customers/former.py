"""Addresses that were a customer's before: they are erased with the customer."""

from __future__ import annotations

import sqlalchemy as sa

from nexnotify.customers.models import Contact, Customer, FormerContact
from nexnotify.db import db


def hand_over(customer: Customer, before: int | None, after: int | None) -> None:
    """A customer's address changes from one contact to another, or to or from none."""
    if after is not None:
        again = sa.and_(FormerContact.store_id == customer.store_id, FormerContact.contact_id == after)
        db.session.execute(sa.delete(FormerContact).where(again))
    if before is not None:
        db.session.add(FormerContact(store_id=customer.store_id, customer_id=customer.id, contact_id=before))


def customer_of(contact: Contact) -> Customer | None:
    """The customer whose address it is, or was before; none of a shopper who is known by it alone."""
    mine = (Customer.store_id == contact.store_id, Customer.erased_at.is_(None))
    was = sa.select(FormerContact.customer_id).where(
        FormerContact.store_id == contact.store_id, FormerContact.contact_id == contact.id
    )
    # One after the other, each by an index of its own.
    ways = (Customer.sms_contact_id == contact.id, Customer.email_contact_id == contact.id, Customer.id.in_(was))
    found = (db.session.scalars(sa.select(Customer).where(*mine, way).limit(1)).first() for way in ways)
    return next((customer for customer in found if customer is not None), None)


def ids_of_all(customer: Customer) -> list[int]:
    """The customer's contacts and those that were theirs before."""
    former = db.session.scalars(sa.select(FormerContact.contact_id).where(*_was(customer))).all()
    ids = (customer.sms_contact_id, customer.email_contact_id, *former)
    return [number for number in ids if number is not None]


def take_all(customer: Customer) -> list[Contact]:
    """The same, locked in one order; those that were theirs before are nobody's from now on."""
    statement = sa.select(Contact).where(Contact.store_id == customer.store_id, Contact.id.in_(ids_of_all(customer)))
    statement = statement.order_by(Contact.id).with_for_update(key_share=True)
    found = list(db.session.scalars(statement.execution_options(populate_existing=True)))
    db.session.execute(sa.delete(FormerContact).where(*_was(customer)))
    return found


def _was(customer: Customer) -> tuple[sa.ColumnElement[bool], ...]:
    return FormerContact.store_id == customer.store_id, FormerContact.customer_id == customer.id

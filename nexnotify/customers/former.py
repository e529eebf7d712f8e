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


def take_all(customer: Customer) -> list[Contact]:
    """The customer's contacts and those that were theirs before, locked in one order; the latter are nobody's from now on."""
    was = sa.and_(FormerContact.store_id == customer.store_id, FormerContact.customer_id == customer.id)
    former = db.session.scalars(sa.select(FormerContact.contact_id).where(was)).all()
    ids = [number for number in (customer.sms_contact_id, customer.email_contact_id, *former) if number is not None]
    statement = sa.select(Contact).where(Contact.store_id == customer.store_id, Contact.id.in_(ids))
    statement = statement.order_by(Contact.id).with_for_update(key_share=True)
    found = list(db.session.scalars(statement.execution_options(populate_existing=True)))
    db.session.execute(sa.delete(FormerContact).where(was))
    return found

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


def take_former(customer: Customer) -> list[Contact]:
    """The contacts that were the customer's before and are no other customer's, locked; from now on they are nobody's."""
    was = sa.and_(FormerContact.store_id == customer.store_id, FormerContact.customer_id == customer.id)
    statement = sa.select(Contact).where(
        Contact.store_id == customer.store_id, Contact.id.in_(sa.select(FormerContact.contact_id).where(was))
    )
    statement = statement.order_by(Contact.id).with_for_update(key_share=True)
    found = list(db.session.scalars(statement.execution_options(populate_existing=True)))
    db.session.execute(sa.delete(FormerContact).where(was))
    return found

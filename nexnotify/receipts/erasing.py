"""Erasing one person, from every table that speaks of them. docs/admin.md says what stays, and why."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.customers.consent import Proof, tell_marketing
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.people import contacts_of, forget_customer
from nexnotify.customers.service import forget_address
from nexnotify.db import db
from nexnotify.ledger.forgetting import forget_messages
from nexnotify.orders.forgetting import forget_orders
from nexnotify.receipts.models import InboundMessage
from nexnotify.waitlist.service import forget_requests


def erase_person(customer: Customer, now: datetime) -> None:
    """Erase a (locked) customer: who it is, how they are reached, what was written to and by them.

    :raises Conflict: a gateway is being called for one of their messages at this moment.
    """
    contacts = contacts_of(customer, lock=True).values()
    for contact in contacts:
        _erase_contact(contact, now)
    forget_orders(customer, [contact.id for contact in contacts], now)
    forget_customer(customer, now)


def _erase_contact(contact: Contact, now: datetime) -> None:
    tell_marketing(contact, False, Proof("staff", evidence={"because": "the customer was erased"}), now)
    forget_messages(contact, now)
    forget_requests(contact, now)
    db.session.execute(
        sa.update(InboundMessage)
        .where(InboundMessage.store_id == contact.store_id, InboundMessage.contact_id == contact.id)
        .values(body="")
    )
    forget_address(contact, now)

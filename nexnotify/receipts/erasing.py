"""Erasing one person, from every table that speaks of them. docs/admin.md says what stays, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from nexnotify.campaigns.forgetting import forget_words, leave_out, sent_about
from nexnotify.customers.consent import Proof, tell_marketing
from nexnotify.customers.former import ids_of_all, take_all
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.people import forget_customer
from nexnotify.customers.service import forget_address
from nexnotify.db import IdIn, db
from nexnotify.ledger.forgetting import forget_mentions, forget_messages
from nexnotify.notices.models import Notice
from nexnotify.orders.belonging import ids_of
from nexnotify.orders.forgetting import forget_orders
from nexnotify.orders.models import Order, OrderEvent, Ticket, TicketEvent
from nexnotify.receipts.models import InboundMessage
from nexnotify.waitlist.service import forget_requests
from nexnotify.waitlist.together import browsers_with


def erase_person(customer: Customer, now: datetime) -> None:
    """Erase a (locked) customer: who it is, how they are reached, what was written to and by them.

    :raises Conflict: a gateway is being called for one of their messages at this moment.
    """
    _erase(customer, take_all(customer), now)


def erase_shopper(contact: Contact, now: datetime) -> None:
    """Erase who waits and is nobody's customer: a (locked) contact, its browsers, and the orders that came with it alone.

    :raises Conflict: as above.
    """
    # As a customer of whom nothing else is known. The id is one that no storefront tells.
    known = {"sms": "sms_contact_id", "email": "email_contact_id"}.get(contact.channel)
    nobody = Customer(
        store_id=contact.store_id,
        external_id=f"erased-{uuid4().hex}",
        created_at=now,
        updated_at=now,
        **({known: contact.id} if known else {}),
    )
    db.session.add(nobody)
    db.session.flush()
    _erase(nobody, [contact], now)


def _erase(customer: Customer, contacts: list[Contact], now: datetime) -> None:
    contacts += _browsers_of(customer.store_id, [contact.id for contact in contacts])
    contact_ids = [contact.id for contact in contacts]
    orders, tickets = (ids_of(table, customer, contact_ids) for table in (Order, Ticket))
    leave_out(customer.store_id, orders, tickets)
    for contact in contacts:
        _erase_contact(contact, now)
    forget_words(customer.store_id, {"customers": [customer.id], "orders": orders, "tickets": tickets})
    forget_mentions(customer.store_id, _mentions(customer.store_id, orders, tickets), now)
    forget_orders(customer, contact_ids, now)
    forget_customer(customer, now)


def erased_with(who: Customer | Contact) -> list[int]:
    """The contacts that are erased with a person: the addresses, those a customer had before, and their browsers."""
    ids = ids_of_all(who) if isinstance(who, Customer) else [who.id]
    browsers = browsers_with(who.store_id, ids).with_only_columns(Contact.id)
    return list(dict.fromkeys([*ids, *db.session.scalars(browsers)]))


def _browsers_of(store_id: int, contact_ids: Sequence[int]) -> Sequence[Contact]:
    """Those that are theirs too, locked."""
    statement = (
        browsers_with(store_id, contact_ids).where(Contact.id.not_in(contact_ids)).with_for_update(key_share=True)
    )
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def _mentions(store_id: int, orders: Sequence[int], tickets: Sequence[int]) -> set[int]:
    """What was written about orders and tickets, to whomever: texts to the merchant name the person too."""
    notice, order_event, ticket_event = (model.__table__.c for model in (Notice, OrderEvent, TicketEvent))
    ways = [
        _of_events(notice.order_event_id, order_event).where(IdIn(order_event.order_id, ids=orders)),
        _of_events(notice.ticket_event_id, ticket_event).where(IdIn(ticket_event.ticket_id, ids=tickets)),
    ]
    told = {number for way in ways for number in db.session.scalars(way) if number is not None}
    return told | sent_about(store_id, orders, tickets)


def _of_events(pointer: Any, event: Any) -> sa.Select[Any]:
    """The messages of notices, joined with the events that they are of."""
    table = Notice.__table__
    same = sa.and_(event.store_id == table.c.store_id, event.id == pointer)
    return sa.select(table.c.message_id).join_from(table, event.id.table, same)


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

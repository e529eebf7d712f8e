"""Tickets taken in: messages are added once each, and what a customer should hear of becomes an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db, insert_ignore
from nexnotify.orders.models import Ticket, TicketEvent, TicketMessage
from nexnotify.orders.people import PersonData, set_person
from nexnotify.stores.models import Store


@dataclass(frozen=True, slots=True)
class TicketMessageData:
    """One message as told."""

    id: str
    #: "customer" or "merchant"
    author: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketData:
    """A ticket as told; messages that are left out stay."""

    id: str
    person: PersonData
    subject: str
    messages: Sequence[TicketMessageData] = ()
    notify: bool = True


def take_ticket(store: Store, data: TicketData, now: datetime) -> Ticket:
    """Make a ticket or add messages to it; a message that is known stays as it was."""
    db.session.execute(
        insert_ignore(Ticket).values(
            store_id=store.id, external_id=data.id, subject=data.subject, created_at=now, updated_at=now
        )
    )
    ticket = db.session.scalars(
        sa.select(Ticket)
        .where(Ticket.store_id == store.id, Ticket.external_id == data.id)
        .with_for_update(key_share=True, of=Ticket)
        .execution_options(populate_existing=True)
    ).one()
    ticket.subject, ticket.updated_at = data.subject, now
    set_person(store, ticket, data.person, now)
    known = _known(ticket)
    # Python's sort keeps the order of messages of the same moment.
    for message in sorted(data.messages, key=lambda item: item.at or now):
        if message.id not in known:
            known.add(message.id)
            _add(ticket, message, data.notify, now)
    db.session.flush()
    return ticket


def _known(ticket: Ticket) -> set[str]:
    statement = sa.select(TicketMessage.external_id).where(
        TicketMessage.store_id == ticket.store_id, TicketMessage.ticket_id == ticket.id
    )
    return set(db.session.scalars(statement))


def _add(ticket: Ticket, data: TicketMessageData, notify: bool, now: datetime) -> None:
    opens = ticket.opened_by is None
    if opens:
        ticket.opened_by = data.author
    message = TicketMessage(
        store_id=ticket.store_id,
        ticket_id=ticket.id,
        external_id=data.id,
        author=data.author,
        text=data.text,
        at=min(data.at or now, now),
    )
    db.session.add(message)
    db.session.flush()
    if ticket.opened_by == "customer" and (opens or data.author == "merchant"):
        db.session.add(
            TicketEvent(
                store_id=ticket.store_id,
                ticket_id=ticket.id,
                ticket_message_id=message.id,
                what="opened" if opens else "answered",
                notify=notify,
                at=message.at,
            )
        )

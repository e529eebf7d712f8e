"""The end of all messages to a contact: STOP, or an address that nothing can reach."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from nexnotify.customers.consent import Proof, opt_out
from nexnotify.customers.models import Contact
from nexnotify.customers.service import mark_unreachable
from nexnotify.db import db
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move
from nexnotify.waitlist.service import close_all

#: Reasons of a gateway that are about the address, not about the message.
UNREACHABLE = ("invalid_number", "landline", "unreachable")


def stop(contact: Contact, proof: Proof, now: datetime) -> bool:
    """Take a STOP: ledger, requests and everything still queued, at once.

    :returns: False when the contact was opted out already.
    """
    is_new = opt_out(contact, proof, now)
    close_all(contact, "stop", now)
    take_back(contact, "opted_out", now)
    return is_new


def give_up_address(contact: Contact, reason: str, now: datetime) -> None:
    """The gateway said for certain that this address receives nothing."""
    mark_unreachable(contact, reason, now)
    close_all(contact, "unreachable", now)
    take_back(contact, "unreachable", now)


class AboutContact(Protocol):
    """Any value that names a message and its contact."""

    @property
    def store_id(self) -> int: ...
    @property
    def contact_id(self) -> int: ...
    @property
    def reference(self) -> str: ...


def mind_refusal(message: AboutContact, status: str, reason: str | None, now: datetime) -> None:
    """A refusal that is about the address, not about the message, ends more than this message."""
    if reason != "opted_out" and not (status == "rejected" and reason in UNREACHABLE):
        return
    contact = db.session.scalars(
        sa.select(Contact)
        .where(Contact.store_id == message.store_id, Contact.id == message.contact_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if reason == "opted_out":
        stop(contact, Proof("gateway", evidence={"message": message.reference}), now)
    else:
        give_up_address(contact, reason or "unreachable", now)


def take_back(contact: Contact, reason: str, now: datetime, variant_id: int | None = None) -> int:
    """Suppress what has not gone yet (of one variant), but for the answer to a keyword."""
    statement = sa.select(Message.id, Message.status).where(
        Message.store_id == contact.store_id,
        Message.contact_id == contact.id,
        # Not the bare column: PostgreSQL would read its index, and with it all that is queued.
        (Message.status + "").in_(("held", "queued")),
        Message.kind != "keyword_reply",
    )
    if variant_id is not None:
        # Nor this one: its index holds all that was ever sent of a product.
        statement = statement.where((Message.variant_id + 0) == variant_id)
    rows = db.session.execute(statement.order_by(Message.id + 0).with_for_update()).all()
    return move((Move(contact.store_id, row.id, row.status, "suppressed", reason) for row in rows), now)

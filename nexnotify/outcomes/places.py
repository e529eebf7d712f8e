"""Sold out again when the shopper came: the request waits again, where it stood."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from nexnotify.catalog.service import lock_variant
from nexnotify.customers.consent import Proof, grant
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.inventory.service import status_of
from nexnotify.ledger.models import Alert, Message
from nexnotify.outcomes.clicks import Found, told_by
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.covering import covered_by, waits_for
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.service import keep_place

#: "kept": waits again. "waits": waited already. "in_stock": it can be bought. "opted_out": has said STOP. "ended":
#: there is no request that could wait.
Kept = Literal["kept", "waits", "in_stock", "opted_out", "ended"]


def place(found: Found, *, lock: bool = False) -> Kept:
    """What asking to keep the place of a link would do now.

    :param lock: keep the contact as it is until the transaction ends.
    """
    if can_be_had(found):
        return "in_stock"
    if found.message is None or not found.variant.product.published:
        return "ended"
    contact, told = _contact(found.message, lock), _told(found)[:1]
    if waits_for(contact.store_id, contact.id, {found.variant.id}.union(*(covered_by(request) for request in told))):
        return "waits"
    if contact.opted_out_at is not None:
        return "opted_out"
    return "kept" if told else "ended"


def can_be_had(found: Found) -> bool:
    """Whether it is in stock, or can still be ordered as the message said."""
    status = status_of(found.variant)
    if status == IN_STOCK or status not in OFFERS or found.message is None:
        return status == IN_STOCK
    told_of = (
        sa.select(RestockEvent.id)
        .join(Alert, sa.and_(Alert.store_id == RestockEvent.store_id, Alert.restock_id == RestockEvent.id))
        .where(
            Alert.store_id == found.message.store_id,
            Alert.message_id == found.message.id,
            RestockEvent.status == status,
        )
    )
    return db.session.scalar(told_of.limit(1)) is not None


def keep(found: Found, proof: Proof, now: datetime) -> Kept:
    """Keep the place. Pressed twice, it says that they wait already.

    The variant is locked, so that nobody comes back in the very moment its waitlist is told.
    """
    lock_variant(found.variant)
    state = place(found, lock=True)
    if state == "kept" and found.message is not None:
        keep_place(_told(found)[0], now)
        grant(_contact(found.message), "requested", proof, now)
        db.session.flush()
    return state


def _contact(message: Message, lock: bool = False) -> Contact:
    statement = sa.select(Contact).where(Contact.store_id == message.store_id, Contact.id == message.contact_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.session.execute(statement).scalar_one()


def _told(found: Found) -> list[AlertRequest]:
    return [request for request, _ in told_by(found) if request.status == "alerted"]

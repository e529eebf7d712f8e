"""What the order and ticket pages tell: who waits for the things of an order, and what was texted about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.content.models import Template
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.models import Message
from nexnotify.notices.models import Notice
from nexnotify.orders.models import OrderEvent, OrderLine, TicketEvent
from nexnotify.reports.demand import IS_OPEN
from nexnotify.waitlist.models import AlertRequest


@dataclass(frozen=True, slots=True)
class Requested:
    """Open alert requests for the things of one order."""

    by_text: int = 0
    by_email: int = 0
    by_push: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_text + self.by_email + self.by_push


def requested_for(store_id: int, order_ids: Collection[int]) -> dict[int, Requested]:
    """Order id → how many notifications are requested for its things, each variant counted once.

    Orders for whose things nobody waits are left out. Two queries: in one, SQLite would rather read everybody who waits.
    """
    if not order_ids:
        return {}
    of_orders = sa.select(OrderLine.order_id, OrderLine.variant_id).where(
        OrderLine.store_id == store_id, OrderLine.order_id.in_(order_ids)
    )
    lines = {(row[0], row[1]) for row in db.session.execute(of_orders) if row[1] is not None}
    variants = {variant_id for _, variant_id in lines}
    if not variants:
        return {}
    waiting: dict[int, dict[str, int]] = {}
    for variant_id, channel, count in db.session.execute(
        sa.select(AlertRequest.variant_id, Contact.channel, sa.func.count())
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(AlertRequest.store_id == store_id, AlertRequest.variant_id.in_(variants), IS_OPEN)
        .group_by(AlertRequest.variant_id, Contact.channel)
    ):
        waiting.setdefault(variant_id, {})[channel] = count
    found: dict[int, Requested] = {}
    for order_id, variant_id in lines:
        had, more = found.get(order_id, Requested()), waiting.get(variant_id)
        if more:
            found[order_id] = Requested(
                had.by_text + more.get("sms", 0), had.by_email + more.get("email", 0), had.by_push + more.get("push", 0)
            )
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """One notice, or one text of your own: of which kind, to whom, and the message, or why there is none."""

    kind: str
    contact: Contact
    message: Message | None
    reason: str | None


def told_of_order(store_id: int, order_id: int) -> list[Told]:
    """What was texted about an order, oldest first."""
    told = _told(OrderEvent, Notice.order_event_id, store_id, OrderEvent.order_id == order_id)
    return told + _sent_by_staff(store_id, SendRecipient.order_id == order_id)


def told_of_ticket(store_id: int, ticket_id: int) -> list[Told]:
    """What was texted about a ticket, oldest first."""
    told = _told(TicketEvent, Notice.ticket_event_id, store_id, TicketEvent.ticket_id == ticket_id)
    return told + _sent_by_staff(store_id, SendRecipient.ticket_id == ticket_id)


def _sent_by_staff(store_id: int, which: Any) -> list[Told]:
    rows = db.session.execute(
        sa.select(Send.purpose, Contact, Message, SendRecipient.reason)
        .select_from(SendRecipient)
        .join(Send, sa.and_(Send.store_id == SendRecipient.store_id, Send.id == SendRecipient.send_id))
        .join(Contact, sa.and_(Contact.store_id == SendRecipient.store_id, Contact.id == SendRecipient.contact_id))
        .outerjoin(Message, sa.and_(Message.store_id == SendRecipient.store_id, Message.id == SendRecipient.message_id))
        .where(
            SendRecipient.store_id == store_id,
            which,
            Send.purpose == "transactional",
            sa.or_(SendRecipient.message_id.is_not(None), SendRecipient.reason.is_not(None)),
        )
        .order_by(SendRecipient.id)
    )
    return [Told(*row) for row in rows]


def _told(model: Any, key: Any, store_id: int, which: Any) -> list[Told]:
    rows: Sequence[Any] = db.session.execute(
        sa.select(Template.kind, Contact, Message, Notice.reason)
        .select_from(Notice)
        .join(model, sa.and_(model.store_id == Notice.store_id, model.id == key))
        .join(Template, sa.and_(Template.store_id == Notice.store_id, Template.id == Notice.template_id))
        .join(Contact, sa.and_(Contact.store_id == Notice.store_id, Contact.id == Notice.contact_id))
        .outerjoin(Message, sa.and_(Message.store_id == Notice.store_id, Message.id == Notice.message_id))
        .where(Notice.store_id == store_id, which)
        .order_by(Notice.id)
    ).all()
    return [Told(*row) for row in rows]

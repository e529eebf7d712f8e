"""What a claim reads of a due message and its contact: plain values, because this is the hot path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.models import Message


@dataclass(frozen=True, slots=True)
class Due:
    """A queued message whose time has come."""

    id: int
    store_id: int
    reference: str
    kind: str
    channel: str
    contact_id: int
    lane_id: int
    variant_id: int | None
    subject: str | None
    body: str
    encoding: str
    segments: int
    valid_until: datetime
    attempts: int
    tries: int
    address: str
    opted_out_at: datetime | None
    unreachable_at: datetime | None


_COLUMNS: tuple[Any, ...] = (
    Message.id,
    Message.store_id,
    Message.reference,
    Message.kind,
    Message.channel,
    Message.contact_id,
    Message.lane_id,
    Message.variant_id,
    Message.subject,
    Message.body,
    Message.encoding,
    Message.segments,
    Message.valid_until,
    Message.attempts,
    Message.tries,
    Contact.address,
    Contact.opted_out_at,
    Contact.unreachable_at,
)


def due_statement(lane_id: int, express: bool, limit: int, now: datetime) -> sa.Select[Any]:
    """The claim's query. Its order and its literal status are those of the partial index; keep them together."""
    return (
        sa.select(*_COLUMNS)
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .where(
            Message.lane_id == lane_id,
            sa.text("message.status = 'queued'"),
            Message.express.is_(express),
            Message.due_at <= now,
        )
        .order_by(Message.due_at, Message.id)
        .limit(limit)
        # The contact too: a STOP that is being taken wins, and one person's messages are counted one after another.
        .with_for_update(of=(Message, Contact), skip_locked=True, key_share=True)
    )


def read_due(lane_id: int, express: bool, limit: int, now: datetime) -> list[Due]:
    """At most ``limit`` due messages of a lane, locked, in the order they go."""
    return [Due(*row) for row in db.session.execute(due_statement(lane_id, express, limit, now))]

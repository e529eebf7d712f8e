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


_message, _contact = Message.__table__, Contact.__table__
_COLUMNS: tuple[Any, ...] = (
    _message.c.id,
    _message.c.store_id,
    _message.c.reference,
    _message.c.kind,
    _message.c.channel,
    _message.c.contact_id,
    _message.c.lane_id,
    _message.c.variant_id,
    _message.c.subject,
    _message.c.body,
    _message.c.encoding,
    _message.c.segments,
    _message.c.valid_until,
    _message.c.attempts,
    _message.c.tries,
    _contact.c.address,
    _contact.c.opted_out_at,
    _contact.c.unreachable_at,
)


def _due_statement(express: bool) -> sa.Select[Any]:
    """The claim's query. Its order and its literal status are those of the partial index; keep them together."""
    return (
        sa.select(*_COLUMNS)
        .join(_contact, sa.and_(_contact.c.store_id == _message.c.store_id, _contact.c.id == _message.c.contact_id))
        .where(
            _message.c.lane_id == sa.bindparam("lane_id"),
            sa.text("message.status = 'queued'"),
            _message.c.express.is_(express),
            _message.c.due_at <= sa.bindparam("now"),
        )
        .order_by(_message.c.due_at, _message.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        # The contact too: a STOP that is being taken wins, and one person's messages are counted one after another.
        .with_for_update(of=(_message, _contact), skip_locked=True, key_share=True)
    )


#: express → the query, with the parameters ``lane_id``, ``now`` and ``most``.
DUE = {express: _due_statement(express) for express in (True, False)}


def read_due(lane_id: int, express: bool, limit: int, now: datetime) -> list[Due]:
    """At most ``limit`` due messages of a lane, locked, in the order they go."""
    rows = db.session.connection().execute(DUE[express], {"lane_id": lane_id, "now": now, "most": limit}).all()
    return [Due(*row) for row in rows]

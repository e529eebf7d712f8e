"""Claiming: a worker takes due messages off a lane, decides about each once more, and puts its attempt on record.

All of it is one transaction. A message that is claimed therefore always has an attempt that was committed before the
gateway is called, and one whose worker dies is uncertain, never queued again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db, is_postgresql
from nexnotify.dispatch.decide import decide_all
from nexnotify.dispatch.pacing import reserve
from nexnotify.gateways.contract import OutgoingMessage
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.gateways.service import callback_url
from nexnotify.ledger.models import Attempt, Message
from nexnotify.ledger.moves import Move, move
from nexnotify.ledger.planner import ALERT_VALID, decision_row
from nexnotify.ledger.values import stop_url
from nexnotify.policy.eligibility import Hold, Send, Skip
from nexnotify.waitlist.models import Decision

#: How long a worker may take from claim to settlement before the outcome counts as unknown.
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed message and what its settlement needs; no row of the database is held."""

    message_id: int
    store_id: int
    gateway_id: int
    lane_id: int
    contact_id: int
    owner: str
    #: Number of the attempt on record; settlement is fenced by it.
    number: int
    lease_until: datetime
    message: OutgoingMessage


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim brought."""

    outgoing: tuple[Outgoing, ...]
    #: The lane had more due messages than the claim took; worth coming back at ``next_at``.
    has_more: bool
    next_at: datetime | None


NOTHING = Claimed((), False, None)


def claim(lane_id: int, owner: str, limit: int, now: datetime) -> Claimed:
    """Take at most ``limit`` due messages off a lane, replies before alerts, as many as its pace allows.

    ``owner`` names the worker; ``now`` is aware UTC. Messages that may not go (any more) are held, suppressed or
    expired on the way.
    """
    lane, gateway = _open_lane(lane_id, now)
    if lane is None or gateway is None:
        return NOTHING
    candidates = _candidates(lane_id, True, limit, now)
    candidates += _candidates(lane_id, False, limit - len(candidates), now) if len(candidates) < limit else []
    if not candidates:
        return NOTHING
    fresh = [row for row in candidates if row.Message.valid_until > now]
    _expire([row.Message for row in candidates if row.Message.valid_until <= now], now)
    verdicts = decide_all(fresh, now)
    going = []
    for row in fresh:
        decided = verdicts[row.Message.id]
        if isinstance(decided.verdict, Send):
            going.append(row)
        else:
            _put_aside(row.Message, decided.verdict, decided.requests, now)
    count = len(going)
    next_at = None
    if lane.rate > 0:
        reservation = reserve(lane.next_at, _lane_clock(now), lane.rate, [row.Message.segments for row in going])
        count, next_at = reservation.count, reservation.next_at
        lane.next_at = next_at
    taken = going[:count]
    _mark(taken, owner, now)
    has_more = len(candidates) >= limit or count < len(going)
    return Claimed(tuple(_outgoing(row, gateway, owner, now) for row in taken), has_more, next_at)


def _open_lane(lane_id: int, now: datetime) -> tuple[Lane | None, GatewayInstance | None]:
    """The lane, locked when it is paced, and its gateway; nothing when it may not send now."""
    lane = db.session.get(Lane, lane_id, populate_existing=True)
    if lane is not None and lane.rate > 0:
        lane = db.session.get(Lane, lane_id, populate_existing=True, with_for_update=True)
    if lane is None or (lane.blocked_until is not None and lane.blocked_until > now):
        return None, None
    gateway = db.session.get(GatewayInstance, lane.gateway_id, populate_existing=True)
    if gateway is None or gateway.paused_at is not None:
        return None, None
    return lane, gateway


def due_statement(lane_id: int, express: bool, limit: int, now: datetime) -> sa.Select[Any]:
    """The claim's query. Its order and its literal status are those of the partial index; keep them together."""
    return (
        sa.select(Message, Contact)
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
        .with_for_update(of=(Message, Contact), skip_locked=True)
        .execution_options(populate_existing=True)
    )


def _candidates(lane_id: int, express: bool, limit: int, now: datetime) -> list[Any]:
    return list(db.session.execute(due_statement(lane_id, express, limit, now)))


def _lane_clock(now: datetime) -> datetime:
    """The clock of the pace: the database's where several machines share it."""
    if is_postgresql():
        return db.session.execute(sa.select(sa.func.clock_timestamp(type_=Message.due_at.type))).scalar_one()
    return now


def _expire(messages: Sequence[Message], now: datetime) -> None:
    move([Move(m.store_id, m.id, "queued", "expired", "too_late") for m in messages], now)


def _put_aside(message: Message, verdict: Hold | Skip, requests: Sequence[Any], now: datetime) -> None:
    if isinstance(verdict, Hold):
        step = Move(message.store_id, message.id, "queued", "held", verdict.reason)
        valid_until = max(message.valid_until, verdict.until + ALERT_VALID)
        move([step], now, due_at=verdict.until, valid_until=valid_until)
    else:
        move([Move(message.store_id, message.id, "queued", "suppressed", verdict.reason)], now)
    rows = [decision_row(request, restock_id, "send", verdict, now, {}) for request, restock_id in requests]
    if rows:
        db.session.execute(sa.insert(Decision), rows)


def _mark(rows: Sequence[Any], owner: str, now: datetime) -> None:
    if not rows:
        return
    steps = [Move(row.Message.store_id, row.Message.id, "queued", "claimed") for row in rows]
    move(
        steps,
        now,
        lease_owner=owner,
        lease_until=now + LEASE,
        attempts=Message.attempts + 1,
        tries=Message.tries + 1,
    )
    attempts = [
        {
            "store_id": row.Message.store_id,
            "message_id": row.Message.id,
            "number": row.Message.tries + 1,
            "worker": owner,
            "started_at": now,
        }
        for row in rows
    ]
    db.session.execute(sa.insert(Attempt), attempts)


def _outgoing(row: Any, gateway: GatewayInstance, owner: str, now: datetime) -> Outgoing:
    message: Message = row.Message
    contact: Contact = row.Contact
    return Outgoing(
        message_id=message.id,
        store_id=message.store_id,
        gateway_id=gateway.id,
        lane_id=message.lane_id,
        contact_id=contact.id,
        owner=owner,
        number=message.tries + 1,
        lease_until=now + LEASE,
        message=OutgoingMessage(
            reference=message.reference,
            to=contact.address,
            body=message.body,
            subject=message.subject,
            encoding="ucs2" if message.encoding == "ucs2" else "gsm7",
            segments=message.segments,
            receipt_url=f"{callback_url(gateway, 'receipts')}?reference={message.reference}",
            valid_until=message.valid_until,
            attempt=message.attempts + 1,
            unsubscribe_url=stop_url(contact) if message.channel == "email" else None,
        ),
    )

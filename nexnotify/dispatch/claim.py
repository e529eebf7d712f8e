"""Claiming: a worker takes due messages off a lane, decides about each once more, and puts its attempt on record.

All of it is one transaction. A message that is claimed therefore always has an attempt that was committed before the
gateway is called, and one whose worker dies is uncertain, never queued again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import db, is_postgresql
from nexnotify.dispatch.bundled import without_gone
from nexnotify.dispatch.decide import Decided, decide_all
from nexnotify.dispatch.due import Due, read_due
from nexnotify.dispatch.holding import with_units
from nexnotify.dispatch.pacing import reserve
from nexnotify.dispatch.truthful import still_true
from nexnotify.gateways.contract import OutgoingMessage
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.gateways.senders import store_sender
from nexnotify.gateways.service import callback_url
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move, take
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.planning.job import ALERT_VALID
from nexnotify.ledger.values import stop_url
from nexnotify.policy.eligibility import Hold, Send
from nexnotify.stores.senders import sender_for

#: How long a worker may take from claim to settlement before the outcome counts as unknown.
LEASE = timedelta(seconds=30)
#: Messages decided about in one claim from a paced lane, or those of a second where that is more.
FEWEST = 16


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
    #: The storefront has to be asked for units (``holds.work``).
    asks: bool = False


NOTHING = Claimed((), False, None)


def claim(lane_id: int, owner: str, limit: int, now: datetime) -> Claimed:
    """Take at most ``limit`` due messages off a lane, replies before alerts, as many as its pace allows.

    ``owner`` names the worker; ``now`` is aware UTC. Messages that may not go (any more) are held, suppressed or
    expired on the way.
    """
    lane, gateway = _open_lane(lane_id, now)
    if lane is None or gateway is None:
        return NOTHING
    clock = _lane_clock(now) if lane.rate > 0 else now
    if lane.rate > 0:
        if lane.next_at is not None and lane.next_at > clock:
            return Claimed((), True, lane.next_at)  # to decide about messages that cannot go yet costs much
        limit = min(limit, max(FEWEST, math.ceil(lane.rate)))
    candidates = read_due(lane_id, True, limit, now)
    candidates += read_due(lane_id, False, limit - len(candidates), now) if len(candidates) < limit else []
    if not candidates:
        return NOTHING
    fresh = _fresh(candidates, now)
    verdicts = decide_all(gateway.store_id, fresh, now)
    allowed = []
    for due in fresh:
        decided = verdicts[due.id]
        if isinstance(decided.verdict, Send):
            allowed.append(due)
        else:
            _put_aside(due, decided, now)
    held = with_units(allowed, verdicts, now)
    allowed = held.going
    count = len(allowed)
    next_at = None
    if lane.rate > 0:
        reservation = reserve(lane.next_at, clock, lane.rate, [due.segments for due in allowed])
        count, next_at = reservation.count, reservation.next_at
        lane.next_at = next_at
    taken = still_true(without_gone(allowed[:count], verdicts, now), now)
    take([due.id for due in taken], owner, now + LEASE, now)
    has_more = len(candidates) >= limit or count < len(allowed)
    sender, receipt_url = store_sender(gateway), callback_url(gateway, "receipts")
    going = [_outgoing(due, gateway.id, sender, receipt_url, owner, now) for due in taken]
    return Claimed(tuple(going), has_more, next_at, held.asks)


def _open_lane(lane_id: int, now: datetime) -> tuple[Lane | None, GatewayInstance | None]:
    """The lane, locked when it is paced, and its gateway; nothing when it may not send now."""
    lane = db.session.get(Lane, lane_id, populate_existing=True)
    if lane is not None and lane.rate > 0:
        lane = db.session.get(Lane, lane_id, populate_existing=True, with_for_update={"key_share": True})
    if lane is None or (lane.blocked_until is not None and lane.blocked_until > now):
        return None, None
    gateway = db.session.get(GatewayInstance, lane.gateway_id, populate_existing=True)
    if gateway is None or gateway.paused_at is not None:
        return None, None
    return lane, gateway


def _lane_clock(now: datetime) -> datetime:
    """The clock of the pace: the database's where several machines share it."""
    if is_postgresql():
        return db.session.execute(sa.select(sa.func.clock_timestamp(type_=Message.due_at.type))).scalar_one()
    return now


def _fresh(candidates: Sequence[Due], now: datetime) -> list[Due]:
    """Those that are still worth sending; the others expire.

    An alert is never too late, however long the lane took or no worker came: whether it is still true is decided now.
    """
    renewed = {due.id for due in candidates if due.valid_until <= now and due.kind == KIND}
    late = [due for due in candidates if due.valid_until <= now and due.id not in renewed]
    move([Move(due.store_id, due.id, "queued", "expired", "too_late") for due in late], now)
    if not renewed:
        return [due for due in candidates if due.valid_until > now]
    until = now + ALERT_VALID
    db.session.execute(
        sa.update(Message)
        .where(Message.id.in_(renewed))
        .values(valid_until=until)
        .execution_options(synchronize_session=False)
    )
    return [
        replace(due, valid_until=until) if due.id in renewed else due
        for due in candidates
        if due.valid_until > now or due.id in renewed
    ]


def _put_aside(due: Due, decided: Decided, now: datetime) -> None:
    verdict = decided.verdict
    if isinstance(verdict, Hold):
        step = Move(due.store_id, due.id, "queued", "held", verdict.reason)
        valid_until = max(due.valid_until, verdict.until + ALERT_VALID)
        move([step], now, due_at=verdict.until, valid_until=valid_until)
    else:
        move([Move(due.store_id, due.id, "queued", "suppressed", verdict.reason)], now)
    each = decided.each or [verdict] * len(decided.requests)
    about = zip(decided.requests, each, strict=True)
    rows = [(item.request_id, item.restock_id, own, None) for item, own in about]
    record_decisions(due.store_id, "send", rows, now)


def _outgoing(due: Due, gateway_id: int, sender: str, receipt_url: str, owner: str, now: datetime) -> Outgoing:
    stop = stop_url(due.store_id, due.contact_id) if sender or due.channel != "sms" else ""
    return Outgoing(
        message_id=due.id,
        store_id=due.store_id,
        gateway_id=gateway_id,
        lane_id=due.lane_id,
        contact_id=due.contact_id,
        owner=owner,
        number=due.tries + 1,
        lease_until=now + LEASE,
        message=OutgoingMessage(
            reference=due.reference,
            to=due.address,
            body=due.body,
            subject=due.subject,
            encoding="ucs2" if due.encoding == "ucs2" else "gsm7",
            segments=due.segments,
            receipt_url=f"{receipt_url}?reference={due.reference}",
            valid_until=due.valid_until,
            attempt=due.attempts + 1,
            sender=sender_for(sender, due.kind, due.address, due.body, stop) if sender else None,
            unsubscribe_url=stop if due.channel != "sms" else None,
        ),
    )

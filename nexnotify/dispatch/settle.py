"""Settling: what a gateway said becomes the message's state, its history and its request's, in one transaction."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.dispatch.backoff import next_try
from nexnotify.dispatch.claim import Outgoing
from nexnotify.dispatch.deliver import Outcome
from nexnotify.gateways.contract import Accepted, Misconfigured, RateLimited, Rejected, Transient
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.gateways.service import pause
from nexnotify.ledger.models import Attempt, Message
from nexnotify.ledger.moves import Move, accept, move
from nexnotify.ledger.receiving import apply_receipt
from nexnotify.ledger.suppression import mind_refusal
from nexnotify.ledger.telling import told

#: Before this has passed since the attempt began, a provider's list may lack a message that is on its way.
LOOKUP_AFTER = timedelta(seconds=30)

_OUTCOMES = {
    Accepted: "accepted",
    Transient: "transient",
    RateLimited: "rate_limited",
    Rejected: "rejected",
    Misconfigured: "misconfigured",
}


@dataclass(frozen=True, slots=True)
class SentRow:
    """A claimed message as it is when its result comes: plain values, because this is the hot path."""

    id: int
    store_id: int
    contact_id: int
    reference: str
    status: str
    reason: str | None
    tries: int
    attempts: int
    valid_until: datetime
    segments: int
    credits: int | None
    gateway_message_id: str | None
    accepted_at: datetime | None


_message = Message.__table__
_STANDING = (
    sa.select(*(_message.c[field.name] for field in fields(SentRow)))
    .where(IdIn(_message.c.id))
    .order_by(_message.c.id)
    .with_for_update()
)


@dataclass(slots=True)
class _Settling:
    outgoing: Outgoing
    outcome: Outcome
    row: SentRow
    now: datetime

    def step(self, status: str, reason: str | None = None, detail: str | None = None) -> Move:
        return Move(self.outgoing.store_id, self.row.id, self.row.status, status, reason, detail)


def settle(results: Sequence[tuple[Outgoing, Outcome]], now: datetime) -> None:
    """Record what became of claimed messages.

    A result is used only if its attempt is still the message's last one. A message that the sweep has made uncertain
    meanwhile takes the late word; one that an early receipt has raised keeps the receipt's.
    """
    rows = _standing([outgoing.message_id for outgoing, _ in results])
    accepted = []
    for outgoing, outcome in results:
        row = rows[outgoing.message_id]
        if row.tries != outgoing.number:
            continue
        settling = _Settling(outgoing, outcome, row, now)
        if isinstance(outcome, Accepted):
            accepted.append(settling)
        elif row.status in ("claimed", "uncertain"):
            _settle_error(settling)
    _settle_accepted(accepted, now)
    _close_attempts(results, rows, now)


def _standing(ids: Sequence[int]) -> dict[int, SentRow]:
    return {row.id: SentRow(*row) for row in db.session.connection().execute(_STANDING, {"b_ids": list(ids)}).all()}


def _settle_accepted(batch: Sequence[_Settling], now: datetime) -> None:
    if not batch:
        return
    words = [_accepted(item) for item in batch]
    accept([(item.row, word) for item, word in zip(batch, words, strict=True)], now)
    told([item.row for item in batch], now)
    for item, word in zip(batch, words, strict=True):
        for receipt in word.receipts:
            apply_receipt(db.session.get_one(Message, item.row.id, populate_existing=True), receipt, now)


def _accepted(item: _Settling) -> Accepted:
    assert isinstance(item.outcome, Accepted)
    return item.outcome


def _settle_error(item: _Settling) -> None:
    outcome, now = item.outcome, item.now
    if isinstance(outcome, Rejected):
        _move(item, item.step("rejected", outcome.reason, _words(outcome)))
        mind_refusal(item.row, "rejected", outcome.reason, now)
    elif isinstance(outcome, RateLimited):
        _again(item, now + timedelta(seconds=outcome.retry_after), "rate_limited", counts=False)
        _block_lane(item.outgoing.lane_id, now + timedelta(seconds=outcome.retry_after))
    elif isinstance(outcome, Misconfigured):
        _again(item, now, "gateway_paused", counts=False)
        gateway = db.session.get_one(GatewayInstance, item.outgoing.gateway_id)
        pause(gateway, outcome.detail, now)
    elif isinstance(outcome, Transient):
        due = next_try(item.row.attempts, now, item.row.valid_until, random.uniform(-1, 1))
        if due is None:
            _move(item, item.step("expired", "no_time_left", _words(outcome)))
        else:
            _again(item, due, "gateway_trouble", counts=True)
    else:
        make_uncertain([item.row], now, _words(outcome))


def _again(item: _Settling, due: datetime, reason: str, *, counts: bool) -> None:
    assert not isinstance(item.outcome, Accepted)
    values: dict[str, Any] = {"due_at": due}
    if not counts:
        values["attempts"] = Message.attempts - 1
    _move(item, item.step("queued", reason, _words(item.outcome)), **values)


def _move(item: _Settling, step: Move, **values: Any) -> None:
    move([step], item.now, lease_owner=None, lease_until=None, **values)


def _words(outcome: Any) -> str:
    return " ".join(filter(None, (outcome.code, outcome.detail)))


def _block_lane(lane_id: int, until: datetime) -> None:
    db.session.execute(
        sa.update(Lane)
        .where(Lane.id == lane_id, sa.or_(Lane.blocked_until.is_(None), Lane.blocked_until < until))
        .values(blocked_until=until)
        .execution_options(synchronize_session=False)
    )


def make_uncertain(messages: Sequence[Message | SentRow], now: datetime, detail: str) -> None:
    """Nobody knows whether these went out. Their requests count as told; they are looked up before anything else."""
    steps = [
        Move(m.store_id, m.id, m.status, "uncertain", "unknown_outcome", detail)
        for m in messages
        if m.status != "uncertain"
    ]
    move(steps, now, lease_owner=None, lease_until=None, due_at=now + LOOKUP_AFTER)


_attempt = Attempt.__table__
_CLOSE = (
    sa.update(_attempt)
    .where(
        _attempt.c.store_id == sa.bindparam("b_store"),
        _attempt.c.message_id == sa.bindparam("b_message"),
        _attempt.c.number == sa.bindparam("b_number"),
    )
    .values(
        finished_at=sa.bindparam("b_now"),
        outcome=sa.bindparam("b_outcome"),
        code=sa.bindparam("b_code"),
        detail=sa.bindparam("b_detail"),
    )
)
#: The last attempts of many messages that were accepted without a word: what nearly always happens.
_CLOSE_ACCEPTED = (
    sa.update(_attempt)
    .where(
        _attempt.c.store_id == sa.bindparam("b_store"),
        IdIn(_attempt.c.message_id),
        _attempt.c.number == sa.select(Message.tries).where(Message.id == _attempt.c.message_id).scalar_subquery(),
    )
    .values(finished_at=sa.bindparam("b_now"), outcome=_OUTCOMES[Accepted])
)


def _close_attempts(results: Sequence[tuple[Outgoing, Outcome]], rows: Mapping[int, SentRow], now: datetime) -> None:
    connection = db.session.connection()
    silent: dict[int, list[int]] = {}
    others = []
    for outgoing, outcome in results:
        is_last = rows[outgoing.message_id].tries == outgoing.number
        if is_last and isinstance(outcome, Accepted) and not outcome.detail:
            silent.setdefault(outgoing.store_id, []).append(outgoing.message_id)
        else:
            others.append(
                {
                    "b_store": outgoing.store_id,
                    "b_message": outgoing.message_id,
                    "b_number": outgoing.number,
                    "b_now": now,
                    "b_outcome": _OUTCOMES.get(type(outcome), "unknown"),
                    "b_code": getattr(outcome, "code", None),
                    "b_detail": (outcome.detail or "")[:400] or None,
                }
            )
    for store_id, ids in silent.items():
        connection.execute(_CLOSE_ACCEPTED, {"b_store": store_id, "b_ids": ids, "b_now": now})
    if others:
        connection.execute(_CLOSE, others)

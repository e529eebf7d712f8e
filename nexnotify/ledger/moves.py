"""The one place where a message's status changes; each move leaves a row of history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import IdIn, db, insert_rows
from nexnotify.gateways.contract import Accepted
from nexnotify.ledger.models import Attempt, Message, MessageEvent
from nexnotify.ledger.paying import Moved, pay
from nexnotify.ledger.telling import not_told, told
from nexnotify.ledger.transitions import may_move
from nexnotify.phone import scrub

#: Where a message goes when it turns out that it never went: its requests, which counted as told, wait again.
_SURELY_NOT_SENT = frozenset({"queued", "rejected", "expired"})
#: Where one ends that has not gone, and will not.
_NEVER_WENT = frozenset({"suppressed", "cancelled", "expired", "rejected"})
#: Why a message is held whose unit the storefront is asked to keep.
RESERVING = "reserving"


class ImpossibleMove(Exception):
    """A message cannot go from its status to that one; something in the house is wrong."""


@dataclass(frozen=True, slots=True)
class Move:
    """One message's step: where from, where to, why."""

    store_id: int
    message_id: int
    from_status: str
    status: str
    reason: str | None = None
    detail: str | None = None

    @property
    def id(self) -> int:
        """The message's."""
        return self.message_id


def move(moves: Iterable[Move], now: datetime, **values: Any) -> int:
    """Make moves that share their new status; ``values`` are other columns to set on all of them.

    Each happens only if the message still has the status it is moved from.

    :returns: how many happened; the others have moved meanwhile.
    :raises ImpossibleMove: a move that ``transitions`` does not know.
    """
    by_step: dict[tuple[str, str, str | None], list[Move]] = {}
    for step in moves:
        if not may_move(step.from_status, step.status):
            raise ImpossibleMove(f"{step.from_status} → {step.status} (message {step.message_id})")
        by_step.setdefault((step.from_status, step.status, step.reason), []).append(step)
    done = 0
    for (from_status, status, reason), steps in by_step.items():
        moved = {
            row.id: row
            for row in db.session.execute(
                sa.update(Message)
                .where(Message.id.in_([step.message_id for step in steps]), Message.status == from_status)
                .values(status=status, reason=reason, **values)
                .returning(Message.id, Message.store_id, Message.credits, Message.segments)
                .execution_options(synchronize_session=False)
            )
        }
        happened = [step for step in steps if step.message_id in moved]
        record(happened, now)
        pay((Moved(r.store_id, r.id, from_status, status, r.credits, r.segments) for r in moved.values()), now)
        if status == "uncertain":
            told(happened, now)
        elif from_status == "uncertain" and status in _SURELY_NOT_SENT:
            not_told(happened, now)
        if status in _NEVER_WENT:
            _look_again(list(moved), now)
        done += len(moved)
    return done


_other, _gone = Message.__table__.alias("other"), Message.__table__.alias("gone")
_HELD_BY_CAP = (
    sa.select(_other.c.id)
    .join(_gone, sa.and_(_gone.c.store_id == _other.c.store_id, _gone.c.contact_id == _other.c.contact_id))
    # Not the bare columns: the databases would read their index, and with it all that is held.
    .where(IdIn(_gone.c.id), (_other.c.status + "") == "held", (_other.c.reason + "") == "frequency_cap")
    .where(_other.c.due_at > sa.bindparam("b_now", type_=_other.c.due_at.type))
    .with_for_update(of=_other, skip_locked=True)
)


def _look_again(message_ids: Sequence[int], now: datetime) -> None:
    """What waits because these were counted is decided about again: they count no more."""
    connection = db.session.connection()
    held = list(connection.scalars(_HELD_BY_CAP, {"b_ids": list(message_ids), "b_now": now})) if message_ids else []
    if held:
        connection.execute(sa.update(Message.__table__).where(_THESE).values(due_at=now), {"b_ids": held})


#: Where an acceptance is news. The last four are those of a message that was taken for lost while its call went on.
_NOT_YET_ACCEPTED = ("claimed", "uncertain", "queued", "held", "suppressed", "cancelled")

# The hot path: what happens to every message that goes out is done for a whole batch in one statement, built once.
_message, _event, _attempt = Message.__table__, MessageEvent.__table__, Attempt.__table__
_THESE = IdIn(_message.c.id)
_NEWS = sa.text("message.status IN ({})".format(", ".join(f"'{status}'" for status in _NOT_YET_ACCEPTED)))

_RECORD = sa.insert(_event).from_select(
    ["store_id", "message_id", "from_status", "status", "detail", "at"],
    sa.select(
        _message.c.store_id,
        _message.c.id,
        _message.c.status,
        sa.bindparam("b_status", type_=_event.c.status.type),
        sa.bindparam("b_detail", type_=_event.c.detail.type),
        sa.bindparam("b_now", type_=_event.c.at.type),
    ).where(_THESE),
)
_RECORD_NEW = sa.insert(_event).from_select(
    ["store_id", "message_id", "status", "reason", "at"],
    sa.select(
        _message.c.store_id,
        _message.c.id,
        _message.c.status,
        _message.c.reason,
        sa.bindparam("b_now", type_=_event.c.at.type),
    ).where(_THESE),
)
_TAKE = (
    sa.update(_message)
    .where(_THESE)
    .values(
        status="claimed",
        reason=None,
        lease_owner=sa.bindparam("b_owner"),
        lease_until=sa.bindparam("b_until"),
        attempts=_message.c.attempts + 1,
        tries=_message.c.tries + 1,
    )
)
_BEGIN_ATTEMPT = sa.insert(_attempt).from_select(
    ["store_id", "message_id", "number", "worker", "started_at"],
    sa.select(
        _message.c.store_id,
        _message.c.id,
        _message.c.tries,
        sa.bindparam("b_owner", type_=_attempt.c.worker.type),
        sa.bindparam("b_now", type_=_attempt.c.started_at.type),
    ).where(_THESE),
)
_ACCEPT = (
    sa.update(_message)
    .where(_message.c.id == sa.bindparam("b_id"))
    .values(
        status=sa.case((_NEWS, "accepted"), else_=_message.c.status),
        reason=sa.case((_NEWS, None), else_=_message.c.reason),
        gateway_message_id=sa.func.coalesce(sa.bindparam("b_gateway_id"), _message.c.gateway_message_id),
        accepted_at=sa.func.coalesce(_message.c.accepted_at, sa.bindparam("b_now", type_=_message.c.accepted_at.type)),
        lease_owner=None,
        lease_until=None,
    )
)


def record_new(message_ids: Sequence[int], now: datetime) -> None:
    """The first line of the history of new messages."""
    db.session.connection().execute(_RECORD_NEW, {"b_ids": list(message_ids), "b_now": now})


def take(message_ids: Sequence[int], owner: str, lease_until: datetime, now: datetime) -> None:
    """These (locked, queued) messages are a worker's until ``lease_until``, and an attempt of each begins."""
    if not message_ids:
        return
    these = {"b_ids": list(message_ids), "b_owner": owner, "b_now": now}
    connection = db.session.connection()
    connection.execute(_RECORD, these | {"b_status": "claimed", "b_detail": None})
    connection.execute(_TAKE, these | {"b_until": lease_until})
    connection.execute(_BEGIN_ATTEMPT, these)


def accept(messages: Sequence[tuple[Any, Accepted]], now: datetime) -> None:
    """The gateway has taken these (locked) messages: each with its word.

    A message that an early receipt has raised keeps its status.
    """
    connection = db.session.connection()
    news = [item for item in messages if item[0].status in _NOT_YET_ACCEPTED]
    by_words: dict[str | None, list[int]] = {}
    for message, word in news:
        by_words.setdefault(_detail(word.detail), []).append(message.id)
    for detail, ids in by_words.items():
        connection.execute(_RECORD, {"b_ids": ids, "b_status": "accepted", "b_detail": detail, "b_now": now})
    connection.execute(
        _ACCEPT,
        [{"b_id": message.id, "b_gateway_id": word.gateway_id, "b_now": now} for message, word in messages],
    )
    pay((Moved(m.store_id, m.id, m.status, "accepted", m.credits, m.segments, word.segments) for m, word in news), now)


def record(moves: Iterable[Move], now: datetime) -> None:
    """Write history rows."""
    rows = [
        {
            "store_id": step.store_id,
            "message_id": step.message_id,
            "from_status": step.from_status or None,
            "status": step.status,
            "reason": step.reason,
            "detail": _detail(step.detail),
            "at": now,
        }
        for step in moves
    ]
    insert_rows(MessageEvent, rows)


def _detail(words: str | None) -> str | None:
    """A provider's words as they may be kept: they like to repeat the number."""
    return scrub(words or "")[:400] or None

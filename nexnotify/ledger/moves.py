"""The one place where a message's status changes; each move leaves a row of history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db, insert_rows
from nexnotify.ledger.models import Message, MessageEvent
from nexnotify.ledger.telling import not_told, told
from nexnotify.ledger.transitions import may_move
from nexnotify.phone import scrub

#: Where a message goes when it turns out that it never went: its requests, which counted as told, wait again.
_SURELY_NOT_SENT = frozenset({"queued", "rejected", "expired"})


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
        moved = set(
            db.session.scalars(
                sa.update(Message)
                .where(Message.id.in_([step.message_id for step in steps]), Message.status == from_status)
                .values(status=status, reason=reason, **values)
                .returning(Message.id)
                .execution_options(synchronize_session=False)
            )
        )
        happened = [step for step in steps if step.message_id in moved]
        record(happened, now)
        if status == "uncertain":
            told(happened, now)
        elif from_status == "uncertain" and status in _SURELY_NOT_SENT:
            not_told(happened, now)
        done += len(moved)
    return done


#: Where an acceptance is news. The last four are those of a message that was taken for lost while its call went on.
_NOT_YET_ACCEPTED = frozenset({"claimed", "uncertain", "queued", "held", "suppressed", "cancelled"})


def accept(messages: Sequence[tuple[Any, str | None, str | None]], now: datetime) -> None:
    """The gateway has taken these (locked) messages: (message, gateway's id, its words) each.

    One statement for all, because this is the hot path. A message that an early receipt has raised keeps its status.
    """
    table = Message.__table__
    news = [item for item in messages if item[0].status in _NOT_YET_ACCEPTED]
    db.session.connection().execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("b_id"))
        .values(
            status=sa.bindparam("b_status"),
            reason=sa.bindparam("b_reason"),
            gateway_message_id=sa.bindparam("b_gateway_id"),
            accepted_at=sa.bindparam("b_accepted_at"),
            lease_owner=None,
            lease_until=None,
        ),
        [
            {
                "b_id": message.id,
                "b_status": "accepted" if message.status in _NOT_YET_ACCEPTED else message.status,
                "b_reason": None if message.status in _NOT_YET_ACCEPTED else message.reason,
                "b_gateway_id": gateway_id or message.gateway_message_id,
                "b_accepted_at": message.accepted_at or now,
            }
            for message, gateway_id, _ in messages
        ],
    )
    record([Move(m.store_id, m.id, m.status, "accepted", None, words) for m, _, words in news], now)


def record(moves: Iterable[Move], now: datetime) -> None:
    """Write history rows."""
    rows = [
        {
            "store_id": step.store_id,
            "message_id": step.message_id,
            "from_status": step.from_status or None,
            "status": step.status,
            "reason": step.reason,
            # Providers like to repeat the number in their words.
            "detail": scrub(step.detail or "")[:400] or None,
            "at": now,
        }
        for step in moves
    ]
    insert_rows(MessageEvent, rows)

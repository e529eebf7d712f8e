"""How a send goes, counted from its recipients and their messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.db import db
from nexnotify.ledger.models import Message

#: What a merchant counts → the statuses of messages that it holds; the first of them is not over yet.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("held", "queued", "claimed", "uncertain"),
    # Not "sent", which is a status too.
    "on_its_way": ("accepted", "sent"),
    "delivered": ("delivered",),
    "failed": ("undelivered", "rejected", "expired"),
    "stopped": ("suppressed", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Going:
    """People of a send, by what became of them."""

    counts: Mapping[str, int]
    #: (status, why) → people whose text waits, failed or was stopped for a reason.
    reasons: Mapping[tuple[str, str], int]
    #: Reason → people for whom nothing was written.
    left: Mapping[str, int]
    #: Recipients about whom nothing is decided yet.
    open: int
    #: When the last of those that wait is due.
    last_due: datetime | None

    @property
    def written(self) -> int:
        """Messages there are."""
        return sum(self.counts.values())

    @property
    def over(self) -> int:
        """Those that wait no more."""
        return self.written - self.counts["waiting"]


def going_of(send: Send) -> Going:
    """Count a send's people."""
    rows = db.session.execute(
        sa.select(Message.status, Message.reason, sa.func.count(), sa.func.max(Message.due_at))
        .select_from(SendRecipient)
        .join(Message, sa.and_(Message.store_id == SendRecipient.store_id, Message.id == SendRecipient.message_id))
        .where(
            SendRecipient.store_id == send.store_id,
            SendRecipient.send_id == send.id,
            SendRecipient.message_id.is_not(None),
        )
        .group_by(Message.status, Message.reason)
    ).all()
    by_status: dict[str, int] = {}
    for status, _, count, _ in rows:
        by_status[status] = by_status.get(status, 0) + count
    counts = {name: sum(by_status.get(status, 0) for status in statuses) for name, statuses in GROUPS.items()}
    left = left_out(send)
    return Going(
        counts,
        {(status, reason): count for status, reason, count, _ in rows if reason},
        left,
        max(send.recipients - sum(counts.values()) - sum(left.values()), 0),
        max((due for status, _, _, due in rows if status in ("held", "queued")), default=None),
    )


def left_out(send: Send) -> dict[str, int]:
    """Reason → recipients for whom nothing was written, those with most first."""
    rows = db.session.execute(
        sa.select(SendRecipient.reason, sa.func.count())
        .where(
            SendRecipient.store_id == send.store_id, SendRecipient.send_id == send.id, SendRecipient.reason.is_not(None)
        )
        .group_by(SendRecipient.reason)
        .order_by(sa.func.count().desc())
    )
    return {reason: count for reason, count in rows if reason}

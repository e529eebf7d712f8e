"""What a worker does for sends, piece by piece: freeze the recipients, write the texts, see the end, cancel the rest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.campaigns.freezing import freeze_some
from nexnotify.campaigns.items import give_back
from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.campaigns.planner import plan_some
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move

#: Recipients looked at in one transaction.
CHUNK = 1000
#: A send whose texts are all written is looked at so often until none of them waits.
LOOK_AGAIN = timedelta(seconds=5)
#: One that met with trouble of its own is tried again after this.
AFTER_TROUBLE = timedelta(minutes=1)
_MOVING = ("held", "queued", "claimed")


class SendFault(Exception):
    """A send cannot be worked on, for a reason of its own."""

    def __init__(self, send_id: int) -> None:
        super().__init__(f"send {send_id}")
        self.send_id = send_id


def has_work(now: datetime) -> bool:
    """Whether a send waits for a worker."""
    statement = sa.select(Send.id).where(sa.text("send.work_at IS NOT NULL"), Send.work_at <= now).limit(1)
    return db.session.scalar(statement) is not None


def work_on_next(now: datetime, but: Collection[int] = ()) -> bool:
    """Do the next piece of the send that has waited longest, in the caller's transaction.

    The send's row is locked and remembers how far it came: a worker that was killed, or a second one, writes to nobody
    twice and leaves nobody out.

    :param but: sends to leave alone.
    :returns: False when there is nothing to do.
    :raises SendFault: this send's trouble; others can be worked on.
    """
    send = db.session.scalars(
        sa.select(Send)
        .where(sa.text("send.work_at IS NOT NULL"), Send.work_at <= now, Send.id.not_in(but))
        .order_by(Send.work_at, Send.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if send is None:
        return False
    send_id = send.id
    try:
        _work_on(send, now)
        db.session.flush()
    except (OperationalError, InterfaceError):
        raise  # the database, not the send
    except Exception as error:
        raise SendFault(send_id) from error
    return True


def put_off(send_id: int, now: datetime) -> None:
    """Leave a send alone for a while, after trouble of its own; otherwise it would be tried every second."""
    db.session.execute(
        sa.update(Send)
        .where(Send.id == send_id, Send.work_at <= now)
        .values(work_at=now + AFTER_TROUBLE)
        .execution_options(synchronize_session=False)
    )


def _work_on(send: Send, now: datetime) -> None:
    send.work_at = now  # others take their turn before its next piece
    if send.state == "cancelled":
        _cancel_some(send, now)
    elif send.frozen_at is None:
        if freeze_some(send, now):
            send.work_at = max(send.starts_at or now, now)
    elif send.planned_at is None:
        send.state = "sending"
        plan_some(send, now)
    else:
        _see_the_end(send, now)


_recipient, _message = SendRecipient.__table__, Message.__table__
_IDS = (
    sa.select(_recipient.c.id, _recipient.c.message_id)
    .where(
        _recipient.c.store_id == sa.bindparam("store_id"),
        _recipient.c.send_id == sa.bindparam("send_id"),
        _recipient.c.id > sa.bindparam("after"),
    )
    .order_by(_recipient.c.id)
    .limit(CHUNK)
)
# Not the bare column: the databases would read its index, and with it all that is queued.
# An outcome that nobody found out while the text was worth something stays unknown for ever.
_STILL = sa.select(_message.c.id).where(
    IdIn(_message.c.id),
    sa.or_(
        (_message.c.status + "").in_(_MOVING),
        sa.and_(_message.c.status + "" == "uncertain", _message.c.valid_until > sa.bindparam("b_now")),
    ),
)
_CANCELLABLE = (
    sa.select(_message.c.id, _message.c.status)
    .where(IdIn(_message.c.id), (_message.c.status + "").in_(("held", "queued")))
    .order_by(_message.c.id)
    .with_for_update()
)


def _next_messages(send: Send) -> tuple[int, list[int]]:
    """The last recipient of the next chunk (0: there is none), and the messages of the chunk."""
    where = {"store_id": send.store_id, "send_id": send.id, "after": send.cursor}
    rows = db.session.connection().execute(_IDS, where).all()
    return rows[-1][0] if rows else 0, [message_id for _, message_id in rows if message_id is not None]


def _cancel_some(send: Send, now: datetime) -> None:
    last, ids = _next_messages(send)
    if not last:
        send.work_at, send.cursor = None, 0
        return
    rows = db.session.connection().execute(_CANCELLABLE, {"b_ids": ids}).all()
    move((Move(send.store_id, row.id, row.status, "cancelled", "taken_back") for row in rows), now)
    give_back(send.store_id, [row.id for row in rows])
    send.cursor = last


def _see_the_end(send: Send, now: datetime) -> None:
    """Walk on while texts have ended; one that waits is where the next look begins."""
    last, ids = _next_messages(send)
    if not last:
        send.state, send.ended_at, send.work_at, send.cursor = "done", now, None, 0
    elif db.session.connection().execute(_STILL.limit(1), {"b_ids": ids, "b_now": now}).first() is not None:
        send.work_at = now + LOOK_AGAIN
    else:
        send.cursor = last

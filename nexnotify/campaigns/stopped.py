"""Texts whose send was stopped or paused after they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Message

_recipient, _send = SendRecipient.__table__, Send.__table__
#: Why a text of a paused send is held, and for how long until it is looked at again.
PAUSED, AGAIN = "send_paused", timedelta(minutes=10)
_HALTED = (
    sa.select(_recipient.c.message_id, _send.c.state)
    .join(_send, sa.and_(_send.c.store_id == _recipient.c.store_id, _send.c.id == _recipient.c.send_id))
    .where(
        _recipient.c.store_id == sa.bindparam("b_store"),
        IdIn(_recipient.c.message_id),
        # Whoever has a message has a contact. It keeps SQLite from the index of a send's messages, which has no contact,
        # and of which it would read all that the store ever sent.
        _recipient.c.contact_id.is_not(None),
        _send.c.state.in_(("cancelled", "paused")),
    )
)


def halted_messages(store_id: int, message_ids: Sequence[int]) -> Mapping[int, str]:
    """Those of the messages that belong to a send which was stopped or paused: message → the send's state."""
    if not message_ids:
        return {}
    where = {"b_store": store_id, "b_ids": list(message_ids)}
    return dict(tuple(row) for row in db.session.connection().execute(_HALTED, where))


def release_paused(send: Send, now: datetime) -> None:
    """What was held because a send was paused is decided about again now."""
    theirs = sa.select(SendRecipient.message_id).where(
        SendRecipient.store_id == send.store_id,
        SendRecipient.send_id == send.id,
        SendRecipient.message_id.is_not(None),
    )
    db.session.execute(
        sa.update(Message)
        .where(Message.id.in_(theirs), (Message.status + "") == "held", Message.reason == PAUSED)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )

"""Texts whose send was stopped after they were written."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.db import IdIn, db

_recipient, _send = SendRecipient.__table__, Send.__table__
_STOPPED = (
    sa.select(_recipient.c.message_id)
    .join(_send, sa.and_(_send.c.store_id == _recipient.c.store_id, _send.c.id == _recipient.c.send_id))
    .where(
        _recipient.c.store_id == sa.bindparam("b_store"),
        IdIn(_recipient.c.message_id),
        _recipient.c.message_id.is_not(None),
        _send.c.state == "cancelled",
    )
)


def stopped_messages(store_id: int, message_ids: Sequence[int]) -> frozenset[int]:
    """Those of the messages that belong to a send which was stopped."""
    if not message_ids:
        return frozenset()
    where = {"b_store": store_id, "b_ids": list(message_ids)}
    return frozenset(db.session.connection().scalars(_STOPPED, where))

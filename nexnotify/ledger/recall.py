"""Taking back what a recalled restock has not sent yet. The claim refuses it meanwhile."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import Move, move
from nexnotify.restock.models import RestockEvent

#: Messages looked at in one transaction.
CHUNK = 1000

_alert, _message = Alert.__table__, Message.__table__
_NEXT = (
    sa.select(_alert.c.message_id)
    .where(
        _alert.c.store_id == sa.bindparam("store_id"),
        _alert.c.restock_id == sa.bindparam("restock_id"),
        _alert.c.message_id > sa.bindparam("after"),
    )
    .order_by(_alert.c.message_id)
    .limit(CHUNK)
)
_CANCELLABLE = (
    sa.select(_message.c.id, _message.c.status)
    # Not the bare column: the databases would read its index, and with it all that is queued.
    .where(IdIn(_message.c.id), (_message.c.status + "").in_(("held", "queued")))
    .order_by(_message.c.id)
    .with_for_update()
)


def take_some_back(event: RestockEvent, now: datetime) -> bool:
    """Cancel the next messages of a (locked) restock that have not gone.

    :returns: False when there were none left.
    """
    where = {"store_id": event.store_id, "restock_id": event.id, "after": event.plan_cursor}
    ids = list(db.session.connection().scalars(_NEXT, where))
    if not ids:
        return False
    rows = db.session.connection().execute(_CANCELLABLE, {"b_ids": ids}).all()
    move((Move(event.store_id, row.id, row.status, "cancelled", "taken_back") for row in rows), now)
    event.plan_cursor, event.work_at = ids[-1], now
    return True

"""Taking back what a recalled restock has not sent yet. The claim refuses it meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import Move, move
from nexnotify.ledger.planning.late import tell_late
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.life import Answered
from nexnotify.waitlist.models import AlertRequest

#: Messages looked at in one transaction.
CHUNK = 1000
#: How soon those are looked at again that another worker has.
AGAIN = timedelta(seconds=1)

_alert, _message, _request = Alert.__table__, Message.__table__, AlertRequest.__table__
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
_WAITING = (
    sa.select(_request.c.id, _request.c.first_name)
    .join(_alert, sa.and_(_alert.c.store_id == _request.c.store_id, _alert.c.request_id == _request.c.id))
    .where(_alert.c.store_id == sa.bindparam("store_id"), IdIn(_alert.c.message_id))
    .where((_request.c.status + "") == "waiting")
)
_CANCELLABLE = (
    sa.select(_message.c.id, _message.c.status)
    # Not the bare column: the databases would read its index, and with it all that is queued.
    .where(IdIn(_message.c.id), (_message.c.status + "").in_(("held", "queued")))
    # One that serves other restocks too loses this one when it goes: see ``dispatch.bundled``.
    .where(_message.c.variant_id.is_not(None))
    .order_by(_message.c.id)
)
# The restock is locked, and others lock messages before restocks: whoever waited here could wait for ever.
_FREE = _CANCELLABLE.with_for_update(skip_locked=True)


def take_some_back(event: RestockEvent, now: datetime) -> bool:
    """Cancel the next messages of a (locked) restock that have not gone.

    Whom a later restock of the product has passed over, because this text was on its way, is told by that one.

    :returns: False when there were none left.
    """
    where = {"store_id": event.store_id, "restock_id": event.id, "after": event.plan_cursor}
    ids = list(db.session.connection().scalars(_NEXT, where))
    if not ids:
        return False
    rows = db.session.connection().execute(_FREE, {"b_ids": ids}).all()
    move((Move(event.store_id, row.id, row.status, "cancelled", "taken_back") for row in rows), now)
    if rows and _has_later(event):
        waiting = db.session.connection().execute(_WAITING, where | {"b_ids": [row.id for row in rows]}).all()
        theirs = [Answered(row.id, event.variant_id, row.first_name, event.region_id) for row in waiting]
        tell_late(db.session.get_one(Store, event.store_id), theirs, now)
    left = [row.id for row in db.session.connection().execute(_CANCELLABLE, {"b_ids": ids})]
    event.plan_cursor, event.work_at = (left[0] - 1, now + AGAIN) if left else (ids[-1], now)
    return True


def _has_later(event: RestockEvent) -> bool:
    later = sa.select(RestockEvent.id).where(
        RestockEvent.store_id == event.store_id,
        RestockEvent.variant_id == event.variant_id,
        RestockEvent.region_id.is_not_distinct_from(event.region_id),
        RestockEvent.id > event.id,
    )
    return db.session.scalar(later.limit(1)) is not None

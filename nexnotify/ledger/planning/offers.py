"""News that something can be ordered, and the stock that comes before it has gone out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import Move, move
from nexnotify.ledger.planning.job import Job
from nexnotify.restock.models import RestockEvent

_alert, _message, _restock = Alert.__table__, Message.__table__, RestockEvent.__table__
_UNSENT = (
    sa.select(_alert.c.request_id, _message.c.id, _message.c.status)
    .join(_message, sa.and_(_message.c.store_id == _alert.c.store_id, _message.c.id == _alert.c.message_id))
    .join(_restock, sa.and_(_restock.c.store_id == _alert.c.store_id, _restock.c.id == _alert.c.restock_id))
    .where(
        _alert.c.store_id == sa.bindparam("b_store"),
        IdIn(_alert.c.request_id),
        # Not the bare column: the databases would read its index, and with it all that is queued.
        (_message.c.status + "").in_(("held", "queued")),
        _restock.c.status != IN_STOCK,
    )
    .order_by(_message.c.id)
    .with_for_update(of=_message)
)


def without_offers(job: Job, busy: Collection[int], now: datetime) -> set[int]:
    """Of these requests with a text on its way, those whose text only said that it can be ordered: it is in stock now.

    That text is cancelled, and this restock tells them the truth.
    """
    if not busy or job.offer is not None or job.status != IN_STOCK:
        return set()
    rows = db.session.connection().execute(_UNSENT, {"b_store": job.store.id, "b_ids": list(busy)}).all()
    move((Move(job.store.id, row.id, row.status, "cancelled", "offer_over") for row in rows), now)
    return {row.request_id for row in rows}

"""From an audience to recipients: each contact once, whatever happens to the filter's rows afterwards."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.campaigns.audience import audience_of
from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.db import db, insert_ignore
from nexnotify.stores.models import Store

#: Rows of the audience taken in one transaction. All of it happens within the database.
CHUNK = 5000
_COLUMNS = ("contact_id", "customer_id", "order_id", "ticket_id", "request_id")


def freeze_some(send: Send, now: datetime) -> bool:
    """Write the next recipients of a (locked) send, which remembers how far it came.

    :returns: whether these were the last.
    """
    store, audience = db.session.get_one(Store, send.store_id), audience_of(send)
    connection = db.session.connection()
    found = audience.rows(store).subquery()
    chunk = sa.select(found.c.id).where(found.c.id > send.cursor).order_by(found.c.id).limit(CHUNK).subquery()
    last, count = connection.execute(sa.select(sa.func.max(chunk.c.id), sa.func.count()), audience.values()).one()
    if count:
        rows = sa.select(sa.literal(send.store_id), sa.literal(send.id), *(found.c[name] for name in _COLUMNS))
        rows = rows.where(found.c.id > send.cursor, found.c.id <= last).order_by(found.c.id)
        into = insert_ignore(SendRecipient.__table__).from_select(["store_id", "send_id", *_COLUMNS], rows)
        send.recipients += connection.execute(
            into, audience.values(), execution_options={"preserve_rowcount": True}
        ).rowcount
        send.selected += count
        send.cursor = last
    if count < CHUNK:
        send.frozen_at, send.cursor = now, 0
    db.session.flush()
    return send.frozen_at is not None

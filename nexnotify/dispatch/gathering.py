"""Held alerts of one contact that go at the same time become one message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.bundles import give, items_of, text_of, text_values
from nexnotify.ledger.decisions import record_decisions
from nexnotify.ledger.drafts import KIND, NoText
from nexnotify.ledger.job import ALERT_VALID
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move
from nexnotify.ledger.paying import reprice
from nexnotify.policy.bundling import SHARED
from nexnotify.policy.eligibility import Send
from nexnotify.stores.models import Store

#: Alerts that are looked at in one transaction.
BATCH = 200
_HELD = sa.text("message.status = 'held'")


def bundling_stores() -> Sequence[int]:
    """Stores that tell several products in one message."""
    return db.session.scalars(sa.select(Store.id).where(Store.settings["bundle_minutes"].as_integer() > 0)).all()


def is_gathered(store_ids: Collection[int]) -> sa.ColumnElement[bool]:
    """Whether a held message of these stores may go with others of its contact."""
    return sa.and_(Message.kind == KIND, Message.reason.in_(SHARED), Message.store_id.in_(store_ids))


def gather_due(store_ids: Collection[int], now: datetime) -> int:
    """Queue held alerts whose time has come, with all that the same contacts wait for; decided again at the claim.

    The contact is locked first: of two workers, the second finds that everything of this person has gone with the first.

    :returns: how many messages were moved.
    """
    due = db.session.execute(
        sa.select(Message.store_id, Message.contact_id)
        .where(_HELD, Message.due_at <= now, is_gathered(store_ids))
        .order_by(Message.due_at, Message.id)
        .limit(BATCH)
    ).all()
    if not due:
        return 0
    contacts = sorted({contact_id for _, contact_id in due})
    lock = sa.select(Contact.id).where(Contact.id.in_(contacts)).order_by(Contact.id)
    db.session.execute(lock.with_for_update(key_share=True))
    columns = (Message.id, Message.store_id, Message.contact_id, Message.channel, Message.due_at, Message.segments)
    rows = db.session.execute(
        sa.select(*columns, Message.credits)
        # Not the bare column: the databases would read its index, and with it all that is held.
        .where(Message.contact_id.in_(contacts), (Message.status + "") == "held", is_gathered(store_ids))
        .where(Message.store_id.in_({store_id for store_id, _ in due}))
        .order_by(Message.id)
        .with_for_update()
    ).all()
    going: list[Move] = []
    done = 0
    for _, group in groupby(sorted(rows, key=lambda row: (row.contact_id, row.id)), lambda row: row.contact_id):
        mine = list(group)
        if not any(row.due_at <= now for row in mine):
            continue  # gone with another worker
        if len(mine) == 1 or not _put_together(mine, now):
            going += [Move(row.store_id, row.id, "held", "queued") for row in mine if row.due_at <= now]
        else:
            done += len(mine)
    return done + move(going, now)


def _put_together(rows: Sequence[Any], now: datetime) -> bool:
    """The first of these messages serves what all of them did, and the others end.

    :returns: False where there is no text that could.
    """
    first, *others = rows
    store = db.session.get_one(Store, first.store_id)
    items = items_of(store.id, [row.id for row in rows])
    if isinstance(text_of(store, first.channel, first.contact_id, first.id, items, now), NoText):
        return False
    items = give(store.id, items, first.id)
    text = text_of(store, first.channel, first.contact_id, first.id, items, now)
    assert not isinstance(text, NoText)  # links that were missing take nothing away
    move([Move(store.id, row.id, "held", "cancelled", "bundled") for row in others], now)
    reprice(store.id, first.id, first.credits, first.segments, text.segments, now)
    values = text_values(text, items)
    move([Move(store.id, first.id, "held", "queued", "bundled")], now, valid_until=now + ALERT_VALID, **values)
    decided = [(item.request_id, item.restock_id, Send("bundled"), None) for item in items]
    record_decisions(store.id, "plan", decided, now)
    return True

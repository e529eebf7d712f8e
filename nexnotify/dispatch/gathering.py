"""Held alerts of one contact that go at the same time become one message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.available import OFFERS
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move
from nexnotify.ledger.paying import reprice
from nexnotify.ledger.planning.bundles import TEXT_COLUMNS, Item, give, items_of, text_of, text_values, with_codes
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import KIND, NoText, Text
from nexnotify.ledger.planning.job import ALERT_VALID
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
    # Not the bare columns: the databases would read their index, and with it all that the stores have ever sent.
    return sa.and_((Message.kind + "") == KIND, Message.reason.in_(SHARED), (Message.store_id + 0).in_(store_ids))


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
        .order_by(Message.id + 0)
        .with_for_update()
    ).all()
    groups = [list(group) for _, group in groupby(sorted(rows, key=_by_contact), lambda row: row.contact_id)]
    # One without a moment that has come has gone with another worker.
    groups = [group for group in groups if any(row.due_at <= now for row in group)]
    together = _written_together([group for group in groups if len(group) > 1], now)
    done = _put_together(together, now) if together else 0
    gathered = {row.id for bundle in together for row in bundle.rows}
    alone = (row for group in groups for row in group if row.id not in gathered and row.due_at <= now)
    return done + move((Move(row.store_id, row.id, "held", "queued") for row in alone), now)


def _by_contact(row: Any) -> tuple[int, int]:
    return row.contact_id, row.id


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Messages of a contact that become one: the first of them, with this text."""

    rows: Sequence[Any]
    items: Sequence[Item]
    text: Text


def _written_together(groups: Sequence[Sequence[Any]], now: datetime) -> list[_Bundle]:
    """What each contact would be told at once; without those for whom there is no such text.

    News of what can be ordered without stock goes alone: the one message says "back in stock".
    """
    found = []
    ids: dict[int, list[int]] = {}
    for row in (row for group in groups for row in group):
        ids.setdefault(row.store_id, []).append(row.id)
    served: dict[int, list[Item]] = {}
    for store_id, mine in ids.items():
        for item in items_of(store_id, mine):
            served.setdefault(item.message_id, []).append(item)
    for each in groups:
        group = [row for row in each if not any(item.told_of in OFFERS for item in served.get(row.id, ()))]
        if len(group) < 2:
            continue
        first = group[0]
        store = db.session.get_one(Store, first.store_id)
        items = with_codes(store, [item for row in group for item in served.get(row.id, ())])
        text = text_of(store, first.channel, first.contact_id, first.id, items, now)
        if not isinstance(text, NoText):
            found.append(_Bundle(group, items, text))
    return found


_message = Message.__table__
_WRITE = (
    sa.update(_message)
    .where(_message.c.id == sa.bindparam("b_id"))
    .values({name: sa.bindparam(f"b_{name}") for name in TEXT_COLUMNS})
)


def _put_together(bundles: Sequence[_Bundle], now: datetime) -> int:
    """The first of the messages serves what all of them did, and the others end."""
    ended = [row for bundle in bundles for row in bundle.rows[1:]]
    move((Move(row.store_id, row.id, "held", "cancelled", "bundled") for row in ended), now)
    by_store: dict[int, list[tuple[Item, int]]] = {}
    texts = []
    for bundle in bundles:
        first, text = bundle.rows[0], bundle.text
        by_store.setdefault(first.store_id, []).extend((item, first.id) for item in bundle.items)
        reprice(first.store_id, first.id, first.credits, first.segments, text.segments, now)
        texts.append(
            {f"b_{name}": value for name, value in text_values(text, bundle.items).items()} | {"b_id": first.id}
        )
    db.session.connection().execute(_WRITE, texts)
    for store_id, items in by_store.items():
        give(store_id, items)
        decided = [(item.request_id, item.restock_id, Send("bundled"), None) for item, _ in items]
        record_decisions(store_id, "plan", decided, now)
    firsts = (bundle.rows[0] for bundle in bundles)
    steps = [Move(row.store_id, row.id, "held", "queued", "bundled") for row in firsts]
    return len(ended) + move(steps, now, valid_until=now + ALERT_VALID)

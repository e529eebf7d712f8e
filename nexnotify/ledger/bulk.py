"""Very many messages of one kind, written together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from nexnotify.content.service import Rendered
from nexnotify.db import insert_tuples, reserve_ids
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import record_new
from nexnotify.ledger.paying import ASK_AGAIN, NO_CREDIT, funds, put_aside
from nexnotify.ledger.references import new_references
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

_COLUMNS = (
    "id store_id reference kind channel contact_id lane_id template_version_id variant_id subject body encoding segments "
    "credits status reason express due_at valid_until attempts tries lookups created_at"
).split()


class NewMessage(NamedTuple):
    """What differs from message to message."""

    contact_id: int
    text: Rendered
    due_at: datetime
    valid_until: datetime
    #: Why it is held until ``due_at``; None: it is queued.
    held: str | None = None
    #: What it speaks of.
    variant_id: int | None = None


def write_messages(
    store: Store,
    kind: str,
    lane_id: int,
    template_version_id: int | None,
    messages: Sequence[NewMessage],
    now: datetime,
    *,
    express: bool = False,
) -> Sequence[int]:
    """Write text messages, with the first line of their history; those that no credits are left for are held.

    :returns: their ids, in the same order.
    """
    if not messages:
        return ()
    found = funds(store.id, store_settings(store), [("sms", item.text.segments) for item in messages])
    ids = reserve_ids(Message, len(messages))
    paid = _held_where_short(messages, found.short, now)
    store_id, head, tail = store.id, (lane_id, template_version_id), (0, 0, 0, now)
    rows = [
        (
            *(message_id, store_id, reference, kind, "sms", item.contact_id, *head),
            *(item.variant_id, None, item.text.body, item.text.encoding, item.text.segments, credits),
            *("held" if item.held else "queued", item.held, express, item.due_at, item.valid_until, *tail),
        )
        for message_id, reference, item, credits in zip(
            ids, new_references(now, len(ids)), paid, found.credits, strict=True
        )
    ]
    insert_tuples(Message, _COLUMNS, rows)
    put_aside(store.id, zip(ids, found.credits, strict=True), now)
    record_new(ids, now)
    return ids


def _held_where_short(messages: Sequence[NewMessage], short: Collection[int], now: datetime) -> Sequence[NewMessage]:
    """The messages; those at these places wait for credits."""
    if not short:
        return messages
    later = now + ASK_AGAIN
    return [
        item._replace(held=NO_CREDIT, due_at=later) if place in short else item for place, item in enumerate(messages)
    ]

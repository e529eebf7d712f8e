"""Very many messages of one kind, written together."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from nexnotify.content.service import Rendered
from nexnotify.db import insert_tuples, reserve_ids
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import record_new
from nexnotify.ledger.paying import ASK_AGAIN, NO_CREDIT, funds, put_aside
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
    later = now + ASK_AGAIN
    ids = reserve_ids(Message, len(messages))
    rows = []
    for place, (message_id, item, credits) in enumerate(zip(ids, messages, found.credits, strict=True)):
        is_short = place in found.short
        reason = NO_CREDIT if is_short else item.held
        rows.append(
            (
                message_id,
                store.id,
                secrets.token_hex(16),
                kind,
                "sms",
                item.contact_id,
                lane_id,
                template_version_id,
                None,
                None,
                item.text.body,
                item.text.encoding,
                item.text.segments,
                credits,
                "held" if reason else "queued",
                reason,
                express,
                later if is_short else item.due_at,
                item.valid_until,
                0,
                0,
                0,
                now,
            )
        )
    insert_tuples(Message, _COLUMNS, rows)
    put_aside(store.id, zip(ids, found.credits, strict=True), now)
    record_new(ids, now)
    return ids

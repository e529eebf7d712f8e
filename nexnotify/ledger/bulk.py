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

_COLUMNS = (
    "id store_id reference kind channel contact_id lane_id template_version_id variant_id subject body encoding segments "
    "status reason express due_at valid_until attempts tries lookups created_at"
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
    store_id: int,
    kind: str,
    lane_id: int,
    template_version_id: int | None,
    messages: Sequence[NewMessage],
    now: datetime,
    *,
    express: bool = False,
) -> Sequence[int]:
    """Write text messages, with the first line of their history.

    :returns: their ids, in the same order.
    """
    if not messages:
        return ()
    ids = reserve_ids(Message, len(messages))
    rows = [
        (
            message_id,
            store_id,
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
            "held" if item.held else "queued",
            item.held,
            express,
            item.due_at,
            item.valid_until,
            0,
            0,
            0,
            now,
        )
        for message_id, item in zip(ids, messages, strict=True)
    ]
    insert_tuples(Message, _COLUMNS, rows)
    record_new(ids, now)
    return ids

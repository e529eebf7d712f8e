"""Planned alerts as rows: the message, the right to be told, and the credits put aside for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nexnotify.db import insert_tuples, reserve_ids
from nexnotify.ledger.links import new_codes, write_links
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import record_new
from nexnotify.ledger.paying import Funds, put_aside
from nexnotify.ledger.planning.drafts import KIND, Text, Waiting
from nexnotify.ledger.planning.job import ALERT_VALID, Job
from nexnotify.ledger.references import new_references
from nexnotify.policy.eligibility import Hold, Send

_MESSAGE = (
    "id store_id reference kind channel contact_id lane_id template_version_id variant_id subject body encoding segments "
    "credits status reason express due_at valid_until attempts tries lookups created_at"
).split()
_ALERT = ("store_id", "request_id", "restock_id", "channel", "kind", "step", "message_id")


def write_alerts(
    job: Job, going: Sequence[tuple[Waiting, Send | Hold, Text]], found: Funds, kind: str = KIND, step: int = 0
) -> Sequence[int]:
    """Write the messages of these people, each with its alert.

    :param step: which one of its kind it is, for kinds of which a restock brings several.
    :returns: the messages' ids, in the same order.
    """
    if not going:
        return ()
    ids = reserve_ids(Message, len(going))
    codes = _codes([text for _, _, text in going])
    insert_tuples(Message, _MESSAGE, _messages(job, kind, ids, going, codes, found))
    # Objects of the database are asked once for all people: each question costs more than the row it is for.
    store_id, restock_id, variant_id = job.store.id, job.event.id, job.variant.id
    write_links(store_id, [(code, id, variant_id) for id, code in zip(ids, codes, strict=True) if code])
    put_aside(store_id, zip(ids, found.credits, strict=True), job.now)
    record_new(ids, job.now)
    # A second alert for the same request and restock breaks the unique key, and with it this whole chunk.
    insert_tuples(
        Alert,
        _ALERT,
        [
            (store_id, person.request_id, restock_id, person.channel, kind, step, message_id)
            for message_id, (person, _, _) in zip(ids, going, strict=True)
        ],
    )
    return ids


def _codes(texts: Sequence[Text]) -> Sequence[str | None]:
    """A code for each text that has a link of its own."""
    if not any(text.link for text in texts):
        return [None] * len(texts)
    return [code if text.link else None for code, text in zip(new_codes(len(texts)), texts, strict=True)]


def _messages(
    job: Job,
    kind: str,
    ids: Sequence[int],
    going: Sequence[tuple[Waiting, Send | Hold, Text]],
    codes: Sequence[str | None],
    found: Funds,
) -> list[tuple[Any, ...]]:
    lanes = {channel: lane_id for channel, lane_id in job.lanes.items() if lane_id}
    store_id, variant_id, now = job.store.id, job.variant.id, job.now
    at_once, tail = (now, job.valid_until), (0, 0, 0, now)
    rows = []
    for id, reference, (person, verdict, text), code, credits in zip(
        ids, new_references(now, len(ids)), going, codes, found.credits, strict=True
    ):
        subject, body = text.with_code(code) if code else (text.subject, text.body)
        status, reason, times = "queued", None, at_once
        if isinstance(verdict, Hold):
            status, reason, times = "held", verdict.reason, (verdict.until, verdict.until + ALERT_VALID)
        channel = person.channel
        rows.append(
            (
                *(id, store_id, reference, kind, channel, person.contact_id, lanes[channel], text.version_id),
                *(variant_id, subject, body, text.encoding, text.segments, credits, status, reason, False),
                *times,
                *tail,
            )
        )
    return rows

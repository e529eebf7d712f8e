"""Planned alerts as rows: the message, the right to be told, and the credits put aside for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nexnotify.db import insert_tuples, reserve_ids
from nexnotify.ledger.drafts import KIND, Text, Waiting
from nexnotify.ledger.job import ALERT_VALID, Job
from nexnotify.ledger.links import new_codes, write_links
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import record_new
from nexnotify.ledger.paying import Funds, put_aside
from nexnotify.ledger.references import new_reference
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
    planned = list(zip(ids, going, strict=True))
    lanes = {channel: lane_id for channel, lane_id in job.lanes.items() if lane_id}
    codes = _codes([text for _, _, text in going])
    rows = zip(planned, codes, found.credits, strict=True)
    messages = [_message(job, lanes, kind, id, *item, code, paid) for (id, item), code, paid in rows]
    insert_tuples(Message, _MESSAGE, messages)
    write_links(job.store.id, [(code, id, job.variant.id) for id, code in zip(ids, codes, strict=True) if code])
    put_aside(job.store.id, zip(ids, found.credits, strict=True), job.now)
    record_new(ids, job.now)
    # A second alert for the same request and restock breaks the unique key, and with it this whole chunk.
    insert_tuples(
        Alert,
        _ALERT,
        [
            (job.store.id, person.request_id, job.event.id, person.channel, kind, step, message_id)
            for message_id, (person, _, _) in planned
        ],
    )
    return ids


def _codes(texts: Sequence[Text]) -> Sequence[str | None]:
    """A code for each text that has a link of its own."""
    if not any(text.link for text in texts):
        return [None] * len(texts)
    return [code if text.link else None for code, text in zip(new_codes(len(texts)), texts, strict=True)]


def _message(
    job: Job,
    lanes: Mapping[str, int],
    kind: str,
    message_id: int,
    person: Waiting,
    verdict: Send | Hold,
    text: Text,
    code: str | None,
    credits: int | None,
) -> tuple[Any, ...]:
    subject, body = text.with_code(code) if code else (text.subject, text.body)
    due, status, reason, valid_until = job.now, "queued", None, job.valid_until
    if isinstance(verdict, Hold):
        due, status, reason, valid_until = verdict.until, "held", verdict.reason, verdict.until + ALERT_VALID
    return (
        message_id,
        job.store.id,
        new_reference(job.now),
        kind,
        person.channel,
        person.contact_id,
        lanes[person.channel],
        text.version_id,
        job.variant.id,
        subject,
        body,
        text.encoding,
        text.segments,
        credits,
        status,
        reason,
        False,
        due,
        valid_until,
        0,
        0,
        0,
        job.now,
    )

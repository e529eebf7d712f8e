"""A word to those whom a recalled restock had told: once, to each on the channel on which they were told.

It is a send, so it is counted, confirmed, taken back, paused and paid for like any other. It is no marketing: it serves
those who were told something untrue. So the frequency cap neither stops nor counts it, while a STOP and quiet hours hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from nexnotify.campaigns import service
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.told import STAGE, channels_told
from nexnotify.content.corrections import suggestion
from nexnotify.content.service import template_problems
from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Of each channel: {"subject", "body"}; a text message has no subject.
Words = Mapping[str, Mapping[str, str | None]]


def can_correct(event: RestockEvent) -> bool:
    """Whether there may be people to whom a correction is owed: the restock was recalled, and had told somebody."""
    return event.reason == "recalled" and bool(event.told + event.held)


def correction_of(event: RestockEvent) -> Send | None:
    """The correction of a restock; one that was taken back only where there is no other."""
    statement = sa.select(Send).where(Send.store_id == event.store_id, Send.restock_id == event.id)
    return db.session.scalars(statement.order_by(Send.state == "cancelled", Send.id.desc()).limit(1)).first()


def _earlier(event: RestockEvent) -> list[int]:
    """Corrections of the restock that were taken back or stopped on their way."""
    mine = (Send.store_id == event.store_id, Send.restock_id == event.id, Send.state == "cancelled")
    return list(db.session.scalars(sa.select(Send.id).where(*mine)))


def words_for(store: Store, event: RestockEvent) -> dict[str, dict[str, str | None]]:
    """Words to begin with, on each channel on which people were told: those taken back before, else a suggestion."""
    before = correction_of(event)
    kept = before.words if before is not None else {}
    return {
        channel: dict(kept.get(channel) or suggestion(store.locale, channel))
        for channel in channels_told(store.id, event.id)
    }


def draft_of(event: RestockEvent, words: Words, user_id: int | None, now: datetime) -> Send:
    """The correction with these words, to look at; nothing is written.

    :raises Conflict: the restock was not recalled, or had told nobody.
    :raises Invalid: words are missing or cannot be sent; fields are ``<channel>_body`` and ``<channel>_subject``.
    """
    channels = channels_told(event.store_id, event.id)
    if event.reason != "recalled":
        raise Conflict(N_("Only a recalled restock can be corrected. Recall it first."))
    if not channels:
        raise Conflict(N_("This restock told nobody, so there is nothing to correct."))
    kept: dict[str, dict[str, str | None]] = {}
    problems: dict[str, str] = {}
    for channel in channels:
        given = words.get(channel) or {}
        body, subject = (given.get("body") or "").strip(), (given.get("subject") or "").strip() or None
        kept[channel] = {"subject": None if channel == "sms" else subject, "body": body}
        found = template_problems(channel, body, subject, STAGE)
        problems |= {f"{channel}_{field}": words for field, words in found.items()}
    if problems:
        raise Invalid(N_("The correction was not sent."), fields=problems)
    first = next(iter(kept.values()))
    return Send(
        store_id=event.store_id,
        source="told",
        purpose="correction",
        state="draft",
        picked=None,
        filter={"restock": event.id, "not_by": _earlier(event)},
        restock_id=event.id,
        words=kept,
        body=first["body"],
        created_by=user_id,
        created_at=now,
    )


def correct(event: RestockEvent, words: Words, user_id: int | None, now: datetime) -> tuple[Send, bool]:
    """Confirm the correction of a (locked) restock. The same words again are the same correction.

    :returns: the correction, and whether it is new.
    :raises Conflict: there is one with other words, or one that was stopped is still being taken back; also as
        :func:`draft_of`, whose ``Invalid`` it raises too.
    """
    draft, known = draft_of(event, words, user_id, now), correction_of(event)
    if known is not None and known.state != "cancelled":
        if known.words != draft.words:
            raise Conflict(N_("This restock was corrected already, and it is corrected once."))
        return known, False
    if known is not None and known.work_at is not None:
        raise Conflict(N_("The correction that was stopped is still being taken back. Try again in a minute."))
    db.session.add(draft)
    db.session.flush()
    service.confirm(draft, user_id, now)
    return draft, True

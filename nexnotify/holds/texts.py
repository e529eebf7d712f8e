"""What a message says of a unit that is kept: only while it is, and only where its template has the words."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.content.held import held_words
from nexnotify.content.models import TemplateVersion
from nexnotify.content.tokens import compile_template
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.paying import reprice
from nexnotify.ledger.planning.bundles import items_of, text_of, text_values
from nexnotify.ledger.planning.drafts import NoText, Text
from nexnotify.stores.home_settings import is_zone
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

TOKEN = "held_until"  # noqa: S105 - of a template


def reword(store_id: int, message_id: int, until: datetime | None, now: datetime) -> Text | None:
    """Write a (locked) message that has not gone anew, with the promise or, ``until`` being None, without.

    :returns: the new text; None where it says nothing of it either way.
    """
    message = db.session.get_one(Message, message_id, populate_existing=True)
    if message.status not in ("held", "queued") or not _has_token(message):
        return None
    items = items_of(store_id, [message.id])
    if len(items) != 1:
        return None
    store = db.session.get_one(Store, store_id)
    words = None if until is None else _words(store, message, until, now)
    text = text_of(store, message.channel, message.contact_id, message.id, items, now, held=words)
    if isinstance(text, NoText):
        return None
    reprice(store_id, message.id, message.credits, message.segments, text.segments, now)
    db.session.execute(
        sa.update(Message)
        .where(Message.store_id == store_id, Message.id == message.id)
        .values(**text_values(text, items))
        .execution_options(synchronize_session=False)
    )
    db.session.expire(message)
    return text


def _has_token(message: Message) -> bool:
    """A journey's own words, which no template has, cannot have it."""
    version = db.session.execute(
        sa.select(TemplateVersion.body, TemplateVersion.subject).where(
            TemplateVersion.store_id == message.store_id, TemplateVersion.id == message.template_version_id
        )
    ).first()
    return version is not None and any(TOKEN in compile_template(text).tokens for text in version if text)


def _words(store: Store, message: Message, until: datetime, now: datetime) -> str:
    zone = db.session.scalar(
        sa.select(AlertRequest.zone)
        .join(Alert, sa.and_(Alert.store_id == AlertRequest.store_id, Alert.request_id == AlertRequest.id))
        .where(Alert.store_id == message.store_id, Alert.message_id == message.id)
    )
    known = zone is not None and is_zone(zone)
    return held_words(
        store.locale, until, now, zone if zone and known else store_settings(store).zone, is_own_zone=known
    )

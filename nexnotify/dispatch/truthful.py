"""Words about stock that were true when a text was written are taken out when they are not any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.content.models import TemplateVersion
from nexnotify.content.scarcity import PHRASES
from nexnotify.content.service import render_text, tidy
from nexnotify.content.tokens import compile_template
from nexnotify.db import db
from nexnotify.dispatch.about import about_of
from nexnotify.dispatch.due import Due
from nexnotify.inventory.regions import available_at
from nexnotify.ledger.models import Message
from nexnotify.ledger.planning.scarcity import is_scarce
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Kinds that have the token.
_KINDS = ("back_in_stock", "reminder")


def still_true(rows: Sequence[Due], now: datetime) -> list[Due]:
    """These messages as they may go. What says nothing of scarcity costs no statement."""
    says = {due.id for due in rows if due.kind in _KINDS and _said(due)}
    mine = _by_token(rows[0].store_id, says) if says else set()
    if not mine:
        return list(rows)
    settings = store_settings(db.session.get_one(Store, rows[0].store_id))
    scarce: dict[tuple[int | None, int | None], bool] = {}
    regions = {id: about[0].region_id for id, about in about_of(rows[0].store_id, sorted(mine)).items()}
    found = []
    for due in rows:
        if due.id in mine:
            region_id = regions.get(due.id)
            about = (due.variant_id, region_id)
            if about not in scarce:
                variant = db.session.get(Variant, due.variant_id, populate_existing=True)
                scarce[about] = variant is not None and is_scarce(
                    variant, available_at(variant, region_id), region_id, settings, now
                )
            due = due if scarce[about] else _without(due)
        found.append(due)
    return found


def _said(due: Due) -> bool:
    return any(phrase in due.body or phrase in (due.subject or "") for phrase in PHRASES)


def _by_token(store_id: int, message_ids: set[int]) -> set[int]:
    """Those whose template has the token: what a merchant wrote himself is his own word."""
    rows = db.session.execute(
        sa.select(Message.id, TemplateVersion.body, TemplateVersion.subject)
        .join(
            TemplateVersion,
            sa.and_(TemplateVersion.store_id == Message.store_id, TemplateVersion.id == Message.template_version_id),
        )
        .where(Message.store_id == store_id, Message.id.in_(message_ids))
    )
    return {id for id, *texts in rows if any("scarcity" in compile_template(text).tokens for text in texts if text)}


def _without(due: Due) -> Due:
    body, subject = due.body, due.subject
    for phrase in PHRASES:
        body, subject = body.replace(phrase, ""), subject and subject.replace(phrase, "")
    text = render_text(due.channel, body, tidy(subject) if subject else None)
    values = {"body": text.body, "subject": text.subject, "encoding": text.encoding, "segments": text.segments}
    db.session.execute(
        sa.update(Message)
        .where(Message.store_id == due.store_id, Message.id == due.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return replace(due, body=text.body, subject=text.subject, encoding=text.encoding, segments=text.segments)

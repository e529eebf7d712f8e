"""Who opened the link of a message, for its page, for the trace and for a customer's timeline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.outcomes.models import Click
from nexnotify.outcomes.scanners import SIGNS
from nexnotify.reports.happening import Happening
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

#: The newest of one message that are shown.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A link was opened: of which message, about what, and by a program if ``sign`` is not empty."""

    at: datetime
    message_id: int
    variant: Variant
    sign: str

    @property
    def words(self) -> str:
        """How we know that it was a program."""
        return SIGNS.get(self.sign, "")


def opened(store_id: int, message_ids: Collection[int], limit: int | None = SHOWN) -> list[Opened]:
    """The newest clicks on links of these messages, oldest first."""
    return _clicks(store_id, IdIn(ShortLink.__table__.c.message_id, ids=list(message_ids)), limit)


def opened_by(store_id: int, contact_ids: Collection[int], limit: int | None) -> list[Opened]:
    """The newest clicks of people on links that were sent to these contacts, oldest first."""
    theirs = sa.select(Message.id).where(Message.store_id == store_id, Message.contact_id.in_(contact_ids))
    return _clicks(store_id, sa.and_(ShortLink.message_id.in_(theirs), Click.is_person), limit)


def _clicks(store_id: int, which: sa.ColumnElement[bool], limit: int | None) -> list[Opened]:
    rows = db.session.execute(
        sa.select(Click.at, ShortLink.message_id, Variant, Click.sign)
        .join(ShortLink, sa.and_(ShortLink.store_id == Click.store_id, ShortLink.id == Click.link_id))
        .join(Variant, sa.and_(Variant.store_id == ShortLink.store_id, Variant.id == ShortLink.variant_id))
        .options(joinedload(Variant.product))
        .where(ShortLink.store_id == store_id, which)
        .order_by(Click.id.desc())
        .limit(limit)
    ).all()
    return [Opened(row[0], row[1] or 0, row[2], row[3]) for row in reversed(rows)]


def click_lines(clicks: Sequence[Opened]) -> list[Happening]:
    """Clicks as lines of a timeline."""
    title = N_("Opened the link")
    return [
        Happening(click.at, title, "ok", f"{_name(click.variant)}.", "", ("message", click.message_id))
        for click in clicks
    ]


def _name(variant: Variant) -> str:
    return ", ".join(filter(None, (variant.product.title, variant.name)))


def opened_lines(request: AlertRequest) -> list[dict[str, Any]]:
    """For the story of a request: links in its messages that a person opened."""
    told = db.session.execute(
        sa.select(Alert.message_id, RestockEvent.variant_id)
        .join(RestockEvent, sa.and_(RestockEvent.store_id == Alert.store_id, RestockEvent.id == Alert.restock_id))
        .where(Alert.store_id == request.store_id, Alert.request_id == request.id)
    ).all()
    links = {(row.message_id, row.variant_id) for row in told}  # a message may serve several products, each with a link
    ids = {row.message_id for row in told if row.message_id is not None}
    return [
        {"at": click.at, "what": "clicked", "words": N_("The link in the message was opened.")}
        for click in opened(request.store_id, ids)
        if not click.sign and (click.message_id, click.variant.id) in links
    ]

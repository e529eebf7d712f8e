"""Units that are kept for people: of a message, of a restock, and in the story of a request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.clock import isoformat
from nexnotify.db import db
from nexnotify.holds.rules import ENDS, STATUSES
from nexnotify.holds.sources import source_of
from nexnotify.ledger.models import Alert, Hold, Message
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_


def keeps_units(store: Store) -> bool:
    """Whether the storefront is asked to keep a unit for whom an alert tells."""
    return store_settings(store).hold_minutes is not None and source_of(store.id) is not None


def hold_of(message: Message) -> Hold | None:
    """What was asked of the storefront for a message."""
    return db.session.scalar(sa.select(Hold).where(Hold.store_id == message.store_id, Hold.message_id == message.id))


def hold_words(hold: Hold) -> str:
    """How it stands, and why, where that is not the same."""
    why = hold.reason if hold.status in ("releasing", "released") else None
    return STATUSES[hold.status] + (" " + ENDS[why] if why else "")


def holds_of(event: RestockEvent) -> Mapping[str, int]:
    """Status → how many of a restock's, in the order of their life."""
    rows = db.session.execute(
        sa.select(Hold.status, sa.func.count())
        .where(Hold.store_id == event.store_id, Hold.restock_id == event.id)
        .group_by(Hold.status)
    )
    counts = {row[0]: row[1] for row in rows}
    return {status: counts[status] for status in STATUSES if status in counts}


def hold_lines(request: AlertRequest) -> list[dict[str, Any]]:
    """For the story of a request: a unit that was asked for, is kept, and what became of it."""
    rows = db.session.scalars(
        sa.select(Hold)
        .join(Alert, sa.and_(Alert.store_id == Hold.store_id, Alert.message_id == Hold.message_id))
        .where(Alert.store_id == request.store_id, Alert.request_id == request.id)
        .order_by(Hold.id + 0)  # the bare column would have SQLite read all that were ever kept, in their order
    ).all()
    return [line for hold in rows for line in _lines(hold)]


def _lines(hold: Hold) -> list[dict[str, Any]]:
    asked = N_("The storefront was asked to keep %(quantity)s for this person.", quantity=hold.quantity)
    lines = [_line(hold.asked_at, "hold_asked", asked, hold)]
    if hold.held_at is not None:
        kept = N_("The storefront keeps it for this person.")
        lines.append({**_line(hold.held_at, "hold_held", kept, hold), "held_until": isoformat(hold.until)})
    if hold.ended_at is not None:
        lines.append(_line(hold.ended_at, f"hold_{hold.status}", hold_words(hold), hold))
    return lines


def _line(at: datetime, what: str, words: str, hold: Hold) -> dict[str, Any]:
    line: dict[str, Any] = {"at": at, "what": what, "words": words, "restock_id": hold.restock_id}
    return line | ({"detail": hold.detail} if hold.detail and hold.ended_at == at else {})

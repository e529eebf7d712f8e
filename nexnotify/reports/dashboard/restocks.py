"""The latest restocks, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message
from nexnotify.reports.dashboard.figures import OUTCOME_OF
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import Decision


@dataclass(frozen=True, slots=True)
class Restocked:
    """A restock and its messages, by outcome."""

    event: RestockEvent
    variant: Variant
    outcomes: dict[str, int]

    @property
    def messages(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())


def latest_restocks(store_id: int, limit: int) -> list[Restocked]:
    """The newest restocks of a store."""
    rows = db.session.execute(
        sa.select(RestockEvent, Variant)
        .options(joinedload(Variant.product))
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
        .where(RestockEvent.store_id == store_id)
        .order_by(RestockEvent.at.desc(), RestockEvent.id.desc())
        .limit(limit)
    ).all()
    outcomes: dict[int, dict[str, int]] = {event.id: {} for event, _ in rows}
    for event_id, status, count in _messages(store_id, list(outcomes)):
        found, outcome = outcomes[event_id], OUTCOME_OF[status]
        found[outcome] = found.get(outcome, 0) + count
    return [Restocked(event, variant, outcomes[event.id]) for event, variant in rows]


def _messages(store_id: int, event_ids: list[int]) -> list[tuple[int, str, int]]:
    """(event, status, messages). By way of the decisions, which have an index by restock."""
    planned = sa.select(Decision.request_id).where(
        Decision.store_id == store_id, Decision.restock_id.in_(event_ids), Decision.stage == "plan"
    )
    rows = db.session.execute(
        sa.select(Alert.restock_id, Message.status, sa.func.count(Message.id.distinct()))
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .where(Alert.store_id == store_id, Alert.request_id.in_(planned), Alert.restock_id.in_(event_ids))
        .group_by(Alert.restock_id, Message.status)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def found_by_check(store_id: int | None = None, since: datetime | None = None) -> int:
    """How many restocks no event told of, of all stores and times unless given; read from their own index."""
    statement = sa.select(sa.func.count(RestockEvent.at)).where(sa.text("restock_event.by_check"))  # as in the index
    if store_id is not None:
        statement = statement.where(RestockEvent.store_id == store_id)
    if since is not None:
        statement = statement.where(RestockEvent.at >= since)
    return db.session.scalar(statement) or 0

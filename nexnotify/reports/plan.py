"""A restock's plan in figures."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message
from nexnotify.policy.eligibility import REASONS
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import Decision


def plan_summary(event: RestockEvent) -> dict[str, Any]:
    """What was decided about those who waited, by reason, and how its messages stand now."""
    decisions = db.session.execute(
        sa.select(Decision.stage, Decision.verdict, Decision.reason, sa.func.count())
        .where(Decision.store_id == event.store_id, Decision.restock_id == event.id)
        .group_by(Decision.stage, Decision.verdict, Decision.reason)
        .order_by(Decision.stage, Decision.verdict, Decision.reason)
    )
    messages = db.session.execute(
        sa.select(Message.status, sa.func.count(), sa.func.sum(Message.segments))
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .where(Alert.store_id == event.store_id, Alert.restock_id == event.id)
        .group_by(Message.status)
        .order_by(Message.status)
    ).all()
    return {
        "decisions": [
            {"stage": stage, "verdict": verdict, "reason": reason, "words": REASONS[reason], "people": count}
            for stage, verdict, reason, count in decisions
        ],
        "messages": {status: count for status, count, _ in messages},
        "segments": int(sum(segments or 0 for _, _, segments in messages)),
    }

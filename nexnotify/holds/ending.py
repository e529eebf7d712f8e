"""Holds that end: bought, or given back, once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from nexnotify.db import db
from nexnotify.holds.rules import FAILED
from nexnotify.ledger.models import Alert, Hold, Message
from nexnotify.waitlist.models import AlertRequest


def give_back(hold_id: int, reason: str, now: datetime) -> bool:
    """Have the storefront told, at once, that a unit is not kept any longer.

    :param reason: a key of ``rules.ENDS``.
    :returns: False when it was over already, or is being given back.
    """
    return _update(hold_id, status="releasing", reason=reason, tries=0, due_at=now)


def close(hold_id: int, status: str, reason: str | None, now: datetime, detail: str | None = None) -> bool:
    """It is over."""
    return _update(hold_id, status=status, reason=reason, due_at=None, ended_at=now, detail=detail)


def _update(hold_id: int, **values: object) -> bool:
    before = ("asking", "held") if values["status"] == "releasing" else ("asking", "held", "releasing")
    done = db.session.execute(
        sa.update(Hold)
        .where(Hold.id == hold_id, Hold.status.in_(before))
        .values(**values)
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar() is not None


def hand_over(hold: Hold) -> bool:
    """Let the message on another channel that tells the person of one that failed have its unit.

    One that stands behind this channel takes it over when its turn comes.

    :returns: whether there is such a message, so that the unit stays.
    """
    own, other, theirs = aliased(AlertRequest), aliased(AlertRequest), aliased(Alert)
    rows = db.session.execute(
        sa.select(other.status, other.behind_until, Message.id, Message.status)
        .select_from(Alert)
        .join(own, sa.and_(own.store_id == Alert.store_id, own.id == Alert.request_id))
        .join(other, sa.and_(other.store_id == own.store_id, other.asked_with == own.asked_with, other.id != own.id))
        .outerjoin(
            theirs,
            sa.and_(
                theirs.store_id == other.store_id,
                theirs.request_id == other.id,
                theirs.restock_id == Alert.restock_id,
                theirs.kind == Alert.kind,
            ),
        )
        .outerjoin(Message, sa.and_(Message.store_id == theirs.store_id, Message.id == theirs.message_id))
        .where(Alert.store_id == hold.store_id, Alert.message_id == hold.message_id, own.asked_with.is_not(None))
    ).all()
    for _, _, message_id, status in rows:
        if message_id is not None and status not in FAILED:
            taken = sa.select(Hold.id).where(Hold.store_id == hold.store_id, Hold.message_id == message_id)
            if db.session.scalar(taken) is None:
                hold.message_id = message_id
                db.session.flush()
                return True
    return any(status == "waiting" and behind is not None for status, behind, _, _ in rows)

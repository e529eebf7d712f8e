"""Which lanes have work."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.ledger.models import Message

_FIRST = (
    sa.select(sa.func.min(Message.due_at))
    .where(Message.lane_id == Lane.id, sa.text("message.status = 'queued'"), Message.due_at <= sa.bindparam("until"))
    .correlate(Lane)
)
_EXPRESS = _FIRST.where(Message.express.is_(True)).scalar_subquery()
_ORDINARY = _FIRST.where(Message.express.is_(False)).scalar_subquery()
_LANES = (
    sa.select(Lane.id, _EXPRESS, _ORDINARY, Lane.blocked_until)
    .join(GatewayInstance, sa.and_(GatewayInstance.store_id == Lane.store_id, GatewayInstance.id == Lane.gateway_id))
    .where(GatewayInstance.paused_at.is_(None), sa.or_(_EXPRESS.is_not(None), _ORDINARY.is_not(None)))
)


def next_due_by_lane(until: datetime) -> list[tuple[int, datetime]]:
    """Lanes with queued messages due before ``until``, each with the moment it can next send.

    Paused gateways are left out; a lane the provider asked to wait comes with the end of that wait.
    """
    found = []
    for lane_id, express_at, ordinary_at, blocked_until in db.session.connection().execute(_LANES, {"until": until}):
        due = min(moment for moment in (express_at, ordinary_at) if moment is not None)
        found.append((lane_id, max(due, blocked_until) if blocked_until else due))
    return found

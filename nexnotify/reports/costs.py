"""How much a gateway sends, for what it costs."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import lane_of
from nexnotify.ledger.models import Message


def segments_since(gateway: GatewayInstance, since: datetime) -> int:
    """Segments of the messages that the gateway has taken since then."""
    statement = sa.select(sa.func.sum(Message.segments)).where(
        Message.store_id == gateway.store_id,
        Message.lane_id == lane_of(gateway).id,
        Message.accepted_at >= since,
    )
    return int(db.session.scalar(statement) or 0)

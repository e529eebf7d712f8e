"""What keeps messages from going out, in sentences."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.ledger.models import Message
from nexnotify.ledger.planner import has_unplanned
from nexnotify.restock.service import has_unseen_changes


def findings() -> list[str]:
    """Everything that needs somebody's attention; empty when all is well."""
    found = []
    house = current_app.extensions["nexnotify"]
    for broken in house.gateways.broken:
        found.append(f"The gateway plugin {broken.name} cannot be loaded: {broken.reason}")
    for gateway in db.session.scalars(sa.select(GatewayInstance).where(GatewayInstance.paused_at.is_not(None))):
        found.append(f"The gateway {gateway.name} is paused: {gateway.paused_reason}")
    late = utcnow() - timedelta(minutes=5)
    overdue = db.session.scalar(
        sa.select(sa.func.count()).where(sa.text("message.status = 'queued'"), Message.due_at < late).select_from(Message)
    )
    if overdue:
        found.append(f"{overdue} messages are more than five minutes overdue: is a worker running?")
    uncertain = db.session.scalar(
        sa.select(sa.func.count()).where(sa.text("message.status = 'uncertain'")).select_from(Message)
    )
    if uncertain:
        found.append(f"The outcome of {uncertain} messages is unknown; see Messages, status uncertain.")
    if has_unseen_changes() or has_unplanned():
        found.append("Stock changes wait to be looked at: is a worker running?")
    return found

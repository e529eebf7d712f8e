"""What keeps messages from going out, in sentences."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.dispatch.merchant import LEFT
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import OUTBOXES, awaits_number
from nexnotify.ledger.models import Message
from nexnotify.ledger.planning.planner import has_unplanned
from nexnotify.restock.service import has_unseen_changes
from nexnotify.settings import Settings
from nexnotify.stores.models import StaffSession
from nexnotify.stores.origins import is_of_this_machine


def findings() -> list[str]:
    """Everything that needs somebody's attention; empty when all is well."""
    found = []
    house = current_app.extensions["nexnotify"]
    for broken in house.gateways.broken:
        found.append(f"The gateway plugin {broken.name} cannot be loaded: {broken.reason}")
    for gateway in db.session.scalars(sa.select(GatewayInstance).where(GatewayInstance.paused_at.is_not(None))):
        state = "has no number yet" if awaits_number(gateway) else "is paused"
        found.append(f"The gateway {gateway.name} {state}: {gateway.paused_reason}")
    if is_of_this_machine(house.settings.public_url):
        senders = sa.select(GatewayInstance).where(
            GatewayInstance.is_sender.is_(True), GatewayInstance.kind.not_in(OUTBOXES)
        )
        for gateway in db.session.scalars(senders.order_by(GatewayInstance.id)):
            found.append(
                f"The gateway {gateway.name} sends, but NEXNOTIFY_PUBLIC_URL ({house.settings.public_url}) is an "
                "address of this machine alone: receipts and STOP cannot come back from elsewhere, and Twilio refuses "
                "every text (error 21609). Set it to the address under which the world reaches this server."
            )
    found += _untold_proxy(house.settings)
    late = utcnow() - timedelta(minutes=5)
    overdue = db.session.scalar(
        sa.select(sa.func.count())
        .where(sa.text("message.status = 'queued'"), Message.due_at < late)
        .select_from(Message)
    )
    if overdue:
        found.append(f"{overdue} messages are more than five minutes overdue: is a worker running?")
    uncertain = db.session.scalar(
        sa.select(sa.func.count())
        .where(sa.text("message.status = 'uncertain'"), sa.func.coalesce(Message.reason, "") != LEFT)
        .select_from(Message)
    )
    if uncertain:
        found.append(f"The outcome of {uncertain} messages is unknown; see Messages, status uncertain.")
    held = sa.text("message.status = 'held' AND message.reason = 'no_credit'")
    if unpaid := db.session.scalar(sa.select(sa.func.count()).where(held).select_from(Message)):
        found.append(f"{unpaid} texts wait for credits: buy some, or grant some with nexnotify credits add.")
    for name, reason in house.payments.broken.items():
        found.append(f"The payment plugin {name} cannot be loaded: {reason}")
    for name, reason in house.holds.broken.items():
        found.append(f"The plugin {name}, which holds units, cannot be loaded: {reason}")
    if has_unseen_changes() or has_unplanned(utcnow()):
        found.append("Stock changes wait to be looked at: is a worker running?")
    return found


def _untold_proxy(settings: Settings) -> list[str]:
    """Staff who come by https, and yet from this machine itself, come through a proxy that nobody told us about."""
    if settings.trusted_proxies or not settings.public_url.startswith("https://"):
        return []
    local = sa.select(StaffSession.id).where(StaffSession.address.in_(("127.0.0.1", "::1")))
    if db.session.scalar(local.limit(1)) is None:
        return []
    return [
        "A proxy seems to stand in front (staff come by https, yet from this machine), but NEXNOTIFY_TRUSTED_PROXIES is 0: "
        "all the world counts as one address, and wrong passwords of one person can keep everybody out. Set it to the "
        "number of proxies."
    ]

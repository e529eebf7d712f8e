"""What a new store is given: templates, the SMS opt-in field, and outboxes to try it with."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.content.service import add_default_templates
from nexnotify.customers.custom_fields import make_opt_in_field
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import add_gateway, lane_of
from nexnotify.ledger.models import Message
from nexnotify.stores.models import Store


def equip_store(store: Store, now: datetime) -> None:
    """Templates, the opt-in field and the two outboxes."""
    add_default_templates(store, now)
    make_opt_in_field(store)
    add_gateway(store, "outbox", "Outbox", {}, now)
    add_gateway(store, "outbox_email", "Email outbox", {}, now)


def take_over_queue(sender: GatewayInstance) -> int:
    """What waits on the channel is its sender's to send: called when it becomes the sender, and when its pause ends.

    A queued message has surely not been accepted, even where it was tried. Those that came back from uncertainty stay
    with their gateway all the same: it may still say something else.

    :returns: how many came from other gateways.
    """
    lane = lane_of(sender)
    moved = db.session.execute(
        sa.update(Message)
        .where(
            Message.store_id == sender.store_id,
            Message.channel == sender.channel,
            Message.status.in_(("queued", "held")),
            sa.or_(Message.reason.is_(None), Message.reason.not_in(("absent", "rather_twice", "merchant"))),
            Message.lane_id != lane.id,
        )
        .values(lane_id=lane.id)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(moved)

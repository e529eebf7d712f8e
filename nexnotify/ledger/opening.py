"""What a new store is given: templates, and outboxes to try it with."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.content.service import add_default_templates
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import add_gateway, lane_of
from nexnotify.ledger.models import Message
from nexnotify.stores.models import Store


def equip_store(store: Store, now: datetime) -> None:
    """Templates and the two outboxes."""
    add_default_templates(store, now)
    add_gateway(store, "outbox", "Outbox", {}, now)
    add_gateway(store, "outbox_email", "Email outbox", {}, now)


def take_over_queue(sender: GatewayInstance) -> int:
    """A gateway that has become its channel's sender takes what waits on the channel's other lanes.

    A queued message has surely not been accepted, even where it was tried. Those that came back from uncertainty stay
    with their gateway all the same: it may still say something else.

    :returns: how many moved.
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

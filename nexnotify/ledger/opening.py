"""What a new store is given: templates, the SMS opt-in field, and outboxes to try it with."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from nexnotify.content.service import add_default_templates
from nexnotify.customers.custom_fields import make_opt_in_field
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import add_gateway, lane_of
from nexnotify.ledger.drafts import KIND
from nexnotify.ledger.job import ALERT_VALID
from nexnotify.ledger.models import Message
from nexnotify.stores.models import Store


def equip_store(store: Store, now: datetime) -> None:
    """Templates, the opt-in field and the two outboxes."""
    add_default_templates(store, now)
    make_opt_in_field(store)
    add_gateway(store, "outbox", "Outbox", {}, now)
    add_gateway(store, "outbox_email", "Email outbox", {}, now)


def take_over_queue(sender: GatewayInstance, now: datetime) -> int:
    """What waits on the channel is its sender's to send: called when it becomes the sender, and when its pause ends.

    A queued message has surely not been accepted, even where it was tried. Those that came back from uncertainty stay
    with their gateway all the same: it may still say something else. Alerts may have waited for longer than they were
    worth; they are worth a day from now on, because each is decided about again when it goes.

    :returns: how many came from other gateways.
    """
    lane = lane_of(sender)
    mine = (Message.store_id == sender.store_id, Message.channel == sender.channel)
    moved = db.session.execute(
        sa.update(Message)
        .where(
            *mine,
            Message.status.in_(("queued", "held")),
            sa.or_(Message.reason.is_(None), Message.reason.not_in(("absent", "rather_twice", "merchant"))),
            Message.lane_id != lane.id,
        )
        .values(lane_id=lane.id)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    if sender.paused_at is None:
        db.session.execute(
            sa.update(Message)
            .where(
                *mine,
                Message.status == "queued",
                Message.kind == KIND,
                Message.lane_id == lane.id,
                Message.valid_until < now + ALERT_VALID,
            )
            .values(valid_until=now + ALERT_VALID)
            .execution_options(synchronize_session=False)
        )
    return len(moved)

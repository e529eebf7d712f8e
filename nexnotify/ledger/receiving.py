"""What a receipt does to a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.gateways.contract import Receipt
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, record
from nexnotify.ledger.paying import Moved, pay
from nexnotify.ledger.telling import not_told, told
from nexnotify.ledger.transitions import by_receipt


def find_message(store_id: int, lane_id: int, receipt: Receipt) -> Message | None:
    """The message a receipt speaks of, locked: by our reference, else by the gateway's id on this lane."""
    statement = sa.select(Message).where(Message.store_id == store_id, Message.lane_id == lane_id)
    if receipt.reference:
        found = db.session.scalar(statement.where(Message.reference == receipt.reference).with_for_update())
        if found is not None:
            return found
    if receipt.gateway_id:
        return db.session.scalar(
            statement.where(Message.gateway_message_id == receipt.gateway_id).limit(1).with_for_update()
        )
    return None


def apply_receipt(message: Message, receipt: Receipt, now: datetime) -> bool:
    """Raise a message's status by a receipt.

    :returns: False when the receipt brought nothing new (late, repeated, or for a message that ended).
    """
    new = by_receipt(message.status, receipt.status)
    if new is None:
        return False
    values: dict[str, Any] = {"status": new, "reason": receipt.reason}
    if message.accepted_at is None and new != "rejected":
        values["accepted_at"] = now
    if new == "delivered":
        values["delivered_at"] = now
    if receipt.gateway_id and not message.gateway_message_id:
        values["gateway_message_id"] = receipt.gateway_id
    changed = db.session.execute(
        sa.update(Message)
        .where(Message.id == message.id, Message.status == message.status)
        .values(**values)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if changed is None:
        return False
    if message.status == "claimed" and new != "rejected":
        # The receipt overtook the worker's own word, which may never come if the worker was killed.
        told([message], now)
    elif message.status == "uncertain" and new == "rejected":
        not_told([message], now)
    pay([_moved(message, new, receipt)], now)
    detail = " ".join(filter(None, (receipt.code, receipt.detail)))
    record([Move(message.store_id, message.id, message.status, new, receipt.reason, detail)], now)
    db.session.expire(message)
    return True


def _moved(message: Message, new: str, receipt: Receipt) -> Moved:
    credits, segments = message.credits, message.segments
    return Moved(message.store_id, message.id, message.status, new, credits, segments, receipt.segments)

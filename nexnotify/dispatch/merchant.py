"""A merchant's word on an uncertain message, which nobody else could resolve: send it again, or leave it."""

from __future__ import annotations

from datetime import datetime

from nexnotify.db import db
from nexnotify.dispatch.recover import LOOKUP_MINUTES
from nexnotify.ledger.answers import ANSWER_VALID
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move, record
from nexnotify.ledger.planning.job import ALERT_VALID

#: ``Message.reason`` of an uncertain message that stays as it is.
LEFT = "left"


def send_again(message: Message, now: datetime) -> bool:
    """Queue a (locked) uncertain message once more; what may no longer go is still refused at the moment of sending.

    :returns: False when it is not uncertain any more.
    """
    if message.status != "uncertain":
        return False
    valid = now + (ANSWER_VALID if message.express else ALERT_VALID)
    step = Move(message.store_id, message.id, "uncertain", "queued", "merchant")
    move([step], now, due_at=now, lookups=0, valid_until=max(message.valid_until, valid))
    db.session.expire(message)
    return True


def leave(message: Message, now: datetime) -> bool:
    """Ask the gateway no more about a (locked) uncertain message. Its shopper counts as told; a receipt still counts.

    :returns: False when it is not uncertain any more, or has been left before.
    """
    if message.status != "uncertain" or message.reason == LEFT:
        return False
    message.reason, message.lookups = LEFT, len(LOOKUP_MINUTES) + 1
    record([Move(message.store_id, message.id, "uncertain", "uncertain", LEFT)], now)
    db.session.flush()
    return True

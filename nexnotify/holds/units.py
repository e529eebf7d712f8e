"""Which messages have a unit: one of their own, or that of the same person's message on another channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.holds.rules import OPEN
from nexnotify.ledger.models import Alert, Hold, Message
from nexnotify.waitlist.models import AlertRequest


@dataclass(frozen=True, slots=True)
class Unit:
    """A hold, as one of the messages sees it that it is for."""

    id: int
    #: The message that it stands by, and that one's status.
    message_id: int
    message_status: str
    key: str
    status: str
    reason: str | None
    until: datetime
    minutes: int
    reference: str | None

    @property
    def is_held(self) -> bool:
        return self.status == "held"


_hold, _alert, _message = Hold.__table__, Alert.__table__, Message.__table__
_own, _other = AlertRequest.__table__, AlertRequest.__table__.alias("other")
_theirs = Alert.__table__.alias("theirs")
_COLUMNS: tuple[Any, ...] = (
    _hold.c.id,
    _hold.c.message_id,
    _message.c.status,
    *(_hold.c[name] for name in ("key", "status", "reason", "until", "minutes", "reference")),
)
_of_message = sa.and_(_message.c.store_id == _hold.c.store_id, _message.c.id == _hold.c.message_id)
_OWN = (
    sa.select(_hold.c.message_id.label("for_message"), *_COLUMNS)
    .join(_message, _of_message)
    .where(_hold.c.store_id == sa.bindparam("b_store"), IdIn(_hold.c.message_id))
)
_ABOUT = sa.select(_alert.c.message_id, _alert.c.request_id, _alert.c.restock_id).where(
    _alert.c.store_id == sa.bindparam("b_store"), IdIn(_alert.c.message_id)
)
#: By the requests of the same sign-up: one person's, on other channels. From the requests on, one table after the other:
#: where the store is one and the same for all, PostgreSQL would begin with all that is kept.
_SHARED = (
    sa.select(_own.c.id.label("for_request"), _theirs.c.restock_id.label("of_restock"), *_COLUMNS)
    .join(
        _other,
        sa.and_(
            _other.c.store_id == _own.c.store_id, _other.c.asked_with == _own.c.asked_with, _other.c.id != _own.c.id
        ),
    )
    .join(_theirs, sa.and_(_theirs.c.store_id == _own.c.store_id + 0, _theirs.c.request_id == _other.c.id))
    .join(_hold, sa.and_(_hold.c.store_id == _theirs.c.store_id, _hold.c.message_id == _theirs.c.message_id))
    .join(_message, _of_message)
    .where(IdIn(_own.c.id), _own.c.asked_with.is_not(None), (_hold.c.status + "").in_(OPEN))
)


def units_of(store_id: int, message_ids: Sequence[int]) -> dict[int, Unit]:
    """Message → the unit that is, was or will be kept for its person."""
    if not message_ids:
        return {}
    connection = db.session.connection()
    found = {
        row.for_message: Unit(*row[1:])
        for row in connection.execute(_OWN, {"b_store": store_id, "b_ids": list(message_ids)})
    }
    others = [id for id in message_ids if id not in found]
    if others:
        about = connection.execute(_ABOUT, {"b_store": store_id, "b_ids": others}).all()
        rows = connection.execute(_SHARED, {"b_ids": [row.request_id for row in about]})
        shared = {(row.for_request, row.of_restock): Unit(*row[2:]) for row in rows}
        for row in about:
            if (row.request_id, row.restock_id) in shared:
                found[row.message_id] = shared[row.request_id, row.restock_id]
    return found


def unit_for(store_id: int, message_id: int, now: datetime) -> Unit | None:
    """What is kept at this moment for the person of a message."""
    unit = units_of(store_id, [message_id]).get(message_id)
    return unit if unit is not None and unit.is_held and unit.until > now else None

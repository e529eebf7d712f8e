"""A message that went out, or may have, tells its requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.service import back_to_waiting, mark_alerted


class OfStore(Protocol):
    """Any value that names a message: a row of the ledger, or what a hot path read of it."""

    @property
    def id(self) -> int: ...
    @property
    def store_id(self) -> int: ...


def told(messages: Sequence[OfStore], now: datetime) -> None:
    """The requests of these messages count as told."""
    mark_alerted(_requests(messages), now)


def not_told(messages: Sequence[OfStore], now: datetime) -> None:
    """It turned out that these messages never went: their requests wait again."""
    wait_again(_requests(messages), now)


def wait_again(request_ids: Sequence[int], now: datetime) -> None:
    """These requests were not told, or in vain: they wait again, but for those whose shopper was told anew since."""
    anew = sa.select(AlertRequest.id).where(IdIn(AlertRequest.__table__.c.id, ids=request_ids), TOLD_ANEW)
    back_to_waiting(sorted(set(request_ids) - set(db.session.scalars(anew))), now)


_other, _mine, _theirs = sa.orm.aliased(AlertRequest), sa.orm.aliased(Alert), sa.orm.aliased(Alert)
_before, _since = sa.orm.aliased(RestockEvent), sa.orm.aliased(RestockEvent)
#: A request whose shopper has been told of the same since, by another of their requests.
TOLD_ANEW = sa.exists().where(
    _other.store_id == AlertRequest.store_id,
    _other.contact_id == AlertRequest.contact_id,
    _other.id != AlertRequest.id,
    # Not the bare column, of which PostgreSQL has an index of all who were ever told.
    _other.alerted_at > sa.func.coalesce(AlertRequest.alerted_at, AlertRequest.created_at),
    _mine.store_id == AlertRequest.store_id,
    _mine.request_id == AlertRequest.id,
    _before.store_id == _mine.store_id,
    _before.id == _mine.restock_id,
    _theirs.store_id == _other.store_id,
    _theirs.request_id == _other.id,
    _since.store_id == _theirs.store_id,
    _since.id == _theirs.restock_id,
    # Not the bare column: the databases would read its index, and with it all restocks there ever were.
    (_since.variant_id + 0) == _before.variant_id,
)


_alert = Alert.__table__
_REQUESTS = sa.select(_alert.c.request_id).where(
    _alert.c.store_id == sa.bindparam("b_store_id"),
    IdIn(_alert.c.message_id),
    _alert.c.kind != "reminder",  # whoever is reminded has been told, whatever becomes of the reminder
)


def _requests(messages: Sequence[OfStore]) -> list[int]:
    """The ids of the requests that the messages are about."""
    by_store: dict[int, list[int]] = {}
    for message in messages:
        by_store.setdefault(message.store_id, []).append(message.id)
    connection = db.session.connection()
    return [
        request_id
        for store_id, ids in by_store.items()
        for request_id in connection.scalars(_REQUESTS, {"b_store_id": store_id, "b_ids": ids})
    ]

"""A message that went out, or may have, tells its requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from nexnotify.ledger.models import Alert
from nexnotify.waitlist.service import back_to_waiting, mark_alerted


class OfStore(Protocol):
    """Any value that names a message: a row of the ledger, or what a hot path read of it."""

    @property
    def id(self) -> int: ...
    @property
    def store_id(self) -> int: ...


def told(messages: Sequence[OfStore], now: datetime) -> None:
    """The requests of these messages count as told."""
    for store_id, requests in _requests(messages):
        mark_alerted(store_id, requests, now)


def not_told(messages: Sequence[OfStore], now: datetime) -> None:
    """It turned out that these messages never went: their requests wait again."""
    for store_id, requests in _requests(messages):
        back_to_waiting(store_id, requests, now)


def _requests(messages: Sequence[OfStore]) -> list[tuple[int, sa.Select[int]]]:
    """For each store, the ids of the requests that the messages are about, as a query."""
    by_store: dict[int, list[int]] = {}
    for message in messages:
        by_store.setdefault(message.store_id, []).append(message.id)
    return [
        (store_id, sa.select(Alert.request_id).where(Alert.store_id == store_id, Alert.message_id.in_(ids)))
        for store_id, ids in by_store.items()
    ]

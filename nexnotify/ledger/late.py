"""Who says yes after the product has come back is told all the same: of the restock that is on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.ledger.audience import person_of, told_in
from nexnotify.ledger.chunk import plan_chunk
from nexnotify.ledger.cycle import count_decided, is_buyable
from nexnotify.ledger.job import open_job
from nexnotify.ledger.models import Alert
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.life import Answered


def tell_late(store: Store, requests: Iterable[Answered], now: datetime) -> set[int]:
    """Plan those of these requests, which have just begun to wait, whose product can be bought.

    :returns: ids of the requests that its last restock takes care of now, by whichever way; the others wait for the next.
    """
    # In one order: each waits for the lock on its restock.
    return {request.id for request in sorted(requests, key=_variant) if _tell(store, request, now)}


def _variant(request: Answered) -> int:
    return request.variant_id


def _tell(store: Store, request: Answered, now: datetime) -> bool:
    event = db.session.scalars(
        sa.select(RestockEvent)
        .where(RestockEvent.store_id == store.id, RestockEvent.variant_id == request.variant_id)
        .order_by(RestockEvent.id.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if event is None:
        return False
    job = open_job(event, now)
    if not is_buyable(job):
        return False
    in_order = event.state == "telling" and told_in(job.settings) == "oldest" and event.plan_cursor < request.id
    if event.state in BEFORE or in_order:
        return True  # the plan comes to it
    if event.held_at is not None or event.state not in ("telling", "watching", "done"):
        return False  # staff have stopped it, or stock had gone: the next restock is told
    known = sa.select(Alert.id).where(
        Alert.store_id == store.id, Alert.request_id == request.id, Alert.restock_id == event.id
    )
    person = person_of(job, request.id)
    if person is None or db.session.scalar(known.limit(1)) is not None:
        return False
    chunk, _ = plan_chunk(job, [person], None)
    count_decided(event, chunk)
    return True

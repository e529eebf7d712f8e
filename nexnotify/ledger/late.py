"""Who begins to wait after the product has come back is told all the same: of the restock that is on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.ledger.audience import look_again, person_of
from nexnotify.ledger.chunk import count_decided, plan_chunk
from nexnotify.ledger.job import is_buyable, open_job
from nexnotify.ledger.overlap import planned_before
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.life import Answered


def tell_late(store: Store, requests: Iterable[Answered], now: datetime) -> set[int]:
    """Plan those of these requests, which have just begun to wait or lost their text, whose product can be bought.

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
    if event.state in BEFORE:
        return True  # the plan comes to it
    if planned_before(store.id, event.id, [request.id]):
        return False
    if event.state == "telling":
        look_again(job)  # in a wave, so that no more are told at a time than the store allows
        return True
    capped = event.most is not None and event.told + event.held >= event.most
    if event.reason != "everyone_told" or capped:
        return False  # staff have stopped it, or stock had gone: the next restock is told
    person = person_of(job, request.id)
    if person is None:
        return False
    chunk, _ = plan_chunk(job, [person], None)
    count_decided(event, chunk)
    return True

"""Who says yes after the product has come back, or was not reached on another channel, is told of the restock that is on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.audience import look_again, person_of
from nexnotify.ledger.chunk import count_decided, plan_chunk
from nexnotify.ledger.decisions import record_decisions
from nexnotify.ledger.failover import due, keep_behind, looked_at, stand_back
from nexnotify.ledger.job import Job, is_buyable, open_job
from nexnotify.ledger.overlap import planned_before
from nexnotify.policy.eligibility import Skip
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.life import Answered
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.service import close

#: People that one transaction of the sweep looks at.
BATCH = 100


def tell_late(store: Store, requests: Iterable[Answered], now: datetime) -> set[int]:
    """Plan those of these requests, which have just begun to wait or lost their text, whose product can be bought.

    :returns: ids of the requests that its last restock takes care of now, by whichever way; the others wait for the next.
    """
    # In one order: each waits for the lock on its restock.
    return {request.id for request in sorted(requests, key=_variant) if _tell_last(store, request, now)}


def fail_over(store: Store, now: datetime) -> int:
    """Look at those of a store who stand behind another channel: told there, they have ended; failed there, they go on.

    :returns: how many were looked at; call again while there are any.
    """
    found = due(store, now, BATCH)
    if not found:
        return 0
    # One restock at a time, locked before its requests, as the planner does it.
    restock_id = found[0].behind_restock_id
    event = _locked(RestockEvent.store_id == store.id, RestockEvent.id == restock_id)
    mine = [request for request in found if request.behind_restock_id == restock_id]
    for request in mine:
        if event is not None:
            _go_on(store, request, event, now)
    looked_at([request.id for request in mine], now)
    return len(mine)


def _go_on(store: Store, request: AlertRequest, event: RestockEvent, now: datetime) -> None:
    job = open_job(event, now)
    channel = db.session.get_one(Contact, request.contact_id).channel
    # Who was put behind another stays there, also when the store tells on all channels together from now on.
    settings = job.settings.model_copy(update={"channels": "in_order"})
    reason = stand_back(store, settings, job.variant, {request.id: (channel, event.id)}, now).get(request.id)
    if reason == "told_elsewhere":
        db.session.refresh(request, with_for_update={"key_share": True})
        if close(request, reason, now):
            record_decisions(store.id, "plan", [(request.id, event.id, Skip(reason), None)], now)
    elif event.state != "stopped" and (reason is not None or event.held_at is not None):
        keep_behind([request.id], event.id, now)
    else:
        _tell(job, request.id, has_place=True)


def _variant(request: Answered) -> int:
    return request.variant_id


def _locked(*which: sa.ColumnElement[bool]) -> RestockEvent | None:
    """The last restock that is meant, locked."""
    return db.session.scalars(
        sa.select(RestockEvent)
        .where(*which)
        .order_by(RestockEvent.id.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def _tell_last(store: Store, request: Answered, now: datetime) -> bool:
    event = _locked(RestockEvent.store_id == store.id, RestockEvent.variant_id == request.variant_id)
    if event is None:
        return False
    job = open_job(event, now)
    if job.offer is not None and person_of(job, request.id) is None:
        return False  # it waits for stock
    return _tell(job, request.id)


def _tell(job: Job, request_id: int, *, has_place: bool = False) -> bool:
    """Plan one person.

    :param has_place: the shopper is counted already: by the message that failed on another channel.
    """
    event = job.event
    if not is_buyable(job):
        return False
    if event.state in BEFORE:
        return True  # the plan comes to it
    if planned_before(event.store_id, event.id, [request_id]):
        return False
    if event.state == "telling" and not has_place:
        look_again(job)  # in a wave, so that no more are told at a time than the store allows
        return True
    if not (_goes_on(event) if has_place else _has_room(event)):
        return False  # staff have stopped it, or stock had gone: the next restock is told
    person = person_of(job, request_id)
    if person is None:
        return False
    chunk, _ = plan_chunk(job, [person], None)
    count_decided(event, chunk)
    return True


def _goes_on(event: RestockEvent) -> bool:
    return event.state == "telling" or event.reason in ("everyone_told", "cap_reached")


def _has_room(event: RestockEvent) -> bool:
    capped = event.most is not None and event.told + event.held >= event.most
    return event.reason == "everyone_told" and not capped

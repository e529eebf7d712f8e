"""Who says yes after the product has come back, or was not reached on another channel, is told of the restock that is on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.audience import look_again, people_of
from nexnotify.ledger.planning.chunk import count_decided, plan_chunk
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.failover import WaitsBehind, due, due_restock, keep_behind, looked_at, stand_back
from nexnotify.ledger.planning.job import Job, is_buyable, open_job
from nexnotify.ledger.planning.overlap import planned_before
from nexnotify.policy.eligibility import Skip
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.covering import covered_by_wide
from nexnotify.waitlist.life import Answered
from nexnotify.waitlist.service import close_some

#: People that one transaction of the sweep looks at.
BATCH = 1000


def tell_late(store: Store, requests: Iterable[Answered], now: datetime) -> set[int]:
    """Plan those of these requests, which have just begun to wait or lost their text, whose product can be bought.

    :returns: ids of the requests that its last restock takes care of now, by whichever way; the others wait for the next.
    """
    asking = sorted(requests, key=_variant)  # in one order: each waits for the lock on its restock
    wide = covered_by_wide([request.id for request in asking]) if asking else {}
    told = set()
    for request in asking:
        others = sorted(wide.get(request.id, set()) - {request.variant_id})
        ways = (request._replace(variant_id=variant_id) for variant_id in (request.variant_id, *others))
        if any(_tell_last(store, way, now) for way in ways):
            told.add(request.id)
    return told


def fail_over(store: Store, now: datetime) -> int:
    """Look at those of a store who stand behind another channel: told there, they have ended; failed there, they go on.

    :returns: how many were looked at; call again while there are any.
    """
    restock_id = due_restock(store, now)
    if restock_id is None:
        return 0
    # One restock at a time, locked before its requests, as the planner does it.
    event = _locked(RestockEvent.store_id == store.id, RestockEvent.id == restock_id)
    found = due(store, restock_id, now, BATCH)
    if event is not None and found:
        _go_on(store, found, event, now)
    looked_at([one.id for one in found], now)
    return len(found)


def _go_on(store: Store, found: Sequence[WaitsBehind], event: RestockEvent, now: datetime) -> None:
    job = open_job(event, now)
    # Who was put behind another stays there, also when the store tells on all channels together from now on.
    settings = job.settings.model_copy(update={"channels": "in_order"})
    asking = {one.id: (one.channel, event.id) for one in found}
    behind = stand_back(store, settings, job.variant, asking, now)
    told = [id for id, reason in behind.reasons.items() if reason == "told_elsewhere"]
    if told:
        ended = close_some(told, "told_elsewhere", now)
        record_decisions(store.id, "plan", [(id, event.id, Skip("told_elsewhere"), None) for id in ended], now)
    free = [id for id in asking if id not in behind.reasons]
    if event.state != "stopped":
        waits = [id for id, reason in behind.reasons.items() if reason != "told_elsewhere"]
        if event.held_at is not None:
            waits, free = waits + free, []
        elif event.state == "telling":
            # The shopper of whom no channel has had a message takes a place in a wave: when the waves are over.
            waits += [id for id in free if id not in behind.counted]
            free = [id for id in free if id in behind.counted]
        keep_behind(waits, event.id, now)
    else:
        free += [id for id, reason in behind.reasons.items() if reason != "told_elsewhere"]
    _tell_free(job, free, behind.counted)


def _tell_free(job: Job, request_ids: Sequence[int], counted: Collection[int]) -> None:
    """Plan people whose other channels have failed.

    :param counted: those whose shopper has a place already: by the message that failed.
    """
    event = job.event
    if not request_ids or not is_buyable(job):
        return  # the next restock comes to them
    planned = planned_before(event.store_id, event.id, request_ids)
    room = _room(event)
    new = [id for id in request_ids if id not in planned and id not in counted]
    going = [id for id in request_ids if id not in planned and id in counted] if _goes_on(event) else []
    going += new if room is None else new[:room]
    if people := people_of(job, going):
        chunk, _ = plan_chunk(job, people, None)
        count_decided(event, chunk)


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
    event = _locked(
        RestockEvent.store_id == store.id, RestockEvent.variant_id == request.variant_id, _is_for(request.region_id)
    )
    if event is None:
        return False
    job = open_job(event, now)
    if job.offer is not None and not people_of(job, [request.id]):
        return False  # it waits for stock
    return _tell(job, request.id)


def _is_for(region_id: int | None) -> sa.ColumnElement[bool]:
    """Stock of its place; that it can be ordered without stock is said wherever."""
    mine = RestockEvent.region_id.is_not_distinct_from(region_id)
    return sa.or_(mine, RestockEvent.status != IN_STOCK)


def _tell(job: Job, request_id: int) -> bool:
    """Plan one person."""
    event = job.event
    if not is_buyable(job):
        return False
    if event.state in BEFORE:
        return True  # the plan comes to it
    if planned_before(event.store_id, event.id, [request_id]):
        return _wake(job, request_id)
    if event.state == "telling":
        look_again(job)  # in a wave, so that no more are told at a time than the store allows
        return True
    if _room(event) == 0:
        return False  # staff have stopped it, or stock had gone: the next restock is told
    people = people_of(job, [request_id])
    if not people:
        return False
    chunk, _ = plan_chunk(job, people, None)
    count_decided(event, chunk)
    return True


def _wake(job: Job, request_id: int) -> bool:
    """Let its message go that waited for the yes."""
    its = sa.select(Alert.message_id).where(
        Alert.store_id == job.event.store_id, Alert.request_id == request_id, Alert.restock_id == job.event.id
    )
    woken = db.session.scalars(
        sa.update(Message)
        # Not the bare columns: the databases would read their index, and with it all that is held.
        .where(Message.id.in_(its), (Message.status + "") == "held", (Message.reason + "") == "not_confirmed")
        .values(due_at=job.now)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return bool(woken.all())


def _goes_on(event: RestockEvent) -> bool:
    return event.state == "telling" or event.reason in ("everyone_told", "cap_reached")


def _room(event: RestockEvent) -> int | None:
    """How many more people it may tell after its waves; None: as many as there are."""
    if event.reason != "everyone_told":
        return 0
    return None if event.most is None else max(event.most - event.told - event.held, 0)

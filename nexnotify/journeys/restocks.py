"""A journey that tells of a restock takes the same row as the store's own alert, so that a person is told once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import IdIn, db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import status_at
from nexnotify.journeys.models import Journey
from nexnotify.journeys.results import Goes, Result, Stays
from nexnotify.journeys.texts import JourneyDrafts
from nexnotify.ledger.asking.questions import variants_of
from nexnotify.ledger.models import Alert
from nexnotify.ledger.paying import funds
from nexnotify.ledger.planning.chunk import Chunk, decide_chunk
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import KIND, Waiting
from nexnotify.ledger.planning.job import Job, open_job
from nexnotify.ledger.planning.overlap import one_by_one, under_way
from nexnotify.ledger.planning.writing import write_alerts
from nexnotify.policy.eligibility import PAGE_AGAIN, Hold, Send, Verdict
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

#: Where the restock's own alerts are under way, it is looked at again after these at least, and at most.
SOONEST, LATEST = timedelta(minutes=1), timedelta(minutes=5)
_TAKEN_BACK = ("cancelled", "recalled")
#: Why a rule passes somebody over who waits on in a journey: units may be added without stock having been at 0 again.
_TOO_FEW = ("below_minimum", "too_few")


def decide_restock(
    store: Store, journey: Journey, variant_id: int, occurrences: Mapping[int, int], now: datetime
) -> dict[int, Result]:
    """Decide about people for whom a variant came back, and write to those who may be told now.

    :param occurrences: request → the change of stock that brought it back.
    """
    found: dict[int, Result] = {}
    for region_id, ids in _by_region(occurrences).items():
        found |= _decide_there(store, journey, (variant_id, region_id), {id: occurrences[id] for id in ids}, now)
    return found


def _by_region(request_ids: Collection[int]) -> dict[int | None, list[int]]:
    """The place that requests wait in, None for those who named none → these requests."""
    rows = db.session.connection().execute(_REGIONS, {"b_ids": list(request_ids)})
    found: dict[int | None, list[int]] = {}
    for request_id, region_id in rows:
        found.setdefault(region_id, []).append(request_id)
    return found


def _decide_there(
    store: Store, journey: Journey, place: tuple[int, int | None], occurrences: Mapping[int, int], now: datetime
) -> dict[int, Result]:
    """The same of those for whom it came back in one place: (variant, region)."""
    event = _newest(store, *place)
    known = [id for id, change in occurrences.items() if event is not None and event.stock_change_id >= change]
    found: dict[int, Result] = {}
    if len(known) < len(occurrences):
        unknown = _without_restock(store, *place, now)
        found = dict.fromkeys(occurrences.keys() - set(known), unknown)
    if event is None or not known:
        return found
    if event.state in (*BEFORE, "telling", "stopping"):
        return found | dict.fromkeys(known, Stays("restock_pending", _again(event, now)))
    if event.reason in _TAKEN_BACK:
        return found | dict.fromkeys(known, Goes(None, "taken_back"))
    return found | _tell(store, journey, event, known, now)


def _again(event: RestockEvent, now: datetime) -> datetime:
    """When the plan may have got further."""
    return min(max(event.work_at or now + LATEST, now + SOONEST), now + LATEST)


def _newest(store: Store, variant_id: int, region_id: int | None) -> RestockEvent | None:
    """The variant's last restock there, locked, so that its own plan comes before or after."""
    return db.session.scalars(
        sa.select(RestockEvent)
        .where(RestockEvent.store_id == store.id, RestockEvent.variant_id == variant_id)
        .where(RestockEvent.status == IN_STOCK, RestockEvent.region_id.is_not_distinct_from(region_id))
        .order_by(RestockEvent.id.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def _without_restock(store: Store, variant_id: int, region_id: int | None, now: datetime) -> Result:
    """It came back, but with fewer units than the store tells people at: until it has them, or is gone."""
    variant: Variant = variants_of(store, [variant_id])[variant_id]
    if not variant.product.alerts:
        return Goes(None, "alerts_off")
    if status_at(variant, region_id) != "in_stock":
        return Goes(None, "sold_out_again")
    return Stays("below_minimum", now + PAGE_AGAIN)


def _tell(store: Store, journey: Journey, event: RestockEvent, ids: Sequence[int], now: datetime) -> dict[int, Result]:
    people, told = people_of(ids), _alerted(store, event, ids)
    gone = {id: Goes(None, "told_by_another" if id in told else "request_closed") for id in ids}
    found: dict[int, Result] = {id: result for id, result in gone.items() if id in told or id not in people}
    rows = [people[id] for id in ids if id not in found]
    if not rows:
        return found
    if any(person.is_wide for person in rows):
        one_by_one(store.id)
    job = open_job(event, now)
    job.drafts = JourneyDrafts(store, job.variant, journey, event.region_id, own_links=True)
    room = None if event.most is None else max(event.most - event.told - event.held, 0)
    chunk = decide_chunk(job, rows, room, under_way(store.id, [person.request_id for person in rows]))
    found |= dict.fromkeys((person.request_id for person in rows), Goes(None, "cap_reached"))
    written = _write(job, chunk)
    found |= {item.request_id: _result(item.verdict, now) for item in chunk.decided if item.request_id not in written}
    decided = [
        (item.request_id, event.id, item.verdict, item.words)
        for item in chunk.decided
        if item.verdict.reason not in _TOO_FEW
    ]
    record_decisions(store.id, "journey", decided, now, chunk.shoppers)
    return found | written


def _result(verdict: Verdict, now: datetime) -> Result:
    """What becomes of somebody who is not written to now."""
    if isinstance(verdict, Hold):
        return Stays.held(verdict)
    return Stays(verdict.reason, now + PAGE_AGAIN) if verdict.reason in _TOO_FEW else Goes(None, verdict.reason)


def _write(job: Job, chunk: Chunk) -> dict[int, Goes]:
    """The messages of those who may be told now. Who has to wait does so in the journey, whose words may still change."""
    chunk.going = [item for item in chunk.going if isinstance(item.verdict, Send)]
    found = funds(job.store.id, job.settings, [(item.person.channel, item.text.segments) for item in chunk.going])
    chunk.without_credits(found.short, job.now)
    ids = write_alerts(job, chunk.going, found)
    job.event.told += len(ids)
    return {item.person.request_id: Goes(id) for item, id in zip(chunk.going, ids, strict=True)}


_request, _contact = AlertRequest.__table__, Contact.__table__
_REGIONS = sa.select(_request.c.id, _request.c.region_id).where(IdIn(_request.c.id))
_PEOPLE = (
    sa.select(
        _request.c.id,
        _request.c.asked_status,
        _request.c.quantity,
        _request.c.first_name,
        _request.c.scope != "variant",
        _contact.c.id,
        _contact.c.channel,
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
    )
    .join(_contact, sa.and_(_contact.c.store_id == _request.c.store_id, _contact.c.id == _request.c.contact_id))
    # Not the bare column: the databases would read its index, and with it all who wait.
    .where(IdIn(_request.c.id), (_request.c.status + "") == "waiting")
)


def people_of(request_ids: Collection[int]) -> dict[int, Waiting]:
    """Those of these requests that wait, with their contacts."""
    rows = db.session.connection().execute(_PEOPLE, {"b_ids": list(request_ids)}).all()
    return {row[0]: Waiting(*row) for row in rows}


_alert = Alert.__table__
_ALERTED = sa.select(_alert.c.request_id).where(
    _alert.c.store_id == sa.bindparam("b_store"),
    IdIn(_alert.c.request_id),
    _alert.c.restock_id == sa.bindparam("b_restock"),
    _alert.c.kind == KIND,
)


def _alerted(store: Store, event: RestockEvent, ids: Sequence[int]) -> set[int]:
    """Those who have, or had, a message about this restock."""
    where = {"b_store": store.id, "b_ids": list(ids), "b_restock": event.id}
    return set(db.session.connection().scalars(_ALERTED, where))

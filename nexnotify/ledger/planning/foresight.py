"""Expectations of people, where the store has switched them on: who of a wave goes first, and who at a later hour.

Who is told, and in which wave, is decided before, without any of this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import IdIn, db
from nexnotify.inventory.regions import available_at
from nexnotify.ledger.models import Alert, Message, Prediction
from nexnotify.ledger.planning.audience import count_waiting
from nexnotify.ledger.planning.chunk import Chunk, Going
from nexnotify.ledger.planning.job import Job
from nexnotify.ledger.planning.likelihood import FEATURES, Asking, Model, Past, features, ordered
from nexnotify.ledger.planning.whereabouts import of_requests
from nexnotify.policy.best_hour import is_plenty, waits_until
from nexnotify.policy.eligibility import Hold, Send
from nexnotify.policy.local_hours import allowed_from
from nexnotify.policy.quiet_hours import Window, next_allowed
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.queries import count_waiting_for

#: Store and contacts → what is known of them from before. It is gathered above this stage, and passed in.
PastOf = Callable[[int, Collection[int]], Mapping[int, Past]]
#: The reason of a text that waits for its person's hours.
BEST_HOUR = "best_hour"
_NEW = Past()

_request = AlertRequest.__table__
_ASKING = sa.select(_request.c.id, _request.c.created_at, _request.c.quantity, sa.literal(""), _request.c.source).where(
    _request.c.store_id == sa.bindparam("b_store"), IdIn(_request.c.id)
)


def foresee(job: Job, chunk: Chunk, past_of: PastOf) -> None:
    """Put those of a chunk who get a message into the order in which they go, and let some wait for their hours."""
    model = _model(job) if job.settings.likely_first else None
    late = job.settings.best_hour and _is_plenty(job)
    if not chunk.going or not (model or late):
        return
    past = past_of(job.store.id, [item.person.contact_id for item in chunk.going])
    if late:
        _delay(job, chunk, past)
    if model:
        _order(job, chunk, model, past)


def _model(job: Job) -> Model | None:
    """The store's, if it has one that is better than plain order."""
    found = db.session.execute(
        sa.select(Prediction.intercept, Prediction.weights, Prediction.means).where(
            Prediction.store_id == job.store.id, Prediction.in_use
        )
    ).first()
    if found is None or any(part.keys() != FEATURES.keys() for part in (found.weights, found.means)):
        return None  # learned by a version that looked at other things: the next one is learned within a day
    return Model(*found)


# --- order ------------------------------------------------------------------------------------------------------------


def _order(job: Job, chunk: Chunk, model: Model, past: Mapping[int, Past]) -> None:
    """The likeliest first, among those who go together; each decision says why."""
    ids = [item.person.request_id for item in chunk.going]
    asked = {
        row[0]: Asking(*row[1:])
        for row in db.session.connection().execute(_ASKING, {"b_store": job.store.id, "b_ids": ids})
    }
    rows = [
        features(
            asked[item.person.request_id]._replace(channel=item.person.channel),
            past.get(item.person.contact_id, _NEW),
            job.now,
        )
        for item in chunk.going
    ]
    places = ordered([model.likelihood(row) for row in rows])
    moved: dict[int, Going] = {}
    for place, plain in enumerate(places):
        item = chunk.going[plain]
        if place != plain:
            because = model.reasons(rows[plain], likelier=place < plain)
            order = {"place": place + 1, "plain": plain + 1, "people": len(places), "because": because}
            item = _with_detail(item, {"order": order})
        moved[item.person.request_id] = item
    chunk.take_order(list(moved.values()))


def _with_detail(item: Going, more: Mapping[str, object]) -> Going:
    verdict, detail = item.verdict, {**(item.verdict.detail or {}), **more}
    if isinstance(verdict, Hold):
        return item._replace(verdict=Hold(verdict.reason, verdict.until, detail))
    return item._replace(verdict=Send(verdict.reason, detail))


# --- hours ------------------------------------------------------------------------------------------------------------


def _is_plenty(job: Job) -> bool:
    """Counted before the chunk is written: it is among those who wait."""
    return is_plenty(job.available, count_waiting(job) + job.event.told + job.event.held)


def _delay(job: Job, chunk: Chunk, past: Mapping[int, Past]) -> None:
    """Who could go now, and opens messages at other hours, goes in these."""
    window = job.settings.quiet_hours and Window(*job.settings.quiet_hours.times)
    known = of_requests([item.person.request_id for item in chunk.going]) if window else {}
    later: list[Going] = []
    for item in chunk.going:
        opened = [told.clicked_at for told in past.get(item.person.contact_id, _NEW).told if told.clicked_at]
        place = known.get(item.person.request_id) if item.person.channel == "sms" else None
        zone, until = job.settings.zone, None
        if isinstance(item.verdict, Send) and item.person.quantity == 1 and opened:
            if place and window:
                zone = allowed_from(place, zone, job.settings.country, window, job.now).place.zones[0]
            until = waits_until(opened, zone, job.now)
        if until and window:
            # Never at an hour at which texts to them are not allowed: then it goes now.
            first = (
                allowed_from(place, job.settings.zone, job.settings.country, window, until).at
                if place
                else next_allowed(until, job.settings.zone, window)
            )
            until = until if first == until else None
        if until:
            item = item._replace(verdict=Hold(BEST_HOUR, until, item.verdict.detail))
            job.event.delays_until = max(job.event.delays_until or until, until)
        later.append(item)
    chunk.take_order(later)


def end_delays(now: datetime) -> int:
    """Let those go at once who wait for their hours while there is no plenty any more.

    :returns: how many restocks were looked at for good.
    """
    rows = db.session.execute(
        sa.select(RestockEvent, Variant)
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
        .where(sa.text("restock_event.delays_until IS NOT NULL"))
        .order_by(RestockEvent.id)
        .with_for_update(of=RestockEvent, skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    done = 0
    for event, variant in rows:
        is_over = event.delays_until is None or event.delays_until <= now
        if not is_over and _lasts(event, variant):
            continue
        event.delays_until = None
        done += 1
        if not is_over:
            _hurry(event, now)
    return done


def _lasts(event: RestockEvent, variant: Variant) -> bool:
    waiting = count_waiting_for(event.store_id, event.variant_id, event.region_id)
    return is_plenty(available_at(variant, event.region_id), waiting + event.told)


def _hurry(event: RestockEvent, now: datetime) -> None:
    mine = sa.select(Alert.message_id).where(Alert.store_id == event.store_id, Alert.restock_id == event.id)
    db.session.execute(
        sa.update(Message)
        .where(
            # By the ids themselves: as one statement, a database would read all messages there ever were.
            IdIn(Message.__table__.c.id, ids=[id for id in db.session.scalars(mine) if id is not None]),
            # Not the bare column: the databases would read its index, and with it all that is held.
            (Message.status + "") == "held",
            Message.reason == BEST_HOUR,
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def is_delaying() -> bool:
    """Whether anybody may wait for their hours."""
    waits = sa.text("restock_event.delays_until IS NOT NULL")
    return db.session.scalar(sa.select(RestockEvent.id).where(waits).limit(1)) is not None

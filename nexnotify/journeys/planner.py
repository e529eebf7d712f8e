"""People whose time in a journey has come: each is decided about, and written to, waits on or leaves, once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.db import db
from nexnotify.journeys.follow_ups import decide_waiting
from nexnotify.journeys.models import Journey, JourneyPerson
from nexnotify.journeys.restocks import decide_restock
from nexnotify.journeys.results import Result, Stays
from nexnotify.stores.models import Store
from nexnotify.waitlist.activities import BACK_IN_STOCK

#: People decided about in one transaction.
CHUNK = 500
#: What became due longer ago is a sweep's: somebody has it, or it failed.
LATELY = timedelta(seconds=10)


class JourneyFault(Exception):
    """A journey cannot be worked on, for a reason of its own."""

    def __init__(self, journey_id: int) -> None:
        super().__init__(f"journey {journey_id}")
        self.journey_id = journey_id


class _Inside(NamedTuple):
    id: int
    request_id: int
    variant_id: int
    occurrence: int


def journeys_on() -> Sequence[tuple[int, int]]:
    """(id, delay in minutes) of every journey that is on."""
    rows = db.session.execute(sa.select(Journey.id, Journey.delay_minutes).where(Journey.is_on).order_by(Journey.id))
    return [(id, minutes) for id, minutes in rows]


def has_become_due(now: datetime) -> bool:
    """Whether the delay of anybody in a journey has ended lately; where there is none, other steps bring them on."""
    return any(
        db.session.scalar(
            sa.select(JourneyPerson.id)
            .where(
                JourneyPerson.journey_id == journey_id,
                _INSIDE,
                JourneyPerson.occurred_at.between(until - LATELY, until),
                JourneyPerson.wait_until.is_(None),
            )
            .limit(1)
        )
        is not None
        for journey_id, minutes in journeys_on()
        if minutes
        for until in (now - timedelta(minutes=minutes),)
    )


def work_on_some(journey_id: int, now: datetime) -> int:
    """Decide about the next people of a journey whose time has come, in the caller's transaction.

    The journey's row is held meanwhile, so that switching it off comes before or after, and never between.

    :returns: how many were looked at; call again while there are any.
    :raises JourneyFault: this journey's trouble; others can be worked on.
    """
    journey = db.session.scalars(
        sa.select(Journey)
        .where(Journey.id == journey_id, Journey.is_on)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if journey is None:
        return 0
    try:
        people = _due(journey, now)
        _write(_decide(journey, people, now), now)
        db.session.flush()
    except (OperationalError, InterfaceError):
        raise  # the database, not the journey
    except Exception as error:
        raise JourneyFault(journey_id) from error
    return len(people)


_INSIDE = sa.text("journey_person.state = 'inside'")


def _due(journey: Journey, now: datetime) -> list[_Inside]:
    rows = db.session.execute(
        sa.select(JourneyPerson.id, JourneyPerson.request_id, JourneyPerson.variant_id, JourneyPerson.occurrence)
        .where(
            JourneyPerson.journey_id == journey.id,
            _INSIDE,
            JourneyPerson.occurred_at <= now - journey.delay,
            sa.or_(JourneyPerson.wait_until.is_(None), JourneyPerson.wait_until <= now),
        )
        .order_by(JourneyPerson.occurred_at, JourneyPerson.id)
        .limit(CHUNK)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    return [_Inside(*row) for row in rows]


def _decide(journey: Journey, people: Collection[_Inside], now: datetime) -> list[tuple[int, Result]]:
    store = db.session.get_one(Store, journey.store_id)
    found: list[tuple[int, Result]] = []
    groups: dict[int, list[_Inside]] = {}
    for person in people:
        groups.setdefault(person.variant_id, []).append(person)
    for variant_id, group in sorted(groups.items()):  # in one order: each may wait for the lock on its restock
        asked = {person.request_id: person.occurrence for person in group}
        if journey.trigger == BACK_IN_STOCK:
            results = decide_restock(store, journey, variant_id, asked, now)
        else:
            results = decide_waiting(store, journey, variant_id, list(asked), now)
        found += [(person.id, results[person.request_id]) for person in group]
    return found


_person = JourneyPerson.__table__
_DECIDED = (
    sa.update(_person)
    .where(_person.c.id == sa.bindparam("b_id"))
    .values(
        state=sa.bindparam("b_state"),
        reason=sa.bindparam("b_reason"),
        wait_until=sa.bindparam("b_until"),
        message_id=sa.bindparam("b_message"),
        decided_at=sa.bindparam("b_now"),
    )
)


def _write(results: Iterable[tuple[int, Result]], now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {
            "b_id": id,
            "b_state": "inside" if isinstance(result, Stays) else "sent" if result.message_id else "left",
            "b_reason": result.reason,
            "b_until": result.until if isinstance(result, Stays) else None,
            "b_message": None if isinstance(result, Stays) else result.message_id,
            "b_now": now,
        }
        for id, result in results
    ]
    if rows:
        db.session.connection().execute(_DECIDED, rows)

"""Planning: a restock event and the people who wait become decisions, alerts and messages, each exactly once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import units_there
from nexnotify.ledger.planning.cycle import work_on
from nexnotify.ledger.planning.foresight import PastOf
from nexnotify.restock.models import IS_OPEN, RestockEvent

#: Requests planned in one transaction.
CHUNK = 1000
#: What became due longer ago is a sweep's: somebody has it, or it failed.
LATELY = timedelta(seconds=10)

_DUE = sa.text("restock_event.work_at IS NOT NULL")


class PlanFault(Exception):
    """A restock event cannot be planned, for a reason of its own (an address that no key decrypts, say)."""

    def __init__(self, event_id: int) -> None:
        super().__init__(f"restock event {event_id}")
        self.event_id = event_id


def plan_next(now: datetime, but: Collection[int] = (), past_of: PastOf | None = None) -> bool:
    """Do the next piece of the oldest restock event that is due, in the caller's transaction.

    The event row is locked and remembers how far it came, so that a planner that was killed, or a second one, does not
    plan anybody twice.

    :param but: events to leave alone.
    :param past_of: what is known of people from before; without it, nothing is expected of anybody.
    :returns: False when there is nothing to plan.
    :raises PlanFault: this event cannot be planned; others can.
    """
    earlier, later = sa.orm.aliased(RestockEvent, name="earlier"), sa.orm.aliased(RestockEvent, name="later")
    # One variant's restocks in one place are planned one after another: two planners would each tell the same people.
    in_turn = ~sa.exists().where(
        earlier.store_id == RestockEvent.store_id,
        earlier.variant_id == RestockEvent.variant_id,
        earlier.region_id.is_not_distinct_from(RestockEvent.region_id),
        sa.text("earlier.state NOT IN ('done', 'stopped')"),
        earlier.id < RestockEvent.id,
    )
    # One that waits for its next wave, or for somebody, ends when the next restock of its variant is there.
    overtaken = sa.exists().where(
        later.store_id == RestockEvent.store_id,
        later.variant_id == RestockEvent.variant_id,
        later.region_id.is_not_distinct_from(RestockEvent.region_id),
        sa.text("later.state NOT IN ('done', 'stopped')"),
        later.id > RestockEvent.id,
        later.work_at <= now,
    )
    event = db.session.scalars(
        sa.select(RestockEvent)
        .where(IS_OPEN, in_turn, sa.or_(RestockEvent.work_at <= now, overtaken), RestockEvent.id.not_in(but))
        .order_by(RestockEvent.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if event is None:
        return False
    event_id = event.id
    try:
        work_on(event, now, CHUNK, past_of)
        db.session.flush()
    except (OperationalError, InterfaceError):
        raise  # the database, not the event
    except Exception as error:
        raise PlanFault(event_id) from error
    return True


def has_unplanned(now: datetime) -> bool:
    """Whether planning has work."""
    statement = sa.select(RestockEvent.id).where(_DUE, RestockEvent.work_at <= now).limit(1)
    return db.session.scalar(statement) is not None


def has_become_due(now: datetime) -> bool:
    """Whether the moment of a restock has come lately: its next wave, the end of its undo window."""
    due = RestockEvent.work_at.between(now - LATELY, now)
    return db.session.scalar(sa.select(RestockEvent.id).where(_DUE, due).limit(1)) is not None


def waiting_in_vain(now: datetime) -> Sequence[int]:
    """Restocks that wait for a moment, or for somebody, while their stock has gone, or what they tell of is over."""
    gone = sa.exists().where(
        Variant.store_id == RestockEvent.store_id,
        Variant.id == RestockEvent.variant_id,
        sa.case(
            (
                RestockEvent.region_id.is_not(None),
                units_there(Variant.id, RestockEvent.region_id).correlate(Variant, RestockEvent) <= 0,
            ),
            (RestockEvent.status == IN_STOCK, Variant.available <= 0),
            else_=sa.or_(
                Variant.unavailable_as != RestockEvent.status,
                Variant.available.is_(None),
                Variant.available >= Variant.min_order_quantity,
            ),
        ),
    )
    return db.session.scalars(sa.select(RestockEvent.id).where(IS_OPEN, _waits(now), gone)).all()


def look_at(event_ids: Sequence[int], now: datetime) -> None:
    """Let these be looked at now: they end, and people who were too late get their place back."""
    db.session.execute(
        sa.update(RestockEvent)
        .where(RestockEvent.id.in_(event_ids), IS_OPEN, _waits(now))
        .values(work_at=now)
        .execution_options(synchronize_session=False)
    )


def _waits(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(RestockEvent.work_at.is_(None), RestockEvent.work_at > now)

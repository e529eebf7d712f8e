"""What is expected of people: learned once a day, and handed to the planner."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.clock import utcnow
from nexnotify.db import db, end_read, transaction
from nexnotify.ledger.planning import planner
from nexnotify.ledger.planning.foresight import end_delays, is_delaying
from nexnotify.outcomes.past import past_of
from nexnotify.outcomes.training import data_of, examples_of, is_due, keep, learn, put_off
from nexnotify.stores.models import Store

log = logging.getLogger(__name__)


def plan_next(now: datetime, but: Collection[int] = ()) -> bool:
    """:func:`nexnotify.ledger.planning.planner.plan_next`, with what only later stages know of people."""
    return planner.plan_next(now, but, past_of)


def run_delays() -> None:
    """Who waits for their usual hours goes at once when stock is no longer plenty."""
    if is_delaying():
        end_read()
        with transaction():
            end_delays(utcnow())
    end_read()


def run_predictions() -> None:
    """Each store that has it on learns from its own outcomes, once a day."""
    for store in db.session.scalars(sa.select(Store).order_by(Store.id)).all():
        try:
            if is_due(store, utcnow()):
                _learn(store)
        except (OperationalError, InterfaceError):
            raise  # the database, not the store
        except Exception:
            # One store's trouble must not keep the others from learning; what it knew stays, until tomorrow.
            log.exception("cannot learn from outcomes", extra={"store": store.id})
            with transaction():
                put_off(store, utcnow())
    end_read()


def _learn(store: Store) -> None:
    data = data_of(store, utcnow())
    goal = data.goal
    examples = examples_of(store, goal, utcnow()) if goal else []
    end_read()
    found = learn(examples) if examples else None
    with transaction():
        keep(store, data, goal, found, utcnow())

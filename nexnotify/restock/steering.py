"""What staff do with a restock. Each change is one conditional UPDATE, so pressing twice is pressing once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

_GOING_ON = (*BEFORE, "telling")


def send_now(event: RestockEvent, now: datetime) -> bool:
    """Approve it, or do not wait: for its stock to settle, for the undo window, for its next wave.

    :returns: False when there is nothing left to wait for; so do all of these.
    """
    return _change(event, _GOING_ON, state="telling", work_at=now, hurried_at=now, held_at=None)


def hold(event: RestockEvent, now: datetime) -> bool:
    """Tell nobody more until somebody says so; what is queued goes."""
    return _change(event, _GOING_ON, RestockEvent.held_at.is_(None), held_at=now, work_at=None)


def go_on(event: RestockEvent, now: datetime) -> bool:
    """End a hold. The seconds in which it can be cancelled begin anew: nobody has been told before they are over."""
    undo = timedelta(seconds=store_settings(db.session.get_one(Store, event.store_id)).undo_seconds)
    moment = RestockEvent.work_at.type
    work_at = sa.case((RestockEvent.state == "undo", sa.literal(now + undo, moment)), else_=sa.literal(now, moment))
    return _change(event, _GOING_ON, RestockEvent.held_at.is_not(None), held_at=None, work_at=work_at)


def cap(event: RestockEvent, most: int | None) -> bool:
    """Tell at most so many people in all; None: as many as the policy does."""
    return _change(event, _GOING_ON, most=most)


def cancel(event: RestockEvent, now: datetime) -> bool:
    """Before anybody is told."""
    ended = {"reason": "cancelled", "planned_at": now, "work_at": None, "held_at": None}
    return _change(event, BEFORE, state="stopped", **ended)


def recall(event: RestockEvent, now: datetime) -> bool:
    """Somebody typed a wrong number: from now on nothing of it leaves, and what waits is taken back."""
    over_at = sa.func.coalesce(RestockEvent.planned_at, sa.literal(now, RestockEvent.planned_at.type))
    ended = {"reason": "recalled", "planned_at": over_at, "held_at": None}
    some = sa.or_(RestockEvent.state == "telling", RestockEvent.told + RestockEvent.held > 0)
    states = ("telling", "watching", "done", "stopped")
    fresh = sa.func.coalesce(RestockEvent.reason, "") != "recalled"
    return _change(event, states, some, fresh, state="stopping", plan_cursor=0, work_at=now, **ended)


def _change(event: RestockEvent, states: Sequence[str], *where: sa.ColumnElement[bool], **values: Any) -> bool:
    done = db.session.execute(
        sa.update(RestockEvent)
        .where(RestockEvent.store_id == event.store_id, RestockEvent.id == event.id, RestockEvent.state.in_(states))
        .where(*where)
        .values(**values)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    db.session.expire(event)
    return bool(done)

"""What an open request shall want instead: typed by somebody who may not be its shopper, it waits for a yes.

A form knows a shopper by the address alone, so whoever knows the address could have its owner told later, or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.life import Answered
from nexnotify.waitlist.models import AlertRequest, ChangedWish
from nexnotify.waitlist.scope import Scope, has_wide, read_scope, touched_by, widen

#: Wishes that one transaction of the sweep ends.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What a request shall be about."""

    scope: Scope
    #: Column of the request → what is wanted.
    wish: Mapping[str, Any]

    def columns(self) -> dict[str, Any]:
        """As :class:`ChangedWish` keeps it."""
        scope = self.scope
        others = [item.id for item in scope.variants if item is not scope.variant] if scope.kind == "listed" else []
        return {"scope": scope.kind, "variant_ids": [scope.variant.id, *others], **self.wish}


def set_aside(store: Store, request_id: int, change: Change, now: datetime) -> ChangedWish | None:
    """Keep what a request shall be about, in place of what was kept before and is not answered.

    :returns: None when the same was kept already.
    """
    columns = change.columns()
    known = kept_aside(store.id, request_id)
    if known is not None and known.confirm_by > now and all(getattr(known, key) == columns[key] for key in columns):
        return None
    if known is not None:
        known.ended_at, known.outcome = now, "lapsed" if known.confirm_by <= now else "overtaken"
        db.session.flush()
    confirm_by = now + timedelta(hours=store_settings(store).confirm_hours)
    wish = ChangedWish(store_id=store.id, request_id=request_id, wished_at=now, confirm_by=confirm_by, **columns)
    db.session.add(wish)
    db.session.flush()
    return wish


def kept_aside(store_id: int, request_id: int) -> ChangedWish | None:
    """The change of a request that nobody has answered."""
    statement = sa.select(ChangedWish).where(
        ChangedWish.store_id == store_id, ChangedWish.request_id == request_id, ChangedWish.ended_at.is_(None)
    )
    return db.session.scalars(statement.execution_options(populate_existing=True)).first()


def open_wishes(contact: Contact, now: datetime) -> Sequence[ChangedWish]:
    """What a yes of this contact would change, oldest first."""
    if contact.opted_out_at is not None:
        return []
    statement = (
        sa.select(ChangedWish)
        .join(
            AlertRequest,
            sa.and_(AlertRequest.store_id == ChangedWish.store_id, AlertRequest.id == ChangedWish.request_id),
        )
        .where(
            AlertRequest.store_id == contact.store_id,
            AlertRequest.contact_id == contact.id,
            (AlertRequest.status + "") == "waiting",
            ChangedWish.ended_at.is_(None),
            ChangedWish.confirm_by > now,
        )
        .order_by(ChangedWish.id)
    )
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def take_wishes(contact: Contact, now: datetime) -> list[Answered]:
    """A yes of a (locked) contact: its requests want from now on what was kept aside.

    :returns: the requests that it changed.
    """
    taken = []
    for wish in open_wishes(contact, now):
        request = _take(contact, wish, now)
        wish.ended_at, wish.outcome = now, "lapsed" if request is None else "taken"
        if request is not None:
            taken.append(Answered(request.id, request.variant_id, request.first_name, request.region_id))
    db.session.flush()
    return taken


def _take(contact: Contact, kept: ChangedWish, now: datetime) -> AlertRequest | None:
    wish: dict[str, Any] = {name: getattr(kept, name) for name in ("quantity", "intent", "region_id")}
    wish["made_with"] = None  # a browser that is not the owner's may have made it
    if kept.scope != "variant" or has_wide(contact.store_id, contact.id):
        scope = read_scope(contact.store_id, kept.variant_ids, kept.scope)
        touched = touched_by(contact.store_id, contact.id, scope)
        return widen(touched, scope, wish, now) if touched else None
    request = db.session.get_one(AlertRequest, kept.request_id, populate_existing=True)
    for name, value in wish.items():
        setattr(request, name, value)
    return request


def refuse_wishes(contact: Contact, now: datetime) -> None:
    """A no of a (locked) contact: its requests want what they wanted."""
    for wish in open_wishes(contact, now):
        wish.ended_at, wish.outcome = now, "refused"
    db.session.flush()


def overtake(store_id: int, request_ids: Collection[int], now: datetime) -> None:
    """Their shopper has changed these requests: what others wished meanwhile is void."""
    _end(sa.and_(ChangedWish.store_id == store_id, ChangedWish.request_id.in_(request_ids)), "overtaken", now)


def lapse_wishes(now: datetime) -> int:
    """End what nobody has said yes to in time, of all stores.

    :returns: how many; call again while it is :data:`BATCH`.
    """
    late = sa.select(ChangedWish.id).where(ChangedWish.ended_at.is_(None), ChangedWish.confirm_by <= now)
    ids = db.session.scalars(late.order_by(ChangedWish.confirm_by).limit(BATCH).with_for_update(skip_locked=True)).all()
    _end(ChangedWish.id.in_(ids), "lapsed", now)
    return len(ids)


def _end(which: Any, outcome: str, now: datetime) -> None:
    db.session.execute(
        sa.update(ChangedWish)
        .where(which, ChangedWish.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome)
        .execution_options(synchronize_session=False)
    )

"""Who is being told of a product already, when a restock of it is planned."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import IdIn, db, is_postgresql
from nexnotify.ledger.models import Alert, Message
from nexnotify.policy.eligibility import Hold, Send
from nexnotify.waitlist.models import AlertRequest

_request = AlertRequest.__table__
_CLOSED = sa.select(_request.c.id).where(IdIn(_request.c.id), _request.c.status != "waiting")


def closed_since(request_ids: list[int]) -> set[int]:
    """Requests that wait no more."""
    return set(db.session.connection().scalars(_CLOSED, {"b_ids": request_ids}))


#: States of a message that may still go out, or may just have.
STATES = ("held", "queued", "claimed", "uncertain")

_alert, _ledger = Alert.__table__, Message.__table__
_LOOK = (
    sa.select(_alert.c.request_id, _ledger.c.status, _ledger.c.reason, _ledger.c.due_at)
    .join(_ledger, sa.and_(_ledger.c.store_id == _alert.c.store_id, _ledger.c.id == _alert.c.message_id))
    .where(
        _alert.c.store_id == sa.bindparam("b_store"),
        IdIn(_alert.c.request_id),
        # Not the bare column: PostgreSQL would read its index, and with it all that is queued, chunk after chunk.
        (_ledger.c.status + "").in_(STATES),
    )
)
# One that is being claimed may be found sold out, on stock that was read before this restock: wait and see.
# In the order in which everybody locks messages.
_UNDER_WAY = _LOOK.order_by(_ledger.c.id).with_for_update(read=True, of=_ledger)


def under_way(store_id: int, request_ids: Sequence[int], *, lock: bool = True) -> dict[int, Send | Hold]:
    """Requests with an alert that may still go out: a second restock must not double it.

    :param lock: whether they are to stay so until the transaction ends.
    :returns: request → what was decided about its text: it goes, or until when it is held.
    """
    where = {"b_store": store_id, "b_ids": list(request_ids)}
    rows = db.session.connection().execute(_UNDER_WAY if lock else _LOOK, where)
    return {row.request_id: Hold(row.reason or "", row.due_at) if row.status == "held" else Send() for row in rows}


_PLANNED = sa.select(_alert.c.request_id).where(
    _alert.c.store_id == sa.bindparam("b_store"),
    IdIn(_alert.c.request_id),
    _alert.c.restock_id == sa.bindparam("b_restock"),
)


def planned_before(store_id: int, restock_id: int, request_ids: Sequence[int]) -> set[int]:
    """Requests that a restock has planned a message for, whatever became of it: there is one for each."""
    where = {"b_store": store_id, "b_restock": restock_id, "b_ids": list(request_ids)}
    return set(db.session.connection().scalars(_PLANNED, where))


def one_by_one(store_id: int) -> None:
    """Until the transaction ends, no other restock of the store is planned for people whom several may tell.

    Each planner then sees in :func:`under_way` what the one before it wrote. SQLite's writers wait anyway.
    """
    if is_postgresql():
        db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(4714, sa.cast(store_id, sa.Integer))))

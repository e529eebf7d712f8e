"""What becomes of alert requests by others' hands: ended, told, told in vain, kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import IdIn, db
from nexnotify.waitlist.covering import waited_for_anew
from nexnotify.waitlist.models import OPEN, AlertRequest


def close(request: AlertRequest, reason: str, now: datetime) -> bool:
    """End an open request for a reason of ``AlertRequest.closed_reason``.

    :returns: False when it had ended before.
    """
    if request.status not in OPEN:
        return False
    request.status, request.closed_at, request.closed_reason = "cancelled", now, reason
    return True


def close_some(request_ids: Sequence[int], reason: str, now: datetime) -> list[int]:
    """End those of these requests that are open; their ids, in order."""
    ended = db.session.scalars(
        sa.update(AlertRequest)
        .where(IdIn(AlertRequest.__table__.c.id, ids=request_ids), (AlertRequest.status + "").in_(OPEN))
        .values(status="cancelled", closed_at=now, closed_reason=reason)
        .returning(AlertRequest.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(ended)


def close_all(contact: Contact, reason: str, now: datetime) -> int:
    """End every open request of a contact: STOP, or an address that nothing can reach."""
    return sum(close(request, reason, now) for request in open_requests(contact))


def forget_requests(contact: Contact, now: datetime) -> None:
    """End what a contact waits for, and erase what its requests say of the person."""
    close_all(contact, "erased", now)
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.store_id == contact.store_id, AlertRequest.contact_id == contact.id)
        .values(first_name=None, page_url=None, zone=None, made_with=None)
    )


def open_requests(contact: Contact) -> Sequence[AlertRequest]:
    """What a contact still waits for, oldest first."""
    statement = sa.select(AlertRequest).where(
        AlertRequest.store_id == contact.store_id,
        AlertRequest.contact_id == contact.id,
        AlertRequest.status.in_(OPEN),
    )
    return db.session.scalars(statement.order_by(AlertRequest.id)).all()


def keep_place(request: AlertRequest, now: datetime) -> None:
    """Who was told and came too late waits again, where they stood: lists are in the order of asking.

    That they were told stays written down. They have just said that they want it, so its time counts from now, and what
    was asked before is answered. Their contact has no other open request for it: see ``covering.waits_for``.
    """
    request.status, request.kept_at, request.reminded = "waiting", now, 0
    request.renewed_at, request.renewal_asked_at = now, None


#: By id alone: SQLite without statistics takes ``store_id = ?`` for narrow, and would read all that a store ever had.
#: And not the bare status: PostgreSQL would read its index, and with it all who wait.
_MARK_ALERTED = (
    sa.update(AlertRequest.__table__)
    .where(IdIn(AlertRequest.__table__.c.id), (AlertRequest.__table__.c.status + "") == "waiting")
    .values(status="alerted", alerted_at=sa.bindparam("b_now", type_=AlertRequest.__table__.c.alerted_at.type))
)


def mark_alerted(requests: Sequence[int], now: datetime) -> None:
    """These have been told, or may have been: they are not asked for again by this restock or the next."""
    db.session.connection().execute(_MARK_ALERTED, {"b_ids": list(requests), "b_now": now})


def back_to_waiting(requests: Sequence[int], now: datetime) -> None:
    """It turned out that these were never told, or told in vain; one whose shopper has asked anew since stays closed.

    Whoever was asked whether it is still wanted, and then told, had no more reason to answer: they are asked again.
    """
    newer = sa.orm.aliased(AlertRequest)
    asked_anew = sa.exists().where(
        newer.store_id == AlertRequest.store_id,
        newer.variant_id == AlertRequest.variant_id,
        newer.contact_id == AlertRequest.contact_id,
        newer.status.in_(OPEN),
    )
    stopped_since = sa.exists().where(
        ConsentEntry.store_id == AlertRequest.store_id,
        ConsentEntry.contact_id == AlertRequest.contact_id,
        ConsentEntry.action == "revoked",
        ConsentEntry.at >= AlertRequest.created_at,
    )
    alone = list(set(requests) - waited_for_anew(requests))
    for where, values in (
        (
            sa.and_(AlertRequest.id.in_(requests), stopped_since),
            {"status": "cancelled", "closed_at": now, "closed_reason": "stop", "alerted_at": None},
        ),
        (
            sa.and_(AlertRequest.id.in_(alone), ~asked_anew),
            {"status": "waiting", "alerted_at": None, "reminded": 0, "renewal_asked_at": None},
        ),
    ):
        db.session.execute(
            sa.update(AlertRequest)
            .where((AlertRequest.status + "") == "alerted", where)
            .values(**values)
            .execution_options(synchronize_session=False)
        )

"""Who of a restock's people is not told of it, so that what telling is worth can be measured (``policy.holdout``).

Asked only where the store wants it. The share is that of the moment at which the restock began to tell, and stands in its
row: so whoever asks about it later (a late yes, another channel, a journey) gets the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db
from nexnotify.ledger.drafts import Waiting
from nexnotify.ledger.job import Job
from nexnotify.policy.holdout import Draw, is_held_out
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest

_own, _other, _customer = AlertRequest.__table__, AlertRequest.__table__.alias("other"), Customer.__table__
#: (contact, another contact of the same shopper): asked with the same form.
_ASKED_TOGETHER = (
    sa.select(_own.c.contact_id, _other.c.contact_id)
    .join(_other, sa.and_(_other.c.store_id == _own.c.store_id, _other.c.asked_with == _own.c.asked_with))
    .where(IdIn(_own.c.id), _own.c.asked_with.is_not(None))
)
#: The same, by number and by email address of one customer.
_OF_A_CUSTOMER = [
    sa.select(mine, other).where(
        _customer.c.store_id == sa.bindparam("b_store"), IdIn(mine), mine.is_not(None), other.is_not(None)
    )
    for mine, other in [
        (_customer.c.sms_contact_id, _customer.c.email_contact_id),
        (_customer.c.email_contact_id, _customer.c.sms_contact_id),
    ]
]


def held_out(job: Job, people: Sequence[Waiting]) -> Collection[int]:
    """Requests of these people who are not told of this restock, on whichever channel they ask."""
    event = job.event
    if not event.holdout or not people:
        return ()
    now, before, persons = Draw(event.id or 0, event.holdout), _last_draw(event), _persons(event.store_id, people)
    return {
        person.request_id
        for person in people
        if is_held_out(event.store_id, persons.get(person.contact_id, person.contact_id), now, before)
    }


def _last_draw(event: RestockEvent) -> Draw | None:
    earlier = [RestockEvent.id < event.id] if event.id else []
    row = db.session.execute(
        sa.select(RestockEvent.id, RestockEvent.holdout)
        .where(
            RestockEvent.store_id == event.store_id,
            RestockEvent.variant_id == event.variant_id,
            RestockEvent.holdout > 0,
            *earlier,
        )
        .order_by(RestockEvent.id.desc())
        .limit(1)
    ).first()
    return Draw(*row) if row else None


def _persons(store_id: int, people: Sequence[Waiting]) -> dict[int, int]:
    """Contact → the lowest of the contacts that are known to be the same shopper's, which stands for the shopper."""
    connection = db.session.connection()
    pairs = list(connection.execute(_ASKED_TOGETHER, {"b_ids": [person.request_id for person in people]}))
    for statement in _OF_A_CUSTOMER:
        pairs += connection.execute(statement, {"b_store": store_id, "b_ids": [person.contact_id for person in people]})
    lowest: dict[int, int] = {}
    for contact, other in pairs:
        lowest[contact] = min(lowest.get(contact, contact), other)
    return lowest

"""Who of a restock's people is not told of it, so that what telling is worth can be measured (``policy.holdout``).

Asked only where the store wants it. The share is that of the moment at which the restock began to tell, and stands in its
row: so whoever asks about it later (a late yes, another channel, a journey) gets the same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.planning.drafts import Waiting
from nexnotify.ledger.planning.job import Job
from nexnotify.policy.holdout import Draw, lot
from nexnotify.restock.freed import FREED, is_freed
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


class Drawn(NamedTuple):
    """The draw among some people of a restock."""

    #: Requests of those who are not told of it, on whichever channel they ask.
    held_out: Collection[int] = ()
    #: Request → the contact that stands for its shopper, of those in the draw, left out or not.
    shoppers: Mapping[int, int] = {}


#: Where a store tells everybody.
NOBODY = Drawn()


def draw(job: Job, people: Sequence[Waiting]) -> Drawn:
    """Who of these people is not told of this restock, and who could have been drawn."""
    event = _came_in_by(job.event) if people else job.event
    if not event.holdout or not people:
        return NOBODY
    now, before, same = Draw(event.id or 0, event.holdout), _last_draw(event), _shoppers(event.store_id, people)
    held_out, shoppers = set(), {}
    for person in people:
        shopper = same.get(person.contact_id, person.contact_id)
        is_out = lot(event.store_id, shopper, now, before)
        if is_out is not None:
            shoppers[person.request_id] = shopper
        if is_out:
            held_out.add(person.request_id)
    # Only the restock that drew compares them.
    return Drawn(held_out, shoppers if event is job.event else {})


def _came_in_by(event: RestockEvent) -> RestockEvent:
    """The restock whose draw counts: units that are free again belong to the one that they came in by."""
    if event.most is None or not is_freed(event):
        return event
    before = _before(event).join(StockChange, _is_its_change).where(StockChange.cause != FREED)
    return db.session.scalars(before).first() or event


def _last_draw(event: RestockEvent) -> Draw | None:
    drew = db.session.scalars(_before(event).where(RestockEvent.holdout > 0)).first()
    return Draw(drew.id, drew.holdout) if drew else None


def _before(event: RestockEvent) -> sa.Select[RestockEvent]:
    """The last of the restocks of the same product in the same place before it."""
    earlier = [RestockEvent.id < event.id] if event.id else []
    return (
        sa.select(RestockEvent)
        .where(
            RestockEvent.store_id == event.store_id,
            RestockEvent.variant_id == event.variant_id,
            RestockEvent.region_id.is_not_distinct_from(event.region_id),
            *earlier,
        )
        .order_by(RestockEvent.id.desc())
        .limit(1)
    )


_is_its_change = sa.and_(StockChange.store_id == RestockEvent.store_id, StockChange.id == RestockEvent.stock_change_id)


def _shoppers(store_id: int, people: Sequence[Waiting]) -> dict[int, int]:
    """Contact → the lowest of the contacts that are known to be the same shopper's, which stands for the shopper."""
    connection = db.session.connection()
    pairs = list(connection.execute(_ASKED_TOGETHER, {"b_ids": [person.request_id for person in people]}))
    for statement in _OF_A_CUSTOMER:
        pairs += connection.execute(statement, {"b_store": store_id, "b_ids": [person.contact_id for person in people]})
    lowest: dict[int, int] = {}
    for contact, other in pairs:
        lowest[contact] = min(lowest.get(contact, contact), other)
    return lowest

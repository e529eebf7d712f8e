"""Who waits for a restock, and the rule asked about each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.field_values import fold
from nexnotify.customers.models import Contact, Customer, CustomField, CustomFieldValue
from nexnotify.db import db
from nexnotify.inventory.service import status_of
from nexnotify.ledger.drafts import Waiting
from nexnotify.ledger.facts import store_policy
from nexnotify.ledger.job import Job
from nexnotify.policy.eligibility import Facts, Verdict, decide_alert
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest

_request, _contact = AlertRequest.__table__, Contact.__table__
_PEOPLE = (
    sa.select(
        _request.c.id,
        _request.c.asked_status,
        _request.c.first_name,
        _contact.c.id,
        _contact.c.channel,
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
    )
    .join(_contact, sa.and_(_contact.c.store_id == _request.c.store_id, _contact.c.id == _request.c.contact_id))
    .where(
        _request.c.store_id == sa.bindparam("store_id"),
        _request.c.variant_id == sa.bindparam("variant_id"),
        _request.c.status == "waiting",
    )
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_BEHIND = _request.c.id > sa.bindparam("after")
_customer, _value, _field = Customer.__table__, CustomFieldValue.__table__, CustomField.__table__
#: Whether the customer whose address it is has a yes in the field that the store named.
_HAS_PRIORITY = sa.exists().where(
    _customer.c.store_id == _request.c.store_id,
    sa.or_(_customer.c.sms_contact_id == _contact.c.id, _customer.c.email_contact_id == _contact.c.id),
    _value.c.store_id == _customer.c.store_id,
    _value.c.customer_id == _customer.c.id,
    _value.c.custom_field_id == _field.c.id,
    sa.cast(_value.c.value, sa.Text) == "true",
    _field.c.store_id == _customer.c.store_id,
    _field.c.name_key == sa.bindparam("b_field"),
)
#: Part of the list, in the order in which it is told → its people.
_LISTS = {
    "oldest": [_PEOPLE.where(_BEHIND).order_by(_request.c.id)],
    "newest": [
        _PEOPLE.where(sa.or_(sa.bindparam("after") == 0, _request.c.id < sa.bindparam("after"))).order_by(
            _request.c.id.desc()
        )
    ],
    "priority": [
        _PEOPLE.where(_BEHIND, _HAS_PRIORITY).order_by(_request.c.id),
        _PEOPLE.where(_BEHIND, ~_HAS_PRIORITY).order_by(_request.c.id),
    ],
}


_COUNTS = {
    order: [sa.select(sa.func.count()).select_from(part.limit(None).order_by(None).subquery()) for part in parts]
    for order, parts in _LISTS.items()
}


def waiting(job: Job, most: int) -> list[Waiting]:
    """The next ``most`` people behind the place the plan came to, in the order in which the store tells them."""
    parts = _LISTS[told_in(job.settings)]
    statement = parts[min(job.event.part, len(parts) - 1)]
    where = _place(job) | {"most": most}
    return [Waiting(*row) for row in db.session.connection().execute(statement, where).all()]


def count_waiting(job: Job) -> int:
    """How many people there are behind that place."""
    found, where = 0, _place(job)
    for statement in _COUNTS[told_in(job.settings)][job.event.part :]:
        found += db.session.connection().scalar(statement, where) or 0
        where["after"] = 0
    return found


def _place(job: Job) -> dict[str, Any]:
    event = job.event
    where: dict[str, Any] = {"store_id": event.store_id, "variant_id": event.variant_id, "after": event.plan_cursor}
    if told_in(job.settings) == "priority":
        where["b_field"] = fold(job.settings.priority_field)
    return where


def next_part(job: Job) -> bool:
    """Go on with the next part of the list.

    :returns: False when this was the last one.
    """
    if job.event.part + 1 >= len(_LISTS[told_in(job.settings)]):
        return False
    job.event.part, job.event.plan_cursor = job.event.part + 1, 0
    return True


def told_in(settings: StoreSettings) -> str:
    """The order in which people are told; without a field there is no priority."""
    return "oldest" if settings.alert_order == "priority" and not settings.priority_field else settings.alert_order


def decider(job: Job) -> Callable[[Waiting, Sequence[datetime]], Verdict]:
    """The rule, asked once for all people with the same facts."""
    policy, buyable = store_policy(job.settings), status_of(job.variant) == "in_stock"
    known: dict[tuple[object, ...], Verdict] = {}

    def decide(person: Waiting, recent: Sequence[datetime]) -> Verdict:
        key = (person.channel, person.asked_status, person.opted_out, person.reachable, *recent)
        if key not in known:
            facts = Facts(
                opted_out=person.opted_out,
                reachable=person.reachable,
                switched_on=person.channel in job.settings.switches.offered(person.asked_status),
                paused=job.settings.is_paused(person.channel),
                buyable=buyable,
                recent=recent,
            )
            known[key] = decide_alert(facts, policy, job.now)
        return known[key]

    return decide

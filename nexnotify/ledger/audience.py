"""Who waits for a restock, and the rule asked about each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.service import needed_of, status_of
from nexnotify.ledger.drafts import Waiting
from nexnotify.ledger.facts import store_policy
from nexnotify.ledger.job import Job
from nexnotify.policy.eligibility import Facts, Verdict, decide_alert
from nexnotify.restock.detect import obstacle
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.scope import first_of, who_waits

_request, _contact = AlertRequest.__table__, Contact.__table__
#: One statement: the three ways to wait, each in the order of asking and no longer than a chunk, then the oldest of all.
_ways = who_waits(
    [
        _request.c.id,
        _request.c.store_id,
        _request.c.contact_id,
        _request.c.asked_status,
        _request.c.quantity,
        _request.c.first_name,
        _request.c.scope,
    ],
    sa.bindparam("store_id"),
    sa.bindparam("variant_id"),
    sa.bindparam("first", type_=sa.BigInteger),
)
_most = sa.bindparam("most", type_=sa.Integer)
_after = [way.requests.where(way.id > sa.bindparam("after")).order_by(way.id).limit(_most) for way in _ways]
_asking = sa.union_all(*(sa.select(way.subquery()) for way in _after)).subquery()
_WAITING = (
    sa.select(
        _asking.c.id,
        _asking.c.asked_status,
        _asking.c.quantity,
        _asking.c.first_name,
        _asking.c.scope != "variant",
        _contact.c.id,
        _contact.c.channel,
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
    )
    .join(_contact, sa.and_(_contact.c.store_id == _asking.c.store_id, _contact.c.id == _asking.c.contact_id))
    .order_by(_asking.c.id)
    .limit(_most)
)


def waiting(event: RestockEvent, most: int) -> list[Waiting]:
    """The next ``most`` people behind the place the plan came to, in the order they asked."""
    first = db.session.scalar(sa.select(first_of(event.store_id, event.variant_id)))
    where = {"store_id": event.store_id, "variant_id": event.variant_id, "first": first}
    where |= {"after": event.plan_cursor, "most": most}
    return [Waiting(*row) for row in db.session.connection().execute(_WAITING, where).all()]


def decider(job: Job) -> Callable[[Waiting, Sequence[datetime]], Verdict]:
    """The rule, asked once for all people with the same facts."""
    policy, variant, product = store_policy(job.settings), job.variant, job.variant.product
    buyable, needed = status_of(variant) == "in_stock", needed_of(job.settings, variant)
    switches = job.settings.switches.but(product.switches)
    known: dict[tuple[object, ...], Verdict] = {}

    def decide(person: Waiting, recent: Sequence[datetime]) -> Verdict:
        key = (person.channel, person.asked_status, person.quantity, person.opted_out, person.reachable, *recent)
        if key not in known:
            facts = Facts(
                opted_out=person.opted_out,
                reachable=person.reachable,
                switched_on=person.channel in switches.offered(person.asked_status),
                paused=job.settings.is_paused(person.channel),
                buyable=buyable,
                obstacle=obstacle(product.alerts, variant.available, needed, person.quantity),
                recent=recent,
            )
            known[key] = decide_alert(facts, policy, job.now)
        return known[key]

    return decide

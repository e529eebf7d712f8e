"""Who waits for a restock, and the rule asked about each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

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
from nexnotify.waitlist.scope import FIRST_OF, who_waits

_request, _contact = AlertRequest.__table__, Contact.__table__
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
_behind = [way.requests.where(way.id > sa.bindparam("after")) for way in _ways]


def _people(requests: sa.Select[Any], asking: sa.FromClause) -> sa.Select[Any]:
    """Those who ask, with their contacts, oldest first."""
    of_contact = sa.and_(_contact.c.store_id == asking.c.store_id, _contact.c.id == asking.c.contact_id)
    columns = (
        asking.c.id,
        asking.c.asked_status,
        asking.c.quantity,
        asking.c.first_name,
        asking.c.scope != "variant",
        _contact.c.id,
        _contact.c.channel,
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
    )
    return requests.with_only_columns(*columns).join(_contact, of_contact).order_by(asking.c.id).limit(_most)


_plain = _people(_behind[0], _request)
#: The three ways together, each in the order of asking and no longer than a chunk. That costs twice as much for a person,
#: so it is asked only where somebody waits in one of the other two.
_together = sa.union_all(
    *(sa.select(behind.order_by(way.id).limit(_most).subquery()) for way, behind in zip(_ways, _behind, strict=True))
).subquery()
_all = _people(sa.select(_together), _together)
_ANYONE_ELSE = sa.select(sa.or_(*(behind.with_only_columns(sa.literal(1)).exists() for behind in _behind[1:])))


def waiting(event: RestockEvent, most: int) -> list[Waiting]:
    """The next ``most`` people behind the place the plan came to, in the order they asked."""
    connection = db.session.connection()
    where: dict[str, Any] = {"store_id": event.store_id, "variant_id": event.variant_id, "after": event.plan_cursor}
    where["first"] = connection.scalar(FIRST_OF, where)
    statement = _all if connection.scalar(_ANYONE_ELSE, where) else _plain
    return [Waiting(*row) for row in connection.execute(statement, where | {"most": most}).all()]


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

"""Who waits for a restock, and the rule asked about each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.service import status_of
from nexnotify.ledger.drafts import Waiting
from nexnotify.ledger.facts import store_policy
from nexnotify.ledger.job import Job
from nexnotify.policy.eligibility import Facts, Verdict, decide_alert
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest

_request, _contact = AlertRequest.__table__, Contact.__table__
_WAITING = (
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
        _request.c.id > sa.bindparam("after"),
    )
    .order_by(_request.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def waiting(event: RestockEvent, most: int, after: int | None = None) -> list[Waiting]:
    """The next ``most`` people behind the place the plan came to (or behind a request), in the order they asked."""
    place = event.plan_cursor if after is None else after
    where = {"store_id": event.store_id, "variant_id": event.variant_id, "after": place, "most": most}
    return [Waiting(*row) for row in db.session.connection().execute(_WAITING, where).all()]


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

"""Who waits for a restock, and the rule asked about each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.field_values import fold
from nexnotify.customers.models import Contact, Customer, CustomField, CustomFieldValue
from nexnotify.db import IdIn, db
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.inventory.service import needed_of
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.drafts import Waiting
from nexnotify.ledger.planning.facts import ChunkFacts, store_policy
from nexnotify.ledger.planning.job import Job
from nexnotify.ledger.planning.overlap import STATES as UNDER_WAY
from nexnotify.policy.eligibility import Facts, Verdict, decide_alert
from nexnotify.restock.detect import obstacle, offer_obstacle
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.waitlist.scope import FIRST_OF, Way, who_waits

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
_after = sa.bindparam("after", type_=sa.BigInteger)
_Condition = sa.ColumnElement[bool]

_customer, _value, _field = Customer.__table__, CustomFieldValue.__table__, CustomField.__table__
_SAYS_YES = sa.exists().where(
    _value.c.store_id == _customer.c.store_id,
    _value.c.customer_id == _customer.c.id,
    _value.c.custom_field_id == _field.c.id,
    sa.cast(_value.c.value, sa.Text) == "true",
)
#: Whether the customer whose address it is has a yes in the field that the store named; that of the opt-in stands in
#: the customer's own row.
_HAS_PRIORITY = sa.exists().where(
    _customer.c.store_id == _request.c.store_id,
    sa.or_(_customer.c.sms_contact_id == _request.c.contact_id, _customer.c.email_contact_id == _request.c.contact_id),
    _field.c.store_id == _customer.c.store_id,
    _field.c.name_key == sa.bindparam("b_field"),
    sa.or_(_SAYS_YES, sa.and_(_field.c.is_sms_opt_in.is_(True), _customer.c.sms_opt_in.is_(True))),
)

_decision, _alert, _message = Decision.__table__, Alert.__table__, Message.__table__
#: Nothing was decided about it at this restock but that the text of an earlier one is on its way, which it is no more.
_IS_LEFT_OVER = sa.and_(
    ~sa.exists().where(
        _decision.c.store_id == _request.c.store_id,
        _decision.c.request_id == _request.c.id,
        # Not the bare column: SQLite would read all that was decided at the restock, for each person once more.
        _decision.c.restock_id + 0 == sa.bindparam("b_restock"),
        _decision.c.reason != "told_already",
    ),
    ~sa.exists().where(
        _alert.c.store_id == _request.c.store_id,
        _alert.c.request_id == _request.c.id,
        _message.c.store_id == _alert.c.store_id,
        _message.c.id == _alert.c.message_id,
        # Not the bare column: the databases would read its index, and with it all that is queued.
        (_message.c.status + "").in_(UNDER_WAY),
    ),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the list, behind a place in it."""

    #: Its next people: those who wait for just this variant, and in all ways together. That costs twice as much for a
    #: person, so it is asked only where ``anyone_else`` waits.
    plain: sa.Select[Any]
    together: sa.Select[Any]
    anyone_else: sa.Select[Any]
    #: How many they are in all.
    count: sa.Select[Any]


def _part(*conditions: _Condition, among: Sequence[Way], newest: bool = False) -> _Part:
    """The people of all ways to wait who meet the conditions, oldest or newest first."""

    def behind(id: Any) -> _Condition:
        return sa.or_(_after == 0, id < _after) if newest else id > _after

    def in_order(id: Any) -> Any:
        return id.desc() if newest else id

    ways = [(way.requests.where(behind(way.id), *conditions), way.id) for way in among]
    together = sa.union_all(
        *(sa.select(requests.order_by(in_order(id)).limit(_most).subquery()) for requests, id in ways)
    ).subquery()
    counts = [sa.select(sa.func.count()).select_from(requests.subquery()).scalar_subquery() for requests, _ in ways]
    others = (requests.with_only_columns(sa.literal(1)).exists() for requests, _ in ways[1:])
    return _Part(
        plain=_people(ways[0][0], _request).order_by(in_order(_request.c.id)),
        together=_people(sa.select(together), together).order_by(in_order(together.c.id)),
        anyone_else=sa.select(sa.or_(*others)),
        count=sa.select(counts[0] + counts[1] + counts[2]),
    )


def _people(requests: sa.Select[Any], asking: sa.FromClause) -> sa.Select[Any]:
    """Those who ask, with their contacts."""
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
    return requests.with_only_columns(*columns).join(_contact, of_contact).limit(_most)


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of those who may hear of a restock."""

    #: The order in which a store tells people → the parts of its list.
    parts: dict[str, list[_Part]]
    #: At last, whoever a list has missed, because they said yes, or priority or the order changed, behind the plan's
    #: place.
    left_over: _Part
    #: Some of its people, by their ids.
    these: list[sa.Select[Any]]


def _lists(ways: Sequence[Way]) -> _Lists:
    return _Lists(
        {
            "oldest": [_part(among=ways)],
            "newest": [_part(among=ways, newest=True)],
            "priority": [_part(_HAS_PRIORITY, among=ways), _part(~_HAS_PRIORITY, among=ways)],
        },
        _part(_IS_LEFT_OVER, among=ways),
        [_people(way.requests.where(IdIn(way.id)), _request) for way in ways],
    )


#: A restock is for all who wait, anywhere or in its region; that something can be ordered before there is stock, for those
#: who want to hear it, wherever they are.
_ALL = _lists([way.there(None) for way in _ways])
_THERE = _lists([way.there(sa.bindparam("region", type_=sa.BigInteger)) for way in _ways])
_WANTING = _lists([way.wanting(sa.bindparam("intent")) for way in _ways])


def _of(job: Job) -> _Lists:
    if job.offer is not None:
        return _WANTING
    return _ALL if job.event.region_id is None else _THERE


def _asking(job: Job, row: Any) -> Waiting:
    """Somebody who waits; told that it can be ordered, they are asked about by that switch and template."""
    person = Waiting(*row)
    return person if job.offer is None else person._replace(asked_status=OFFERS[job.offer])


def waiting(job: Job, most: int) -> list[Waiting]:
    """The next ``most`` people behind the place the plan came to, in the order in which the store tells them."""
    lists, where = _of(job), _place(job)
    parts = (*lists.parts[told_in(job.settings)], lists.left_over)
    part = parts[min(job.event.part, len(parts) - 1)]
    connection = db.session.connection()
    statement = part.together if connection.scalar(part.anyone_else, where) else part.plain
    found = connection.execute(statement, where | {"most": most}).all()
    return [Waiting(*row) for row in found] if job.offer is None else [_asking(job, row) for row in found]


def people_of(job: Job, request_ids: Sequence[int]) -> list[Waiting]:
    """Those of these requests that wait for what the restock is of, oldest first."""
    if not request_ids:
        return []
    where = _place(job) | {"most": len(request_ids), "b_ids": list(request_ids)}
    connection = db.session.connection()
    return sorted({_asking(job, row) for statement in _of(job).these for row in connection.execute(statement, where)})


def count_waiting(job: Job) -> int:
    """How many people there are behind that place; where there are none, how many the list has missed."""
    found, where, lists = 0, _place(job), _of(job)
    for part in lists.parts[told_in(job.settings)][job.event.part :]:
        found += db.session.connection().scalar(part.count, where) or 0
        where["after"] = 0
    if not found and (job.event.wave or job.event.part or job.event.late):
        found = db.session.connection().scalar(lists.left_over.count, where | {"after": 0}) or 0
    return found


def _place(job: Job) -> dict[str, Any]:
    event = job.event
    where: dict[str, Any] = {"store_id": event.store_id, "variant_id": event.variant_id, "after": event.plan_cursor}
    where["first"] = db.session.connection().scalar(FIRST_OF, where)
    where["b_restock"] = event.id or 0
    if job.offer is not None:
        where["intent"] = job.offer
    elif event.region_id is not None:
        where["region"] = event.region_id
    if told_in(job.settings) == "priority":
        where["b_field"] = fold(job.settings.priority_field)
    return where


def next_part(job: Job) -> bool:
    """Go on with the next part of the list; the last is who was left over, where there may be somebody.

    Nobody is left over by an order that does not change, told in one go.

    :returns: False when this was the last one.
    """
    event, order = job.event, told_in(job.settings)
    last = len(_ALL.parts[order])
    if event.part + 1 < last:
        event.part += 1
    elif event.late or (event.part < last and (event.wave > 1 or order != "oldest")):
        event.part, event.late = last, False
    else:
        return False
    event.plan_cursor = 0
    return True


def look_again(job: Job) -> None:
    """Somebody waits at a place that the plan has passed: in the order of asking next in line, else looked for at the end."""
    event, order = job.event, told_in(job.settings)
    if order == "oldest":
        event.part, event.plan_cursor = len(_ALL.parts[order]), 0
    else:
        event.late = True


def told_in(settings: StoreSettings) -> str:
    """The order in which people are told; without a field there is no priority."""
    return "oldest" if settings.alert_order == "priority" and not settings.priority_field else settings.alert_order


def decider(job: Job, facts_of: ChunkFacts) -> Callable[[Waiting], Verdict]:
    """The rule, asked once for all people with the same facts."""
    policy, variant, product = store_policy(job.settings), job.variant, job.variant.product
    status, available, needed, offer = job.status, job.available, needed_of(job.settings, variant), job.offer
    switches = job.settings.switches.but(product.switches)
    counted, told, whereabouts, buyers = facts_of.recent.counted, facts_of.recent.told, facts_of.known, facts_of.bought
    variant_id = variant.id
    known: dict[tuple[Any, ...], Verdict] = {}

    def decide(person: Waiting) -> Verdict:
        recent, known_of = counted.get(person.contact_id, ()), whereabouts.get(person.request_id)
        told_at, bought = told.get((person.contact_id, variant_id)), person.request_id in buyers
        own = (person.channel, person.asked_status, person.quantity, person.opted_out, person.reachable)
        key = (*own, known_of, told_at, bought, *recent)
        if key not in known:
            facts = Facts(
                opted_out=person.opted_out,
                reachable=person.reachable,
                switched_on=person.channel in switches.offered(person.asked_status),
                paused=job.settings.is_paused(person.channel),
                buyable=offer is not None or status == IN_STOCK,
                obstacle=offer_obstacle(product.alerts, product.published, offer, status)
                if offer
                else obstacle(product.alerts, available, needed, person.quantity),
                bought=bought,
                page_gone=facts_of.page_gone,
                told_at=told_at,
                recent=recent,
                known=known_of,
            )
            known[key] = decide_alert(facts, policy, job.now)
        return known[key]

    return decide

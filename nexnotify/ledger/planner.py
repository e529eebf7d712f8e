"""Planning: a restock event and the people who wait become decisions, alerts and messages, each exactly once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import db, insert_tuples, reserve_ids
from nexnotify.gateways.service import lane_for_new
from nexnotify.inventory.service import status_of
from nexnotify.ledger.decisions import record_decisions
from nexnotify.ledger.drafts import KIND, Drafts, NoText, Text, Waiting
from nexnotify.ledger.facts import GOING, messages_that_count, store_policy
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import record_new
from nexnotify.ledger.overlap import closed_since, under_way
from nexnotify.ledger.paying import ASK_AGAIN, NO_CREDIT, Funds, funds, put_aside
from nexnotify.policy.eligibility import Facts, Hold, Send, Skip, Verdict, decide_alert
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.models import AlertRequest

#: Requests planned in one transaction.
CHUNK = 1000
#: An alert is worth something for this long after it may first be sent.
ALERT_VALID = timedelta(hours=24)


class PlanFault(Exception):
    """A restock event cannot be planned, for a reason of its own (an address that no key decrypts, say)."""

    def __init__(self, event_id: int) -> None:
        super().__init__(f"restock event {event_id}")
        self.event_id = event_id


@dataclass(slots=True)
class _Job:
    """What planning one event needs, read once per chunk."""

    store: Store
    event: RestockEvent
    variant: Variant
    settings: StoreSettings
    now: datetime
    #: The sender's lane by channel.
    lanes: dict[str, int | None]
    drafts: Drafts
    #: Of what may go at once.
    valid_until: datetime


def plan_next(now: datetime, but: Collection[int] = ()) -> bool:
    """Plan the next chunk of the oldest open restock event, in the caller's transaction.

    The event row is locked and remembers how far it came, so that a planner that was killed, or a second one, does not
    plan anybody twice.

    :param but: events to leave alone.
    :returns: False when there is nothing to plan.
    :raises PlanFault: this event cannot be planned; others can.
    """
    earlier = sa.orm.aliased(RestockEvent)
    # One variant's restocks are planned one after another: two planners would each tell the same people.
    in_turn = ~sa.exists().where(
        earlier.store_id == RestockEvent.store_id,
        earlier.variant_id == RestockEvent.variant_id,
        earlier.planned_at.is_(None),
        earlier.id < RestockEvent.id,
    )
    event = db.session.scalars(
        sa.select(RestockEvent)
        .where(sa.text("restock_event.planned_at IS NULL"), in_turn, RestockEvent.id.not_in(but))
        .order_by(RestockEvent.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if event is None:
        return False
    event_id = event.id
    try:
        _plan(event, now)
    except (OperationalError, InterfaceError):
        raise  # the database, not the event
    except Exception as error:
        raise PlanFault(event_id) from error
    return True


def _plan(event: RestockEvent, now: datetime) -> None:
    job = _open(event, now)
    rows = _waiting(event)
    if rows:
        _plan_chunk(job, rows)
        event.plan_cursor = rows[-1].request_id
    if len(rows) < CHUNK:
        event.planned_at = now
    db.session.flush()


def has_unplanned() -> bool:
    """Whether planning has work."""
    statement = sa.select(RestockEvent.id).where(sa.text("restock_event.planned_at IS NULL")).limit(1)
    return db.session.scalar(statement) is not None


def _open(event: RestockEvent, now: datetime) -> _Job:
    store = db.session.get_one(Store, event.store_id)
    variant = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == event.store_id, Variant.id == event.variant_id)
        .execution_options(populate_existing=True)
    ).one()
    lanes = {channel: lane_for_new(store, channel) for channel in ("sms", "email", "push")}
    return _Job(store, event, variant, store_settings(store), now, lanes, Drafts(store, variant), now + ALERT_VALID)


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


def _waiting(event: RestockEvent) -> list[Waiting]:
    where = {"store_id": event.store_id, "variant_id": event.variant_id, "after": event.plan_cursor, "most": CHUNK}
    return [Waiting(*row) for row in db.session.connection().execute(_WAITING, where).all()]


def _plan_chunk(job: _Job, rows: Sequence[Waiting]) -> None:
    recent = messages_that_count(job.store.id, [person.contact_id for person in rows], job.settings, job.now, GOING)
    request_ids = [person.request_id for person in rows]
    busy = under_way(job.store.id, request_ids)
    closed = closed_since(request_ids)  # after the line above: who was told in between is in neither
    decide = _decider(job)
    decided: list[tuple[int, int, Verdict, str | None]] = []
    going: list[tuple[Waiting, Send | Hold, Text]] = []
    for person in rows:
        if person.request_id in closed:
            continue
        words = None
        verdict = Skip("told_already") if person.request_id in busy else decide(person, recent[person.contact_id])
        if not isinstance(verdict, Skip):
            text = _draft(job, person)
            if isinstance(text, NoText):
                verdict, words = Skip(text.reason), text.words
            else:
                going.append((person, verdict, text))
                # What is planned now counts for the same contact's next item.
                recent[person.contact_id].append(verdict.until if isinstance(verdict, Hold) else job.now)
        decided.append((person.request_id, job.event.id, verdict, words))
    found = funds(job.store.id, job.settings, [(person.channel, text.segments) for person, _, text in going])
    if found.short:
        no_credit = Hold(NO_CREDIT, job.now + ASK_AGAIN)
        short = {going[place][0].request_id for place in found.short}
        going = [(person, no_credit if person.request_id in short else say, text) for person, say, text in going]
        decided = [(id, event, no_credit if id in short else say, words) for id, event, say, words in decided]
    _store(job, going, found)
    record_decisions(job.store.id, "plan", decided, job.now)
    _count(job.event, [verdict for _, _, verdict, _ in decided])


def _count(event: RestockEvent, verdicts: Sequence[Verdict]) -> None:
    """Lists of restocks show these; counting decisions anew would read all of them."""
    held, passed = (sum(isinstance(verdict, kind) for verdict in verdicts) for kind in (Hold, Skip))
    event.held += held
    event.passed += passed
    event.told += len(verdicts) - held - passed


def _decider(job: _Job) -> Callable[[Waiting, Sequence[datetime]], Verdict]:
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


def _draft(job: _Job, person: Waiting) -> Text | NoText:
    if job.lanes[person.channel] is None:
        return NoText("no_gateway")
    return job.drafts.text(person)


_MESSAGE = (
    "id store_id reference kind channel contact_id lane_id template_version_id variant_id subject body encoding segments "
    "credits status reason express due_at valid_until attempts tries lookups created_at"
).split()
_ALERT = ("store_id", "request_id", "restock_id", "channel", "kind", "step", "message_id")


def _store(job: _Job, going: Sequence[tuple[Waiting, Send | Hold, Text]], found: Funds) -> None:
    if not going:
        return
    ids = reserve_ids(Message, len(going))
    planned = list(zip(ids, going, strict=True))
    lanes = {channel: lane_id for channel, lane_id in job.lanes.items() if lane_id}
    rows = zip(planned, found.credits, strict=True)
    insert_tuples(Message, _MESSAGE, [_message(job, lanes, id, *item, credits) for (id, item), credits in rows])
    put_aside(job.store.id, zip(ids, found.credits, strict=True), job.now)
    record_new(ids, job.now)
    # A second alert for the same request and restock breaks the unique key, and with it this whole chunk.
    insert_tuples(
        Alert,
        _ALERT,
        [
            (job.store.id, person.request_id, job.event.id, person.channel, KIND, 0, message_id)
            for message_id, (person, _, _) in planned
        ],
    )


def _message(
    job: _Job,
    lanes: Mapping[str, int],
    message_id: int,
    person: Waiting,
    verdict: Send | Hold,
    text: Text,
    credits: int | None,
) -> tuple[Any, ...]:
    due, status, reason, valid_until = job.now, "queued", None, job.valid_until
    if isinstance(verdict, Hold):
        due, status, reason, valid_until = verdict.until, "held", verdict.reason, verdict.until + ALERT_VALID
    return (
        message_id,
        job.store.id,
        secrets.token_hex(16),
        KIND,
        person.channel,
        person.contact_id,
        lanes[person.channel],
        text.version_id,
        job.variant.id,
        text.subject,
        text.body,
        text.encoding,
        text.segments,
        credits,
        status,
        reason,
        False,
        due,
        valid_until,
        0,
        0,
        0,
        job.now,
    )

"""Planning: a restock event and the people who wait become decisions, alerts and messages, each exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.content.service import Wording, wording
from nexnotify.content.tokens import UnresolvedToken
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.gateways.models import Lane
from nexnotify.gateways.service import lane_of, sender_for_new
from nexnotify.inventory.service import status_of
from nexnotify.ledger.decisions import decision_row
from nexnotify.ledger.facts import GOING, messages_that_count, store_policy
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.moves import Move, record
from nexnotify.ledger.values import product_values, stop_url
from nexnotify.policy.eligibility import Facts, Hold, Send, Skip, Verdict, decide_alert
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.models import AlertRequest, Decision

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
    lanes: dict[str, Lane | None]
    wordings: dict[tuple[str, str], Wording]


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
        event.plan_cursor = rows[-1][0].id
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
    lanes: dict[str, Lane | None] = {}
    for channel in ("sms", "email", "push"):
        sender = sender_for_new(store, channel)
        lanes[channel] = lane_of(sender) if sender else None
    return _Job(store, event, variant, store_settings(store), now, lanes, {})


def _waiting(event: RestockEvent) -> Sequence[sa.Row[AlertRequest, Contact]]:
    return db.session.execute(
        sa.select(AlertRequest, Contact)
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(
            AlertRequest.store_id == event.store_id,
            AlertRequest.variant_id == event.variant_id,
            AlertRequest.status == "waiting",
            AlertRequest.id > event.plan_cursor,
        )
        .order_by(AlertRequest.id)
        .limit(CHUNK)
        .execution_options(populate_existing=True)
    ).all()


def _plan_chunk(job: _Job, rows: Sequence[sa.Row[AlertRequest, Contact]]) -> None:
    contact_ids = [contact.id for _, contact in rows]
    recent = messages_that_count(job.store.id, contact_ids, job.settings, job.now, GOING)
    under_way = _under_way([request.id for request, _ in rows], job.store.id)
    rows = _still_waiting(job.store.id, rows)  # after the line above: who was told in between is in neither
    policy = store_policy(job.settings)
    buyable = status_of(job.variant) == "in_stock"
    decisions, messages = [], []
    for request, contact in rows:
        verdict: Verdict
        if request.id in under_way:
            verdict = Skip("told_already")
        else:
            facts = Facts(
                opted_out=contact.opted_out_at is not None,
                reachable=contact.unreachable_at is None,
                switched_on=contact.channel in job.settings.switches.offered(request.asked_status),
                buyable=buyable,
                recent=recent[contact.id],
            )
            verdict = decide_alert(facts, policy, job.now)
        detail: dict[str, Any] = {}
        if not isinstance(verdict, Skip):
            message = _message(job, request, contact, verdict, detail)
            if message is None:
                verdict = Skip(detail["reason"])
            else:
                messages.append((request, message))
                # What is planned now counts for the same contact's next item.
                recent[contact.id].append(message["due_at"])
        decisions.append(decision_row(job.store.id, request.id, job.event.id, "plan", verdict, job.now, detail))
    _store(job, messages, decisions)


def _message(
    job: _Job, request: AlertRequest, contact: Contact, verdict: Send | Hold, detail: dict[str, Any]
) -> dict[str, Any] | None:
    lane = job.lanes[contact.channel]
    if lane is None:
        detail["reason"] = "no_gateway"
        return None
    values = product_values(job.store, job.variant) | {
        "firstname": request.first_name,
        "fullname": request.first_name,
        "stop_url": stop_url(contact.store_id, contact.id),
    }
    try:
        template = _wording(job, contact.channel, request.asked_status)
        text = template.render(values)
    except (UnresolvedToken, LookupError) as error:
        detail |= {"reason": "no_text", "detail": str(error)}
        return None
    due = verdict.until if isinstance(verdict, Hold) else job.now
    return {
        "store_id": job.store.id,
        "reference": uuid.uuid4().hex,
        "kind": "back_in_stock",
        "channel": contact.channel,
        "contact_id": contact.id,
        "lane_id": lane.id,
        "template_version_id": template.version_id,
        "variant_id": job.variant.id,
        "subject": text.subject,
        "body": text.body,
        "encoding": text.encoding,
        "segments": text.segments,
        "status": "held" if isinstance(verdict, Hold) else "queued",
        "reason": verdict.reason if isinstance(verdict, Hold) else None,
        "express": False,
        "due_at": due,
        "valid_until": due + ALERT_VALID,
        "created_at": job.now,
    }


def _wording(job: _Job, channel: str, status: str) -> Wording:
    key = (channel, status)
    if key not in job.wordings:
        job.wordings[key] = wording(job.store, "back_in_stock", channel, status)
    return job.wordings[key]


def _store(job: _Job, messages: list[tuple[AlertRequest, dict[str, Any]]], decisions: list[dict[str, Any]]) -> None:
    if messages:
        ids = db.session.scalars(
            sa.insert(Message).returning(Message.id, sort_by_parameter_order=True), [row for _, row in messages]
        ).all()
        # A second alert for the same request and restock breaks the unique key, and with it this whole chunk.
        db.session.execute(
            sa.insert(Alert),
            [
                {
                    "store_id": job.store.id,
                    "request_id": request.id,
                    "restock_id": job.event.id,
                    "channel": row["channel"],
                    "kind": "back_in_stock",
                    "step": 0,
                    "message_id": message_id,
                }
                for (request, row), message_id in zip(messages, ids, strict=True)
            ],
        )
        moves = (
            Move(job.store.id, message_id, "", row["status"], row["reason"])
            for (_, row), message_id in zip(messages, ids, strict=True)
        )
        record(moves, job.now)
    if decisions:
        db.session.execute(sa.insert(Decision), decisions)


def _still_waiting(
    store_id: int, rows: Sequence[sa.Row[AlertRequest, Contact]]
) -> Sequence[sa.Row[AlertRequest, Contact]]:
    statement = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == store_id,
        AlertRequest.id.in_([request.id for request, _ in rows]),
        AlertRequest.status == "waiting",
    )
    waiting = set(db.session.scalars(statement))
    return [row for row in rows if row[0].id in waiting]


def _under_way(request_ids: list[int], store_id: int) -> set[int]:
    """Requests with an alert that may still go out: a second restock must not double it."""
    statement = (
        sa.select(Alert.request_id)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .where(
            Alert.store_id == store_id,
            Alert.request_id.in_(request_ids),
            Message.status.in_(("held", "queued", "claimed", "uncertain")),
        )
        # One that is being claimed may be found sold out, on stock that was read before this restock: wait and see.
        .with_for_update(read=True, of=Message)
    )
    return set(db.session.scalars(statement))

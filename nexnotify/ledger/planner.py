"""Planning: a restock event and the people who wait become decisions, alerts and messages, each exactly once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.db import db
from nexnotify.ledger.audience import decider, waiting
from nexnotify.ledger.decisions import record_decisions
from nexnotify.ledger.drafts import NoText, Text, Waiting
from nexnotify.ledger.facts import GOING, messages_that_count
from nexnotify.ledger.job import Job, open_job
from nexnotify.ledger.overlap import closed_since, under_way
from nexnotify.ledger.paying import ASK_AGAIN, NO_CREDIT, funds
from nexnotify.ledger.writing import write_alerts
from nexnotify.policy.eligibility import Hold, Send, Skip, Verdict
from nexnotify.restock.models import RestockEvent

#: Requests planned in one transaction.
CHUNK = 1000


class PlanFault(Exception):
    """A restock event cannot be planned, for a reason of its own (an address that no key decrypts, say)."""

    def __init__(self, event_id: int) -> None:
        super().__init__(f"restock event {event_id}")
        self.event_id = event_id


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
    job = open_job(event, now)
    rows = waiting(event, CHUNK)
    if rows:
        plan_people(job, rows)
        event.plan_cursor = rows[-1].request_id
    if len(rows) < CHUNK:
        event.planned_at = now
    db.session.flush()


def has_unplanned() -> bool:
    """Whether planning has work."""
    statement = sa.select(RestockEvent.id).where(sa.text("restock_event.planned_at IS NULL")).limit(1)
    return db.session.scalar(statement) is not None


def plan_people(job: Job, rows: Sequence[Waiting]) -> None:
    """Decide about these people, and write what follows."""
    recent = messages_that_count(job.store.id, [person.contact_id for person in rows], job.settings, job.now, GOING)
    request_ids = [person.request_id for person in rows]
    busy = under_way(job.store.id, request_ids)
    closed = closed_since(request_ids)  # after the line above: who was told in between is in neither
    decide = decider(job)
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
    write_alerts(job, going, found)
    record_decisions(job.store.id, "plan", decided, job.now)
    _count(job.event, [verdict for _, _, verdict, _ in decided])


def _count(event: RestockEvent, verdicts: Sequence[Verdict]) -> None:
    """Lists of restocks show these; counting decisions anew would read all of them."""
    held, passed = (sum(isinstance(verdict, kind) for verdict in verdicts) for kind in (Hold, Skip))
    event.held += held
    event.passed += passed
    event.told += len(verdicts) - held - passed


def _draft(job: Job, person: Waiting) -> Text | NoText:
    if job.lanes[person.channel] is None:
        return NoText("no_gateway")
    return job.drafts.text(person)

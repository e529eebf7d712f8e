"""Recovering: leases that ended, workers that died, outcomes nobody knows, messages whose hold is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.dispatch.deliver import clean_receipt
from nexnotify.dispatch.gathering import bundling_stores, gather_due, is_gathered
from nexnotify.dispatch.settle import make_uncertain
from nexnotify.gateways.contract import Absent, CannotTell, Found, Gateway, LookupAnswer, SentMessage
from nexnotify.gateways.models import Lane
from nexnotify.ledger.models import Attempt, Message
from nexnotify.ledger.moves import Move, move
from nexnotify.ledger.paying import NO_CREDIT, fund_held
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.planning.job import ALERT_VALID
from nexnotify.ledger.receiving import apply_receipt
from nexnotify.ledger.suppression import mind_refusal
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

BATCH = 200
#: "Rather twice than never" means twice: a gateway that never answers in time is not called for ever.
MOST_TRIES = 2
#: Minutes after which an outcome that could not be told is asked for again; then no more.
LOOKUP_MINUTES = (1, 5, 15, 60, 240)


def has_held_due(now: datetime) -> bool:
    """Whether a hold is over."""
    statement = sa.select(Message.id).where(sa.text("message.status = 'held'"), Message.due_at <= now).limit(1)
    return db.session.scalar(statement) is not None


def release_held(now: datetime) -> int:
    """Queue held messages whose time has come; they are decided again when they are claimed.

    :returns: how many.
    """
    stores = bundling_stores()
    gathered = gather_due(stores, now) if stores else 0
    columns = (Message.kind, Message.reason, Message.channel, Message.segments, Message.express, Message.valid_until)
    rows = db.session.execute(
        sa.select(Message.id, Message.store_id, *columns)
        .where(sa.text("message.status = 'held'"), Message.due_at <= now)
        .where(sa.not_(is_gathered(stores)) if stores else sa.true())
        .order_by(Message.due_at, Message.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    unpaid = [row for row in rows if row.reason == NO_CREDIT]
    done = gathered + (_release_paid(unpaid, now) if unpaid else 0)
    return done + move((Move(row.store_id, row.id, "held", "queued") for row in rows if row.reason != NO_CREDIT), now)


def _release_paid(rows: Sequence[Any], now: datetime) -> int:
    """Queue what was held for want of credits, where there are some now.

    Only an alert is never too late, because it is decided about again; last month's sale is no news.
    """
    late = {row.id for row in rows if row.kind != KIND and row.valid_until <= now}
    done = move((Move(row.store_id, row.id, "held", "expired", "too_late") for row in rows if row.id in late), now)
    by_store: dict[int, list[Any]] = {}
    for row in rows:
        if row.id not in late:
            by_store.setdefault(row.store_id, []).append(row)
    for store_id, waiting in sorted(by_store.items()):
        going = fund_held(store_id, waiting, now)
        alerts = [Move(store_id, row.id, "held", "queued") for row in going if row.kind == KIND]
        others = [Move(store_id, row.id, "held", "queued") for row in going if row.kind != KIND]
        done += move(others, now) + move(alerts, now, valid_until=now + ALERT_VALID)
    return done


def expire_late(now: datetime) -> int:
    """Queued messages that are worth nothing any more, also on lanes that send nothing.

    Not alerts: whether they are still true is decided when they are claimed.

    :returns: how many.
    """
    rows = db.session.execute(
        sa.select(Message.id, Message.store_id)
        .where(sa.text("message.status = 'queued'"), Message.valid_until <= now, Message.kind != KIND)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    return move((Move(row.store_id, row.id, "queued", "expired", "too_late") for row in rows), now)


def end_leases(now: datetime, dead_owners: Sequence[str] = ()) -> int:
    """Messages whose worker's lease is over, or whose worker is known to be dead, become uncertain.

    :returns: how many.
    """
    over = Message.lease_until < now
    if dead_owners:
        over = sa.or_(over, Message.lease_owner.in_(dead_owners))
    messages = db.session.scalars(
        sa.select(Message)
        .where(sa.text("message.status = 'claimed'"), over)
        # The order of the partial index: by id alone, SQLite would read every message there ever was.
        .order_by(Message.lease_until, Message.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    if messages:
        make_uncertain(messages, now, "The worker ended during the call.")
    return len(messages)


def claim_owners() -> list[str]:
    """Who holds claims now."""
    statement = sa.select(Message.lease_owner).where(sa.text("message.status = 'claimed'")).distinct()
    return [owner for owner in db.session.scalars(statement) if owner]


@dataclass(frozen=True, slots=True)
class Question:
    """An uncertain message to ask a gateway about."""

    message_id: int
    store_id: int
    gateway_id: int
    #: The attempt it is about; an answer to an older one is not used.
    number: int
    sent: SentMessage


def questions(now: datetime, limit: int = 50) -> list[Question]:
    """Uncertain messages that are due to be looked up."""
    rows = db.session.execute(
        sa.select(Message, Contact, Lane.gateway_id, Attempt.started_at)
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .join(Lane, sa.and_(Lane.store_id == Message.store_id, Lane.id == Message.lane_id))
        .join(
            Attempt,
            sa.and_(
                Attempt.store_id == Message.store_id,
                Attempt.message_id == Message.id,
                Attempt.number == Message.tries,
            ),
        )
        .where(sa.text("message.status = 'uncertain'"), Message.due_at <= now, Message.lookups <= len(LOOKUP_MINUTES))
        .order_by(Message.due_at, Message.id)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [
        Question(
            message.id,
            message.store_id,
            gateway_id,
            message.tries,
            SentMessage(message.reference, contact.address, message.body, message.gateway_message_id, started_at),
        )
        for message, contact, gateway_id, started_at in rows
    ]


def ask(gateway: Gateway, question: Question) -> LookupAnswer:
    """The gateway's word on an uncertain message; call it outside any transaction."""
    if gateway.capabilities.idempotent:
        return Absent()  # sending again is harmless: the provider drops what it has
    try:
        return _clean(gateway.lookup(question.sent))
    except Exception as error:
        return CannotTell(f"The look-up failed with {type(error).__name__}.")


def _clean(answer: object) -> LookupAnswer:
    """A plugin's answer as far as it can be used."""
    if isinstance(answer, Found):
        receipt = clean_receipt(answer.receipt)
        return Found(receipt) if receipt else CannotTell("The gateway told a status that does not exist.")
    return answer if isinstance(answer, (Absent, CannotTell)) else CannotTell("The gateway's answer means nothing.")


def resolve(question: Question, answer: LookupAnswer, now: datetime) -> None:
    """Use what a look-up said: found, sent again because it is surely absent, or asked again later."""
    message = db.session.get(Message, question.message_id, populate_existing=True, with_for_update=True)
    if message is None or message.status != "uncertain" or message.tries != question.number:
        return
    if isinstance(answer, Found):
        if apply_receipt(message, answer.receipt, now):
            mind_refusal(message, answer.receipt.status, answer.receipt.reason, now)
        return
    store = db.session.get_one(Store, message.store_id)
    if isinstance(answer, Absent) or (message.tries < MOST_TRIES and store_settings(store).resend_uncertain):
        reason = "absent" if isinstance(answer, Absent) else "rather_twice"
        move([Move(message.store_id, message.id, "uncertain", "queued", reason)], now, due_at=now, lookups=0)
        return
    wait = LOOKUP_MINUTES[min(message.lookups, len(LOOKUP_MINUTES) - 1)]
    message.lookups += 1
    message.due_at = now + timedelta(minutes=wait)
    db.session.flush()

"""Reminders: who was told and has not bought is told once or twice more, while it can still be bought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.ledger.models import Alert
from nexnotify.ledger.paying import funds
from nexnotify.ledger.planning.chunk import decide_chunk
from nexnotify.ledger.planning.control_group import NOBODY
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import KIND, Drafts, Waiting
from nexnotify.ledger.planning.facts import gather
from nexnotify.ledger.planning.job import open_job
from nexnotify.ledger.planning.overlap import under_way
from nexnotify.ledger.planning.scarcity import is_scarce
from nexnotify.ledger.planning.writing import write_alerts
from nexnotify.ledger.telling import TOLD_ANEW
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

REMINDER = "reminder"
#: People that one transaction of the sweep reminds.
BATCH = 500
#: A reminder that is later than this is none: nobody is reminded of last year's alert when it is switched on.
AT_MOST_LATE = timedelta(days=2)


def remind(store: Store, now: datetime) -> int:
    """Decide about the reminders of a store that are due, each once, and write them.

    :returns: how many people were decided about; call again while it is :data:`BATCH`.
    """
    settings = store_settings(store)
    done = 0
    for step in range(1, settings.reminders + 1):
        by_restock: dict[int, list[Waiting]] = {}
        for restock_id, *person in _due(store, step, timedelta(hours=settings.reminder_hours), now, BATCH - done):
            by_restock.setdefault(restock_id, []).append(Waiting(*person))
        for restock_id, people in by_restock.items():
            _remind(store, restock_id, people, step, now)
            done += len(people)
    return done


def _due(store: Store, step: int, every: timedelta, now: datetime, most: int) -> Sequence[Any]:
    """(restock, person) of those told so long ago that their next reminder is due, locked."""
    restock = (
        sa.select(sa.func.max(Alert.restock_id))
        .join(RestockEvent, sa.and_(RestockEvent.store_id == Alert.store_id, RestockEvent.id == Alert.restock_id))
        .where(Alert.store_id == store.id, Alert.request_id == AlertRequest.id, Alert.kind == KIND)
        # A reminder says that it is in stock.
        .where(RestockEvent.status == IN_STOCK)
        .correlate(AlertRequest)
        .scalar_subquery()
    )
    return db.session.execute(
        sa.select(
            restock,
            AlertRequest.id,
            AlertRequest.asked_status,
            AlertRequest.quantity,
            AlertRequest.first_name,
            AlertRequest.scope != "variant",
            Contact.id,
            Contact.channel,
            Contact.opted_out_at.is_not(None),
            Contact.unreachable_at.is_(None),
        )
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(
            AlertRequest.store_id == store.id,
            sa.text("alert_request.status = 'alerted'"),
            AlertRequest.reminded == step - 1,
            AlertRequest.alerted_at <= now - step * every,
            AlertRequest.alerted_at > now - step * every - AT_MOST_LATE,
            restock.is_not(None),
            ~TOLD_ANEW,  # they are reminded of that telling
        )
        .order_by(AlertRequest.alerted_at)
        .limit(most)
        .with_for_update(of=AlertRequest, skip_locked=True, key_share=True)
    ).all()


def _remind(store: Store, restock_id: int, people: Sequence[Waiting], step: int, now: datetime) -> None:
    job = open_job(db.session.get_one(RestockEvent, restock_id), now)
    region_id = job.event.region_id
    job.drafts = Drafts(
        store,
        job.variant,
        region_id,
        REMINDER,
        lambda: is_scarce(job.variant, job.available, region_id, job.settings, now),
    )
    facts = gather(job, people)
    facts.recent.told.clear()  # a reminder follows a telling
    facts.drawn = NOBODY  # and so does it here
    chunk = decide_chunk(job, people, None, under_way(store.id, [who.request_id for who in people]), facts=facts)
    found = funds(store.id, job.settings, [(item.person.channel, item.text.segments) for item in chunk.going])
    chunk.without_credits(found.short, now)
    write_alerts(job, chunk.going, found, REMINDER, step)
    decided = [(item.request_id, restock_id, item.verdict, item.words) for item in chunk.decided]
    record_decisions(store.id, REMINDER, decided, now)
    _mark([person.request_id for person in people], step)


def _mark(request_ids: Sequence[int], step: int) -> None:
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.id.in_(request_ids), AlertRequest.reminded == step - 1)
        .values(reminded=step)
        .execution_options(synchronize_session=False)
    )

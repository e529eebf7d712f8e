"""A restock's plan: what was decided and told, what is still to come, who was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.clock import isoformat
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.preview import Preview, preview_of, simulate
from nexnotify.policy.eligibility import REASONS
from nexnotify.reports.holds import keeps_units
from nexnotify.reports.words import channel_word, status_word
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.restock.models import BEFORE, STATES, RestockEvent, RestockWave
from nexnotify.restock.waves import ENDED, in_words
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.words import N_

#: Statuses in which a message has gone out or may have.
GONE = ("claimed", "uncertain", "accepted", "sent", "delivered", "undelivered")
#: Rows of the list of those who were told, read at a time.
BATCH = 1000


def plan_summary(event: RestockEvent) -> dict[str, Any]:
    """What was decided about those who waited, by reason, its waves, and how its messages stand now."""
    decisions = db.session.execute(
        sa.select(Decision.stage, Decision.verdict, Decision.reason, sa.func.count())
        .where(Decision.store_id == event.store_id, Decision.restock_id == event.id)
        .group_by(Decision.stage, Decision.verdict, Decision.reason)
        .order_by(Decision.stage, Decision.verdict, Decision.reason)
    )
    messages = db.session.execute(
        sa.select(Message.status, sa.func.count(), sa.func.sum(Message.segments))
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .where(Alert.store_id == event.store_id, Alert.restock_id == event.id)
        .group_by(Message.status)
        .order_by(Message.status)
    ).all()
    return {
        "decisions": [
            {"stage": stage, "verdict": verdict, "reason": reason, "words": REASONS[reason], "people": count}
            for stage, verdict, reason, count in decisions
        ],
        "waves": [_wave(wave) for wave in waves_of(event)],
        "messages": {status: count for status, count, _ in messages},
        "segments": int(sum(segments or 0 for _, _, segments in messages)),
    }


def waves_of(event: RestockEvent) -> Sequence[RestockWave]:
    """The waves of a restock so far."""
    return db.session.scalars(
        sa.select(RestockWave)
        .where(RestockWave.store_id == event.store_id, RestockWave.restock_id == event.id)
        .order_by(RestockWave.number)
    ).all()


def _wave(wave: RestockWave) -> dict[str, Any]:
    return {
        "number": wave.number,
        "at": isoformat(wave.at),
        "size": wave.size,
        "told": wave.told,
        "units": wave.units,
        "words": in_words(wave.why, wave.figures),
    }


def state_words(event: RestockEvent) -> str:
    """Where a restock stands and why, in a sentence."""
    if event.held_at is not None:
        return N_("On hold: nobody more is told until one of your people lets it go on.")
    if event.reason is not None:
        return ENDED[event.reason]
    return STATES[event.state]


def still_to_come(event: RestockEvent, now: datetime, most: int | None = None) -> Preview | None:
    """The plan of what a restock has not done yet; None where it tells everybody at this very moment, or is over.

    :param most: people who are decided about one by one, as :func:`preview_of` takes it.
    """
    before = event.state in BEFORE
    if not before and (event.state != "telling" or (event.wave > 0 and _last_wave(event).ended_at is None)):
        return None
    store = db.session.get_one(Store, event.store_id)
    return preview_of(event, max(event.work_at or now, now), most, keeps_units=keeps_units(store))


def simulated(store: Store, variant: Variant, units: int | None, at: datetime, region_id: int | None) -> Preview:
    """The plan of a restock that is invented: see :func:`nexnotify.ledger.planning.preview.simulate`."""
    return simulate(store, variant, units, at, region_id, keeps_units=keeps_units(store))


def _last_wave(event: RestockEvent) -> RestockWave:
    return waves_of(event)[-1]


def preview_json(preview: Preview) -> dict[str, Any]:
    """A plan before the send, as the API writes it."""
    return {
        "waiting": preview.waiting,
        "looked_at": preview.looked,
        "is_estimate": preview.is_estimate,
        "starts_at": isoformat(preview.starts_at),
        "ends_at": isoformat(preview.ends_at),
        "people": [
            {"verdict": verdict, "reason": reason, "words": REASONS[reason], "people": count}
            for (verdict, reason), count in sorted(preview.people.items())
        ],
        "messages": dict(sorted(preview.messages.items())),
        "segments": preview.segments,
        "credits": preview.credits,
        "money": None if preview.money is None else f"{preview.money:.4f}",
        "currency": preview.currency,
        "keeps_units": preview.keeps_units,
        "waves": [
            {"at": isoformat(wave.at), "people": wave.people, "units": wave.units, "words": wave.words}
            | {"is_estimate": number > 0}
            for number, wave in enumerate(preview.waves)
        ],
    }


def told_sheet(event: RestockEvent) -> Sheet:
    """Everybody whom a restock has told, as a table to take away."""
    columns = [
        Column(N_("Request"), 10, "number"),
        Column(N_("By"), 14),
        Column(N_("Number or email"), 28),
        Column(N_("First name"), 20),
        Column(N_("Status"), 14),
        Column(N_("Sent"), 20, "moment"),
    ]
    return Sheet(N_("Told"), columns, _told(event))


def count_told(event: RestockEvent) -> int:
    """How many messages of a restock have gone out or may have."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(_told_rows(event).subquery())) or 0


def _told_rows(event: RestockEvent) -> Any:
    return (
        sa.select(
            Message.id,
            AlertRequest.id.label("request_id"),
            Message.channel,
            Contact.address,
            AlertRequest.first_name,
            Message.status,
            Message.accepted_at,
        )
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .join(AlertRequest, sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id))
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .where(
            Alert.store_id == event.store_id,
            Alert.restock_id == event.id,
            (Message.status + "").in_(GONE),
        )
    )


def _told(event: RestockEvent) -> Iterator[tuple[Any, ...]]:
    after = 0
    while True:
        statement = _told_rows(event).where(Alert.message_id > after).order_by(Alert.message_id).limit(BATCH)
        rows = db.session.execute(statement).all()
        for _, request_id, channel, address, first_name, status, sent in rows:
            yield request_id, channel_word(channel), address, first_name, status_word(status), sent
        if len(rows) < BATCH:
            return
        after = rows[-1][0]

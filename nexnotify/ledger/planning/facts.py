"""Facts for the rules that only the ledger knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.bought import have_bought
from nexnotify.ledger.planning.control_group import NOBODY, Drawn, draw
from nexnotify.ledger.planning.drafts import KIND, Waiting
from nexnotify.ledger.planning.failover import Behind, stand_back
from nexnotify.ledger.planning.job import Job
from nexnotify.ledger.planning.pages import pages_gone
from nexnotify.ledger.planning.whereabouts import of_requests
from nexnotify.policy.eligibility import Policy
from nexnotify.policy.places import Known
from nexnotify.policy.quiet_hours import Window
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.settings import StoreSettings

#: Kinds that the frequency cap counts.
COUNTED = ("back_in_stock", "reminder", "bulk", "campaign", "journey")
#: Kinds that tell of a variant where they name one.
_TELLING = (KIND, "bulk")
#: States in which a message has gone out or may have.
GONE = ("claimed", "uncertain", "accepted", "sent", "delivered", "undelivered")
#: The same, and those that are about to.
GOING = ("queued", *GONE)


@dataclass(slots=True)
class Recent:
    """What contacts got lately, or are about to get."""

    #: Contact → moments that the frequency cap counts.
    counted: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    #: (contact, variant) → when it was last told of it.
    told: dict[tuple[int, int], datetime] = field(default_factory=dict)


@dataclass(slots=True)
class ChunkFacts:
    """What the rules need to know of some people who wait for one variant, each question asked once for all of them."""

    recent: Recent
    bought: set[int]
    page_gone: bool
    #: Request → where its shopper is; only where local hours count.
    known: dict[int, Known]
    #: How far these people are told on other channels; only where channels have an order.
    behind: Behind = field(default_factory=Behind)
    #: Who is not told of this restock, to measure what telling is worth.
    drawn: Drawn = NOBODY


def gather(job: Job, people: Sequence[Waiting]) -> ChunkFacts:
    """Read what is needed to decide about these people."""
    ids, settings = [person.request_id for person in people], job.settings
    drawn = draw(job, people)
    return ChunkFacts(
        recent_messages(job.store.id, [person.contact_id for person in people], settings, job.now, GOING),
        have_bought(job.store.id, dict.fromkeys(ids, job.variant.id), settings.bought_days, job.now),
        bool(pages_gone(job.store.id, [job.variant.id], settings, job.now)),
        of_requests(ids) if settings.quiet_hours else {},
        # Whoever is not told on any channel stands behind none.
        _behind(job, [who for who in people if who.request_id not in drawn.held_out])
        if settings.channels == "in_order"
        else Behind(),
        drawn,
    )


def _behind(job: Job, people: Sequence[Waiting]) -> Behind:
    asking = {person.request_id: (person.channel, job.event.id) for person in people}
    return stand_back(job.store, job.settings, job.variant, asking, job.now)


def store_policy(settings: StoreSettings) -> Policy:
    """The store's delays as the rules want them."""
    quiet, cap = settings.quiet_hours, settings.frequency_cap
    return Policy(
        zone=settings.zone,
        quiet_hours=Window(*quiet.times) if quiet else None,
        cap_texts=cap.texts if cap else None,
        cap_hours=cap.hours if cap else 0,
        country=settings.country,
        told_for=timedelta(hours=settings.told_hours),
    )


def recent_messages(
    store_id: int, contact_ids: Sequence[int], settings: StoreSettings, now: datetime, statuses: Sequence[str]
) -> Recent:
    """What each contact got (with :data:`GOING`: or is about to get) as far back as the store's rules look."""
    found = Recent()
    cap_hours = settings.frequency_cap.hours if settings.frequency_cap else 0
    hours = max(cap_hours, settings.told_hours)
    if not hours or not contact_ids:
        return found
    capped_since = now - timedelta(hours=cap_hours)
    moment = sa.func.coalesce(Message.accepted_at, Message.due_at)
    columns = (Message.contact_id, Message.kind, Message.status, Message.variant_id, moment, Message.id)
    several: dict[int, tuple[int, datetime]] = {}
    statement = sa.select(*columns).where(
        Message.store_id == store_id,
        Message.contact_id.in_(contact_ids),
        # Not the bare columns: SQLite would read their index, and with it all that the store has ever sent.
        (Message.kind + "").in_(COUNTED),
        (Message.status + "").in_(statuses),
        moment > now - timedelta(hours=hours),
    )
    for contact_id, kind, status, variant_id, at, id in db.session.execute(statement):
        if at > capped_since and cap_hours:
            found.counted[contact_id].append(at)
        if kind not in _TELLING or status == "undelivered":  # what never came is no repeat
            continue
        if variant_id is None and kind == KIND:
            several[id] = contact_id, at
        elif variant_id is not None:
            key = (contact_id, variant_id)
            found.told[key] = max(at, found.told.get(key, at))
    if several:
        _told_with_others(store_id, several, found)
    return found


def _told_with_others(store_id: int, several: dict[int, tuple[int, datetime]], found: Recent) -> None:
    """What contacts were told of in messages that serve several products: message → contact, and when."""
    alert = Alert.__table__
    rows = db.session.execute(
        sa.select(alert.c.message_id, RestockEvent.variant_id)
        .join(RestockEvent, sa.and_(RestockEvent.store_id == alert.c.store_id, RestockEvent.id == alert.c.restock_id))
        .where(alert.c.store_id == store_id, IdIn(alert.c.message_id, ids=list(several)))
    )
    for message_id, variant_id in rows:
        contact_id, at = several[message_id]
        found.told[contact_id, variant_id] = max(at, found.told.get((contact_id, variant_id), at))

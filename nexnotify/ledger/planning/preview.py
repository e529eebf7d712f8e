"""A restock's plan before the send: who, in which waves, until when, and what it costs. Nothing is written or locked.

The people are decided about by the code that plans (:func:`decide_chunk`), so a plan, a simulation and what then happens
cannot come apart but by what changes in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.gateways.service import sender_of
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import Invented
from nexnotify.ledger.paying import funds
from nexnotify.ledger.planning.audience import count_waiting, next_part, waiting
from nexnotify.ledger.planning.chunk import Chunk, Going, decide_chunk
from nexnotify.ledger.planning.cycle import standing_of
from nexnotify.ledger.planning.facts import store_policy
from nexnotify.ledger.planning.job import Job, open_job
from nexnotify.ledger.planning.overlap import under_way
from nexnotify.policy.eligibility import Hold, Send
from nexnotify.policy.quiet_hours import next_allowed
from nexnotify.restock.models import BEFORE, RestockEvent, RestockWave
from nexnotify.restock.waves import Expected, Standing, forecast
from nexnotify.stores.models import Store

#: People who are decided about one by one; of more, all figures are an estimate from so many.
MOST_LOOKED = 20_000
CHUNK = 2000
#: People who are named.
SAMPLED = 20
#: Waves that are foreseen, and of these shown.
FORESEEN, SHOWN = 2000, 100

_WORDS = {Send: "send", Hold: "hold"}


@dataclass(frozen=True, slots=True)
class Someone:
    """One of the first who would be told."""

    request_id: int
    contact_id: int
    channel: str
    first_name: str | None


@dataclass(slots=True)
class Preview:
    """What would become of those who wait. Figures are of all of them, also where only some were looked at."""

    #: People nobody has decided about yet, and how many of them were decided about here, one by one.
    waiting: int
    looked: int = 0
    #: (verdict, reason) → people.
    people: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Channel → messages.
    messages: Counter[str] = field(default_factory=Counter)
    #: Billable parts of the texts, and credits they take; None: the store does not pay with credits.
    segments: int = 0
    credits: int | None = None
    #: What the gateway charges for the texts, where its price is known.
    money: Decimal | None = None
    currency: str | None = None
    sample: list[Someone] = field(default_factory=list)
    waves: list[Expected] = field(default_factory=list)
    #: Whether a unit is kept for each who is told, so that nobody is told beyond the units that are there.
    keeps_units: bool = False
    #: When the first hears, and the last; None: nobody does, or the last is too far off to tell.
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def going(self) -> int:
        """People who get a message, now or later."""
        return sum(count for (verdict, _), count in self.people.items() if verdict != "skip")

    @property
    def is_estimate(self) -> bool:
        """Whether only some people were looked at."""
        return self.looked < self.waiting


def preview_of(
    event: RestockEvent, begins_at: datetime, most: int | None = None, *, keeps_units: bool = False
) -> Preview:
    """What a restock that is not over would still do, from ``begins_at`` on.

    :param most: people who are decided about one by one; :data:`MOST_LOOKED` unless told.
    :param keeps_units: the storefront is asked to keep a unit for each.
    """
    copy = RestockEvent(
        **{
            name: getattr(event, name)
            for name in ("id", "store_id", "variant_id", "region_id", "status", "stock_change_id", "at", "most", "wave")
        },
        **{name: getattr(event, name) for name in ("plan_cursor", "part", "late", "told", "held", "hurried_at")},
    )
    job = open_job(copy, begins_at, lane_of=_lane_id)
    copy.holdout = job.settings.holdout if event.state in BEFORE else event.holdout
    wave = db.session.scalars(
        sa.select(RestockWave).where(
            RestockWave.store_id == event.store_id,
            RestockWave.restock_id == event.id,
            RestockWave.number == event.wave,
        )
    ).first()
    return _preview(job, standing_of(job, wave), most or MOST_LOOKED, keeps_units)


def simulate(
    store: Store,
    variant: Variant,
    units: int | None,
    at: datetime,
    region_id: int | None = None,
    *,
    keeps_units: bool = False,
) -> Preview:
    """What would happen if ``units`` of a variant came in at ``at``: the same, for a restock that is invented.

    :param region_id: where they come in, for those who wait there; None: anywhere, for those who named no place.
    :param keeps_units: the storefront is asked to keep a unit for each.
    """
    event = RestockEvent(
        store_id=store.id,
        variant_id=variant.id,
        region_id=region_id,
        status=IN_STOCK,
        stock_change_id=0,
        at=at,
        wave=0,
        plan_cursor=0,
        part=0,
        told=0,
        held=0,
    )
    job = open_job(event, at, lane_of=_lane_id, stock=Invented(units))
    event.holdout = job.settings.holdout
    settle = timedelta(seconds=job.settings.settle_seconds + job.settings.undo_seconds)
    job.now = at + settle
    return _preview(job, Standing(units, count_waiting(job)), MOST_LOOKED, keeps_units)


def _preview(job: Job, standing: Standing, most: int, keeps_units: bool) -> Preview:
    # News of what can be ordered without stock keeps nothing.
    units = standing.units if keeps_units and job.offer is None else None
    preview, chunks = Preview(standing.waiting, keeps_units=units is not None), []
    while preview.looked < most:
        rows = waiting(job, CHUNK)
        if rows:
            busy = under_way(job.store.id, [person.request_id for person in rows], lock=False)
            chunks.append(decide_chunk(job, rows, None, busy))
            preview.looked += len(rows)
            job.event.plan_cursor = rows[-1].request_id
        if len(rows) < CHUNK and not next_part(job):
            break
    is_short = units is not None and _give_units(chunks, units)
    going = [item for chunk in chunks for item in chunk.going]
    _pay(job, preview, chunks, going)
    for chunk in chunks:
        chunk.wait_for_others(job)
        preview.people.update((_WORDS.get(type(item.verdict), "skip"), item.verdict.reason) for item in chunk.decided)
    preview.sample = [
        Someone(item.person.request_id, item.person.contact_id, item.person.channel, item.person.first_name)
        for item in going[:SAMPLED]
    ]
    preview.messages.update(item.person.channel for item in going)
    _scale(preview, is_short=is_short)
    _expect(job, preview, standing, chunks)
    return preview


def _pay(job: Job, preview: Preview, chunks: Sequence[Chunk], going: Sequence[Going]) -> None:
    texts = [(item.person.channel, item.text.segments) for item in going]
    preview.segments = sum(segments for channel, segments in texts if channel == "sms")
    sender = sender_of(job.store, "sms")
    if sender is not None and sender.prices is not None:
        preview.money, preview.currency = sender.prices.text * preview.segments, sender.prices.currency
    if not job.settings.credits:
        return
    found = funds(job.store.id, job.settings, texts, lock=False)
    preview.credits = preview.segments * job.settings.credits_per_segment
    done = 0
    for chunk in chunks:
        short = [place - done for place in found.short if done <= place < done + len(chunk.going)]
        chunk.without_credits(short, job.now)
        done += len(chunk.going)


def _give_units(chunks: Sequence[Chunk], units: int) -> bool:
    """Nobody is told for whom no unit is left.

    :returns: whether there are such people.
    """
    is_short = False
    for chunk in chunks:
        without = set()
        for item in chunk.going:
            if item.person.request_id in chunk.counted:
                continue  # it has the unit of the message that failed on another channel
            if item.person.quantity > units:
                without.add(item.person.request_id)
            else:
                units -= item.person.quantity
        chunk.without_unit(without)
        is_short = is_short or bool(without)
    return is_short


def _scale(preview: Preview, *, is_short: bool) -> None:
    """Figures of those who were looked at, as those of all.

    :param is_short: all units are for people who were looked at; the others get none.
    """
    if not preview.is_estimate or not preview.looked:
        return
    factor = preview.waiting / preview.looked
    looked = preview.people
    preview.people = Counter({key: round(count * factor) for key, count in looked.items()})
    if is_short:
        for key in [key for key in looked if key[0] != "skip"]:
            preview.people["skip", "no_unit"] += preview.people[key] - looked[key]
            preview.people[key] = looked[key]
        return
    preview.messages = Counter({channel: round(count * factor) for channel, count in preview.messages.items()})
    preview.segments = round(preview.segments * factor)
    preview.credits = None if preview.credits is None else round(preview.credits * factor)
    preview.money = None if preview.money is None else preview.money * Decimal(preview.waiting) / preview.looked


def _expect(job: Job, preview: Preview, standing: Standing, chunks: Sequence[Chunk]) -> None:
    """The waves, of those who get a message: who is passed over takes no place in one."""
    if not preview.going:
        return
    policy = store_policy(job.settings)

    def opens(moment: datetime) -> datetime:
        return next_allowed(moment, policy.zone, policy.quiet_hours)

    people = replace(standing, waiting=preview.going)
    waves = list(forecast(job.settings.waves, people, job.now, opens, FORESEEN))
    preview.waves = waves[:SHOWN]
    if not waves:
        return
    rate = _rate(job)
    each = preview.segments / preview.going
    moments = [item.verdict.until for chunk in chunks for item in chunk.going if isinstance(item.verdict, Hold)]
    preview.starts_at = free_at = waves[0].at
    for wave in waves:
        free_at = max(free_at, wave.at) + (timedelta(seconds=wave.people * each / rate) if rate else timedelta(0))
    if len(waves) < FORESEEN:
        preview.ends_at = max([free_at, *moments])


def _rate(job: Job) -> float:
    """Segments a second of the lane that texts take; 0: as fast as the gateway takes them."""
    lane_id = job.lanes["sms"]
    return (db.session.scalar(sa.select(Lane.rate).where(Lane.id == lane_id)) or 0.0) if lane_id else 0.0


def _lane_id(store: Store, channel: str) -> int | None:
    """The sender's lane, only looked at."""
    return db.session.scalar(
        sa.select(Lane.id)
        .join(
            GatewayInstance,
            sa.and_(GatewayInstance.store_id == Lane.store_id, GatewayInstance.id == Lane.gateway_id),
        )
        .where(
            GatewayInstance.store_id == store.id,
            GatewayInstance.channel == channel,
            GatewayInstance.is_sender.is_(True),
        )
    )

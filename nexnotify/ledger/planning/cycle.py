"""The life of a restock, a piece at a time: settle, approval, undo, waves, and what comes after them.

Until the first wave no message exists, so to cancel is one UPDATE. Each wave is planned when it is due, from what is
left then; between two of them the restock's row remembers its place, and when it is looked at next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.audience import count_waiting, next_part, waiting
from nexnotify.ledger.planning.chunk import Chunk, count_decided, plan_chunk
from nexnotify.ledger.planning.foresight import PastOf, foresee
from nexnotify.ledger.planning.job import Job, is_buyable, open_job
from nexnotify.ledger.planning.places import give_places_back, gone_at
from nexnotify.ledger.planning.recall import take_some_back
from nexnotify.restock.freed import is_freed
from nexnotify.restock.models import IS_OPEN, RestockEvent, RestockWave
from nexnotify.restock.waves import Standing, Stop, interval, next_wave

#: Ends after which it is watched whether stock lasts for those who were told.
_WATCHED = ("everyone_told", "cap_reached", "recalled")
#: In a small wave some are passed over: so many more people are read than it may tell.
SPARE = 20


def work_on(event: RestockEvent, now: datetime, most: int, past_of: PastOf | None = None) -> None:
    """Do the next piece of a (locked) restock that is due, looking at ``most`` people at the most."""
    if event.state == "stopping":
        if not take_some_back(event, now):
            _watch(open_job(event, now))
        return
    job = open_job(event, now)
    wave = _wave_of(event)
    if event.state == "watching":
        _close(event, job)
    elif _is_superseded(job, wave):
        _pass_on(event, now)
        _end(job, "superseded")
    elif event.held_at is not None:
        event.work_at = None
        if not is_buyable(job):
            _end(job, "stock_gone")
    elif _reach_telling(job) and _take_wave(job, wave):
        _tell(job, most, past_of)


# --- before anybody is told -------------------------------------------------------------------------------------------


def _reach_telling(job: Job) -> bool:
    """Go on from state to state, as long as none of them has to be waited in.

    :returns: whether people can be told now.
    """
    event, settings = job.event, job.settings
    if event.state not in ("new", "telling") and (not is_buyable(job) or gone_at(event) is not None):
        _end(job, "stock_gone")
        return False
    if event.state == "new":
        event.state = "settling"
    if event.state == "settling":
        event.work_at = event.at + timedelta(seconds=settings.settle_seconds)
        if event.work_at > job.now:
            return False
        event.state, event.work_at = ("approval", None) if settings.approval else ("undo", _undo_until(job))
    if event.state == "approval":
        event.work_at = None
    if event.state == "undo":
        if event.work_at is not None and event.work_at > job.now:
            return False
        event.state, event.work_at = "telling", job.now
    return event.state == "telling"


def _undo_until(job: Job) -> datetime:
    return job.now + timedelta(seconds=job.settings.undo_seconds)


def _is_superseded(job: Job, wave: RestockWave | None) -> bool:
    """Whether a newer restock of the same product in the same place takes over; not in the middle of a wave."""
    event = job.event
    if event.state == "new" and job.settings.waves == "all" and event.held_at is None:
        return False  # each in its turn: who was told by one is passed over by the next
    if wave is not None and wave.ended_at is None and event.held_at is None:
        return False
    newer = _newer(event)
    return db.session.scalar(newer.limit(1)) is not None


def _newer(event: RestockEvent) -> sa.Select[RestockEvent]:
    return (
        sa.select(RestockEvent)
        .where(
            RestockEvent.store_id == event.store_id,
            RestockEvent.variant_id == event.variant_id,
            RestockEvent.region_id.is_not_distinct_from(event.region_id),
            RestockEvent.id > event.id,
            IS_OPEN,
        )
        .order_by(RestockEvent.id)
    )


def _pass_on(event: RestockEvent, now: datetime) -> None:
    """What staff have put on hold, or limited, goes on no other way because stock has moved once more.

    Units that were free again limited it by themselves: the new ones are more.
    """
    if event.held_at is None and event.most is None:
        return
    newer = db.session.scalars(_newer(event).limit(1).execution_options(populate_existing=True)).one()
    if event.held_at is not None:
        newer.held_at, newer.work_at = now, None
    if event.most is not None and newer.most is None and not is_freed(event):
        newer.most = max(event.most - event.told - event.held, 0)


# --- waves ------------------------------------------------------------------------------------------------------------


def _wave_of(event: RestockEvent) -> RestockWave | None:
    """The wave that is being told, or was told last."""
    if event.wave == 0:
        return None
    return db.session.scalars(
        sa.select(RestockWave)
        .where(
            RestockWave.store_id == event.store_id,
            RestockWave.restock_id == event.id,
            RestockWave.number == event.wave,
        )
        .execution_options(populate_existing=True)
    ).one()


def _take_wave(job: Job, wave: RestockWave | None) -> bool:
    """Go on with the last wave where it is not over, or begin the next where it is time.

    :returns: whether there is one to tell now.
    """
    if wave is not None and wave.ended_at is None:
        return True
    event, policy = job.event, job.settings.waves
    if policy == "all" and wave is None and event.most is None:
        found = next_wave(policy, Standing(None, 1), job.now)  # who cannot be told any more learns why, each
    else:
        found = next_wave(policy, standing_of(job, wave), job.now)
    if isinstance(found, Stop):
        _end(job, found.reason)
        return False
    if found.at > job.now:
        event.work_at = found.at
        return False
    if wave is None and not is_freed(event):
        event.holdout = job.settings.holdout
    event.wave += 1
    db.session.add(
        RestockWave(
            store_id=event.store_id,
            restock_id=event.id,
            number=event.wave,
            size=found.size,
            why=found.why,
            figures=found.figures,
            units=job.units,
            at=job.now,
            ended_at=None,
        )
    )
    return True


def standing_of(job: Job, wave: RestockWave | None) -> Standing:
    """What the rule needs to know for the next wave."""
    event = job.event
    in_a_hurry = event.hurried_at is not None and (wave is None or event.hurried_at > wave.at)
    asked = wave is not None and not in_a_hurry
    return Standing(
        units=job.units if is_buyable(job) else 0,
        waiting=count_waiting(job),
        told=event.told + event.held,
        sold=_units_gone(event, event.at),
        sold_lately=_units_gone(event, job.now - interval(job.settings.waves)),
        last_at=(wave.heard_at or wave.at) if wave is not None and asked else None,
        unsent=_unsent(wave) if wave is not None and asked else 0,
        most=event.most,
    )


def _units_gone(event: RestockEvent, since: datetime) -> int:
    """Units by which stock has fallen since the restock, and since then: sold, as far as stock can tell."""
    gone = sa.func.sum(StockChange.available_before - StockChange.available_after)
    statement = sa.select(sa.func.coalesce(gone, 0)).where(
        StockChange.store_id == event.store_id,
        StockChange.variant_id == event.variant_id,
        StockChange.region_id.is_not_distinct_from(event.region_id),
        StockChange.id > event.stock_change_id,
        StockChange.at >= since,
        StockChange.cause == "level",
        StockChange.available_before > StockChange.available_after,
    )
    return int(db.session.scalar(statement) or 0)


def _unsent(wave: RestockWave) -> int:
    """Texts of a wave that wait for their lane."""
    if wave.first_message_id is None:
        return 0
    statement = (
        sa.select(sa.func.count())
        .select_from(Alert)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .where(
            Alert.store_id == wave.store_id,
            Alert.restock_id == wave.restock_id,
            Alert.message_id >= wave.first_message_id,
            # Not the bare column: the databases would read its index, and with it all that is queued.
            (Message.status + "").in_(("queued", "claimed")),
        )
    )
    return db.session.scalar(statement) or 0


def _tell(job: Job, most: int, past_of: PastOf | None) -> None:
    event = job.event
    wave = _wave_of(event)
    assert wave is not None
    room = None if wave.size is None else wave.size - wave.told
    if event.most is not None:
        left = event.most - event.told - event.held
        room = left if room is None else min(room, left)
    wanted = most if room is None else min(most, max(room, 0) + SPARE)
    rows = waiting(job, wanted) if room is None or room > 0 else []
    chunk = Chunk()
    if rows:
        chunk, ids = plan_chunk(job, rows, room, _expectations(job, past_of))
        _count(event, wave, chunk, ids, job.now)
        event.plan_cursor = chunk.last or event.plan_cursor
    event.work_at = job.now  # others take their turn before its next piece
    if room is not None and chunk.places >= room:
        wave.ended_at = job.now
    elif len(rows) < wanted and not next_part(job):
        wave.ended_at = job.now
        _end(job, "everyone_told")


def _expectations(job: Job, past_of: PastOf | None) -> Callable[[Job, Chunk], None] | None:
    """What to do with people of whom something is expected; None where the store expects nothing of anybody."""
    if past_of is None or not (job.settings.likely_first or job.settings.best_hour):
        return None
    return partial(foresee, past_of=past_of)


def _count(event: RestockEvent, wave: RestockWave, chunk: Chunk, ids: Sequence[int], now: datetime) -> None:
    count_decided(event, chunk)
    wave.told += chunk.places
    heard = chunk.heard_at(now)
    if heard is not None:
        wave.heard_at = min(wave.heard_at or heard, heard)
    if ids and wave.first_message_id is None:
        wave.first_message_id = min(ids)


# --- the end ----------------------------------------------------------------------------------------------------------


def _end(job: Job, reason: str) -> None:
    """Tell nobody any more; where people keep their place, watch whether stock lasts for those who were told."""
    job.event.reason, job.event.planned_at, job.event.held_at = reason, job.now, None
    _watch(job)


def _watch(job: Job) -> None:
    """Close it; later, where its stock may still turn out not to last, or not to be there: a number typed wrong is mended."""
    event, minutes = job.event, job.settings.keep_place_minutes
    if minutes and event.told + event.held and event.reason in _WATCHED and is_buyable(job):
        event.state, event.work_at, event.plan_cursor = "watching", job.now + timedelta(minutes=minutes), 0
    else:
        _close(event, job)


def _close(event: RestockEvent, job: Job) -> None:
    give_places_back(event, job.settings.keep_place_minutes, job.now)
    event.state = "done" if event.reason == "everyone_told" else "stopped"
    event.work_at, event.plan_cursor = None, 0

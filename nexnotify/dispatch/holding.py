"""Who gets the text has a unit: before a message goes, the storefront is asked to keep one for its person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import db, insert_rows
from nexnotify.dispatch.about import About
from nexnotify.dispatch.decide import Decided
from nexnotify.dispatch.due import Due
from nexnotify.holds.ending import give_back
from nexnotify.holds.rules import FAILED, is_worth_telling
from nexnotify.holds.sources import source_of
from nexnotify.holds.texts import reword
from nexnotify.holds.units import Unit
from nexnotify.inventory.available import IN_STOCK
from nexnotify.ledger.models import Hold
from nexnotify.ledger.moves import RESERVING, Move, move
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.policy.eligibility import Skip
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Whoever asks the storefront wakes the message that waits for it; this is for when nobody does.
LOOK_AGAIN = timedelta(minutes=2)
#: The same where the answer is another message's.
SHORTLY = timedelta(seconds=5)
#: For so long a restock asks no more after it was told that there are none.
NONE_LEFT = timedelta(minutes=1)


@dataclass(slots=True)
class WithUnits:
    """Messages that may go, and whether the storefront has to be asked for others."""

    going: list[Due] = field(default_factory=list)
    asks: bool = False


def with_units(rows: Sequence[Due], verdicts: Mapping[int, Decided], now: datetime) -> WithUnits:
    """Of these (locked) messages those that may go now: their unit is kept, or they need none.

    The others wait: the storefront is asked for their unit, outside of any transaction (``holds.work``). Where units are
    not held, it costs no statement.
    """
    alerts = [due for due in rows if _is_alert(due, verdicts[due.id])]
    if not alerts:
        return WithUnits(list(rows))
    settings = store_settings(db.session.get_one(Store, alerts[0].store_id))
    if settings.hold_minutes is None or source_of(alerts[0].store_id) is None:
        return WithUnits(list(rows))
    house = _House(settings.hold_minutes, now)
    theirs = {due.id for due in alerts}
    found = WithUnits()
    for due in rows:
        going = _with_unit(due, verdicts[due.id], house) if due.id in theirs else due
        if going is not None:
            found.going.append(going)
    insert_rows(Hold, house.new)
    found.asks = house.asks
    return found


def _is_alert(due: Due, decided: Decided) -> bool:
    """One that says of one product that it is in stock: several are not kept together, nor what is still to come."""
    return due.kind == KIND and len(decided.requests) == 1 and decided.requests[0].told_of == IN_STOCK


@dataclass(slots=True)
class _House:
    minutes: int
    now: datetime
    new: list[dict[str, object]] = field(default_factory=list)
    asks: bool = False
    #: (restock, units) that the storefront has just refused.
    none_left: dict[tuple[int, int], bool] = field(default_factory=dict)


def _with_unit(due: Due, decided: Decided, house: _House) -> Due | None:
    """The message as it goes; None: it waits, or does not go."""
    unit, about = decided.unit, decided.requests[0]
    if unit is None:
        return _ask(due, about, None, house)
    if unit.message_id != due.id and unit.is_held and unit.until > house.now:
        return _with_anothers(due, unit, house)
    if unit.reason == "no_answer" or unit.status == "redeemed":
        return due
    if unit.is_held and is_worth_telling(unit.until, unit.minutes, house.now):
        return due
    if unit.message_id == due.id and unit.is_held:
        give_back(unit.id, "too_late", house.now)
        reword(due.store_id, due.id, None, house.now)
        house.asks = True
    elif unit.message_id == due.id and unit.status not in ("asking", "releasing"):
        return _ask(due, about, unit, house)
    _wait(due, LOOK_AGAIN if unit.message_id == due.id else SHORTLY, house.now)
    return None


def _with_anothers(due: Due, unit: Unit, house: _House) -> Due | None:
    """The person has a unit by the message on another channel: this one takes it over where that one has failed."""
    if unit.message_status in FAILED:
        db.session.execute(
            sa.update(Hold)
            .where(Hold.store_id == due.store_id, Hold.id == unit.id, Hold.message_id == unit.message_id)
            .values(message_id=due.id)
            .execution_options(synchronize_session=False)
        )
    text = reword(due.store_id, due.id, unit.until, house.now)
    if text is None:
        return due
    return replace(due, body=text.body, subject=text.subject, encoding=text.encoding, segments=text.segments)


def _ask(due: Due, about: About, before: Unit | None, house: _House) -> Due | None:
    """Have the storefront asked, unless it has just said that there are none."""
    if due.variant_id is None:
        return due
    if _is_refused(due, about, house):
        move([Move(due.store_id, due.id, "queued", "suppressed", "no_unit")], house.now)
        record_decisions(due.store_id, "send", [(about.request_id, about.restock_id, Skip("no_unit"), None)], house.now)
        return None
    values = {
        "status": "asking",
        "reason": None,
        "minutes": house.minutes,
        "until": house.now + timedelta(minutes=house.minutes),
        "quantity": about.quantity,
        "tries": 0,
        "due_at": house.now,
        "asked_at": house.now,
    }
    if before is None:
        house.new.append(
            {
                "store_id": due.store_id,
                "message_id": due.id,
                "restock_id": about.restock_id,
                "variant_id": due.variant_id,
                "key": f"{due.reference}-1",
                **values,
            }
        )
    else:
        number = int(before.key.rpartition("-")[2]) + 1
        values |= {"key": f"{due.reference}-{number}", "reference": None, "held_at": None, "ended_at": None}
        this = sa.update(Hold).where(Hold.store_id == due.store_id, Hold.id == before.id)
        db.session.execute(this.values(**values).execution_options(synchronize_session=False))
    house.asks = True
    _wait(due, LOOK_AGAIN, house.now)
    return None


def _is_refused(due: Due, about: About, house: _House) -> bool:
    """Whether the storefront has just refused no more units of this very restock: of very many, each would be asked for."""
    key = (about.restock_id, about.quantity)
    if key not in house.none_left:
        refused = sa.select(Hold.id).where(
            Hold.store_id == due.store_id,
            Hold.restock_id == about.restock_id,
            Hold.status == "refused",
            Hold.quantity <= about.quantity,
            Hold.ended_at > house.now - NONE_LEFT,
        )
        house.none_left[key] = db.session.scalar(refused.limit(1)) is not None
    return house.none_left[key]


def _wait(due: Due, time: timedelta, now: datetime) -> None:
    move([Move(due.store_id, due.id, "queued", "held", RESERVING)], now, due_at=now + time)

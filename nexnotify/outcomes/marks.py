"""Which days of which stores are to be added up anew.

Sending, receipts, clicks and sign-ups write nothing for it: each leaves a row in a table that only grows, and these are
read from where they were read to the last time. What changes in place (an order and what it counts for, a person who is
erased) leaves a mark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from nexnotify.clock import to_local
from nexnotify.db import db, insert_rows, upsert
from nexnotify.ledger.models import Message, MessageEvent, ShortLink
from nexnotify.outcomes.models import Click, OrderMatch, OutcomeCursor, OutcomeDay, OutcomeMark, OutcomeZone
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

#: A row may become visible after one with a higher number, by as long as its transaction took. So the newest are read
#: again, until they are this old: no transaction of the house takes nearly so long.
SETTLED = timedelta(minutes=5)

_DayOf = tuple[int, date]


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """A store's day: its first moment, and the first after it. 23 or 25 hours where the clock changes."""
    first, after = (
        datetime.combine(each, time(), ZoneInfo(zone)).astimezone(UTC) for each in (day, day + timedelta(days=1))
    )
    return first, after


def mark(store: Store, moments: Iterable[datetime]) -> None:
    """Have the days of these moments added up anew."""
    days = {to_local(moment, store.zone).date() for moment in moments}
    insert_rows(OutcomeMark, [{"store_id": store.id, "day": day} for day in sorted(days)])


def mark_contacts(store: Store, contact_ids: Collection[int]) -> None:
    """Erasing: the days of all that was sent to them, whose links belong to nobody from now on."""
    sent = (
        sa.select(Message.created_at)
        .distinct()
        .where(Message.store_id == store.id, Message.contact_id.in_(contact_ids))
    )
    mark(store, db.session.scalars(sent).all())


def note_changes(now: datetime) -> int:
    """Mark every day that rows have come to since this was asked last.

    :returns: the newest mark there is; 0 without any.
    """
    stores = {store.id: store for store in db.session.scalars(sa.select(Store))}
    found: set[_DayOf] = set()
    for name, (rows, moments) in _grown().items():
        found |= _changed(stores, name, rows, moments, now)
    found |= _never_added(stores, now)
    insert_rows(OutcomeMark, [{"store_id": store_id, "day": day} for store_id, day in sorted(found)])
    return db.session.scalar(sa.select(sa.func.max(OutcomeMark.id))) or 0


def _grown() -> dict[str, tuple[tuple[Any, Any], Any]]:
    """Table that only grows → (its number, when a row came to it), and the moments whose days that changes."""
    of_click = sa.select(ShortLink.store_id, Message.created_at).select_from(Click)
    of_click = of_click.join(ShortLink, sa.and_(ShortLink.store_id == Click.store_id, ShortLink.id == Click.link_id))
    of_click = of_click.join(
        Message, sa.and_(Message.store_id == ShortLink.store_id, Message.id == ShortLink.message_id)
    )
    of_event = sa.select(Message.store_id, Message.created_at).select_from(MessageEvent)
    of_event = of_event.join(
        Message, sa.and_(Message.store_id == MessageEvent.store_id, Message.id == MessageEvent.message_id)
    )
    return {
        "message_event": ((MessageEvent.id, MessageEvent.at), of_event),
        "click": ((Click.id, Click.at), of_click),
        "alert_request": (
            (AlertRequest.id, AlertRequest.created_at),
            sa.select(AlertRequest.store_id, AlertRequest.created_at),
        ),
    }


def _changed(stores: dict[int, Store], name: str, rows: tuple[Any, Any], moments: Any, now: datetime) -> set[_DayOf]:
    number, at = rows
    cursor = sa.select(OutcomeCursor.last_id).where(OutcomeCursor.name == name).with_for_update()
    last = db.session.scalar(cursor)
    found: set[_DayOf] = set()
    if last is not None:
        # No DISTINCT: for it, SQLite would read an index of all there is.
        for store_id, moment in set(map(tuple, db.session.execute(moments.where(number > last)))):
            found.add((store_id, to_local(moment, stores[store_id].zone).date()))
    settled = sa.select(number).where(number > (last or 0), at <= now - SETTLED).order_by(number.desc()).limit(1)
    reached = db.session.scalar(settled) or last or 0
    table = OutcomeCursor.__table__
    db.session.execute(
        upsert(table)
        .values(name=name, last_id=reached)
        .on_conflict_do_update(index_elements=["name"], set_={"last_id": reached})
    )
    return found


def _never_added(stores: dict[int, Store], now: datetime) -> set[_DayOf]:
    """All days of stores that are new here, or whose days are cut elsewhere since their zone was changed."""
    known = {row.store_id: row.zone for row in db.session.execute(sa.select(OutcomeZone.store_id, OutcomeZone.zone))}
    found: set[_DayOf] = set()
    for store in stores.values():
        if known.get(store.id) == store.zone:
            continue
        found |= {(store.id, day) for day in _days_of(store, now)}
        row = {"store_id": store.id, "zone": store.zone}
        db.session.execute(
            upsert(OutcomeZone.__table__)
            .values(**row)
            .on_conflict_do_update(index_elements=["store_id"], set_={"zone": store.zone})
        )
    return found


def _days_of(store: Store, now: datetime) -> set[date]:
    firsts = [
        db.session.scalar(sa.select(sa.func.min(column)).where(model.store_id == store.id))
        for model, column in (
            (Message, Message.created_at),
            (AlertRequest, AlertRequest.created_at),
            (OrderMatch, OrderMatch.at),
        )
    ]
    days = set(db.session.scalars(sa.select(OutcomeDay.day).distinct().where(OutcomeDay.store_id == store.id)))
    if found := [moment for moment in firsts if moment is not None]:
        first, last = (to_local(moment, store.zone).date() for moment in (min(found), now))
        days |= {first + timedelta(days=number) for number in range((last - first).days + 1)}
    return days

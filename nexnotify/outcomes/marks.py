"""Which days of which stores are to be added up anew, and which parts of them.

Sending, receipts, clicks, sign-ups, opt-outs and stock write nothing for it: each leaves a row in a table that only
grows, and these are read from where they were read to the last time. What changes in place (an order and what it counts
for, a person who is erased) leaves a mark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from nexnotify.clock import to_local
from nexnotify.customers.models import ConsentEntry
from nexnotify.db import db, insert_rows, is_postgresql, upsert
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Message, MessageEvent, Question, ShortLink
from nexnotify.outcomes.models import Click, OrderMatch, OutcomeBasis, OutcomeCursor, OutcomeDay, OutcomeMark
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

#: What a day's rows are made of: see :class:`OutcomeDay`.
PARTS = ("asked", "sent", "bought", "left", "restocked")
#: A row becomes visible after one with a higher number, by as long as its transaction takes. So the newest are read
#: again: those that came so long, or less, before the oldest transaction that writes now.
SETTLED = timedelta(minutes=5)

_PartOf = tuple[int, date, str]


class _Grown(NamedTuple):
    """A table that only grows: its number, when a row came to it, and which part of which day a row changes.

    Each change is a part, and a select of stores and moments of that part.
    """

    number: Any
    at: Any
    changes: Sequence[tuple[str, Any]]


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """A store's day: its first moment, and the first after it. 23 or 25 hours where the clock changes."""
    first, after = (
        datetime.combine(each, time(), ZoneInfo(zone)).astimezone(UTC) for each in (day, day + timedelta(days=1))
    )
    return first, after


def mark(store: Store, moments: Iterable[datetime], part: str) -> None:
    """Have a part of the days of these moments added up anew."""
    days = {to_local(moment, store.zone).date() for moment in moments}
    insert_rows(OutcomeMark, [{"store_id": store.id, "day": day, "part": part} for day in sorted(days)])


def mark_contacts(store: Store, contact_ids: Collection[int]) -> None:
    """Erasing: the days of all that was sent to them, whose links belong to nobody from now on, of what they bought, and
    on which they opted out."""
    theirs = (AlertRequest.store_id == store.id, AlertRequest.contact_id.in_(contact_ids))
    for part, moments in (
        ("sent", sa.select(Message.created_at).where(_whose(Message, store, contact_ids))),
        ("left", sa.select(ConsentEntry.at).where(_whose(ConsentEntry, store, contact_ids))),
        ("asked", sa.select(AlertRequest.created_at).where(*theirs)),
        (
            "bought",
            sa.select(OrderMatch.at).where(
                OrderMatch.store_id == store.id, OrderMatch.request_id.in_(sa.select(AlertRequest.id).where(*theirs))
            ),
        ),
    ):
        mark(store, db.session.scalars(moments.distinct()).all(), part)


def _whose(model: Any, store: Store, contact_ids: Collection[int]) -> Any:
    return sa.and_(model.store_id == store.id, model.contact_id.in_(contact_ids))


def note_changes(now: datetime) -> int:
    """Mark every part of a day that rows have come to since this was asked last.

    :returns: the newest mark there is; 0 without any.
    """
    stores = {store.id: store for store in db.session.scalars(sa.select(Store))}
    found: set[_PartOf] = set()
    settled_at = _oldest_writer(now) - SETTLED
    for name, grown in _grown().items():
        found |= _changed(stores, name, grown, settled_at)
    found |= _never_added(stores, now)
    insert_rows(
        OutcomeMark, [{"store_id": store_id, "day": day, "part": part} for store_id, day, part in sorted(found)]
    )
    return db.session.scalar(sa.select(sa.func.max(OutcomeMark.id))) or 0


def _oldest_writer(now: datetime) -> datetime:
    """When the oldest transaction began that has written and may still bring rows; ``now`` without any.

    SQLite has one writer at a time, and this is it.
    """
    if not is_postgresql():
        return now
    # https://www.postgresql.org/docs/current/monitoring-stats.html: of other roles' sessions xact_start is null.
    oldest = sa.text(
        "SELECT min(xact_start) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND datname = current_database()"
    )
    began: datetime | None = db.session.scalar(oldest)
    return now if began is None else min(now, began)


def _grown() -> dict[str, _Grown]:
    return {
        "message_event": _Grown(MessageEvent.id, MessageEvent.at, [("sent", _of_messages())]),
        "click": _Grown(Click.id, Click.at, [("sent", _of_clicks())]),
        "alert_request": _Grown(AlertRequest.id, AlertRequest.created_at, [("asked", _plain(AlertRequest.created_at))]),
        "question": _Grown(Question.id, Question.asked_at, [("asked", _of_questions())]),
        "consent_entry": _Grown(
            ConsentEntry.id,
            ConsentEntry.at,
            [
                ("left", _plain(ConsentEntry.at).where(sa.text("consent_entry.action = 'revoked'"))),
                ("asked", _of_answers()),
            ],
        ),
        "restock_event": _Grown(
            RestockEvent.id,
            RestockEvent.at,
            [("restocked", _plain(RestockEvent.at)), ("restocked", _of_restocks_before())],
        ),
        "stock_change": _Grown(StockChange.id, StockChange.at, [("restocked", _of_stock())]),
    }


def _plain(moment: Any) -> Any:
    return sa.select(moment.class_.store_id, moment)


def _of_messages() -> Any:
    moments = sa.select(Message.store_id, Message.created_at).select_from(MessageEvent)
    return moments.join(
        Message, sa.and_(Message.store_id == MessageEvent.store_id, Message.id == MessageEvent.message_id)
    )


def _of_clicks() -> Any:
    moments = sa.select(ShortLink.store_id, Message.created_at).select_from(Click)
    moments = moments.join(ShortLink, sa.and_(ShortLink.store_id == Click.store_id, ShortLink.id == Click.link_id))
    return moments.join(Message, sa.and_(Message.store_id == ShortLink.store_id, Message.id == ShortLink.message_id))


def _of_questions() -> Any:
    moments = sa.select(AlertRequest.store_id, AlertRequest.created_at).select_from(Question)
    # Not the bare column: SQLite would begin with all requests there are, and look for the questions of each.
    mine = sa.and_(AlertRequest.store_id == Question.store_id + 0, AlertRequest.id == Question.request_id + 0)
    return moments.join(AlertRequest, mine)


def _of_answers() -> Any:
    """A yes is for requests of its contact."""
    moments = sa.select(AlertRequest.store_id, AlertRequest.created_at).select_from(ConsentEntry)
    # Not the bare column, as above.
    theirs = AlertRequest.contact_id == ConsentEntry.contact_id + 0
    moments = moments.join(AlertRequest, sa.and_(AlertRequest.store_id == ConsentEntry.store_id + 0, theirs))
    return moments.where(sa.text("consent_entry.action = 'confirmed'"))


def _of_stock() -> Any:
    """What sells is of the restock before it."""
    latest = (
        sa.select(RestockEvent.at)
        .where(RestockEvent.store_id == StockChange.store_id, RestockEvent.variant_id == StockChange.variant_id)
        .where(RestockEvent.stock_change_id < StockChange.id)
        .order_by(RestockEvent.id.desc())
        .limit(1)
        .correlate(StockChange)
        .scalar_subquery()
    )
    return sa.select(StockChange.store_id, latest).where(StockChange.available_before > StockChange.available_after)


def _of_restocks_before() -> Any:
    """The restock before one that was noticed late: what sold since is not its own."""
    before = aliased(RestockEvent)
    at = (
        sa.select(before.at)
        .where(before.store_id == RestockEvent.store_id, before.variant_id == RestockEvent.variant_id)
        .where(before.id < RestockEvent.id)
        .order_by(before.id.desc())
        .limit(1)
        .correlate(RestockEvent)
        .scalar_subquery()
    )
    return sa.select(RestockEvent.store_id, at)


def _changed(stores: dict[int, Store], name: str, grown: _Grown, settled_at: datetime) -> set[_PartOf]:
    number, at = grown.number, grown.at
    cursor = sa.select(OutcomeCursor.last_id).where(OutcomeCursor.name == name).with_for_update()
    last = db.session.scalar(cursor)
    found: set[_PartOf] = set()
    for part, moments in grown.changes if last is not None else ():
        # No DISTINCT: for it, SQLite would read an index of all there is.
        for store_id, moment in set(map(tuple, db.session.execute(moments.where(number > last)))):
            if moment is not None:
                found.add((store_id, to_local(moment, stores[store_id].zone).date(), part))
    # Up to the newest row that is settled, and before the first that is not: an import brings rows of long ago.
    fresh = sa.select(sa.func.min(number)).where(number > (last or 0), at > settled_at).scalar_subquery()
    settled = sa.select(number).where(number > (last or 0), at <= settled_at)
    settled = settled.where(number < sa.func.coalesce(fresh, 2**62)).order_by(number.desc()).limit(1)
    reached = db.session.scalar(settled) or last or 0
    table = OutcomeCursor.__table__
    db.session.execute(
        upsert(table)
        .values(name=name, last_id=reached)
        .on_conflict_do_update(index_elements=["name"], set_={"last_id": reached})
    )
    return found


def _never_added(stores: dict[int, Store], now: datetime) -> set[_PartOf]:
    """All days of stores that are new here, or whose days are cut elsewhere since their zone was changed."""
    known = {row.store_id: row.zone for row in db.session.execute(sa.select(OutcomeBasis.store_id, OutcomeBasis.zone))}
    found: set[_PartOf] = set()
    for store in stores.values():
        if known.get(store.id) == store.zone:
            continue
        found |= {(store.id, day, part) for day in _days_of(store, now) for part in PARTS}
        row = {
            "store_id": store.id, "zone": store.zone, "attribution_days": store_settings(store).attribution_days
        }  # fmt: skip
        db.session.execute(
            upsert(OutcomeBasis.__table__)
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
            (RestockEvent, RestockEvent.at),
        )
    ]
    revoked = sa.select(sa.func.min(ConsentEntry.at)).where(sa.text("consent_entry.action = 'revoked'"))
    firsts.append(db.session.scalar(revoked.where(ConsentEntry.store_id == store.id)))
    days = set(db.session.scalars(sa.select(OutcomeDay.day).distinct().where(OutcomeDay.store_id == store.id)))
    if found := [moment for moment in firsts if moment is not None]:
        first, last = (to_local(moment, store.zone).date() for moment in (min(found), now))
        days |= {first + timedelta(days=number) for number in range((last - first).days + 1)}
    return days

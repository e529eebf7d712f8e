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
#: A row becomes visible after one with a higher number, by as long as its transaction takes. So a table counts as read up
#: to what was its newest row so long ago, and only once all transactions that had written by then are over.
SETTLED = timedelta(minutes=5)
#: Rows that are on their way when a table is looked at for the first time are among the last so many.
_NEAR = 10_000

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
    for name, grown in _grown().items():
        found |= _changed(stores, name, grown, now)
    found |= _never_added(stores, now)
    insert_rows(
        OutcomeMark, [{"store_id": store_id, "day": day, "part": part} for store_id, day, part in sorted(found)]
    )
    return db.session.scalar(sa.select(sa.func.max(OutcomeMark.id))) or 0


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


def _changed(stores: dict[int, Store], name: str, grown: _Grown, now: datetime) -> set[_PartOf]:
    cursor = db.session.get(OutcomeCursor, name, with_for_update=True, populate_existing=True)
    if cursor is None:
        newest = _newest(grown, 0)
        db.session.add(OutcomeCursor(name=name, last_id=max(newest - _NEAR, 0), **_seen(newest, now)))
        return set()
    # Asked before the rows are read: what was on its way until now is among them.
    is_settled = _is_settled(cursor, now)
    found: set[_PartOf] = set()
    for part, moments in grown.changes:
        # No DISTINCT: for it, SQLite would read an index of all there is.
        for store_id, moment in set(map(tuple, db.session.execute(moments.where(grown.number > cursor.last_id)))):
            if moment is not None:
                found.add((store_id, to_local(moment, stores[store_id].zone).date(), part))
    if is_settled:
        cursor.last_id = cursor.seen_id
    if is_settled or _is_elsewhere(cursor):
        for column, value in _seen(_newest(grown, cursor.seen_id), now).items():
            setattr(cursor, column, value)
    return found


def _newest(grown: _Grown, last: int) -> int:
    """The number of the newest row, ``last`` where none has come since."""
    return db.session.scalar(sa.select(sa.func.max(grown.number)).where(grown.number > last)) or last


def _seen(newest: int, now: datetime) -> dict[str, Any]:
    """The newest row, and the first transaction that had not begun to write when it was: PostgreSQL alone has several."""
    begun = _transactions("xmax") if is_postgresql() else 0
    return {"seen_id": newest, "seen_at": now, "seen_before": begun}


def _is_settled(cursor: OutcomeCursor, now: datetime) -> bool:
    """Whether no row can come any more that is older than the newest that was seen then."""
    if cursor.seen_at > now - SETTLED:
        return False
    return not is_postgresql() or _transactions("xmin") >= cursor.seen_before


def _is_elsewhere(cursor: OutcomeCursor) -> bool:
    """Whether the database was restored into a server that has not come as far yet: its transactions are others."""
    return is_postgresql() and _transactions("xmax") < cursor.seen_before


def _transactions(bound: str) -> int:
    """The oldest transaction that still writes ("xmin"), or the next that begins to ("xmax").

    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT: of all roles and sessions.
    """
    number: int = db.session.scalar(sa.text(f"SELECT pg_snapshot_{bound}(pg_current_snapshot())::text::bigint"))
    return number


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

"""A store's days added up. A day is always made anew from the rows, never counted on: so running twice, late receipts,
refunds and killed workers leave no difference between the sums and the rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.content.models import TemplateVersion
from nexnotify.customers.models import Contact
from nexnotify.db import db, insert_rows, is_postgresql
from nexnotify.ledger.models import Message, ShortLink
from nexnotify.orders.models import Order
from nexnotify.outcomes.marks import day_bounds
from nexnotify.outcomes.models import Click, OrderMatch, OutcomeCursor, OutcomeDay, OutcomeMark, PageOrder
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

#: A text is in time that a gateway takes within so many seconds of becoming due.
IN_TIME = 10.0
#: States of a message that surely did not arrive.
FAILED = ("undelivered", "rejected", "expired")
#: Every number of a row that is added up.
SUMS = (
    "asked",
    "specific",
    "written",
    "taken",
    "in_time",
    "delivered",
    "failed",
    "filtered",
    "clicked",
    "won",
    "assisted",
    "within_hour",
    "within_day",
    "revenue",
    "revenue_won",
)


def add_up_next(upto: int) -> bool:
    """Add up one marked day.

    :param upto: the newest mark that is looked at; a newer one waits for the next run.
    :returns: whether there was one.
    """
    # One at a time: two that add up the same day would both write it.
    db.session.execute(sa.select(OutcomeCursor.name).order_by(OutcomeCursor.name).with_for_update()).all()
    first = sa.select(OutcomeMark.store_id, OutcomeMark.day).where(OutcomeMark.id <= upto)
    row = db.session.execute(first.order_by(OutcomeMark.id).limit(1)).first()
    if row is None:
        return False
    # The marks go first: whoever marks the day after this look has it added up again.
    db.session.execute(
        sa.delete(OutcomeMark)
        .where(OutcomeMark.store_id == row.store_id, OutcomeMark.day == row.day)
        .execution_options(synchronize_session=False)
    )
    add_up(db.session.get_one(Store, row.store_id), row.day)
    return True


def add_up(store: Store, day: date) -> None:
    """Make one day's sums anew."""
    db.session.execute(
        sa.delete(OutcomeDay)
        .where(OutcomeDay.store_id == store.id, OutcomeDay.day == day)
        .execution_options(synchronize_session=False)
    )
    insert_rows(OutcomeDay, rows_of(store, day))


def rows_of(store: Store, day: date) -> list[dict[str, Any]]:
    """What the rows say of a day, as values of :class:`OutcomeDay`."""
    since, until = day_bounds(day, store.zone)
    empty = {"variant_id": None, "kind": None, "template_id": None, "currency": None} | dict.fromkeys(SUMS, 0)
    parts = {"asked": _asked, "sent": _sent, "bought": _bought}
    rows = [
        empty
        | {"store_id": store.id, "day": day, "part": part, "whole": False}
        | {name: value for name, value in row.items() if value is not None}
        for part, statement in parts.items()
        for row in db.session.execute(statement(store.id, since, until)).mappings()
    ]
    return rows + _whole(rows)


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with all variants together."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("part", "channel", "kind", "template_id", "currency"))
        if key not in found:
            found[key] = row | {"variant_id": None, "whole": True}
        else:
            for name in SUMS:
                found[key][name] += row[name]
    return list(found.values())


def _count(*conditions: Any) -> Any:
    return sa.func.count(sa.case((sa.and_(*conditions), 1)))


def _not_later(moment: Any, since: Any, seconds: float) -> Any:
    """Whether one moment comes at most so long after another."""
    if is_postgresql():
        return moment - since <= timedelta(seconds=seconds)
    return (sa.func.julianday(moment) - sa.func.julianday(since)) * 86400.0 <= seconds


def _asked(store_id: int, since: datetime, until: datetime) -> Any:
    at = AlertRequest.created_at
    return (
        sa.select(
            AlertRequest.variant_id,
            Contact.channel,
            sa.func.count().label("asked"),
            _count(AlertRequest.scope == "variant").label("specific"),
        )
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(AlertRequest.store_id == store_id, at >= since, at < until)
        .group_by(AlertRequest.variant_id, Contact.channel)
    )


def _sent(store_id: int, since: datetime, until: datetime) -> Any:
    """Messages of a day. One that was tried again, or whose outcome was found out later, has a later ``due_at`` than the
    one it missed: it counts from when it was written."""
    at, taken = Message.created_at, Message.accepted_at
    due = sa.case((sa.and_(Message.tries <= 1, Message.due_at <= taken), Message.due_at), else_=at)
    # One within the other, not joined: SQLite would begin with all the clicks of the store.
    by_person = sa.exists().where(Click.store_id == ShortLink.store_id, Click.link_id == ShortLink.id, Click.is_person)
    opened = sa.exists().where(
        ShortLink.store_id == Message.store_id, ShortLink.message_id == Message.id, by_person.correlate(ShortLink)
    )
    version = sa.and_(TemplateVersion.store_id == Message.store_id, TemplateVersion.id == Message.template_version_id)
    return (
        sa.select(
            Message.variant_id,
            Message.kind,
            Message.channel,
            TemplateVersion.template_id,
            sa.func.count().label("written"),
            sa.func.count(taken).label("taken"),
            _count(_not_later(taken, due, IN_TIME)).label("in_time"),
            _count(Message.status == "delivered").label("delivered"),
            _count(Message.status.in_(FAILED)).label("failed"),
            _count(Message.status.in_(FAILED), Message.reason == "content").label("filtered"),
            _count(opened).label("clicked"),
        )
        .select_from(Message)
        .outerjoin(TemplateVersion, version)
        .where(Message.store_id == store_id, at >= since, at < until)
        .group_by(Message.variant_id, Message.kind, Message.channel, TemplateVersion.template_id)
    )


def _bought(store_id: int, since: datetime, until: datetime) -> Any:
    at, told, won = OrderMatch.at, AlertRequest.alerted_at, OrderMatch.how == "click"
    total = sa.case((Order.id.is_not(None), Order.total), else_=PageOrder.total)
    currency = sa.func.coalesce(Order.currency, PageOrder.currency)
    money = sa.Numeric(16, 4)
    return (
        sa.select(
            AlertRequest.variant_id,
            Contact.channel,
            currency.label("currency"),
            _count(won).label("won"),
            _count(sa.not_(won)).label("assisted"),
            _count(told <= at, _not_later(at, told, 3600)).label("within_hour"),
            _count(told <= at, _not_later(at, told, 86400)).label("within_day"),
            sa.func.sum(total, type_=money).label("revenue"),
            sa.func.sum(sa.case((won, total)), type_=money).label("revenue_won"),
        )
        .select_from(OrderMatch)
        .join(AlertRequest, sa.and_(AlertRequest.store_id == store_id, AlertRequest.id == OrderMatch.request_id))
        .join(Contact, sa.and_(Contact.store_id == store_id, Contact.id == AlertRequest.contact_id))
        .outerjoin(Order, sa.and_(Order.store_id == OrderMatch.store_id, Order.id == OrderMatch.order_id))
        .outerjoin(
            PageOrder, sa.and_(PageOrder.store_id == OrderMatch.store_id, PageOrder.id == OrderMatch.page_order_id)
        )
        .where(OrderMatch.store_id == store_id, at >= since, at < until, sa.text("order_match.counts"))
        .group_by(AlertRequest.variant_id, Contact.channel, currency)
    )

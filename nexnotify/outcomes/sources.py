"""What the rows say of a part of a day: one statement for each part, whose columns are those of ``OutcomeDay``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from nexnotify.content.models import TemplateVersion
from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import is_postgresql
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert, Message, Question, ShortLink
from nexnotify.orders.models import Order
from nexnotify.outcomes.models import Click, OrderMatch, PageOrder
from nexnotify.outcomes.spans import SPANS
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest

#: A text is in time that a gateway takes within so many seconds of becoming due.
IN_TIME = 10.0
#: Units count as sold after a restock by which stock falls within so many days, and before the next restock.
SELL_THROUGH_DAYS = 7
#: States of a message that surely did not arrive.
FAILED = ("undelivered", "rejected", "expired")
#: States of one that was decided against.
NOT_SENT = ("suppressed", "cancelled")
_MONEY = sa.Numeric(16, 4)


def _count(*conditions: Any) -> Any:
    return sa.func.count(sa.case((sa.and_(*conditions), 1)))


def _not_later(moment: Any, since: Any, seconds: float) -> Any:
    """Whether one moment comes at most so long after another."""
    if is_postgresql():
        return moment - since <= timedelta(seconds=seconds)
    return (sa.func.julianday(moment) - sa.func.julianday(since)) * 86400.0 <= seconds


def _seconds(moment: Any, since: Any) -> Any:
    if is_postgresql():
        return sa.func.extract("epoch", moment - since)
    # To the millisecond, so that what comes after exactly an hour is not later for how a day is divided.
    return sa.func.round((sa.func.julianday(moment) - sa.func.julianday(since)) * 86400.0, 3)


def _asked(store_id: int, since: datetime, until: datetime) -> Any:
    at = AlertRequest.created_at
    question = sa.exists().where(
        Question.store_id == AlertRequest.store_id, Question.request_id == AlertRequest.id, Question.cause == "sign_up"
    )
    return (
        sa.select(
            AlertRequest.variant_id,
            Contact.channel,
            sa.func.count().label("asked"),
            _count(AlertRequest.scope == "variant").label("specific"),
            _count(question).label("questioned"),
            _count(question.where(Question.answered_at.is_not(None))).label("confirmed"),
        )
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(AlertRequest.store_id == store_id, at >= since, at < until)
        .group_by(AlertRequest.variant_id, Contact.channel)
    )


def _of_template(message: Any) -> Any:
    return sa.and_(TemplateVersion.store_id == message.store_id, TemplateVersion.id == message.template_version_id)


def _sent(store_id: int, since: datetime, until: datetime) -> Any:
    """Messages of a day. One that was tried again, or whose outcome was found out later, has a later ``due_at`` than the
    one it missed: it counts from when it was written."""
    at, taken, status = Message.created_at, Message.accepted_at, Message.status
    due = sa.case((sa.and_(Message.tries <= 1, Message.due_at <= taken), Message.due_at), else_=at)
    # One within the other, not joined: SQLite would begin with all the clicks of the store.
    by_person = sa.exists().where(Click.store_id == ShortLink.store_id, Click.link_id == ShortLink.id, Click.is_person)
    opened = sa.exists().where(
        ShortLink.store_id == Message.store_id, ShortLink.message_id == Message.id, by_person.correlate(ShortLink)
    )
    return (
        sa.select(
            Message.variant_id,
            Message.kind,
            Message.channel,
            TemplateVersion.template_id,
            sa.func.count().label("written"),
            sa.func.count(taken).label("taken"),
            _count(_not_later(taken, due, IN_TIME)).label("in_time"),
            _count(status == "delivered").label("delivered"),
            _count(status.in_(FAILED)).label("failed"),
            _count(status.in_(FAILED), Message.reason == "content").label("filtered"),
            _count(status == "held").label("held"),
            _count(status == "uncertain").label("uncertain"),
            _count(status.in_(NOT_SENT)).label("not_sent"),
            _count(opened).label("clicked"),
        )
        .select_from(Message)
        .outerjoin(TemplateVersion, _of_template(Message))
        .where(Message.store_id == store_id, at >= since, at < until)
        .group_by(Message.variant_id, Message.kind, Message.channel, TemplateVersion.template_id)
    )


def told_before() -> Any:
    """The last message, before an :class:`OrderMatch`, that told its request of the product: a correlated id."""
    return (
        sa.select(Message.id)
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .where(Alert.store_id == OrderMatch.store_id, Alert.request_id == OrderMatch.request_id)
        .where(Message.accepted_at <= OrderMatch.at)
        .order_by(Message.accepted_at.desc(), Message.id.desc())
        .limit(1)
        .correlate(OrderMatch)
        .scalar_subquery()
    )


def span_after(at: Any, told_at: Any) -> Any:
    """The end, in minutes, of the span of ``spans.SPANS`` in which a moment comes after being told; null without that."""
    passed = _seconds(at, told_at)
    return sa.case(*((passed <= 60 * end, end) for end in SPANS))


def _bought(store_id: int, since: datetime, until: datetime) -> Any:
    """Orders that count, each with the last message before it that told of the product."""
    at, told = OrderMatch.at, told_before()
    total = sa.case((Order.id.is_not(None), Order.total), else_=PageOrder.total)
    each = (
        sa.select(
            OrderMatch.request_id,
            at,
            (OrderMatch.how == "click").label("won"),
            (OrderMatch.source == "page").label("by_page"),
            told.label("told"),
            total.label("total"),
            sa.func.coalesce(Order.currency, PageOrder.currency).label("currency"),
        )
        .outerjoin(Order, sa.and_(Order.store_id == OrderMatch.store_id, Order.id == OrderMatch.order_id))
        .outerjoin(
            PageOrder, sa.and_(PageOrder.store_id == OrderMatch.store_id, PageOrder.id == OrderMatch.page_order_id)
        )
        .where(OrderMatch.store_id == store_id, at >= since, at < until, sa.text("order_match.counts"))
        .cte("each_order")
    )
    it = each.c
    after = span_after(it.at, Message.accepted_at).label("after")
    cut = (AlertRequest.variant_id, Contact.channel, Message.kind, TemplateVersion.template_id, it.currency, after)
    return (
        sa.select(
            *cut,
            _count(it.won).label("won"),
            _count(sa.not_(it.won)).label("assisted"),
            _count(it.by_page).label("by_page"),
            sa.func.sum(it.total, type_=_MONEY).label("revenue"),
            sa.func.sum(sa.case((it.won, it.total)), type_=_MONEY).label("revenue_won"),
        )
        .select_from(each)
        .join(AlertRequest, sa.and_(AlertRequest.store_id == store_id, AlertRequest.id == it.request_id))
        .join(Contact, sa.and_(Contact.store_id == store_id, Contact.id == AlertRequest.contact_id))
        .outerjoin(Message, sa.and_(Message.store_id == store_id, Message.id == it.told))
        .outerjoin(TemplateVersion, _of_template(Message))
        .group_by(*cut)
    )


def _left(store_id: int, since: datetime, until: datetime) -> Any:
    """People who opted out of everything or of something, each with the last message before it; once a day each."""
    at = ConsentEntry.at
    by_gateway = sa.func.max(sa.case((ConsentEntry.method == "gateway", 1), else_=0))
    each = (
        sa.select(ConsentEntry.contact_id, sa.func.max(at).label("at"), by_gateway.label("by_gateway"))
        .where(ConsentEntry.store_id == store_id, sa.text("consent_entry.action = 'revoked'"), at >= since, at < until)
        .group_by(ConsentEntry.contact_id)
        .cte("each_person")
    )
    last = (
        sa.select(Message.id)
        .where(Message.store_id == store_id, Message.contact_id == each.c.contact_id, Message.accepted_at <= each.c.at)
        # The answer to the STOP itself is no reason for it.
        .where(Message.kind != "keyword_reply")
        .order_by(Message.id.desc())
        .limit(1)
        .correlate(each)
        .scalar_subquery()
    )
    found = sa.select(each.c.contact_id, each.c.by_gateway, last.label("last")).cte("each_with_message")
    cut = (Message.variant_id, Message.kind, Contact.channel, TemplateVersion.template_id)
    return (
        sa.select(*cut, sa.func.count().label("opted_out"), sa.func.sum(found.c.by_gateway).label("complained"))
        .select_from(found)
        .join(Contact, sa.and_(Contact.store_id == store_id, Contact.id == found.c.contact_id))
        .outerjoin(Message, sa.and_(Message.store_id == store_id, Message.id == found.c.last))
        .outerjoin(TemplateVersion, _of_template(Message))
        .group_by(*cut)
    )


def sold_after(event: Any) -> Any:
    """Units by which stock fell after a restock, as far as stock can tell: a correlated number, null where it did not.

    :param event: the class :class:`RestockEvent`, or an alias of it.
    """
    later = aliased(RestockEvent)
    following = (
        sa.select(sa.func.min(later.stock_change_id))
        .where(later.store_id == event.store_id, later.variant_id == event.variant_id, later.id > event.id)
        .correlate(event)
        .scalar_subquery()
    )
    is_soon = _seconds(StockChange.at, event.at) < SELL_THROUGH_DAYS * 86400
    return (
        sa.select(sa.func.sum(StockChange.available_before - StockChange.available_after))
        .where(StockChange.store_id == event.store_id, StockChange.variant_id == event.variant_id)
        .where(StockChange.id > event.stock_change_id, StockChange.id < sa.func.coalesce(following, 2**62), is_soon)
        .where(StockChange.cause == "level", StockChange.available_before > StockChange.available_after)
        .correlate(event)
        .scalar_subquery()
    )


def _restocked(store_id: int, since: datetime, until: datetime) -> Any:
    at, units = RestockEvent.at, RestockEvent.available_after
    each = (
        sa.select(
            RestockEvent.variant_id,
            sa.case((sa.and_(RestockEvent.status == "in_stock", units > 0), units), else_=0).label("units"),
            sold_after(RestockEvent).label("sold"),
        )
        .where(RestockEvent.store_id == store_id, at >= since, at < until)
        .cte("each_restock")
    )
    # More that came in meanwhile may be sold too; of what was there when it came back no more can be than there was.
    sold = sa.case((each.c.sold > each.c.units, each.c.units), else_=each.c.sold)
    return sa.select(
        each.c.variant_id,
        sa.func.count().label("restocks"),
        sa.func.sum(each.c.units).label("units"),
        sa.func.sum(sold).label("units_sold"),
    ).group_by(each.c.variant_id)


#: Part → the statement that makes its rows of a store, from a moment and before another.
SOURCES: dict[str, Callable[[int, datetime, datetime], Any]] = {
    "asked": _asked,
    "sent": _sent,
    "bought": _bought,
    "left": _left,
    "restocked": _restocked,
}

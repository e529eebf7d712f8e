"""Audiences of those who wait or waited: by an activity that has occurred in the last days, and other conditions.

Nobody is told of a restock twice: whoever has a message about it already, from the store's alert, a journey or another
send, is none of them, and those who are told between the confirmation and the text are left out then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.catalog.models import Product, Variant
from nexnotify.customers.models import Contact, Customer
from nexnotify.db import IdIn, db
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert, Message
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.activities import BACK_IN_STOCK, back_in_stock, came_back
from nexnotify.waitlist.conditions import Where
from nexnotify.waitlist.models import AlertRequest, Decision

_NOBODY = sa.cast(sa.null(), sa.BigInteger)
#: States of a message that went to nobody, and will not.
_UNSENT = ("cancelled", "suppressed", "expired")


def of_requests(by: str = "sms") -> sa.Select[Any]:
    """Requests as rows of an audience.

    :param by: the channel; by text message, who asked by email is reached at the number of the customer with that address.
    """
    by_number, by_email = sa.orm.aliased(Customer), sa.orm.aliased(Customer)
    asked = AlertRequest.contact_id
    columns: tuple[Any, ...] = (
        AlertRequest.id,
        sa.func.coalesce(by_number.id, by_email.id).label("customer_id"),
        _NOBODY.label("order_id"),
        _NOBODY.label("ticket_id"),
        AlertRequest.id.label("request_id"),
        (sa.case((Contact.channel == "sms", asked), else_=by_email.sms_contact_id) if by == "sms" else asked + 0).label(
            "contact_id"
        ),
        sa.func.coalesce(by_number.first_name, by_email.first_name).label("first_name"),
        sa.func.coalesce(by_number.last_name, by_email.last_name).label("last_name"),
    )
    return (
        sa.select(*columns)
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == asked))
        .outerjoin(by_number, sa.and_(by_number.store_id == AlertRequest.store_id, by_number.sms_contact_id == asked))
        .outerjoin(by_email, sa.and_(by_email.store_id == AlertRequest.store_id, by_email.email_contact_id == asked))
    )


def requests_meeting(store: Store, filter_: Mapping[str, Any]) -> list[Any]:
    """Conditions on the requests of an audience: its activity has occurred since, of these items, from these sources."""
    where, since = Where.read(filter_.get("where", {})), _since(filter_)
    if since is None:
        return [sa.false()]  # nobody at all, rather than too many
    found = _of_people(filter_, where)
    if filter_.get("activity") == BACK_IN_STOCK:
        return [*found, came_back(since, *_news(store, where))]
    items = sa.exists().where(
        Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id, *_items(store, where)
    )
    return [*found, AlertRequest.created_at >= since, items]


def news_meeting(store: Store, filter_: Mapping[str, Any]) -> sa.Select[int, int, int | None, Variant]:
    """What came back, and for which requests of such an audience: (request, its contact, region, variant), newest first."""
    where, since = Where.read(filter_.get("where", {})), _since(filter_)
    found = back_in_stock(store, since).where(*_of_people(filter_, where), *_news(store, where))
    if since is None:
        found = found.where(sa.false())
    columns = (AlertRequest.id, AlertRequest.contact_id, AlertRequest.region_id, Variant)
    return found.with_only_columns(*columns).order_by(StockChange.id.desc())


def _since(filter_: Mapping[str, Any]) -> datetime | None:
    """Since when its activity has occurred; None: that cannot be read."""
    try:
        return datetime.fromisoformat(str(filter_.get("since"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_people(filter_: Mapping[str, Any], where: Where) -> list[Any]:
    """Conditions on the request and who asked."""
    found: list[Any] = [(AlertRequest.status + "") != "pending"]
    if where.sources:
        found.append(_is_one_of(AlertRequest.source, where.sources))
    if filter_.get("opt_in") == "yes":
        found.append(_opted_in())
    if filter_.get("by", "sms") != "sms":
        asked = sa.orm.aliased(Contact)
        mine = (asked.store_id == AlertRequest.store_id, asked.id == AlertRequest.contact_id)
        found.append(sa.exists().where(*mine, asked.channel == filter_["by"]))
    return found


def _news(store: Store, where: Where) -> tuple[Any, ...]:
    """Conditions on what came back: they want it still, and nobody has told them of it, or is about to.

    A request that has ended (cancelled, bought, never confirmed, told on another channel) asks for nothing any more.
    """
    wants = AlertRequest.closed_at.is_(None)
    return (*_items(store, where), *_at(where), wants, ~_has_message(), ~_was_sent(), ~_is_held_out())


def _items(store: Store, where: Where) -> list[Any]:
    """Conditions on the variant."""
    found: list[Any] = []
    if where.skus:
        found.append(_is_one_of(Variant.sku, where.skus))
    if where.products:
        named = _is_one_of(Product.external_id, where.products)
        found.append(Variant.product_id.in_(sa.select(Product.id).where(Product.store_id == store.id, named)))
    if where.tags:
        wanted = {tag.casefold() for tag in where.tags}
        rows = db.session.execute(sa.select(Product.id, Product.tags).where(Product.store_id == store.id)).all()
        tagged = [id for id, tags in rows if not wanted.isdisjoint(tag.casefold() for tag in tags)]
        found.append(Variant.product_id.in_(tagged))
    return found


def _at(where: Where) -> list[Any]:
    """Conditions on the change of stock."""
    return [_is_one_of(StockChange.location_key, where.locations)] if where.locations else []


def _is_one_of(column: Any, names: Sequence[str]) -> Any:
    """As they are written, or but for capitals, of which SQLite knows those of ASCII alone."""
    return sa.or_(column.in_(names), sa.func.lower(column).in_([name.lower() for name in names]))


def _opted_in() -> Any:
    theirs = sa.or_(
        Customer.sms_contact_id == AlertRequest.contact_id, Customer.email_contact_id == AlertRequest.contact_id
    )
    return sa.exists().where(Customer.store_id == AlertRequest.store_id, theirs, Customer.sms_opt_in.is_(True))


def _has_message() -> Any:
    """The right to be told of it is taken: by the store's alert, or by a journey."""
    return (
        sa.exists()
        .where(
            Alert.store_id == AlertRequest.store_id,
            Alert.request_id == AlertRequest.id,
            RestockEvent.store_id == Alert.store_id,
            RestockEvent.id == Alert.restock_id,
            RestockEvent.stock_change_id >= StockChange.id,
        )
        .correlate(AlertRequest, StockChange)
    )


def _is_held_out() -> Any:
    """Drawn not to be told of it, nor of a restock after it, by any way."""
    return (
        sa.exists()
        .where(
            Decision.store_id == AlertRequest.store_id,
            Decision.request_id == AlertRequest.id,
            Decision.reason == "holdout",
            RestockEvent.store_id == Decision.store_id,
            RestockEvent.id == Decision.restock_id,
            RestockEvent.stock_change_id >= StockChange.id,
        )
        .correlate(AlertRequest, StockChange)
    )


def _was_sent() -> Any:
    """An earlier send to those who waited has told them."""
    return (
        sa.exists()
        .where(
            SendRecipient.store_id == AlertRequest.store_id,
            SendRecipient.request_id == AlertRequest.id,
            Send.store_id == SendRecipient.store_id,
            Send.id == SendRecipient.send_id,
            Send.confirmed_at >= StockChange.at,
            Message.store_id == SendRecipient.store_id,
            Message.id == SendRecipient.message_id,
            (Message.status + "").not_in(_UNSENT),
        )
        .correlate(AlertRequest, StockChange)
    )


def told_since(send: Send, request_ids: Sequence[int]) -> frozenset[int]:
    """Those of the requests who need no other word since the send was confirmed: an alert or another send tells them, or a
    restock has drawn them not to be told."""
    if not request_ids or send.filter.get("activity") != BACK_IN_STOCK:
        return frozenset()
    where = {"b_store": send.store_id, "b_ids": list(request_ids), "b_send": send.id, "b_since": send.confirmed_at}
    connection = db.session.connection()
    return frozenset(id for statement in _TOLD_SINCE for id in connection.scalars(statement, where))


_alert, _recipient, _message = Alert.__table__, SendRecipient.__table__, Message.__table__
_decision = Decision.__table__


def _written_since(table: sa.Table, *conditions: Any) -> sa.Select[Any]:
    return (
        sa.select(table.c.request_id)
        .join(_message, sa.and_(_message.c.store_id == table.c.store_id, _message.c.id == table.c.message_id))
        .where(
            table.c.store_id == sa.bindparam("b_store"),
            IdIn(table.c.request_id),
            _message.c.created_at >= sa.bindparam("b_since"),
            # Not the bare column: the databases would read its index, and with it all that is queued.
            (_message.c.status + "").not_in(_UNSENT),
            *conditions,
        )
    )


_DRAWN_SINCE = sa.select(_decision.c.request_id).where(
    _decision.c.store_id == sa.bindparam("b_store"),
    IdIn(_decision.c.request_id),
    _decision.c.reason == "holdout",
    _decision.c.at >= sa.bindparam("b_since"),
)
_TOLD_SINCE = (
    _written_since(_alert),
    _written_since(_recipient, _recipient.c.send_id != sa.bindparam("b_send")),
    _DRAWN_SINCE,
)


_send, _ours, _request = Send.__table__, Message.__table__.alias("ours"), AlertRequest.__table__
_TOLD_MEANWHILE = (
    sa.exists()
    .where(
        _alert.c.store_id == _recipient.c.store_id,
        _alert.c.request_id == _recipient.c.request_id,
        _alert.c.message_id != _recipient.c.message_id,
        _message.c.store_id == _alert.c.store_id,
        _message.c.id == _alert.c.message_id,
        _message.c.created_at >= _ours.c.created_at,
        (_message.c.status + "").not_in(_UNSENT),
    )
    .correlate(_recipient, _ours)
)
#: What the message says by name is not wanted any more.
_ENDED_MEANWHILE = (
    sa.exists()
    .where(
        _request.c.store_id == _recipient.c.store_id,
        _request.c.id == _recipient.c.request_id,
        # Not the bare column: SQLite would read all that have ended.
        sa.func.coalesce(_request.c.closed_at, None).is_not(None),
        _ours.c.variant_id.is_not(None),
    )
    .correlate(_recipient, _ours)
)
_NEWS_AMONG = (
    sa.select(
        _recipient.c.message_id,
        sa.case((_TOLD_MEANWHILE, "told_already"), (_ENDED_MEANWHILE, "request_closed"), else_=""),
    )
    .join(_ours, sa.and_(_ours.c.store_id == _recipient.c.store_id, _ours.c.id == _recipient.c.message_id))
    .join(_send, sa.and_(_send.c.store_id == _recipient.c.store_id, _send.c.id == _recipient.c.send_id))
    .where(
        _recipient.c.store_id == sa.bindparam("b_store"),
        IdIn(_recipient.c.message_id),
        # Whoever has a message has a contact; see ``campaigns.stopped``.
        _recipient.c.contact_id.is_not(None),
        _send.c.filter["activity"].as_string() == BACK_IN_STOCK,
    )
)


def news_among(store_id: int, message_ids: Sequence[int]) -> Mapping[int, str]:
    """Those of these messages that say that something is back → why they are not to go any more: an alert has told it since
    they were written, or the request has ended. Empty: they may."""
    if not message_ids:
        return {}
    where = {"b_store": store_id, "b_ids": list(message_ids)}
    return dict(tuple(row) for row in db.session.connection().execute(_NEWS_AMONG, where))

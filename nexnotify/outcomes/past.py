"""What is known of people from before: alerts they got, what came of these, and their orders.

Each statement reads one table by one of its indexes: of several tables together, SQLite would take the wrong one first,
and with it all that the store has ever sent.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.planning.likelihood import Past, Told
from nexnotify.orders.models import UNDONE, Order
from nexnotify.outcomes.models import Click, OrderMatch

_message, _alert, _link, _click, _match, _order, _customer = (
    model.__table__ for model in (Message, Alert, ShortLink, Click, OrderMatch, Order, Customer)
)


def those_with(
    by: sa.Column[Any], *columns: sa.Column[Any], only: sa.ColumnElement[bool] | None = None
) -> sa.Select[Any]:
    """(``by``, columns) of the store's rows that have one of some ids in the column ``by``."""
    rows = sa.select(by, *columns).where(by.table.c.store_id == sa.bindparam("b_store"), IdIn(by))
    return rows if only is None else rows.where(only)


# Not the bare columns: SQLite would read their index.
_GONE = sa.and_((_message.c.kind + "") == KIND, _message.c.accepted_at.is_not(None))
_PLACED = (_order.c.status + "").not_in(UNDONE)
_MESSAGES = those_with(_message.c.contact_id, _message.c.id, _message.c.accepted_at, only=_GONE)
_ALERTS = those_with(_alert.c.message_id, _alert.c.request_id, _alert.c.restock_id)
_LINKS = those_with(_link.c.message_id, _link.c.id)
_CLICKS = those_with(_click.c.link_id, _click.c.restock_id, _click.c.at, only=_click.c.is_person)
_MATCHES = those_with(_match.c.request_id, _match.c.restock_id, _match.c.at, only=_match.c.counts)
#: By text and by email: orders that name the contact themselves, and customers who have it.
_ORDERS = [
    those_with(_order.c[f"{way}_contact_id"], _order.c.id, _order.c.placed_at, only=_PLACED) for way in ("sms", "email")
]
_CUSTOMERS = [those_with(_customer.c[f"{way}_contact_id"], _customer.c.id) for way in ("sms", "email")]
_ORDERS_OF_CUSTOMERS = those_with(_order.c.customer_id, _order.c.id, _order.c.placed_at, only=_PLACED)


def past_of(store_id: int, contact_ids: Collection[int]) -> dict[int, Past]:
    """What is known of these contacts, ten statements for all of them; who is not in it is new."""
    told, orders = _told(store_id, contact_ids), _ordered(store_id, contact_ids)
    return {id: Past(told.get(id, ()), orders.get(id, ())) for id in told.keys() | orders.keys()}


def read_of(statement: sa.Select[Any], store_id: int, ids: Collection[int]) -> list[Any]:
    """The rows of a statement of :func:`those_with`."""
    if not ids:
        return []
    return list(db.session.connection().execute(statement, {"b_store": store_id, "b_ids": list(ids)}))


def _told(store_id: int, contact_ids: Collection[int]) -> dict[int, list[Told]]:
    """Contact → alerts that it got."""
    messages = {id: (contact_id, at) for contact_id, id, at in read_of(_MESSAGES, store_id, contact_ids)}
    alerts = read_of(_ALERTS, store_id, messages)
    clicked = _clicked(store_id, messages)
    bought: dict[tuple[int, int], datetime] = {}
    for request_id, restock_id, at in read_of(_MATCHES, store_id, {row.request_id for row in alerts}):
        bought[request_id, restock_id] = min(at, bought.get((request_id, restock_id), at))
    found: dict[int, list[Told]] = {}
    for message_id, request_id, restock_id in alerts:
        contact_id, at = messages[message_id]
        opened = clicked.get((message_id, restock_id)) or clicked.get((message_id, None))
        told = Told(request_id, restock_id, at, opened, bought.get((request_id, restock_id)))
        found.setdefault(contact_id, []).append(told)
    return found


def _clicked(store_id: int, message_ids: Collection[int]) -> dict[tuple[int, int | None], datetime]:
    """(message, restock) → when a person first opened its link; a message may serve several restocks, each with a link."""
    links = {id: message_id for message_id, id in read_of(_LINKS, store_id, message_ids)}
    found: dict[tuple[int, int | None], datetime] = {}
    for link_id, restock_id, at in read_of(_CLICKS, store_id, links):
        key = links[link_id], restock_id
        found[key] = min(at, found.get(key, at))
    return found


def _ordered(store_id: int, contact_ids: Collection[int]) -> dict[int, list[datetime]]:
    """Contact → when its person ordered: orders that name the contact themselves, and those of the customers who have it."""
    found: dict[int, dict[int, datetime]] = {}
    for own, having in zip(_ORDERS, _CUSTOMERS, strict=True):
        contacts = {id: contact_id for contact_id, id in read_of(having, store_id, contact_ids)}
        rows = read_of(own, store_id, contact_ids)
        rows += [(contacts[id], *order) for id, *order in read_of(_ORDERS_OF_CUSTOMERS, store_id, contacts)]
        for contact_id, order_id, placed_at in rows:
            found.setdefault(contact_id, {})[order_id] = placed_at
    return {contact_id: list(orders.values()) for contact_id, orders in found.items()}

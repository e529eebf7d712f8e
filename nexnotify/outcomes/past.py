"""What is known of people from before: alerts they got, what came of these, and their orders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db
from nexnotify.ledger.drafts import KIND
from nexnotify.ledger.likelihood import Past, Told
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.orders.models import Order
from nexnotify.outcomes.models import Click, OrderMatch

_message, _alert, _link, _click, _match, _order, _customer = (
    model.__table__ for model in (Message, Alert, ShortLink, Click, OrderMatch, Order, Customer)
)
_CLICKED = (
    sa.select(sa.func.min(_click.c.at))
    .select_from(_link.join(_click, sa.and_(_click.c.store_id == _link.c.store_id, _click.c.link_id == _link.c.id)))
    .where(_link.c.store_id == _message.c.store_id, _link.c.message_id == _message.c.id, _click.c.is_person)
    # A message may serve several restocks, each with a link of its own.
    .where(sa.or_(_click.c.restock_id == _alert.c.restock_id, _click.c.restock_id.is_(None)))
    .correlate(_message, _alert)
    .scalar_subquery()
)
_BOUGHT = (
    sa.select(sa.func.min(_match.c.at))
    .where(
        _match.c.store_id == _alert.c.store_id,
        _match.c.request_id == _alert.c.request_id,
        _match.c.restock_id == _alert.c.restock_id,
        _match.c.counts,
    )
    .correlate(_alert)
    .scalar_subquery()
)
_TOLD = (
    sa.select(
        _message.c.contact_id, _alert.c.request_id, _alert.c.restock_id, _message.c.accepted_at, _CLICKED, _BOUGHT
    )
    .join(_alert, sa.and_(_alert.c.store_id == _message.c.store_id, _alert.c.message_id == _message.c.id))
    .where(
        _message.c.store_id == sa.bindparam("b_store"),
        IdIn(_message.c.contact_id),
        # Not the bare column: SQLite would read its index, and with it all that the store has ever sent.
        (_message.c.kind + "") == KIND,
        _message.c.accepted_at.is_not(None),
    )
)


def _ordered(name: str) -> sa.CompoundSelect[Any]:
    """(contact, when) of orders that name the contact themselves, or whose customer has it."""
    placed = (_order.c.status + "").not_in(("cancelled", "returned"))
    own = sa.select(_order.c[name], _order.c.id, _order.c.placed_at).where(
        _order.c.store_id == sa.bindparam("b_store"), IdIn(_order.c[name]), placed
    )
    by_customer = (
        sa.select(_customer.c[name], _order.c.id, _order.c.placed_at)
        .join(_order, sa.and_(_order.c.store_id == _customer.c.store_id, _order.c.customer_id == _customer.c.id))
        .where(_customer.c.store_id == sa.bindparam("b_store"), IdIn(_customer.c[name]), placed)
    )
    return own.union(by_customer)


_ORDERED = [_ordered(name) for name in ("sms_contact_id", "email_contact_id")]


def past_of(store_id: int, contact_ids: Collection[int]) -> dict[int, Past]:
    """What is known of these contacts, three statements for all of them; who is not in it is new."""
    connection, values = db.session.connection(), {"b_store": store_id, "b_ids": list(set(contact_ids))}
    told: dict[int, list[Told]] = {}
    for contact_id, *row in connection.execute(_TOLD, values):
        told.setdefault(contact_id, []).append(Told(*row))
    orders: dict[int, list[Any]] = {}
    for statement in _ORDERED:
        for contact_id, _, placed_at in connection.execute(statement, values):
            orders.setdefault(contact_id, []).append(placed_at)
    return {id: Past(told.get(id, ()), orders.get(id, ())) for id in told.keys() | orders.keys()}

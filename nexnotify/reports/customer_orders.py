"""A customer's orders and tickets, for the timeline and for the file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from nexnotify.clock import isoformat
from nexnotify.customers.models import Customer
from nexnotify.db import db
from nexnotify.orders.belonging import belongs_to
from nexnotify.orders.models import Order, OrderEvent, Ticket, TicketMessage


def order_events(customer: Customer, contact_ids: Collection[int], limit: int | None) -> list[Any]:
    """(event, its order), the newest first."""
    statement = (
        sa.select(OrderEvent, Order)
        .join(Order, sa.and_(Order.store_id == OrderEvent.store_id, Order.id == OrderEvent.order_id))
        .where(belongs_to(Order, customer, contact_ids))
    )
    return list(db.session.execute(statement.order_by(OrderEvent.at.desc(), OrderEvent.id.desc()).limit(limit)))


def ticket_messages(customer: Customer, contact_ids: Collection[int], limit: int | None) -> list[Any]:
    """(message, its ticket), the newest first."""
    statement = (
        sa.select(TicketMessage, Ticket)
        .join(Ticket, sa.and_(Ticket.store_id == TicketMessage.store_id, Ticket.id == TicketMessage.ticket_id))
        .where(belongs_to(Ticket, customer, contact_ids))
    )
    return list(db.session.execute(statement.order_by(TicketMessage.at.desc(), TicketMessage.id.desc()).limit(limit)))


def orders_file(customer: Customer, contact_ids: Collection[int]) -> list[dict[str, Any]]:
    """Every order with its lines and the statuses it came to."""
    statuses: dict[int, list[dict[str, Any]]] = {}
    for event, order in order_events(customer, contact_ids, None):
        statuses.setdefault(order.id, []).append({"at": isoformat(event.at), "status": event.status})
    mine = sa.select(Order).options(selectinload(Order.lines)).where(belongs_to(Order, customer, contact_ids))
    return [
        {
            "id": order.external_id,
            "status": order.status,
            "placed_at": isoformat(order.placed_at),
            "first_name": order.first_name,
            "last_name": order.last_name,
            "currency": order.currency,
            "total": None if order.total is None else str(order.total),
            "lines": [
                {
                    "ref": line.ref,
                    "title": line.title,
                    "quantity": line.quantity,
                    "price": None if line.price is None else str(line.price),
                }
                for line in order.lines
            ],
            "statuses": statuses.get(order.id, []),
        }
        for order in db.session.scalars(mine.order_by(Order.id.desc()))
    ]


def tickets_file(customer: Customer, contact_ids: Collection[int]) -> list[dict[str, Any]]:
    """Every ticket with what both sides wrote."""
    messages: dict[int, list[dict[str, Any]]] = {}
    for message, ticket in ticket_messages(customer, contact_ids, None):
        written = {"at": isoformat(message.at), "author": message.author, "text": message.text}
        messages.setdefault(ticket.id, []).append(written)
    mine = sa.select(Ticket).where(belongs_to(Ticket, customer, contact_ids)).order_by(Ticket.id.desc())
    return [
        {"id": ticket.external_id, "subject": ticket.subject, "messages": messages.get(ticket.id, [])}
        for ticket in db.session.scalars(mine)
    ]

"""What orders and tickets forget of a person. What was bought, when and for how much stays: books need it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import db
from nexnotify.orders.models import Order, Ticket, TicketMessage

#: Stands where words were.
ERASED = "[erased]"


def forget_orders(customer: Customer, contact_ids: Collection[int], now: datetime) -> None:
    """Take the person out of their orders, and the words out of their tickets."""
    nobody: dict[str, Any] = {"customer_ref": None, "first_name": None, "last_name": None, "updated_at": now}
    for table, more in ((Order, {}), (Ticket, {"subject": ERASED})):
        statement = sa.update(table).where(*_theirs(table, customer, contact_ids)).values(**nobody, **more)
        db.session.execute(statement.execution_options(synchronize_session=False))
    tickets = sa.select(Ticket.id).where(*_theirs(Ticket, customer, contact_ids))
    db.session.execute(
        sa.update(TicketMessage)
        .where(TicketMessage.store_id == customer.store_id, TicketMessage.ticket_id.in_(tickets))
        .values(text=ERASED)
        .execution_options(synchronize_session=False)
    )


def _theirs(table: Any, customer: Customer, contact_ids: Collection[int]) -> tuple[Any, ...]:
    return table.store_id == customer.store_id, sa.or_(
        table.customer_id == customer.id,
        table.sms_contact_id.in_(contact_ids),
        table.email_contact_id.in_(contact_ids),
    )

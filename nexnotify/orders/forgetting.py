"""What orders and tickets forget of a person. What was bought, when and for how much stays: books need it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.db import db
from nexnotify.orders.belonging import ids_of
from nexnotify.orders.models import Order, Ticket, TicketMessage

#: Stands where words were.
ERASED = "[erased]"


def forget_orders(customer: Customer, contact_ids: Collection[int], now: datetime) -> None:
    """Take the person out of their orders, and the words out of their tickets."""
    # An order may have come with an address that is none of the customer's own: nothing more goes there either.
    nobody: dict[str, Any] = {"customer_ref": None, "first_name": None, "last_name": None, "updated_at": now}
    nobody |= {"sms_contact_id": None, "email_contact_id": None}
    ids = {table: ids_of(table, customer, contact_ids) for table in (Order, Ticket)}
    for table, more in ((Order, {}), (Ticket, {"subject": ERASED})):
        statement = sa.update(table).where(table.store_id == customer.store_id, table.id.in_(ids[table]))
        db.session.execute(statement.values(**nobody, **more).execution_options(synchronize_session=False))
    db.session.execute(
        sa.update(TicketMessage)
        .where(TicketMessage.store_id == customer.store_id, TicketMessage.ticket_id.in_(ids[Ticket]))
        .values(text=ERASED)
        .execution_options(synchronize_session=False)
    )

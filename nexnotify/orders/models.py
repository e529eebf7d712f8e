"""Orders, their lines, tickets, their messages, and the events that texts are made of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from nexnotify.db import BigId, Encrypted, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.words import N_

#: Where an order stands, in the order in which that usually goes; the reference's table is compared with this one.
ORDER_STATUSES = {
    "new": N_("Placed, not paid yet."),
    "paid": N_("Paid, not sent yet."),
    "sent": N_("On its way to the customer."),
    "cancelled": N_("Called off."),
    "returned": N_("Came back."),
}
#: Those of orders that were called off: nobody has bought anything by them.
UNDONE = ("cancelled", "returned")
#: Who wrote a ticket's message.
AUTHORS = ("customer", "merchant")


class WithPerson:
    """Whose it is: a customer the storefront has told, or the name and addresses that came with it."""

    #: The storefront's id, kept also while that customer is not known.
    customer_ref: Mapped[str | None] = mapped_column(sa.String(255))
    customer_id: Mapped[int | None] = mapped_column(BigId)
    first_name: Mapped[str | None] = mapped_column(sa.String(255))
    last_name: Mapped[str | None] = mapped_column(sa.String(255))
    #: The contacts of the number and the email that came with it.
    sms_contact_id: Mapped[int | None] = mapped_column(BigId)
    email_contact_id: Mapped[int | None] = mapped_column(BigId)


class Order(WithPerson, Tenant, db.Model):
    """An order as the storefront last told it."""

    # "order" alone is a word of SQL.
    __tablename__ = "customer_order"
    __table_args__ = tenant_args(
        tenant_key("customer_id", "customer"),
        tenant_key("sms_contact_id", "contact"),
        tenant_key("email_contact_id", "contact"),
        sa.UniqueConstraint("store_id", "external_id"),
        sa.Index("ix_customer_order_status", "store_id", "status", "id"),
        sa.Index("ix_customer_order_placed", "store_id", "placed_at", "id"),
        sa.Index("ix_customer_order_status_placed", "store_id", "status", "placed_at", "id"),
        sa.Index("ix_customer_order_total", "store_id", "total", "id"),
        sa.Index("ix_customer_order_status_total", "store_id", "status", "total", "id"),
        sa.Index("ix_customer_order_customer", "store_id", "customer_id", "id"),
        sa.Index("ix_customer_order_ref", "store_id", "customer_ref"),
        sa.Index("ix_customer_order_phone", "store_id", "sms_contact_id"),
        sa.Index("ix_customer_order_email", "store_id", "email_contact_id"),
    )

    #: The order's number in the storefront.
    external_id: Mapped[str] = mapped_column(sa.String(255))
    status: Mapped[str] = mapped_column(sa.String(20))
    placed_at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(sa.String(3))
    total: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 4))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    lines: Mapped[list[OrderLine]] = relationship(
        primaryjoin="and_(Order.store_id == OrderLine.store_id, Order.id == OrderLine.order_id)",
        foreign_keys="[OrderLine.order_id]",
        order_by="OrderLine.number",
        viewonly=True,
    )


class OrderLine(Tenant, db.Model):
    """One thing of an order."""

    __tablename__ = "order_line"
    __table_args__ = tenant_args(
        tenant_key("order_id", "customer_order"),
        tenant_key("variant_id", "variant"),
        sa.UniqueConstraint("store_id", "order_id", "number"),
        # Not behind the store: to find an order's lines, SQLite would read this index of all lines of the store.
        sa.Index("ix_order_line_variant", "variant_id", "order_id"),
    )

    order_id: Mapped[int] = mapped_column(BigId)
    #: Its place in the order, from 1.
    number: Mapped[int]
    #: Null while the catalogue has no such variant.
    variant_id: Mapped[int | None] = mapped_column(BigId)
    #: What the storefront named it by: a SKU, else its id of the variant.
    ref: Mapped[str | None] = mapped_column(sa.String(255))
    title: Mapped[str | None] = mapped_column(sa.String(255))
    quantity: Mapped[int]
    price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 4))


class OrderEvent(Tenant, db.Model):
    """An order has come to a status, for the first time. Append-only but for ``seen_at``."""

    __tablename__ = "order_event"
    __table_args__ = tenant_args(
        tenant_key("order_id", "customer_order"),
        # Each status is reached once, however often it is told.
        sa.UniqueConstraint("store_id", "order_id", "status"),
        partial_index("ix_order_event_unseen", "id", where="seen_at IS NULL"),
    )

    order_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(sa.String(20))
    #: Whether somebody may be told of it.
    notify: Mapped[bool]
    at: Mapped[datetime]
    #: When the step ``notices`` has looked at it.
    seen_at: Mapped[datetime | None]


class Ticket(WithPerson, Tenant, db.Model):
    """A question and its answers, as the storefront's help desk told them."""

    __tablename__ = "ticket"
    __table_args__ = tenant_args(
        tenant_key("customer_id", "customer"),
        tenant_key("sms_contact_id", "contact"),
        tenant_key("email_contact_id", "contact"),
        sa.UniqueConstraint("store_id", "external_id"),
        sa.Index("ix_ticket_customer", "store_id", "customer_id", "id"),
        sa.Index("ix_ticket_ref", "store_id", "customer_ref"),
        sa.Index("ix_ticket_phone", "store_id", "sms_contact_id"),
        sa.Index("ix_ticket_email", "store_id", "email_contact_id"),
        sa.Index("ix_ticket_changed", "store_id", "updated_at", "id"),
        sa.Index("ix_ticket_opened", "store_id", "opened_by", "updated_at", "id"),
    )

    external_id: Mapped[str] = mapped_column(sa.String(255))
    subject: Mapped[str] = mapped_column(Encrypted)
    #: Who wrote first: of :data:`AUTHORS`. One that the merchant opened is none of ours; null: nobody has written yet.
    opened_by: Mapped[str | None] = mapped_column(sa.String(10))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TicketMessage(Tenant, db.Model):
    """One message of a ticket."""

    __tablename__ = "ticket_message"
    __table_args__ = tenant_args(
        tenant_key("ticket_id", "ticket"), sa.UniqueConstraint("store_id", "ticket_id", "external_id")
    )

    ticket_id: Mapped[int] = mapped_column(BigId)
    external_id: Mapped[str] = mapped_column(sa.String(255))
    #: One of :data:`AUTHORS`.
    author: Mapped[str] = mapped_column(sa.String(10))
    text: Mapped[str] = mapped_column(Encrypted)
    at: Mapped[datetime]


class TicketEvent(Tenant, db.Model):
    """A customer has opened a ticket, or got an answer. Append-only but for ``seen_at``."""

    __tablename__ = "ticket_event"
    __table_args__ = tenant_args(
        tenant_key("ticket_id", "ticket"),
        tenant_key("ticket_message_id", "ticket_message"),
        sa.UniqueConstraint("store_id", "ticket_message_id"),
        partial_index("ix_ticket_event_unseen", "id", where="seen_at IS NULL"),
    )

    ticket_id: Mapped[int] = mapped_column(BigId)
    ticket_message_id: Mapped[int] = mapped_column(BigId)
    #: "opened" or "answered"
    what: Mapped[str] = mapped_column(sa.String(10))
    notify: Mapped[bool]
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]

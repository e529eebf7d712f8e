"""Templates and their versions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key

#: Template kinds of this version: kind → what it is for.
KINDS = {
    "back_in_stock": "Sent when the product can be bought again.",
    "confirmation": "Sent at once when a shopper asks to be told.",
    "stop_reply": "The one answer to STOP.",
    "start_reply": "The answer to START.",
    "help_reply": "The answer to HELP.",
    "order_new": "To the customer: the order has been placed.",
    "order_sent": "To the customer: the order is on its way.",
    "ticket_answered": "To the customer: you have answered a ticket.",
    "merchant_order_new": "To you: an order has been placed.",
    "merchant_order_paid": "To you: an order has been paid.",
    "merchant_ticket_new": "To you: a customer has opened a ticket.",
}
#: Those that messages of the kind ``keyword_reply`` are written with.
KEYWORD_REPLIES = ("stop_reply", "start_reply", "help_reply")
#: Template kind → kind of its messages, where the two have different names.
MESSAGE_KINDS = {
    **dict.fromkeys(KEYWORD_REPLIES, "keyword_reply"),
    "order_new": "order",
    "order_sent": "order",
    "ticket_answered": "ticket",
    "merchant_order_new": "merchant",
    "merchant_order_paid": "merchant",
    "merchant_ticket_new": "merchant",
}
#: What each of these tells of. They go out by themselves on their event, and can be switched off one by one.
EVENT_TEMPLATES = {
    "order_new": "order",
    "order_sent": "order",
    "ticket_answered": "ticket",
    "merchant_order_new": "order",
    "merchant_order_paid": "order",
    "merchant_ticket_new": "ticket",
}


def token_kind(kind: str) -> str:
    """The kind of message whose tokens a template of this kind can use."""
    return EVENT_TEMPLATES.get(kind) or MESSAGE_KINDS.get(kind, kind)


class Template(Tenant, db.Model):
    """A named template of one kind and channel."""

    __tablename__ = "template"
    __table_args__ = tenant_args(
        partial_index(
            "uq_template_general", "store_id", "kind", "channel", where="product_status IS NULL", unique=True
        ),
        partial_index(
            "uq_template_status",
            "store_id",
            "kind",
            "channel",
            "product_status",
            where="product_status IS NOT NULL",
            unique=True,
        ),
    )

    kind: Mapped[str] = mapped_column(sa.String(30))
    channel: Mapped[str] = mapped_column(sa.String(10))
    #: Only for alerts: the product status it speaks of; null is for all that have none of their own.
    product_status: Mapped[str | None] = mapped_column(sa.String(20))
    #: The version in use.
    version: Mapped[int] = mapped_column(default=1)
    #: Switched off, it is kept and not used. Only those of :data:`EVENT_TEMPLATES` can be.
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())


class TemplateVersion(Tenant, db.Model):
    """A wording; never changed once saved, because messages point to it."""

    __tablename__ = "template_version"
    __table_args__ = tenant_args(
        tenant_key("template_id", "template"), sa.UniqueConstraint("store_id", "template_id", "number")
    )

    template_id: Mapped[int] = mapped_column(BigId)
    number: Mapped[int]
    subject: Mapped[str | None] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))

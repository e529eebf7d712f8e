"""Templates and their versions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.words import N_

#: Longest name of a template, in characters.
NAME = 100
#: Template kinds of this version: kind → what it is for.
KINDS = {
    "back_in_stock": N_("Sent when the product can be bought again."),
    "bundle": N_("Sent instead, when several products are told in one message."),
    "confirmation": N_("Sent at once when a shopper asks to be told."),
    "double_opt_in": N_(
        "Asks whoever owns an address whether they want it; with double opt-in, and of numbers long idle."
    ),
    "change": N_(
        "Asks whoever owns an address whether their request is to change, when another browser asks for that."
    ),
    "renewal": N_("Asks before a request ends whether it is still wanted."),
    "reminder": N_("To who was told and has not bought, as often as the settings say."),
    "stop_reply": N_("The one answer to STOP."),
    "start_reply": N_("The answer to START."),
    "help_reply": N_("The answer to HELP."),
    "order_new": N_("To the customer: the order has been placed."),
    "order_sent": N_("To the customer: the order is on its way."),
    "ticket_answered": N_("To the customer: you have answered a ticket."),
    "custom": N_("Never sent by itself: for what you write to people yourself."),
    "merchant_order_new": N_("To you: an order has been placed."),
    "merchant_order_paid": N_("To you: an order has been paid."),
    "merchant_ticket_new": N_("To you: a customer has opened a ticket."),
    "merchant_long_waitlist": N_("To you: more people wait for a product than the number you set."),
    "merchant_low_credit": N_("To you: fewer credits are left than the number you set."),
}
#: Template kind → what a merchant calls it.
TITLES = {
    "back_in_stock": N_("Customer: back in stock"),
    "bundle": N_("Customer: several back in stock"),
    "confirmation": N_("Customer: waiting on stock"),
    "double_opt_in": N_("Customer: please confirm"),
    "change": N_("Customer: change your request?"),
    "renewal": N_("Customer: still wanted?"),
    "reminder": N_("Customer: reminder"),
    "stop_reply": N_("Customer: answer to STOP"),
    "start_reply": N_("Customer: answer to START"),
    "help_reply": N_("Customer: answer to HELP"),
    "order_new": N_("Customer: new order"),
    "order_sent": N_("Customer: order sent"),
    "ticket_answered": N_("Customer: ticket answered"),
    "custom": N_("Customer: custom"),
    "merchant_order_new": N_("Merchant: new order"),
    "merchant_order_paid": N_("Merchant: order paid"),
    "merchant_ticket_new": N_("Merchant: new ticket"),
    "merchant_long_waitlist": N_("Merchant: long waitlist"),
    "merchant_low_credit": N_("Merchant: low credit"),
}
#: Those that messages of the kind ``keyword_reply`` are written with. One of each is always in use.
KEYWORD_REPLIES = ("stop_reply", "start_reply", "help_reply")
#: Template kind → kind of its messages, where the two have different names.
MESSAGE_KINDS = {
    **dict.fromkeys(KEYWORD_REPLIES, "keyword_reply"),
    "order_new": "order",
    "order_sent": "order",
    "ticket_answered": "ticket",
    "custom": "bulk",
    "merchant_order_new": "merchant",
    "merchant_order_paid": "merchant",
    "merchant_ticket_new": "merchant",
    "merchant_long_waitlist": "merchant",
    "merchant_low_credit": "merchant",
}
#: What each of these tells of. They go out by themselves on their event.
EVENT_TEMPLATES = {
    "order_new": "order",
    "order_sent": "order",
    "ticket_answered": "ticket",
    "merchant_order_new": "order",
    "merchant_order_paid": "order",
    "merchant_ticket_new": "ticket",
    "merchant_long_waitlist": "waitlist",
    "merchant_low_credit": "credits",
}


def token_kind(kind: str) -> str:
    """The kind of message whose tokens a template of this kind can use."""
    return EVENT_TEMPLATES.get(kind) or MESSAGE_KINDS.get(kind, kind)


class Template(Tenant, db.Model):
    """A named template of one kind and channel.

    There are any number of each kind. One of a kind and channel (and product status) is in use at a time, so that
    nobody is told the same thing twice; only custom ones, which people pick from, are in use side by side.
    """

    __tablename__ = "template"
    __table_args__ = tenant_args(
        partial_index("uq_template_name", "store_id", "channel", "name", where="deleted_at IS NULL", unique=True),
        partial_index(
            "uq_template_general",
            "store_id",
            "kind",
            "channel",
            where="active AND product_status IS NULL AND kind <> 'custom'",
            unique=True,
        ),
        partial_index(
            "uq_template_status",
            "store_id",
            "kind",
            "channel",
            "product_status",
            where="active AND product_status IS NOT NULL",
            unique=True,
        ),
    )

    kind: Mapped[str] = mapped_column(sa.String(30))
    channel: Mapped[str] = mapped_column(sa.String(10))
    #: As the merchant calls it; no two of a channel have the same.
    name: Mapped[str] = mapped_column(sa.String(NAME), server_default="")
    #: Only for alerts: the product status it speaks of; null is for all that have none of their own.
    product_status: Mapped[str | None] = mapped_column(sa.String(20))
    #: The version in use.
    version: Mapped[int] = mapped_column(default=1)
    #: In use. Switched off, it is kept and not sent.
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    #: Every store starts with it, and it cannot be deleted.
    standard: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: Deleted ones are kept for what was sent with them.
    deleted_at: Mapped[datetime | None]


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

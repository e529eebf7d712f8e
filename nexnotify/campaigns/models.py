"""A send, whom it went to, and what somebody has ticked for the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.words import N_

#: State of a send → what it means; the reference's table is compared with this one.
STATES = {
    "draft": N_("Being written; nobody gets anything."),
    "scheduled": N_("Confirmed; waits for its time or for the seconds in which it can be taken back."),
    "sending": N_("Its texts are being written and sent."),
    "paused": N_("One of your people paused it; nothing more of it goes until it goes on."),
    "done": N_("Nothing of it waits any more."),
    "cancelled": N_("Taken back or stopped; what had gone by then has gone."),
}


class Send(Tenant, db.Model):
    """One text to an audience. Its draft comes first, so that confirming it twice is one and the same."""

    __tablename__ = "send"
    __table_args__ = tenant_args(
        tenant_key("template_version_id", "template_version"),
        tenant_key("restock_id", "restock_event"),
        # A restock is corrected once; one that was stopped on its way may be followed by another.
        partial_index(
            "uq_send_correction",
            "store_id",
            "restock_id",
            where="restock_id IS NOT NULL AND state <> 'cancelled'",
            unique=True,
        ),
        sa.Index("ix_send_list", "store_id", "id"),
        sa.Index("ix_send_state", "store_id", "state", "id"),
        sa.Index("ix_send_confirmed", "store_id", "confirmed_at"),
        partial_index("ix_send_work", "work_at", "id", where="work_at IS NOT NULL"),
    )

    #: Where its people were picked: "customers", "orders", "tickets" or "waitlist"; "told": by a restock.
    source: Mapped[str] = mapped_column(sa.String(10))
    #: "marketing", "transactional" for one person's order or ticket, or "correction" of what a recalled restock told.
    purpose: Mapped[str] = mapped_column(sa.String(15))
    state: Mapped[str] = mapped_column(sa.String(12))
    #: Ids of the rows that were ticked; null: all that match ``filter``.
    picked: Mapped[list[int] | None] = mapped_column(sa.JSON)
    filter: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: The words, with tokens. Only a draft's change.
    body: Mapped[str] = mapped_column(sa.Text, default="")
    #: The template they were taken from, unless they were changed since.
    template_version_id: Mapped[int | None] = mapped_column(BigId)
    #: Of a correction: the recalled restock, and channel → {"subject", "body"}, as its people were told on several.
    restock_id: Mapped[int | None] = mapped_column(BigId)
    words: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    #: When somebody wants it to begin; null: at once.
    scheduled_for: Mapped[datetime | None]
    created_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    created_at: Mapped[datetime]
    confirmed_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    confirmed_at: Mapped[datetime | None]
    #: Nothing leaves before; until then it can be taken back whole.
    starts_at: Mapped[datetime | None]
    #: The worker's: rows newer than this one are not meant; how far it came; when it has to look again.
    up_to: Mapped[int | None] = mapped_column(BigId)
    cursor: Mapped[int] = mapped_column(BigId, default=0)
    work_at: Mapped[datetime | None]
    #: The moment for which the next text is due, so that a long send leaves room for others on its lane.
    paced_at: Mapped[datetime | None]
    #: Rows of the audience, and recipients they came to.
    selected: Mapped[int] = mapped_column(default=0)
    recipients: Mapped[int] = mapped_column(default=0)
    #: Segments of the texts written.
    segments: Mapped[int] = mapped_column(default=0)
    #: Every recipient is a row; every recipient has been decided about; nothing waits any more.
    frozen_at: Mapped[datetime | None]
    planned_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))

    @property
    def is_to_one(self) -> bool:
        """Whether it was begun at one person's page."""
        return self.filter.get("one") is True

    @property
    def kind(self) -> str:
        """The kind of its messages."""
        if self.purpose == "marketing":
            return "bulk"
        if self.purpose == "correction":
            return "correction"
        return "order" if self.source == "orders" else "ticket"

    @property
    def by(self) -> str:
        """The channel of one that staff write: text message, but where it goes the way on which its people asked."""
        return str(self.filter.get("by") or "sms")

    @property
    def needs_opt_in(self) -> bool:
        """Whether only people get it who have opted in to marketing.

        By email and push it tells of what its people asked to be told of, on the channel on which they asked.
        """
        return self.purpose == "marketing" and self.by == "sms"

    @property
    def words_kind(self) -> str:
        """The kind whose tokens its words can have: of those who waited, what they waited for can be named."""
        return "campaign" if self.source == "waitlist" else self.kind


class SendRecipient(Tenant, db.Model):
    """A contact that a send is for, once; or a row of its audience that has none."""

    __tablename__ = "send_recipient"
    __table_args__ = tenant_args(
        tenant_key("send_id", "send"),
        tenant_key("contact_id", "contact"),
        tenant_key("customer_id", "customer"),
        tenant_key("order_id", "customer_order"),
        tenant_key("ticket_id", "ticket"),
        tenant_key("request_id", "alert_request"),
        tenant_key("message_id", "message"),
        # Nulls are never equal: each row without a number is one that is left out.
        sa.UniqueConstraint("store_id", "send_id", "contact_id"),
        sa.Index("ix_send_recipient_send", "store_id", "send_id", "id"),
        partial_index(
            "ix_send_recipient_sent", "store_id", "send_id", "message_id", where="message_id IS NOT NULL", unique=True
        ),
        partial_index("ix_send_recipient_message", "store_id", "message_id", where="message_id IS NOT NULL"),
        partial_index("ix_send_recipient_left", "store_id", "send_id", "reason", "id", where="reason IS NOT NULL"),
        partial_index("ix_send_recipient_order", "store_id", "order_id", where="order_id IS NOT NULL"),
        partial_index("ix_send_recipient_request", "store_id", "request_id", where="request_id IS NOT NULL"),
        partial_index("ix_send_recipient_ticket", "store_id", "ticket_id", where="ticket_id IS NOT NULL"),
    )

    send_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int | None] = mapped_column(BigId)
    #: Who it is and what brought them here, for the names in the text.
    customer_id: Mapped[int | None] = mapped_column(BigId)
    order_id: Mapped[int | None] = mapped_column(BigId)
    ticket_id: Mapped[int | None] = mapped_column(BigId)
    #: What they waited for, where the audience is of those who did.
    request_id: Mapped[int | None] = mapped_column(BigId)
    message_id: Mapped[int | None] = mapped_column(BigId)
    #: Why there is no message: one of ``policy.eligibility.REASONS``.
    reason: Mapped[str | None] = mapped_column(sa.String(40))


class Selection(Tenant, db.Model):
    """What one of the staff has ticked in a list, over all its pages."""

    __tablename__ = "selection"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "user_id", "source"))

    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    #: "customers" or "orders"
    source: Mapped[str] = mapped_column(sa.String(10))
    picked: Mapped[list[int]] = mapped_column(sa.JSON, default=list)

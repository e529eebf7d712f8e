"""The right to be told of an event, once; waitlists that have grown long."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key


class Notice(Tenant, db.Model):
    """One event told, or not, to one contact with one template: a second row of the same is refused."""

    __tablename__ = "notice"
    __table_args__ = tenant_args(
        tenant_key("order_event_id", "order_event"),
        tenant_key("ticket_event_id", "ticket_event"),
        tenant_key("template_id", "template"),
        tenant_key("contact_id", "contact"),
        tenant_key("message_id", "message"),
        # A notice is of one kind of event or of the other; nulls are never equal, so each key counts for its own kind.
        sa.UniqueConstraint("store_id", "order_event_id", "template_id", "contact_id"),
        sa.UniqueConstraint("store_id", "ticket_event_id", "template_id", "contact_id"),
    )

    order_event_id: Mapped[int | None] = mapped_column(BigId)
    ticket_event_id: Mapped[int | None] = mapped_column(BigId)
    template_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)
    #: Null: nothing was written, for ``reason``.
    message_id: Mapped[int | None] = mapped_column(BigId)
    #: One of ``policy.eligibility.REASONS``.
    reason: Mapped[str | None] = mapped_column(sa.String(40))
    at: Mapped[datetime]


class LongWaitlist(Tenant, db.Model):
    """A variant's waitlist that has grown past the store's number: the merchant is told when the row is made.

    The next one can only come after this one has ended, by falling below the number.
    """

    __tablename__ = "long_waitlist"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        partial_index("uq_long_waitlist_open", "store_id", "variant_id", where="ended_at IS NULL", unique=True),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    #: How many waited when it was noticed.
    people: Mapped[int]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

"""The right to be told of an event, once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, tenant_args, tenant_key


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

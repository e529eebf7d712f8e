"""What gateways and shoppers told us, raw."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Encrypted, Tenant, db, partial_index, tenant_args, tenant_key


class Callback(Tenant, db.Model):
    """A gateway's call as it arrived. Kept, whatever became of it; it holds numbers, so it lies encrypted."""

    __tablename__ = "callback"
    __table_args__ = tenant_args(
        tenant_key("gateway_id", "gateway"),
        partial_index("ix_callback_open", "retry_at", "id", where="processed_at IS NULL"),
        sa.Index("ix_callback_gateway", "store_id", "gateway_id", "id"),
    )

    gateway_id: Mapped[int] = mapped_column(BigId)
    #: "receipts" or "inbound"
    kind: Mapped[str] = mapped_column(sa.String(10))
    #: Method, address, headers and body as JSON.
    raw: Mapped[str] = mapped_column(Encrypted)
    received_at: Mapped[datetime]
    #: A receipt for a message we do not know yet waits for it until then.
    retry_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    processed_at: Mapped[datetime | None]
    #: "applied", "repeated", "unknown_message", "bad_signature", "unreadable", "nothing"
    outcome: Mapped[str | None] = mapped_column(sa.String(20))


class InboundMessage(Tenant, db.Model):
    """A shopper's text to us."""

    __tablename__ = "inbound_message"
    __table_args__ = tenant_args(
        tenant_key("gateway_id", "gateway"),
        tenant_key("contact_id", "contact"),
        tenant_key("reply_id", "message"),
        sa.UniqueConstraint("store_id", "gateway_id", "dedupe_key"),
        sa.Index("ix_inbound_contact", "store_id", "contact_id", "id"),
    )

    gateway_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)
    #: The provider's id, else a keyed hash of content and minute.
    dedupe_key: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(Encrypted)
    #: "stop", "start", "yes", "no", "help" or null
    keyword: Mapped[str | None] = mapped_column(sa.String(10))
    reply_id: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime]

"""Contacts and the consent ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Encrypted, Tenant, db, partial_index, tenant_args, tenant_key


class Contact(Tenant, db.Model):
    """(store, channel, address): the unit of consent, suppression, cap and de-duplication.

    The address lies encrypted; ``address_hash`` finds it exactly, ``last4_hash`` by its last four characters.
    """

    __tablename__ = "contact"
    __table_args__ = tenant_args(
        sa.UniqueConstraint("store_id", "channel", "address_hash"),
        sa.Index("ix_contact_last4", "store_id", "last4_hash"),
    )

    channel: Mapped[str] = mapped_column(sa.String(10))
    address: Mapped[str] = mapped_column(Encrypted)
    address_hash: Mapped[str] = mapped_column(sa.String(64))
    last4_hash: Mapped[str] = mapped_column(sa.String(64))
    #: STOP, or whatever a reasonable person means by it; null again after START.
    opted_out_at: Mapped[datetime | None]
    #: The gateway said that no message can reach this address.
    unreachable_at: Mapped[datetime | None]
    unreachable_reason: Mapped[str | None] = mapped_column(sa.String(60))
    created_at: Mapped[datetime]


class ContactRow(NamedTuple):
    """What a sign-up needs of a contact: plain values, because sign-ups come in crowds."""

    store_id: int
    id: int
    channel: str
    opted_out_at: datetime | None = None
    unreachable_at: datetime | None = None


class ConsentWording(db.Model):
    """A wording that shoppers agreed to, kept for ever under its hash."""

    __tablename__ = "consent_wording"

    #: SHA-256 of the text.
    version: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    text: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]


class ConsentEntry(Tenant, db.Model):
    """One yes or no of a contact. Append-only: the database refuses changes and deletions."""

    __tablename__ = "consent_entry"
    __table_args__ = tenant_args(
        tenant_key("contact_id", "contact"),
        sa.Index("ix_consent_entry_contact", "store_id", "contact_id", "id"),
        partial_index("ix_consent_entry_revoked", "store_id", "at", where="action = 'revoked'"),
    )

    contact_id: Mapped[int] = mapped_column(BigId)
    #: "requested", "transactional", "marketing"; "all" for STOP.
    purpose: Mapped[str] = mapped_column(sa.String(20))
    #: "granted" or "revoked"
    action: Mapped[str] = mapped_column(sa.String(20))
    #: "widget", "api", "keyword", "page", "gateway", "staff"
    method: Mapped[str] = mapped_column(sa.String(20))
    wording_version: Mapped[str | None] = mapped_column(sa.ForeignKey("consent_wording.version"))
    page_url: Mapped[str | None] = mapped_column(sa.String(2000))
    ip: Mapped[str | None] = mapped_column(Encrypted)
    user_agent: Mapped[str | None] = mapped_column(sa.String(400))
    #: What else proves it: the keyword as written, the variant asked for.
    evidence: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    at: Mapped[datetime]


class SignupCount(Tenant, db.Model):
    """How many sign-ups an IP, a contact or a store made in a window; counted here because each may cost a text."""

    __tablename__ = "signup_count"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "who_hash", "window"))

    who_hash: Mapped[str] = mapped_column(sa.String(64))
    #: Number of the ten-minute window since the epoch.
    window: Mapped[int] = mapped_column(BigId)
    count: Mapped[int]

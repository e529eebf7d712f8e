"""Contacts, the consent ledger, and customers with the fields that a merchant gives them."""

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
    #: Its owner has answered yes, so that it is really theirs; null again after a STOP.
    confirmed_at: Mapped[datetime | None]
    #: When it last wrote to us.
    heard_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ContactRow(NamedTuple):
    """What a sign-up needs of a contact: plain values, because sign-ups come in crowds."""

    store_id: int
    id: int
    channel: str
    opted_out_at: datetime | None = None
    unreachable_at: datetime | None = None
    confirmed_at: datetime | None = None


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
    #: "granted", "confirmed" (a yes that came from the address itself) or "revoked"
    action: Mapped[str] = mapped_column(sa.String(20))
    #: "widget", "api", "keyword", "page", "gateway", "import", "staff"
    method: Mapped[str] = mapped_column(sa.String(20))
    wording_version: Mapped[str | None] = mapped_column(sa.ForeignKey("consent_wording.version"))
    page_url: Mapped[str | None] = mapped_column(sa.String(2000))
    ip: Mapped[str | None] = mapped_column(Encrypted)
    user_agent: Mapped[str | None] = mapped_column(sa.String(400))
    #: What else proves it: the keyword as written, the variant asked for.
    evidence: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    at: Mapped[datetime]


#: Names are found by how they begin, in the order of their bytes, which is the same on both databases.
_NameKey = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


class Customer(Tenant, db.Model):
    """A person as the storefront knows them. Their addresses are contacts, one for each channel and of nobody else."""

    __tablename__ = "customer"
    __table_args__ = tenant_args(
        tenant_key("sms_contact_id", "contact"),
        tenant_key("email_contact_id", "contact"),
        sa.UniqueConstraint("store_id", "external_id"),
        sa.UniqueConstraint("store_id", "sms_contact_id"),
        sa.UniqueConstraint("store_id", "email_contact_id"),
        sa.Index("ix_customer_name", "store_id", "name_key"),
        sa.Index("ix_customer_last_name", "store_id", "last_name_key"),
        sa.Index("ix_customer_opt_in", "store_id", "sms_opt_in", "id"),
        # The list, sorted by name or by change, with the opt-in or without. Those erased would all stand together in it.
        partial_index("ix_customer_list_name", "store_id", "name_key", "id", where="erased_at IS NULL"),
        partial_index("ix_customer_list_changed", "store_id", "updated_at", "id", where="erased_at IS NULL"),
        partial_index("ix_customer_opt_in_name", "store_id", "sms_opt_in", "name_key", "id", where="erased_at IS NULL"),
        partial_index(
            "ix_customer_opt_in_changed", "store_id", "sms_opt_in", "updated_at", "id", where="erased_at IS NULL"
        ),
    )

    #: The storefront's id; null once erased.
    external_id: Mapped[str | None] = mapped_column(sa.String(255))
    first_name: Mapped[str | None] = mapped_column(sa.String(255))
    last_name: Mapped[str | None] = mapped_column(sa.String(255))
    #: "first last" and "last first" as searched for: see ``people.name_key``.
    name_key: Mapped[str] = mapped_column(_NameKey, default="")
    last_name_key: Mapped[str] = mapped_column(_NameKey, default="")
    sms_contact_id: Mapped[int | None] = mapped_column(BigId)
    email_contact_id: Mapped[int | None] = mapped_column(BigId)
    #: The value of the field that is the SMS opt-in; null: never said.
    sms_opt_in: Mapped[bool | None]
    #: Of the address: ISO 3166, two letters, and those of a state of the United States.
    country: Mapped[str | None] = mapped_column(sa.String(2))
    region: Mapped[str | None] = mapped_column(sa.String(10))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    #: The row stays without a person, so that what points to it does not break.
    erased_at: Mapped[datetime | None]

    @property
    def full_name(self) -> str:
        """First and last name, or what there is of them."""
        return " ".join(filter(None, (self.first_name, self.last_name)))


class FormerContact(Tenant, db.Model):
    """An address that was a customer's before: erased with them, until it is another customer's."""

    __tablename__ = "former_contact"
    __table_args__ = tenant_args(
        tenant_key("customer_id", "customer"),
        tenant_key("contact_id", "contact"),
        sa.UniqueConstraint("store_id", "contact_id"),
        sa.Index("ix_former_contact_customer", "store_id", "customer_id"),
    )

    customer_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)


class CustomField(Tenant, db.Model):
    """A field that the merchant gives customers. Storefronts and files name it by its name."""

    __tablename__ = "custom_field"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "name_key"))

    name: Mapped[str] = mapped_column(sa.String(200))
    #: The name as it is looked for: see ``field_values.fold``.
    name_key: Mapped[str] = mapped_column(sa.String(255))
    #: One of ``field_values.TYPES``.
    type: Mapped[str] = mapped_column(sa.String(10))
    choices: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    position: Mapped[int]
    #: A yes to it is consent to marketing by text message; every store has exactly one.
    is_sms_opt_in: Mapped[bool] = mapped_column(default=False)


class CustomFieldValue(Tenant, db.Model):
    """What a customer's field holds. The opt-in's value stands in ``Customer.sms_opt_in``, where lists filter by it."""

    __tablename__ = "custom_field_value"
    __table_args__ = tenant_args(
        tenant_key("customer_id", "customer"),
        tenant_key("custom_field_id", "custom_field"),
        sa.UniqueConstraint("store_id", "customer_id", "custom_field_id"),
        sa.Index("ix_custom_field_value_field", "store_id", "custom_field_id"),
    )

    customer_id: Mapped[int] = mapped_column(BigId)
    custom_field_id: Mapped[int] = mapped_column(BigId)
    #: true or false, a text, or a number, by the field's type; a date as 2026-01-31.
    value: Mapped[Any] = mapped_column(sa.JSON)


class SignupCount(Tenant, db.Model):
    """How many sign-ups an IP, a contact or a store made in a window; counted here because each may cost a text."""

    __tablename__ = "signup_count"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "who_hash", "window"))

    who_hash: Mapped[str] = mapped_column(sa.String(64))
    #: Number of the ten-minute window since the epoch.
    window: Mapped[int] = mapped_column(BigId)
    count: Mapped[int]

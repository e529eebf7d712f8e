"""Store, staff, keys, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_security.core import UserMixin
from flask_security.utils import verify_password
from sqlalchemy.orm import Mapped, mapped_column, relationship

from nexnotify.db import BigId, Encrypted, Tenant, db, tenant_args

#: Roles of a membership, strongest first.
ROLES = ("owner", "admin", "staff", "viewer")


class Store(db.Model):
    """The tenant. Its ``key`` is public: the widget carries it."""

    __tablename__ = "store"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    country: Mapped[str] = mapped_column(sa.String(2))
    zone: Mapped[str] = mapped_column(sa.String(60))
    locale: Mapped[str] = mapped_column(sa.String(20))
    currency: Mapped[str] = mapped_column(sa.String(3))
    #: Switches and policy as the merchant set them; read through ``stores.settings``.
    settings: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: Whether its people need a second factor. Owners decide; no API key can, so it is none of the settings.
    second_factor_required: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    created_at: Mapped[datetime]


class StaffUser(db.Model, UserMixin):
    """A person of the merchant. The column names are those Flask-Security asks for."""

    __tablename__ = "staff_user"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(255), unique=True)
    password: Mapped[str] = mapped_column(sa.String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]
    #: "authenticator" once a second factor is set up.
    tf_primary_method: Mapped[str | None] = mapped_column(sa.String(20))
    tf_totp_secret: Mapped[str | None] = mapped_column(Encrypted)
    #: The last 30-second step whose code was used: no code works twice.
    tf_last_counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: Keyed hashes of the recovery codes that are left.
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(sa.JSON)
    #: The language of the admin's pages, such as "de"; None follows the store.
    language: Mapped[str | None] = mapped_column(sa.String(20))

    memberships: Mapped[list[Membership]] = relationship(back_populates="user")

    #: Rights come from memberships, one for each store; Flask-Security's global roles are not used.
    roles = []

    @property
    def has_second_factor(self) -> bool:
        """Whether a second factor is set up."""
        return bool(self.tf_primary_method)

    def verify_and_update_password(self, password: str) -> bool:
        """Whether it is the password. Flask-Security would also renew the hash here, outside any transaction."""
        return bool(verify_password(password, self.password))


class StaffSession(db.Model):
    """One sign-in in one browser. Without its row the browser's cookie opens nothing."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("staff_user.id"), index=True)
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: What the browser calls itself.
    agent: Mapped[str] = mapped_column(sa.String(200))
    address: Mapped[str] = mapped_column(sa.String(45))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Membership(db.Model):
    """A staff user's role in a store."""

    __tablename__ = "membership"
    __table_args__ = (sa.UniqueConstraint("store_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    store_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("store.id"))
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    role: Mapped[str] = mapped_column(sa.String(20))
    #: This person has put the first steps of the dashboard away.
    steps_hidden_at: Mapped[datetime | None]

    store: Mapped[Store] = relationship()
    user: Mapped[StaffUser] = relationship(back_populates="memberships")


class Invitation(Tenant, db.Model):
    """An offer to an email address to join a store. Only the hash of its link's token is kept."""

    __tablename__ = "invitation"
    __table_args__ = tenant_args()

    email: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    invited_by: Mapped[int] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    #: Accepted or withdrawn; either way its link is dead.
    ended_at: Mapped[datetime | None]

    store: Mapped[Store] = relationship()


class GuessCounter(db.Model):
    """Wrong passwords and codes for one account, or from one address. The key is a keyed hash of which."""

    __tablename__ = "guess_counter"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class ApiKey(Tenant, db.Model):
    """A key of the storefront API: the secret is shown once and kept as a hash."""

    __tablename__ = "api_key"
    __table_args__ = tenant_args()

    name: Mapped[str] = mapped_column(sa.String(100))
    #: The first characters, so that a merchant recognises the key.
    prefix: Mapped[str] = mapped_column(sa.String(12))
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    store: Mapped[Store] = relationship()


class AuditEntry(Tenant, db.Model):
    """Who changed what, when. Append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = tenant_args(
        sa.Index("ix_audit_entry_store_at", "store_id", "at"),
        sa.Index("ix_audit_entry_action", "store_id", "action", "id"),
        sa.Index("ix_audit_entry_person", "store_id", "user_id", "id"),
        sa.Index("ix_audit_entry_person_action", "store_id", "user_id", "action", "id"),
    )

    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    #: "settings.changed", "gateway.added" …
    action: Mapped[str] = mapped_column(sa.String(60))
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


class SavedView(Tenant, db.Model):
    """The filter and order of a list under a name: of one person, or shared with the store."""

    __tablename__ = "saved_view"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "user_id", "list", "name"))

    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    #: Which list: "orders", "customers" …
    list: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(60))
    #: What stands in the list's address.
    query: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class InstanceSecret(db.Model):
    """Keys that live in the database, encrypted with the secret keys."""

    __tablename__ = "instance_secret"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    ciphertext: Mapped[str] = mapped_column(sa.Text)

"""Store, staff, keys, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_security.core import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship

from nexnotify.db import BigId, Tenant, db, tenant_args

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

    memberships: Mapped[list[Membership]] = relationship(back_populates="user")

    #: Rights come from memberships, one for each store; Flask-Security's global roles are not used.
    roles = []


class Membership(db.Model):
    """A staff user's role in a store."""

    __tablename__ = "membership"
    __table_args__ = (sa.UniqueConstraint("store_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    store_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("store.id"))
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    role: Mapped[str] = mapped_column(sa.String(20))

    store: Mapped[Store] = relationship()
    user: Mapped[StaffUser] = relationship(back_populates="memberships")


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
    __table_args__ = tenant_args(sa.Index("ix_audit_entry_store_at", "store_id", "at"))

    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    #: "settings.changed", "gateway.added" …
    action: Mapped[str] = mapped_column(sa.String(60))
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


class InstanceSecret(db.Model):
    """Keys that live in the database, encrypted with the secret keys."""

    __tablename__ = "instance_secret"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    ciphertext: Mapped[str] = mapped_column(sa.Text)

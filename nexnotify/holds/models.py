"""Storefronts that keep units, as stores configured them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import Encrypted, Tenant, db, tenant_args


class HoldSource(Tenant, db.Model):
    """Where a store's units are kept; one for each store."""

    __tablename__ = "hold_source"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id"))

    kind: Mapped[str] = mapped_column(sa.String(60))
    #: The settings form's values as JSON.
    settings: Mapped[str] = mapped_column(Encrypted)
    #: Why the last call brought no answer, and when that was; null once one does.
    trouble: Mapped[str | None] = mapped_column(sa.String(400))
    trouble_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

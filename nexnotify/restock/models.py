"""Restock events."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key


class RestockEvent(Tenant, db.Model):
    """People can be told of a variant again: available-to-sell rose across the units needed. One for each crossing."""

    __tablename__ = "restock_event"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        tenant_key("stock_change_id", "stock_change"),
        sa.UniqueConstraint("store_id", "stock_change_id"),
        sa.Index("ix_restock_event_variant", "store_id", "variant_id", "id"),
        sa.Index("ix_restock_event_at", "store_id", "at"),
        partial_index("ix_restock_event_open", "id", where="planned_at IS NULL"),
        partial_index("ix_restock_event_by_check", "store_id", "at", where="by_check"),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    stock_change_id: Mapped[int] = mapped_column(BigId)
    available_before: Mapped[int | None] = mapped_column(BigId)
    available_after: Mapped[int | None] = mapped_column(BigId)
    #: No event told of it: the check of stock against those who wait found it.
    by_check: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    at: Mapped[datetime]
    #: The last alert request the planner has looked at; a killed planner goes on behind it.
    plan_cursor: Mapped[int] = mapped_column(BigId, default=0)
    planned_at: Mapped[datetime | None]
    #: People the plan told, held back and passed over so far: lists show them, and a restock may have very many.
    told: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    passed: Mapped[int] = mapped_column(default=0)

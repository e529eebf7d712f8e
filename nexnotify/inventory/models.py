"""Stock levels and every change of them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key


class StockLevel(Tenant, db.Model):
    """Stock of one variant at one location, as last told."""

    __tablename__ = "stock_level"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        tenant_key("location_id", "location"),
        sa.UniqueConstraint("store_id", "variant_id", "location_id"),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    location_id: Mapped[int] = mapped_column(BigId)
    #: Null is unlimited.
    on_hand: Mapped[int | None] = mapped_column(BigId)
    committed: Mapped[int] = mapped_column(BigId, default=0)
    safety_stock: Mapped[int] = mapped_column(BigId, default=0)
    #: The storefront's moment of this level; an older one that comes later is not applied.
    as_of: Mapped[datetime]
    updated_at: Mapped[datetime]


class StockChange(Tenant, db.Model):
    """What a storefront told us about stock, and what it did to available-to-sell. Append-only but for ``looked_at``.

    A minimum that changed, alerts that were switched on again and a check that found something have a row too, with
    the same ``available_*`` before and after: people can be told now of what they could not be told of before.

    ``available_*`` are over all locations and 0 while the product is not published, because nobody can buy it then;
    null is unlimited.
    """

    __tablename__ = "stock_change"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        sa.Index("ix_stock_change_variant", "store_id", "variant_id", "id"),
        partial_index("ix_stock_change_new", "id", where="looked_at IS NULL"),
        # What came back from nothing: the activity "Back in stock", and what journeys begin with.
        partial_index(
            "ix_stock_change_back",
            "store_id",
            "at",
            where="applied AND available_before <= 0 AND (available_after >= 1 OR available_after IS NULL)",
        ),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    #: "level", "published", "unpublished", "minimum", "alerts", "check"; "preordered" or "backordered": not in stock, it
    #: can be ordered from now on
    cause: Mapped[str] = mapped_column(sa.String(20))
    location_key: Mapped[str | None] = mapped_column(sa.String(255))
    on_hand: Mapped[int | None] = mapped_column(BigId)
    available_before: Mapped[int | None] = mapped_column(BigId)
    available_after: Mapped[int | None] = mapped_column(BigId)
    #: False for a level older than the one we have: recorded, not applied.
    applied: Mapped[bool] = mapped_column(default=True)
    as_of: Mapped[datetime]
    at: Mapped[datetime]
    #: When restock detection has looked at it.
    looked_at: Mapped[datetime | None]


class UnmatchedLevel(Tenant, db.Model):
    """A level for a variant we do not know yet; applied when the product comes."""

    __tablename__ = "unmatched_level"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "by", "ref", "location_key"))

    #: "sku" or "variant_id"
    by: Mapped[str] = mapped_column(sa.String(20))
    ref: Mapped[str] = mapped_column(sa.String(255))
    location_key: Mapped[str] = mapped_column(sa.String(255))
    on_hand: Mapped[int | None] = mapped_column(BigId)
    committed: Mapped[int] = mapped_column(BigId)
    safety_stock: Mapped[int] = mapped_column(BigId)
    as_of: Mapped[datetime]

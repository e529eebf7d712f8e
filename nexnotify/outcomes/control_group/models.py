"""What came of leaving people out, added up."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key


class RestockLift(Tenant, db.Model):
    """What the people of a restock bought, those who were told and those who by chance were not, added up: written by
    ``control_group.counting`` from the rows, and by nobody else. Only people whose days for buying are over count.
    """

    __tablename__ = "restock_lift"
    __table_args__ = tenant_args(
        tenant_key("restock_id", "restock_event"),
        tenant_key("variant_id", "variant"),
        sa.UniqueConstraint("store_id", "restock_id"),
        sa.Index("ix_restock_lift_at", "store_id", "at"),
        sa.Index("ix_restock_lift_variant", "store_id", "variant_id", "at"),
        partial_index("ix_restock_lift_count_at", "count_at", "id", where="count_at IS NOT NULL"),
    )

    restock_id: Mapped[int] = mapped_column(BigId)
    variant_id: Mapped[int] = mapped_column(BigId)
    #: The restock's.
    at: Mapped[datetime]
    #: So many percent of its people were not told.
    share: Mapped[int]
    told: Mapped[int] = mapped_column(default=0)
    told_buyers: Mapped[int] = mapped_column(default=0)
    #: In the store's currency, and the sum of the squares of what each person paid.
    told_revenue: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4), default=0)
    told_squares: Mapped[float] = mapped_column(default=0.0)
    control: Mapped[int] = mapped_column(default=0)
    control_buyers: Mapped[int] = mapped_column(default=0)
    control_revenue: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4), default=0)
    control_squares: Mapped[float] = mapped_column(default=0.0)
    #: People of both groups whose days for buying are not over.
    pending: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime]
    #: When it is counted anew; null: its figures are final.
    count_at: Mapped[datetime | None]

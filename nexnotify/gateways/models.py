"""Configured gateways and their lanes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Encrypted, Tenant, db, tenant_args, tenant_key
from nexnotify.gateways.estimate import ZERO, Prices


class GatewayInstance(Tenant, db.Model):
    """A gateway as a store configured it."""

    __tablename__ = "gateway"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "name"))

    kind: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(100))
    channel: Mapped[str] = mapped_column(sa.String(10))
    #: The settings form's values as JSON.
    settings: Mapped[str] = mapped_column(Encrypted)
    #: Part of the callback address. A capability, so it lies encrypted, with its hash for look-up.
    callback_token: Mapped[str] = mapped_column(Encrypted)
    callback_token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: New messages of the channel go through this one.
    is_sender: Mapped[bool] = mapped_column(default=False)
    #: Set when the provider refused our credentials or account, and while the gateway has no number to send from:
    #: nothing is sent, the queue is kept.
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None] = mapped_column(sa.String(400))
    checked_at: Mapped[datetime | None]
    check_ok: Mapped[bool | None]
    check_detail: Mapped[str | None] = mapped_column(sa.String(400))
    #: The next look at the provider's own list of opt-outs is a day after this.
    opt_outs_synced_at: Mapped[datetime | None]
    #: What the provider charges: for the account and for each number a month, and for each segment. All or none.
    price_month: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 4))
    price_number: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 4))
    price_text: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 6))
    price_currency: Mapped[str | None] = mapped_column(sa.String(3))
    created_at: Mapped[datetime]

    @property
    def prices(self) -> Prices | None:
        """What the provider charges, where the merchant has said so."""
        if self.price_currency is None:
            return None
        return Prices(self.price_month or ZERO, self.price_number or ZERO, self.price_text or ZERO, self.price_currency)


class Lane(Tenant, db.Model):
    """One sender's queue and its pacing bucket."""

    __tablename__ = "lane"
    __table_args__ = tenant_args(tenant_key("gateway_id", "gateway"), sa.UniqueConstraint("store_id", "gateway_id"))

    gateway_id: Mapped[int] = mapped_column(BigId)
    #: Segments a second; 0 is as fast as it goes.
    rate: Mapped[float]
    #: The bucket: no segment before this moment (``dispatch.pacing``).
    next_at: Mapped[datetime | None]
    #: The provider asked us to wait until then.
    blocked_until: Mapped[datetime | None]

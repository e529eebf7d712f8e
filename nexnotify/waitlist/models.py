"""Alert requests and the decisions about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.words import N_

#: What each status means; the README's table is compared with this one.
STATUSES = {
    "pending": N_("Asked, but not confirmed yet: the number has sent STOP before and must send START first."),
    "waiting": N_("Waits for the product to be available."),
    "alerted": N_("Has been told that the product is back."),
    "bought": N_("Has bought the product."),
    "cancelled": N_("Ended by the shopper, the merchant, a STOP or an address that cannot be reached."),
    "expired": N_("Waited longer than the store keeps requests."),
}
OPEN = ("pending", "waiting")


class AlertRequest(Tenant, db.Model):
    """One shopper's ask to be told about one variant on one channel."""

    __tablename__ = "alert_request"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        tenant_key("contact_id", "contact"),
        partial_index(
            "uq_alert_request_open",
            "store_id",
            "variant_id",
            "contact_id",
            where="status IN ('pending', 'waiting')",
            unique=True,
        ),
        # How many wait for what, from the index alone.
        partial_index(
            "ix_alert_request_waiting",
            "store_id",
            "variant_id",
            "status",
            where="status IN ('pending', 'waiting')",
        ),
        sa.Index("ix_alert_request_list", "store_id", "variant_id", "status", "id"),
        sa.Index("ix_alert_request_contact", "store_id", "contact_id", "id"),
        sa.Index("ix_alert_request_status", "store_id", "status", "id"),
        sa.Index("ix_alert_request_asked", "store_id", "created_at"),
        partial_index("ix_alert_request_widget", "store_id", "id", where="source = 'widget'"),
        partial_index("ix_alert_request_told", "store_id", "alerted_at", where="alerted_at IS NOT NULL"),
        partial_index("ix_alert_request_closed", "store_id", "closed_at", where="closed_at IS NOT NULL"),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(sa.String(20))
    #: The product status when it was asked: which of the three questions this is.
    asked_status: Mapped[str] = mapped_column(sa.String(20))
    first_name: Mapped[str | None] = mapped_column(sa.String(200))
    #: "widget", "api", "import" or what the caller named.
    source: Mapped[str] = mapped_column(sa.String(60))
    page_url: Mapped[str | None] = mapped_column(sa.String(2000))
    created_at: Mapped[datetime]
    alerted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: It had sold out again when the shopper came, and they kept their place.
    kept_at: Mapped[datetime | None]
    #: Why it ended: "shopper", "merchant", "stop", "unreachable", "erased".
    closed_reason: Mapped[str | None] = mapped_column(sa.String(40))


class Decision(Tenant, db.Model):
    """Why a request was told, held or passed over at one restock. Append-only."""

    __tablename__ = "decision"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        tenant_key("restock_id", "restock_event"),
        sa.Index("ix_decision_request", "store_id", "request_id", "id"),
        sa.Index("ix_decision_restock", "store_id", "restock_id", "id"),
    )

    request_id: Mapped[int] = mapped_column(BigId)
    restock_id: Mapped[int] = mapped_column(BigId)
    #: "plan" or "send"
    stage: Mapped[str] = mapped_column(sa.String(10))
    #: "send", "hold" or "skip"
    verdict: Mapped[str] = mapped_column(sa.String(10))
    #: One of ``policy.eligibility.REASONS``.
    reason: Mapped[str] = mapped_column(sa.String(40))
    #: Only for "hold": when it is decided again.
    until: Mapped[datetime | None]
    rules_version: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    at: Mapped[datetime]

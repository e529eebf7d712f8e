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
#: What a request is about, by name.
SCOPES = {
    "variant": N_("This variant."),
    "product": N_("Any variant of the product, the first that can be bought."),
    "listed": N_("Any of several variants, the first that can be bought."),
}


class AlertRequest(Tenant, db.Model):
    """One shopper's ask to be told about one variant on one channel, or about the first of several."""

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
        # Any variant of a product: found by the product's first, oldest first.
        partial_index(
            "ix_alert_request_product",
            "store_id",
            "variant_id",
            "id",
            where="status = 'waiting' AND scope = 'product'",
        ),
        # What few contacts have: each sign-up looks whether something wider covers it.
        partial_index(
            "ix_alert_request_wide",
            "store_id",
            "contact_id",
            where="status IN ('pending', 'waiting') AND scope <> 'variant'",
        ),
        # Who wants more than one, which few do: more of what is there already is news to them alone.
        partial_index(
            "ix_alert_request_wants_more",
            "store_id",
            "variant_id",
            "quantity",
            where="status = 'waiting' AND quantity > 1",
        ),
        partial_index("ix_alert_request_widget", "store_id", "id", where="source = 'widget'"),
        partial_index("ix_alert_request_told", "store_id", "alerted_at", where="alerted_at IS NOT NULL"),
        partial_index("ix_alert_request_closed", "store_id", "closed_at", where="closed_at IS NOT NULL"),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(sa.String(20))
    #: The product status when it was asked: which of the three questions this is.
    asked_status: Mapped[str] = mapped_column(sa.String(20))
    #: One of SCOPES. For "product", ``variant_id`` is the product's first; "listed" has :class:`WantedVariant` rows.
    scope: Mapped[str] = mapped_column(sa.String(10), default="variant", server_default="variant")
    #: Units wanted; nobody is told before so many can be bought.
    quantity: Mapped[int] = mapped_column(default=1, server_default="1")
    first_name: Mapped[str | None] = mapped_column(sa.String(200))
    #: "widget", "api", "import" or what the caller named.
    source: Mapped[str] = mapped_column(sa.String(60))
    page_url: Mapped[str | None] = mapped_column(sa.String(2000))
    #: The time zone of the browser it was asked in: an IANA name.
    zone: Mapped[str | None] = mapped_column(sa.String(60))
    created_at: Mapped[datetime]
    alerted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: Why it ended: "shopper", "merchant", "stop", "unreachable", "erased", "merged".
    closed_reason: Mapped[str | None] = mapped_column(sa.String(40))


class WantedVariant(Tenant, db.Model):
    """Another variant that a request is about, beside its own: the first of them that can be bought is told."""

    __tablename__ = "wanted_variant"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        tenant_key("variant_id", "variant"),
        sa.UniqueConstraint("store_id", "request_id", "variant_id"),
        sa.Index("ix_wanted_variant_variant", "store_id", "variant_id", "request_id"),
    )

    request_id: Mapped[int] = mapped_column(BigId)
    variant_id: Mapped[int] = mapped_column(BigId)


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

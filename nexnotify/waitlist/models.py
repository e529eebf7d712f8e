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
    "pending": N_("Asked, but the shopper must say yes first: confirm it, or send START after a STOP."),
    "waiting": N_("Waits for the product to be available."),
    "alerted": N_("Has been told that the product is back."),
    "bought": N_("Has bought the product."),
    "cancelled": N_("Ended by the shopper, the merchant, a STOP or an address that cannot be reached."),
    "expired": N_("Was not confirmed, or not wanted any more, in the time that the store gives for it."),
}
OPEN = ("pending", "waiting")
#: What its shopper wants to hear of → in words. Who hears of an order before stock hears of stock where that comes first.
INTENTS = {
    "in_stock": N_("When it is in stock."),
    "preordered": N_("When it can be preordered."),
    "backordered": N_("When it can be backordered."),
}
#: What a request is about, by name.
SCOPES = {
    "variant": N_("This variant."),
    "product": N_("Any variant of the product, the first that can be bought."),
    "listed": N_("Any of several variants, the first that can be bought."),
}


def _asked_at(context: Any) -> datetime:
    """Who has just asked has said when."""
    asked: datetime = context.get_current_parameters()["created_at"]
    return asked


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
        # How many wait for what, and for how many units, from the index alone.
        partial_index(
            "ix_alert_request_waiting",
            "store_id",
            "variant_id",
            "status",
            "quantity",
            where="status IN ('pending', 'waiting')",
        ),
        # With the region, so that those who named no place are counted from the index alone.
        sa.Index("ix_alert_request_list", "store_id", "variant_id", "status", "id", "region_id"),
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
        # Who wants to order before there is stock: news that it can be is for them alone.
        partial_index(
            "ix_alert_request_intent",
            "store_id",
            "variant_id",
            "intent",
            "status",
            "id",
            where="intent <> 'in_stock'",
        ),
        # Who waits for the stock of one place.
        partial_index(
            "ix_alert_request_region",
            "store_id",
            "variant_id",
            "region_id",
            "status",
            "id",
            where="region_id IS NOT NULL",
        ),
        partial_index("ix_alert_request_widget", "store_id", "id", where="source = 'widget'"),
        partial_index("ix_alert_request_told", "store_id", "alerted_at", where="alerted_at IS NOT NULL"),
        partial_index("ix_alert_request_closed", "store_id", "closed_at", where="closed_at IS NOT NULL"),
        # What the sweep looks for, once a minute: see ``waitlist.life``.
        partial_index(
            "ix_alert_request_confirm_by", "confirm_by", "id", where="status = 'pending' AND confirm_by IS NOT NULL"
        ),
        partial_index(
            "ix_alert_request_stopped",
            "store_id",
            "renewed_at",
            "id",
            where="status = 'pending' AND confirm_by IS NULL",
        ),
        partial_index(
            "ix_alert_request_ages",
            "store_id",
            "renewed_at",
            "id",
            where="status = 'waiting' AND renewal_asked_at IS NULL",
        ),
        partial_index(
            "ix_alert_request_renewal",
            "store_id",
            "renewal_asked_at",
            "id",
            where="status = 'waiting' AND renewal_asked_at IS NOT NULL",
        ),
        partial_index("ix_alert_request_remind", "store_id", "reminded", "alerted_at", where="status = 'alerted'"),
        partial_index("ix_alert_request_asked_with", "store_id", "asked_with", where="asked_with IS NOT NULL"),
        partial_index("ix_alert_request_behind", "store_id", "behind_until", "id", where="behind_until IS NOT NULL"),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(sa.String(20))
    #: The product status when it was asked: which of the three questions this is.
    asked_status: Mapped[str] = mapped_column(sa.String(20))
    #: One of SCOPES. For "product", ``variant_id`` is the product's first; "listed" has :class:`WantedVariant` rows.
    scope: Mapped[str] = mapped_column(sa.String(10), default="variant", server_default="variant")
    #: One of INTENTS.
    intent: Mapped[str] = mapped_column(sa.String(12), default="in_stock", server_default="in_stock")
    #: The place whose stock alone counts; null: all of it.
    region_id: Mapped[int | None] = mapped_column(BigId)
    #: Units wanted; nobody is told before so many can be bought.
    quantity: Mapped[int] = mapped_column(default=1, server_default="1")
    first_name: Mapped[str | None] = mapped_column(sa.String(200))
    #: "widget", "api", "import" or what the caller named.
    source: Mapped[str] = mapped_column(sa.String(60))
    page_url: Mapped[str | None] = mapped_column(sa.String(2000))
    #: The time zone of the browser it was asked in: an IANA name.
    zone: Mapped[str | None] = mapped_column(sa.String(60))
    #: Keyed hash of the secret of the page or browser it was made in, which may change it; null once another has asked
    #: for the same address, or its owner has answered from there.
    made_with: Mapped[str | None] = mapped_column(sa.String(32))
    created_at: Mapped[datetime]
    alerted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: It had sold out again when the shopper came, and they kept their place.
    kept_at: Mapped[datetime | None]
    #: While it is pending: until then the shopper can confirm it. Null: it is pending because of a STOP.
    confirm_by: Mapped[datetime | None]
    #: The time for which it is kept counts from here: asked, confirmed, or said again to be wanted.
    renewed_at: Mapped[datetime | None] = mapped_column(default=_asked_at)
    #: While it waits: when the shopper was asked whether it is still wanted, and has not answered since.
    renewal_asked_at: Mapped[datetime | None]
    #: Reminders that were decided about since it was told.
    reminded: Mapped[int] = mapped_column(default=0, server_default=sa.text("0"))
    #: The last sign of life of its number, when one was looked for.
    alive_at: Mapped[datetime | None]
    #: Of a sign-up on several channels: the id of one of its requests, the same in all of them.
    asked_with: Mapped[int | None] = mapped_column(BigId)
    #: While it stands behind another channel: the restock it is about, and when it is looked at again.
    behind_restock_id: Mapped[int | None] = mapped_column(BigId)
    behind_until: Mapped[datetime | None]
    #: Why it ended: "shopper", "merchant", "stop", "unreachable", "erased", "merged", "unconfirmed", "not_renewed",
    #: "bought", "told_elsewhere".
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


class ChangedWish(Tenant, db.Model):
    """What an open request shall want instead, typed by who may not be its shopper: it waits for a yes."""

    __tablename__ = "changed_wish"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        sa.Index("ix_changed_wish_request", "store_id", "request_id", "id"),
        partial_index("uq_changed_wish_open", "store_id", "request_id", where="ended_at IS NULL", unique=True),
        partial_index("ix_changed_wish_confirm_by", "confirm_by", where="ended_at IS NULL"),
    )

    request_id: Mapped[int] = mapped_column(BigId)
    #: As in :class:`AlertRequest`; the first of the variants stands for them.
    scope: Mapped[str] = mapped_column(sa.String(10))
    variant_ids: Mapped[list[int]] = mapped_column(sa.JSON)
    quantity: Mapped[int]
    intent: Mapped[str] = mapped_column(sa.String(12))
    region_id: Mapped[int | None] = mapped_column(BigId)
    wished_at: Mapped[datetime]
    #: A yes counts until then.
    confirm_by: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    #: "taken", "refused", "overtaken" by another change, "not_asked" or "lapsed", once it has ended.
    outcome: Mapped[str | None] = mapped_column(sa.String(10))


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
    #: "plan", "send", "reminder", "journey" or "correction"
    stage: Mapped[str] = mapped_column(sa.String(10))
    #: "send", "hold" or "skip"
    verdict: Mapped[str] = mapped_column(sa.String(10))
    #: One of ``policy.eligibility.REASONS``.
    reason: Mapped[str] = mapped_column(sa.String(40))
    #: Of "hold": when it is decided again. Of "holdout": when the message would have gone, where that was later.
    until: Mapped[datetime | None]
    #: The contact that stands for the shopper, of those in the draw of who is told of the restock (``control_group``).
    shopper: Mapped[int | None] = mapped_column(BigId)
    rules_version: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    at: Mapped[datetime]

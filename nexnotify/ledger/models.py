"""Alerts, messages, attempts and history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key


class Message(Tenant, db.Model):
    """One message to one contact. ``ledger.moves`` owns its status."""

    __tablename__ = "message"
    __table_args__ = tenant_args(
        tenant_key("contact_id", "contact"),
        tenant_key("lane_id", "lane"),
        tenant_key("template_version_id", "template_version"),
        tenant_key("variant_id", "variant"),
        # Claims read it in this order and no other: see docs/architecture.md.
        partial_index("ix_message_due", "lane_id", "express", "due_at", "id", where="status = 'queued'"),
        partial_index("ix_message_held", "due_at", "id", where="status = 'held'"),
        partial_index("ix_message_no_credit", "store_id", "id", where="status = 'held' AND reason = 'no_credit'"),
        partial_index("ix_message_claimed", "lease_until", where="status = 'claimed'"),
        partial_index("ix_message_uncertain", "due_at", "id", where="status = 'uncertain'"),
        sa.Index("ix_message_list", "store_id", "id"),
        sa.Index("ix_message_made", "store_id", "created_at"),
        sa.Index("ix_message_status", "store_id", "status", "id"),
        sa.Index("ix_message_kind", "store_id", "kind", "status", "id"),
        sa.Index("ix_message_contact", "store_id", "contact_id", "id"),
        sa.Index("ix_message_variant", "store_id", "variant_id", "id"),
        sa.Index("ix_message_gateway_id", "lane_id", "gateway_message_id"),
    )

    #: Our id, given to gateways: 32 hex digits.
    reference: Mapped[str] = mapped_column(sa.String(32), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    channel: Mapped[str] = mapped_column(sa.String(10))
    contact_id: Mapped[int] = mapped_column(BigId)
    lane_id: Mapped[int] = mapped_column(BigId)
    template_version_id: Mapped[int | None] = mapped_column(BigId)
    #: What it speaks of, if it speaks of a product.
    variant_id: Mapped[int | None] = mapped_column(BigId)
    subject: Mapped[str | None] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    encoding: Mapped[str] = mapped_column(sa.String(4))
    segments: Mapped[int]
    #: What it has taken from the store's credits, reserved or settled; null where it is not paid with credits.
    credits: Mapped[int | None]
    status: Mapped[str] = mapped_column(sa.String(20))
    #: Why it stands where it stands, where the status does not say it.
    reason: Mapped[str | None] = mapped_column(sa.String(60))
    #: Keyword replies, confirmations and tests overtake alerts.
    express: Mapped[bool] = mapped_column(default=False)
    #: Queued: not before. Held: decided again. Uncertain: asked again.
    due_at: Mapped[datetime]
    #: Worthless afterwards.
    valid_until: Mapped[datetime]
    #: Tries that used one up; a rate limit does not.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Every try; the number of the last attempt.
    tries: Mapped[int] = mapped_column(default=0)
    lookups: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(sa.String(120))
    lease_until: Mapped[datetime | None]
    gateway_message_id: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class Alert(Tenant, db.Model):
    """The right to be told, once: the row that makes a second text impossible."""

    __tablename__ = "alert"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        tenant_key("restock_id", "restock_event"),
        tenant_key("message_id", "message"),
        sa.UniqueConstraint("store_id", "request_id", "restock_id", "channel", "kind", "step"),
        sa.Index("ix_alert_message", "store_id", "message_id"),
        sa.Index("ix_alert_restock", "store_id", "restock_id", "message_id"),
    )

    request_id: Mapped[int] = mapped_column(BigId)
    restock_id: Mapped[int] = mapped_column(BigId)
    channel: Mapped[str] = mapped_column(sa.String(10))
    kind: Mapped[str] = mapped_column(sa.String(20))
    step: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[int | None] = mapped_column(BigId)


class PageCheck(Tenant, db.Model):
    """What a variant's page said when it was last looked at."""

    __tablename__ = "page_check"
    __table_args__ = tenant_args(tenant_key("variant_id", "variant"), sa.UniqueConstraint("store_id", "variant_id"))

    variant_id: Mapped[int] = mapped_column(BigId)
    url: Mapped[str] = mapped_column(sa.String(2000))
    #: One of ``policy.product_page.VERDICTS``.
    verdict: Mapped[str] = mapped_column(sa.String(10))
    detail: Mapped[str | None] = mapped_column(sa.String(400))
    checked_at: Mapped[datetime]


class Question(Tenant, db.Model):
    """A shopper was asked about a request: to confirm it, or whether it is still wanted."""

    __tablename__ = "question"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        tenant_key("message_id", "message"),
        sa.Index("ix_question_request", "store_id", "request_id", "id"),
        sa.Index("ix_question_message", "store_id", "message_id"),
    )

    request_id: Mapped[int] = mapped_column(BigId)
    #: Null where nothing could be sent; ``reason`` says why.
    message_id: Mapped[int | None] = mapped_column(BigId)
    #: One of ``ledger.asking.questions.CAUSES``.
    cause: Mapped[str] = mapped_column(sa.String(10))
    #: A reason of ``policy.eligibility``.
    reason: Mapped[str | None] = mapped_column(sa.String(40))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class ShortLink(Tenant, db.Model):
    """A link in a message. Where it leads is decided when it is opened."""

    __tablename__ = "short_link"
    __table_args__ = tenant_args(
        tenant_key("message_id", "message"),
        tenant_key("variant_id", "variant"),
        sa.Index("ix_short_link_message", "store_id", "message_id"),
    )

    #: What stands behind ``/l/``: see ``ledger.links``.
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    #: Null once its person is erased: it goes on leading to the product, and belongs to nobody.
    message_id: Mapped[int | None] = mapped_column(BigId)
    variant_id: Mapped[int] = mapped_column(BigId)


class Hold(Tenant, db.Model):
    """Units that the storefront keeps for whom a message tells, or is asked to. One for each message, and for each person."""

    __tablename__ = "hold"
    __table_args__ = tenant_args(
        tenant_key("message_id", "message"),
        tenant_key("restock_id", "restock_event"),
        tenant_key("variant_id", "variant"),
        sa.UniqueConstraint("store_id", "message_id"),
        sa.UniqueConstraint("store_id", "key"),
        partial_index("ix_hold_due", "due_at", "id", where="due_at IS NOT NULL"),
        sa.Index("ix_hold_restock", "store_id", "restock_id", "status"),
    )

    message_id: Mapped[int] = mapped_column(BigId)
    restock_id: Mapped[int] = mapped_column(BigId)
    variant_id: Mapped[int] = mapped_column(BigId)
    #: Names it to the storefront; another one for each time that it is asked for anew.
    key: Mapped[str] = mapped_column(sa.String(60))
    quantity: Mapped[int]
    #: One of ``holds.rules.STATUSES``.
    status: Mapped[str] = mapped_column(sa.String(12))
    #: Why it ends: a key of ``holds.rules.ENDS``.
    reason: Mapped[str | None] = mapped_column(sa.String(20))
    #: For how many minutes it was asked for, or is kept where that is less; and until when.
    minutes: Mapped[int]
    until: Mapped[datetime]
    #: The storefront's own name of it.
    reference: Mapped[str | None] = mapped_column(sa.String(200))
    #: The storefront's last words.
    detail: Mapped[str | None] = mapped_column(sa.String(400))
    #: Calls about its present status; a result counts only while it is the last one's.
    tries: Mapped[int] = mapped_column(default=0)
    #: When it is looked at next; null: it is over.
    due_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Prediction(Tenant, db.Model):
    """What was learned of a store's people as a whole; one for each store, and nothing of any person."""

    __tablename__ = "prediction"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id"))

    #: When it was last tried to learn something.
    tried_at: Mapped[datetime]
    #: Alerts with a known outcome that there were, and those of them that sold, and that were opened.
    told: Mapped[int]
    bought: Mapped[int]
    clicked: Mapped[int]
    #: "bought" or "clicked": what the model tells the likelihood of; null, as all below: there is no model.
    goal: Mapped[str | None] = mapped_column(sa.String(10))
    intercept: Mapped[float | None]
    #: By name of the feature: see ``ledger.planning.likelihood``.
    weights: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    means: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: How it did in the part of history it had not seen, and plain order in the same.
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: It is better than plain order, so it is used.
    in_use: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class Attempt(Tenant, db.Model):
    """One try to hand a message over, committed before the gateway is called."""

    __tablename__ = "attempt"
    __table_args__ = tenant_args(
        tenant_key("message_id", "message"), sa.UniqueConstraint("store_id", "message_id", "number")
    )

    message_id: Mapped[int] = mapped_column(BigId)
    #: Counts every try; ``Message.attempts`` counts those that used one up.
    number: Mapped[int]
    worker: Mapped[str] = mapped_column(sa.String(120))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: "accepted", "transient", "rate_limited", "rejected", "misconfigured", "unknown"
    outcome: Mapped[str | None] = mapped_column(sa.String(20))
    code: Mapped[str | None] = mapped_column(sa.String(60))
    detail: Mapped[str | None] = mapped_column(sa.String(400))


class MessageEvent(Tenant, db.Model):
    """A message's history: every move, who or what made it. Append-only."""

    __tablename__ = "message_event"
    __table_args__ = tenant_args(
        tenant_key("message_id", "message"), sa.Index("ix_message_event_message", "store_id", "message_id", "id")
    )

    message_id: Mapped[int] = mapped_column(BigId)
    from_status: Mapped[str | None] = mapped_column(sa.String(20))
    status: Mapped[str] = mapped_column(sa.String(20))
    reason: Mapped[str | None] = mapped_column(sa.String(60))
    detail: Mapped[str | None] = mapped_column(sa.String(400))
    at: Mapped[datetime]

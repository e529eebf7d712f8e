"""What the shop's pages and our links tell, and orders joined with the requests they may have come from.

A page is in its visitor's hands, so anybody can write what stands here. It is counted, and never acted upon.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key


class ProductView(Tenant, db.Model):
    """How often a product's page was seen on one day; one row however many see it."""

    __tablename__ = "product_view"
    __table_args__ = tenant_args(
        tenant_key("product_id", "product"),
        sa.UniqueConstraint("store_id", "product_id", "day"),
        sa.Index("ix_product_view_day", "store_id", "day"),
    )

    product_id: Mapped[int] = mapped_column(BigId)
    #: In the store's zone.
    day: Mapped[date]
    views: Mapped[int]
    #: Those of them in which it could not be bought, but asked for.
    unavailable_views: Mapped[int]
    #: Sign-ups of visitors whose views are counted here.
    signups: Mapped[int]


class CodeSighting(Tenant, db.Model):
    """When the shop's pages last told of a view, and of an order."""

    __tablename__ = "code_sighting"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "code"))

    #: "view" or "order"
    code: Mapped[str] = mapped_column(sa.String(10))
    at: Mapped[datetime]
    #: The page's, as the browser told it; empty when it did not.
    origin: Mapped[str] = mapped_column(sa.String(300))
    #: What was missing: "product" (none of ours), "number" (of the order); empty: nothing.
    missing: Mapped[str] = mapped_column(sa.String(20))


class VisitorRequest(Tenant, db.Model):
    """A request, and the browser it was made in, for visitors who agreed to that."""

    __tablename__ = "visitor_request"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        sa.UniqueConstraint("store_id", "visitor", "request_id"),
        sa.Index("ix_visitor_request_request", "store_id", "request_id"),
        sa.Index("ix_visitor_request_made", "created_at"),
    )

    #: Keyed hash of the token in the browser.
    visitor: Mapped[str] = mapped_column(sa.String(64))
    request_id: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[datetime]


class PageOrder(Tenant, db.Model):
    """An order as a confirmation page told it. The orders of the storefront's own word are ``orders.models.Order``."""

    __tablename__ = "page_order"
    __table_args__ = tenant_args(
        tenant_key("sms_contact_id", "contact"),
        tenant_key("email_contact_id", "contact"),
        sa.UniqueConstraint("store_id", "key"),
        sa.Index("ix_page_order_phone", "store_id", "sms_contact_id"),
        sa.Index("ix_page_order_email", "store_id", "email_contact_id"),
        sa.Index("ix_page_order_at", "at"),
    )

    #: What makes it one order: see ``page_orders.order_key``.
    key: Mapped[str] = mapped_column(sa.String(64))
    #: Its number in the shop; null where the page does not say.
    reference: Mapped[str | None] = mapped_column(sa.String(100))
    at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(sa.String(3))
    total: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 4))
    #: ``[{"variant": id, "quantity": 1}]``, of what the catalogue knows.
    lines: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    #: Keyed hash of the token in the browser; null without the visitor's consent.
    visitor: Mapped[str | None] = mapped_column(sa.String(64))
    #: Contacts that were known already; a page makes none.
    sms_contact_id: Mapped[int | None] = mapped_column(BigId)
    email_contact_id: Mapped[int | None] = mapped_column(BigId)


class OrderMatch(Tenant, db.Model):
    """An order of somebody who had been told shortly before: one that may have been recovered."""

    __tablename__ = "order_match"
    __table_args__ = tenant_args(
        tenant_key("request_id", "alert_request"),
        tenant_key("order_id", "customer_order"),
        tenant_key("page_order_id", "page_order"),
        # The same order may be told by the API and by its page; it is one.
        sa.UniqueConstraint("store_id", "key"),
        tenant_key("restock_id", "restock_event"),
        sa.Index("ix_order_match_at", "store_id", "at"),
        sa.Index("ix_order_match_request", "store_id", "request_id"),
        sa.Index("ix_order_match_order", "store_id", "order_id"),
        sa.Index("ix_order_match_restock", "store_id", "restock_id"),
        sa.CheckConstraint("(order_id IS NULL) <> (page_order_id IS NULL)", name="one_order"),
    )

    key: Mapped[str] = mapped_column(sa.String(64))
    request_id: Mapped[int] = mapped_column(BigId)
    #: The order as the storefront told it …
    order_id: Mapped[int | None] = mapped_column(BigId)
    #: … or as only a page did.
    page_order_id: Mapped[int | None] = mapped_column(BigId)
    #: "contact" or "visitor": what the order and the request have in common.
    by: Mapped[str] = mapped_column(sa.String(10))
    #: "api" where the storefront itself says whose order it is, "page" where a page does.
    source: Mapped[str] = mapped_column(sa.String(10))
    #: When the order was placed.
    at: Mapped[datetime]
    #: The restock that the request was told of last.
    restock_id: Mapped[int | None] = mapped_column(BigId)
    #: "click": they opened our link before ordering, the order was won. "told": they did not, it was assisted.
    how: Mapped[str] = mapped_column(sa.String(10), default="told", server_default="told")
    #: Being told sells once: of a request's orders only the first counts that was not called off.
    counts: Mapped[bool] = mapped_column(default=True, server_default=sa.true())


class Click(Tenant, db.Model):
    """A short link was opened. Nothing is ever done because of it."""

    __tablename__ = "click"
    __table_args__ = tenant_args(
        tenant_key("link_id", "short_link"),
        tenant_key("restock_id", "restock_event"),
        sa.Index("ix_click_link", "store_id", "link_id", "id"),
        sa.Index("ix_click_restock", "store_id", "restock_id", "is_person", "link_id"),
        sa.Index("ix_click_at", "store_id", "at"),
        partial_index("ix_click_agent", "agent", "at", where="agent IS NOT NULL"),
    )

    link_id: Mapped[int] = mapped_column(BigId)
    #: The restock that its message told of.
    restock_id: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime]
    is_person: Mapped[bool]
    #: Of a program: one of ``outcomes.scanners.SIGNS``. Empty for a person.
    sign: Mapped[str] = mapped_column(sa.String(20))
    #: Keyed hash of network and browser, to tell who opens many links; forgotten after a day.
    agent: Mapped[str | None] = mapped_column(sa.String(64))

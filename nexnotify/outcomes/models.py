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
        partial_index("ix_page_order_visitor", "store_id", "visitor", where="visitor IS NOT NULL"),
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


class OutcomeDay(Tenant, db.Model):
    """What happened on one day of a store, added up: written by ``outcomes.rollups`` from the rows, and by nobody else.

    A row has one ``part``, and the other parts' numbers are 0: "asked" (requests, by the day they were made on), "sent"
    (messages, by the day they were written on), "bought" (orders that count, by the day they were placed on), "left"
    (people who opted out, by the day they did) or "restocked" (restocks, by the day they were noticed on).
    """

    __tablename__ = "outcome_day"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        tenant_key("template_id", "template"),
        sa.Index("ix_outcome_day_day", "store_id", "day"),
        partial_index("ix_outcome_day_whole", "store_id", "day", where="whole"),
        partial_index("ix_outcome_day_variant", "store_id", "variant_id", "day", where="NOT whole"),
        # Which variants did most, from the index alone.
        partial_index(
            "ix_outcome_day_most",
            "store_id",
            "day",
            "variant_id",
            "won",
            "assisted",
            "taken",
            "asked",
            where="NOT whole",
        ),
        # … and which were bought: far fewer rows.
        partial_index(
            "ix_outcome_day_bought",
            "store_id",
            "day",
            "variant_id",
            "won",
            "assisted",
            where="NOT whole AND part = 'bought'",
        ),
    )

    #: In the store's zone.
    day: Mapped[date]
    #: All variants together, ``variant_id`` being null: what is asked about a store reads only these.
    whole: Mapped[bool]
    part: Mapped[str] = mapped_column(sa.String(10))
    #: Empty for restocks.
    channel: Mapped[str] = mapped_column(sa.String(10))
    #: What is asked for, spoken of or bought; null for messages that speak of no product.
    variant_id: Mapped[int | None] = mapped_column(BigId)
    #: Of messages: their kind, and the template they were written with. Of orders and opt-outs, those of the last message
    #: before: for an order, of the last that told of the product.
    kind: Mapped[str | None] = mapped_column(sa.String(20))
    template_id: Mapped[int | None] = mapped_column(BigId)
    #: Of orders.
    currency: Mapped[str | None] = mapped_column(sa.String(3))
    #: Of orders: placed within so many minutes of being told, the least of ``spans.SPANS``; null where nobody knows.
    after: Mapped[int | None]
    #: Requests, those of them for one variant, those whose shopper had to say yes first, and those of these who did.
    asked: Mapped[int] = mapped_column(default=0)
    specific: Mapped[int] = mapped_column(default=0)
    questioned: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[int] = mapped_column(default=0)
    #: Messages; those that a gateway took, and of them those taken in time.
    written: Mapped[int] = mapped_column(default=0)
    taken: Mapped[int] = mapped_column(default=0)
    in_time: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    #: Surely not delivered; and those of them that a gateway or carrier took for spam.
    failed: Mapped[int] = mapped_column(default=0)
    filtered: Mapped[int] = mapped_column(default=0)
    #: Held now; nobody knows whether they went; decided against.
    held: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)
    not_sent: Mapped[int] = mapped_column(default=0)
    #: Messages of whose links a person opened one.
    clicked: Mapped[int] = mapped_column(default=0)
    won: Mapped[int] = mapped_column(default=0)
    assisted: Mapped[int] = mapped_column(default=0)
    #: Of both, those for which a page's word is all there is.
    by_page: Mapped[int] = mapped_column(default=0)
    revenue: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4), default=0)
    revenue_won: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4), default=0)
    #: People who opted out, and those of them of whom a gateway or mailbox told it: a complaint, or an opt-out made there.
    opted_out: Mapped[int] = mapped_column(default=0)
    complained: Mapped[int] = mapped_column(default=0)
    #: Restocks; units that could be sold then, of those with a limit; units by which stock fell in the days after.
    restocks: Mapped[int] = mapped_column(default=0)
    units: Mapped[int] = mapped_column(BigId, default=0)
    units_sold: Mapped[int] = mapped_column(BigId, default=0)


class OutcomeMark(Tenant, db.Model):
    """A part of a store's day whose sums are to be made anew. Only ever added, so that a mark is seen with what it is about."""

    __tablename__ = "outcome_mark"
    __table_args__ = tenant_args()

    day: Mapped[date]
    part: Mapped[str] = mapped_column(sa.String(10))


class OutcomeBasis(Tenant, db.Model):
    """What a store's outcomes were made with; a store without one has all its days to come."""

    __tablename__ = "outcome_basis"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id"))

    #: The zone its days are cut by.
    zone: Mapped[str] = mapped_column(sa.String(60))
    #: The days within which an order counts.
    attribution_days: Mapped[int]
    #: While orders are looked at again for other days: how far it came, oldest first. Null: it is done.
    recounted_to: Mapped[datetime | None]


class OutcomeCursor(db.Model):
    """How far the rows of a table that only grows have been looked at for changed days."""

    __tablename__ = "outcome_cursor"

    #: Name of the table.
    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    last_id: Mapped[int] = mapped_column(BigId)
    #: What was its newest row, and when; and the number of the transaction that was the next to write. ``last_id`` comes
    #: to it when all those before are over.
    seen_id: Mapped[int] = mapped_column(BigId, default=0)
    seen_at: Mapped[datetime]
    seen_before: Mapped[int] = mapped_column(BigId, default=0)

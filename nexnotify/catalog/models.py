"""Product, variant, location, region."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from nexnotify.db import BigId, Tenant, db, tenant_args, tenant_key


class Product(Tenant, db.Model):
    """A product of the store's catalogue; what is bought is one of its variants."""

    __tablename__ = "product"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "external_id"))

    #: The storefront's id, stable between imports.
    external_id: Mapped[str] = mapped_column(sa.String(255))
    title: Mapped[str] = mapped_column(sa.String(255))
    url: Mapped[str | None] = mapped_column(sa.String(2000))
    image_url: Mapped[str | None] = mapped_column(sa.String(2000))
    published: Mapped[bool] = mapped_column(default=True)
    #: The shop's own labels, such as a collection; journeys and audiences choose by them.
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")
    #: False: nobody is asked for it and nobody told of it, whatever its stock.
    alerts: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    #: Fewest units at which people are told of its variants; null: as the store's.
    threshold: Mapped[int | None]
    #: Switches that differ from the store's: status → channel → on or off; null: none does.
    switches: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    updated_at: Mapped[datetime]

    variants: Mapped[list[Variant]] = relationship(back_populates="product", order_by="Variant.id")


class ProductSubstitute(Tenant, db.Model):
    """A product that does as well as another: who has ordered it need not hear that the other one is back.

    A product may be a substitute of itself: then any of its variants does.
    """

    __tablename__ = "product_substitute"
    __table_args__ = tenant_args(
        tenant_key("product_id", "product"), sa.UniqueConstraint("store_id", "product_id", "substitute_ref")
    )

    product_id: Mapped[int] = mapped_column(BigId)
    #: The storefront's id of the substitute, which may come later.
    substitute_ref: Mapped[str] = mapped_column(sa.String(255))


class Variant(Tenant, db.Model):
    """The thing bought."""

    __tablename__ = "variant"
    __table_args__ = tenant_args(
        tenant_key("product_id", "product"),
        sa.UniqueConstraint("store_id", "external_id"),
        sa.UniqueConstraint("store_id", "sku"),
        sa.Index("ix_variant_product_id", "store_id", "product_id"),
    )

    product_id: Mapped[int] = mapped_column(BigId)
    #: The storefront's id, else made of product and options; stable between imports.
    external_id: Mapped[str] = mapped_column(sa.String(255))
    sku: Mapped[str | None] = mapped_column(sa.String(255))
    options: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    price: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 4))
    currency: Mapped[str] = mapped_column(sa.String(3))
    #: Its own page, where it has one; else the product's counts.
    url: Mapped[str | None] = mapped_column(sa.String(2000))
    image_url: Mapped[str | None] = mapped_column(sa.String(2000))
    #: What it counts as when it cannot be bought: preordered, backordered or sold_out.
    unavailable_as: Mapped[str] = mapped_column(sa.String(20), default="sold_out")
    #: Fewest units at which people are told of it; null: as its product's.
    threshold: Mapped[int | None]
    #: Units that the shop sells at least; fewer cannot be bought.
    min_order_quantity: Mapped[int] = mapped_column(default=1, server_default="1")
    #: Available to sell over all locations, kept by ``inventory``; null is unlimited.
    available: Mapped[int | None] = mapped_column(BigId, default=0)
    updated_at: Mapped[datetime]

    product: Mapped[Product] = relationship(
        back_populates="variants",
        primaryjoin="and_(Variant.store_id == Product.store_id, Variant.product_id == Product.id)",
        foreign_keys="[Variant.product_id]",
    )

    @property
    def name(self) -> str:
        """The options in words: "M / Blue"; empty for a product's only variant."""
        return " / ".join(str(value) for value in self.options.values())

    @property
    def page_url(self) -> str | None:
        """The address a shopper buys it at."""
        return self.url or self.product.url


class Location(Tenant, db.Model):
    """A place that holds stock."""

    __tablename__ = "location"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "key"))

    key: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str] = mapped_column(sa.String(255))


class Region(Tenant, db.Model):
    """Locations whose stock counts for whoever asks there.

    The merchant names it; a single location that somebody asks for has one too, of that location alone, by its key.
    """

    __tablename__ = "region"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "of_location", "key"))

    #: It is a single location's, and shown as that.
    of_location: Mapped[bool] = mapped_column(default=False)
    key: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str] = mapped_column(sa.String(255))
    #: What a message may promise who lives there: "arrives in 2-3 days"; null: nothing.
    delivery: Mapped[str | None] = mapped_column(sa.String(200))
    #: Shoppers can choose it in the form.
    offered: Mapped[bool] = mapped_column(default=True)


class RegionLocation(Tenant, db.Model):
    """A location of a region."""

    __tablename__ = "region_location"
    __table_args__ = tenant_args(
        tenant_key("region_id", "region"),
        tenant_key("location_id", "location"),
        sa.UniqueConstraint("store_id", "location_id", "region_id"),
        sa.Index("ix_region_location_region", "store_id", "region_id", "location_id"),
    )

    region_id: Mapped[int] = mapped_column(BigId)
    location_id: Mapped[int] = mapped_column(BigId)

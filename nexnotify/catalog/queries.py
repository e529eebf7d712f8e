"""Reads of the catalogue that several pages share."""

from __future__ import annotations

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant


def matches(search: str) -> sa.ColumnElement[bool]:
    """Product title or SKU contains the words; for statements that have both tables joined."""
    words = search.strip()
    return sa.or_(Product.title.icontains(words, autoescape=True), Variant.sku.icontains(words, autoescape=True))

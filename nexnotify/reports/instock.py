"""Who asked to be told about what: the rows of the "Instock Notification" export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.catalog.queries import matches
from nexnotify.customers.models import Contact
from nexnotify.db import db, end_read
from nexnotify.reports.words import PRODUCT_STATUSES, channel_word
from nexnotify.reports.xlsx import Column
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

#: Rows read at a time.
BATCH = 2000

COLUMNS = (
    Column("Request", 10, "number"),
    Column("Product", 36),
    Column("Variant", 20),
    Column("SKU", 18),
    Column("Status", 14),
    Column("Channel", 14),
    Column("Address", 30),
    Column("First name", 16),
    Column("Asked at", 19, "moment"),
    Column("Request status", 16),
    Column("Alerted at", 19, "moment"),
    Column("Ended at", 19, "moment"),
    Column("Ended because", 16),
    Column("Source", 12),
    Column("Page", 40),
)


@dataclass(frozen=True, slots=True)
class InstockFilter:
    """Which requests; empty is all."""

    search: str = ""
    channel: str = ""
    status: str = ""
    #: Asked at or after, and before; aware.
    begin: datetime | None = None
    end: datetime | None = None


def instock_count(store: Store, wanted: InstockFilter) -> int:
    """How many rows the export would have."""
    return db.session.scalar(_statement(store, wanted).with_only_columns(sa.func.count())) or 0


def instock_rows(store: Store, wanted: InstockFilter) -> Iterator[tuple[Any, ...]]:
    """The rows as :data:`COLUMNS` has them, oldest request first.

    Read a batch at a time, with no transaction held between two, so that a long export stands in nobody's way.
    """
    after = 0
    while True:
        statement = _statement(store, wanted).where(AlertRequest.id > after).order_by(AlertRequest.id).limit(BATCH)
        batch = db.session.execute(statement).all()
        end_read()
        for row in batch:
            yield _row(row)
        if len(batch) < BATCH:
            return
        after = batch[-1].id


def _statement(store: Store, wanted: InstockFilter) -> sa.Select[Any]:
    """Plain columns, no objects: the session must not keep what was written."""
    statement = (
        sa.select(
            AlertRequest.id,
            Product.title,
            Variant.options,
            Variant.sku,
            AlertRequest.asked_status,
            Contact.channel,
            Contact.address,
            AlertRequest.first_name,
            AlertRequest.created_at,
            AlertRequest.status,
            AlertRequest.alerted_at,
            AlertRequest.closed_at,
            AlertRequest.closed_reason,
            AlertRequest.source,
            AlertRequest.page_url,
        )
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(AlertRequest.store_id == store.id)
    )
    if wanted.search:
        statement = statement.where(matches(wanted.search))
    if wanted.channel:
        statement = statement.where(Contact.channel == wanted.channel)
    if wanted.status:
        statement = statement.where(AlertRequest.status == wanted.status)
    if wanted.begin:
        statement = statement.where(AlertRequest.created_at >= wanted.begin)
    if wanted.end:
        statement = statement.where(AlertRequest.created_at < wanted.end)
    return statement


def _row(row: Any) -> tuple[Any, ...]:
    number, title, options, sku, asked_status, channel, *rest = row
    variant = " / ".join(str(value) for value in options.values())
    return (number, title, variant, sku, PRODUCT_STATUSES[asked_status], channel_word(channel), *rest)

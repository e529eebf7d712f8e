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
from nexnotify.db import IdIn, db
from nexnotify.inventory.available import product_status
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.transitions import STATUSES
from nexnotify.reports.exports.table import in_batches
from nexnotify.reports.words import PRODUCT_STATUSES, channel_word, reason_words, status_word
from nexnotify.reports.xlsx import Column
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import INTENTS, OPEN, AlertRequest, Decision
from nexnotify.waitlist.scope import skus_wanted

COLUMNS = (
    Column("Request", 10, "number"),
    Column("Product", 36),
    Column("Variant", 20),
    Column("SKU", 18),
    Column("Status", 14),
    Column("Status now", 14),
    Column("Channel", 14),
    Column("Address", 30),
    Column("First name", 16),
    Column("Would do as well", 30),
    Column("Quantity", 9, "number"),
    Column("Asked at", 19, "moment"),
    Column("Request status", 16),
    Column("Alerted at", 19, "moment"),
    Column("Message status", 16),
    Column("Delivered at", 19, "moment"),
    Column("Messages", 9, "number"),
    Column("Outcome", 40),
    Column("Ended at", 19, "moment"),
    Column("Ended because", 16),
    Column("STOP at", 19, "moment"),
    Column("Source", 12),
    Column("Page", 40),
    Column("Intent", 26),
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
    for batch in in_batches(_statement(store, wanted), AlertRequest.id):
        ids = [row.id for row in batch]
        told, decided, any_of = _told(store, ids), _decided(store, ids), skus_wanted(store.id, batch)
        for row in batch:
            yield _row(row, told.get(row.id, _UNTOLD), decided.get(row.id, ""), any_of.get(row.id, []))


#: Message status, its reason, when it was delivered, how many messages there were.
_UNTOLD = (None, None, None, 0)


def _told(store: Store, ids: list[int]) -> dict[int, tuple[Any, ...]]:
    """Request → the last message about it."""
    alerts = Alert.__table__
    last = (
        sa.select(alerts.c.request_id, sa.func.max(alerts.c.message_id).label("message_id"), sa.func.count().label("n"))
        .where(alerts.c.store_id == store.id, IdIn(alerts.c.request_id), alerts.c.message_id.is_not(None))
        .group_by(alerts.c.request_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(last.c.request_id, Message.status, Message.reason, Message.delivered_at, last.c.n).join(
            Message, sa.and_(Message.store_id == store.id, Message.id == last.c.message_id)
        ),
        {"b_ids": ids},
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _decided(store: Store, ids: list[int]) -> dict[int, str]:
    """Request → the reason of the last decision about it."""
    decisions = Decision.__table__
    last = (
        sa.select(sa.func.max(decisions.c.id))
        .where(decisions.c.store_id == store.id, IdIn(decisions.c.request_id))
        .group_by(decisions.c.request_id)
    )
    rows = db.session.execute(
        sa.select(decisions.c.request_id, decisions.c.reason).where(
            decisions.c.store_id == store.id, decisions.c.id.in_(last)
        ),
        {"b_ids": ids},
    )
    return dict(rows.all())


def _statement(store: Store, wanted: InstockFilter) -> sa.Select[Any]:
    """Plain columns, no objects: the session must not keep what was written."""
    statement = (
        sa.select(
            AlertRequest.id,
            Product.title,
            Variant.options,
            Variant.sku,
            AlertRequest.asked_status,
            Product.published,
            Variant.available,
            Variant.unavailable_as,
            Variant.min_order_quantity,
            Contact.channel,
            Contact.address,
            AlertRequest.first_name,
            AlertRequest.scope,
            AlertRequest.variant_id,
            AlertRequest.quantity,
            AlertRequest.created_at,
            AlertRequest.status,
            AlertRequest.alerted_at,
            AlertRequest.closed_at,
            AlertRequest.closed_reason,
            Contact.opted_out_at,
            AlertRequest.source,
            AlertRequest.page_url,
            AlertRequest.intent,
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


def _row(row: Any, told: tuple[Any, ...], decided: str, any_of: list[str]) -> tuple[Any, ...]:
    number, title, options, sku, asked_status, published, *stock, channel, address = row[:11]
    first_name, _, _, quantity, asked_at, status, alerted_at, closed_at, closed_reason, *origin, intent = row[11:]
    message_status, reason, delivered_at, messages = told
    return (
        number,
        title,
        " / ".join(str(value) for value in options.values()),
        sku,
        PRODUCT_STATUSES[asked_status],
        PRODUCT_STATUSES[product_status(published, *stock)],
        channel_word(channel),
        address,
        first_name,
        ", ".join(name for name in any_of if name != sku),
        quantity,
        asked_at,
        status,
        alerted_at,
        status_word(message_status) if message_status else None,
        delivered_at,
        messages,
        _outcome(status, message_status, reason, decided),
        closed_at,
        closed_reason,
        *origin,
        INTENTS[intent],
    )


def _outcome(status: str, message_status: str | None, reason: str | None, decided: str) -> str:
    """What became of a request, in a sentence; empty for one that just waits."""
    if message_status == "delivered":
        return "The message was delivered."
    if message_status:
        return reason_words(reason) or STATUSES[message_status]
    return reason_words(decided) if status in OPEN and decided != "eligible" else ""

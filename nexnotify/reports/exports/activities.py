"""Activities of contacts: who waits on stock, and what came back for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.reports.exports.table import Export, in_batches
from nexnotify.reports.words import channel_word
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.activities import back_in_stock, kept_since, waiting_on_stock
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

_COLUMNS = (
    Column("Request", 10, "number"),
    Column("At", 19, "moment"),
    Column("Channel", 14),
    Column("Address", 30),
    Column("First name", 18),
    Column("Product", 36),
    Column("SKU", 18),
    Column("Source", 16),
)
_BACK_COLUMNS = (*_COLUMNS, Column("Location", 18), Column("Available", 10, "number"))
_WHO: tuple[Any, ...] = (Contact.channel, Contact.address, AlertRequest.first_name, Product.title, Variant.sku)


def _chosen(store: Store, wanted: Mapping[str, str]) -> sa.Select[Any]:
    since = kept_since(store_settings(store), utcnow())
    return waiting_on_stock(store, since).with_only_columns(AlertRequest.id)


def _sheets(store: Store, chosen: sa.Select[Any]) -> list[Sheet]:
    return [
        Sheet("Waiting on stock", _COLUMNS, _waiting(chosen)),
        Sheet("Back in stock", _BACK_COLUMNS, _back(store, chosen)),
    ]


def _named(statement: Any) -> Any:
    return statement.join(
        Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id)
    ).join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))


def _waiting(chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    columns = (AlertRequest.id, AlertRequest.created_at, *_WHO, AlertRequest.source)
    for batch in in_batches(_named(chosen.with_only_columns(*columns)), AlertRequest.id):
        for number, at, channel, *rest in batch:
            yield (number, at, channel_word(channel), *rest)


def _back(store: Store, chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    since = kept_since(store_settings(store), utcnow())
    columns = (AlertRequest.id, StockChange.at, *_WHO, AlertRequest.source)
    moved = (StockChange.location_key, StockChange.available_after)
    statement = _named(back_in_stock(store, since).with_only_columns(*columns, *moved))
    for batch in in_batches(chosen.with_only_columns(AlertRequest.id), AlertRequest.id):
        theirs = AlertRequest.id.in_([row.id for row in batch])
        for number, at, channel, *rest in db.session.execute(
            statement.where(theirs).order_by(AlertRequest.id, StockChange.id)
        ).all():
            yield (number, at, channel_word(channel), *rest)


ACTIVITIES = Export(
    "activities",
    N_("Activities"),
    N_("Who waits on stock, and what came back in stock for whom, for as long as requests are kept."),
    (N_("request"), N_("requests")),
    {},
    _chosen,
    AlertRequest.id,
    _sheets,
)

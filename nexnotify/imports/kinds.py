"""What can be imported: how its file is read, and how one item of it is taken in. The command and the admin share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TextIO

import sqlalchemy as sa

from nexnotify.catalog.imports import ABSENT, Absent, ParsedLevel, ParsedProduct, RefusedRow, read_products, read_stock
from nexnotify.catalog.regions import wanted_region
from nexnotify.catalog.service import ProductData, VariantData, find_variant_locked
from nexnotify.customers.consent import Proof
from nexnotify.customers.custom_fields import fields_of
from nexnotify.customers.imports import FieldRule, ParsedCustomer, read_customers
from nexnotify.customers.people import take_customer
from nexnotify.customers.service import find_contact
from nexnotify.db import db
from nexnotify.errors import Conflict, NotFound
from nexnotify.inventory.intake import take_product
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.orders.imports import ParsedOrder, read_orders
from nexnotify.orders.service import take_order
from nexnotify.outcomes.bought import close_bought
from nexnotify.outcomes.matching import match_order
from nexnotify.stores.models import Store
from nexnotify.waitlist.imports import ParsedRequest, read_requests
from nexnotify.waitlist.joining import join
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

#: Who told it, in the consent ledger and as a request's source.
METHOD = "import"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for products alone."""

    shop_url: str | None = None
    with_stock: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file."""

    #: What an item is called, one and many.
    unit: tuple[str, str]
    #: What the file may be.
    lead: str
    #: Items and refused rows in the order of their lines; an unreadable file is refused before the first.
    read: Callable[[Store, TextIO, Options], Iterator[Any]]
    #: Take one item in, within the caller's transaction. The same again changes nothing, and it tells nobody.
    save: Callable[[Store, Any, Options, datetime], None]


def line_of(item: Any) -> int:
    """The row of the file that an item begins on."""
    return int(item.rows[0]) if isinstance(item, ParsedProduct) else int(item.line)


def _save_product(store: Store, row: ParsedProduct, options: Options, now: datetime) -> None:
    variants = [
        VariantData(
            variant.id,
            variant.sku,
            variant.options,
            variant.price,
            variant.currency,
            variant.url,
            variant.image_url,
            variant.unavailable_as,
        )
        for variant in row.variants
    ]
    data = ProductData(row.id, row.title, row.url, row.image_url, row.published, variants)
    take_product(store, data if isinstance(row.tags, Absent) else replace(data, tags=list(row.tags)), now)
    for variant in row.variants if options.with_stock else ():
        if variant.on_hand is not ABSENT:
            level = LevelData(variant_id=variant.id, location=variant.location or "main", on_hand=variant.on_hand)
            set_level(store, level, now)


def _save_level(store: Store, row: ParsedLevel, options: Options, now: datetime) -> None:
    level = LevelData(
        sku=row.sku if row.variant_id is None else None,
        variant_id=row.variant_id,
        location=row.location or "main",
        on_hand=row.on_hand,
        committed=0 if row.committed is ABSENT else row.committed,
        safety_stock=0 if row.safety_stock is ABSENT else row.safety_stock,
        as_of=row.as_of,
    )
    set_level(store, level, now)


def _read_customers(store: Store, stream: TextIO, options: Options) -> Iterator[ParsedCustomer | RefusedRow]:
    rules = [FieldRule(item.name, item.type, tuple(item.choices), item.is_sms_opt_in) for item in fields_of(store.id)]
    return read_customers(stream, country=store.country, fields=rules)


def _save_request(store: Store, row: ParsedRequest, options: Options, now: datetime) -> None:
    variant = find_variant_locked(store, sku=row.sku, variant_id=row.variant_id)
    if variant is None:
        raise NotFound(
            N_(
                "No product has the %(sku)s in this row; import the product first.",
                sku="SKU" if row.sku else N_("variant id"),
            )
        )
    asked_at = min(row.asked_at or now, now)
    proof = Proof(
        METHOD,
        wording=row.consent_text,
        page_url=row.page_url,
        evidence={"variant": variant.external_id, "file_says": "yes"}
        | ({"asked_at": asked_at.isoformat()} if row.asked_at else {}),
    )
    wish: dict[str, Any] = {"intent": row.intent, "first_name": row.first_name, "source": METHOD}
    wish["region_id"] = wanted_region(store, location=row.location, region=row.region)
    for channel, address in row.addresses.items():
        if not _known(store, variant.id, channel, address, row.asked_at):
            request = join(store, variant, channel, address, proof, now, **wish)
            if request.is_new and row.asked_at:
                db.session.execute(
                    sa.update(AlertRequest)
                    .where(AlertRequest.store_id == store.id, AlertRequest.id == request.request_id)
                    .values(created_at=asked_at)
                )


def _known(store: Store, variant_id: int, channel: str, address: str, asked_at: datetime | None) -> bool:
    """Whether the file's request was taken in before: whoever has been told, or has left, is not put back by it."""
    contact = find_contact(store, channel, address)
    if contact is None:
        return False
    again = AlertRequest.created_at >= asked_at if asked_at else sa.true()
    found = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == store.id,
        AlertRequest.contact_id == contact.id,
        AlertRequest.variant_id == variant_id,
        again,
    )
    return db.session.scalar(found.limit(1)) is not None


def _save_customer(store: Store, row: ParsedCustomer, options: Options, now: datetime) -> None:
    take_customer(store, row.data, METHOD, now)


def _save_order(store: Store, row: ParsedOrder, options: Options, now: datetime) -> None:
    order = take_order(store, row.data, now)
    if order.status != row.data.status:
        raise Conflict(
            N_(
                "This order is “%(status)s” by now, and the file says “%(told)s”, which comes before; so nothing of it was taken.",
                status=order.status,
                told=row.data.status,
            )
        )
    match_order(store, order)
    close_bought(store, order, now)


KINDS: Mapping[str, Kind] = {
    "products": Kind(
        (N_("product"), N_("products")),
        N_("A Shopify product export, or a file with product_id, title, sku and price."),
        lambda store, stream, options: read_products(stream, currency=store.currency, shop_url=options.shop_url),
        _save_product,
    ),
    "stock": Kind(
        (N_("stock level"), N_("stock levels")),
        N_("A file with sku and on_hand. What comes back in stock is told to those who wait."),
        lambda store, stream, options: read_stock(stream),
        _save_level,
    ),
    "customers": Kind(
        (N_("customer"), N_("customers")),
        N_("A Shopify customer export, or a file with id, name, email, phone and your own fields."),
        _read_customers,
        _save_customer,
    ),
    "orders": Kind(
        (N_("order"), N_("orders")),
        N_("A Shopify order export, or a file with order_id, status and lines. Nobody is texted about them."),
        lambda store, stream, options: read_orders(stream, country=store.country, currency=store.currency),
        _save_order,
    ),
    "requests": Kind(
        (N_("request"), N_("requests")),
        N_(
            "People who wait, from another tool: sku, phone or email, and consent. Nobody is told that they were imported."
        ),
        lambda store, stream, options: read_requests(stream, country=store.country),
        _save_request,
    ),
}

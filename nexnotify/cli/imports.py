"""Imports of files, with a report of every row that was refused and why."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from nexnotify.catalog.imports import ABSENT, ParsedLevel, ParsedProduct, RefusedRow, read_products, read_stock
from nexnotify.catalog.service import ProductData, VariantData
from nexnotify.cli.common import answer, find_the_store, in_app, json_option, store_option
from nexnotify.clock import utcnow
from nexnotify.customers.custom_fields import fields_of
from nexnotify.customers.imports import FieldRule, ParsedCustomer, read_customers
from nexnotify.customers.people import take_customer
from nexnotify.db import db, transaction
from nexnotify.errors import NexnotifyError
from nexnotify.inventory.intake import take_product
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.nudge import nudge
from nexnotify.orders.imports import ParsedOrder, read_orders
from nexnotify.orders.service import take_order
from nexnotify.outcomes.matching import match_order
from nexnotify.stores.models import Store

#: Products or levels of one transaction.
BATCH = 50

dry_run_option = click.option("--dry-run", is_flag=True, help="Read and report, change nothing.")
report_option = click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="CSV of refused rows.")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("import")
def import_() -> None:
    """Read files from a storefront."""


@import_.command("products")
@store_option
@click.option("--shop-url", help="The shop's address, for product pages: https://shop.example")
@click.option("--with-stock", is_flag=True, help="Take the quantities in the file too.")
@dry_run_option
@report_option
@json_option
@file_argument
def products(
    store_key: str,
    shop_url: str | None,
    with_stock: bool,
    dry_run: bool,
    report: Path | None,
    as_json: bool,
    file: Path,
) -> None:
    """A Shopify product export, or our own form (docs/imports.md)."""
    with in_app():
        store = find_the_store(store_key)
        with file.open(encoding="utf-8", newline="") as stream:
            rows = read_products(stream, currency=store.currency, shop_url=shop_url)
            counts = _take(rows, lambda row: _take_product(store, row, with_stock), "products", dry_run, as_json)
        _finish(counts, report, dry_run, as_json)


@import_.command("stock")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def stock(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """Stock levels in our own form (docs/imports.md)."""
    with in_app():
        store = find_the_store(store_key)
        with file.open(encoding="utf-8", newline="") as stream:
            rows = read_stock(stream)
            counts = _take(rows, lambda row: _take_level(store, row), "levels", dry_run, as_json)
        _finish(counts, report, dry_run, as_json)


@import_.command("customers")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def customers(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """A Shopify customer export, or our own form (docs/imports.md)."""
    with in_app():
        store = find_the_store(store_key)
        rules = [
            FieldRule(item.name, item.type, tuple(item.choices), item.is_sms_opt_in) for item in fields_of(store.id)
        ]
        with file.open(encoding="utf-8", newline="") as stream:
            rows = read_customers(stream, country=store.country, fields=rules)
            counts = _take(rows, lambda row: _take_customer(store, row), "customers", dry_run, as_json)
        _finish(counts, report, dry_run, as_json)


def _take_customer(store: Store, row: ParsedCustomer) -> int:
    take_customer(store, row.data, "import", utcnow())
    return 1


@import_.command("orders")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def orders(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """A Shopify order export, or our own form (docs/imports.md). It never texts anybody."""
    with in_app():
        store = find_the_store(store_key)
        with file.open(encoding="utf-8", newline="") as stream:
            rows = read_orders(stream, country=store.country, currency=store.currency)
            counts = _take(rows, lambda row: _take_order(store, row), "orders", dry_run, as_json)
        _finish(counts, report, dry_run, as_json)


def _take_order(store: Store, row: ParsedOrder) -> int:
    match_order(store, take_order(store, row.data, utcnow()))
    return 1


def _take_product(store: Store, row: ParsedProduct, with_stock: bool) -> int:
    now = utcnow()
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
    take_product(store, ProductData(row.id, row.title, row.url, row.image_url, row.published, variants), now)
    for variant in row.variants if with_stock else ():
        if variant.on_hand is not ABSENT:
            level = LevelData(variant_id=variant.id, location=variant.location or "main", on_hand=variant.on_hand)
            set_level(store, level, now)
    return len(row.variants)


def _take_level(store: Store, row: ParsedLevel) -> int:
    level = LevelData(
        sku=row.sku if row.variant_id is None else None,
        variant_id=row.variant_id,
        location=row.location or "main",
        on_hand=row.on_hand,
        committed=0 if row.committed is ABSENT else row.committed,
        safety_stock=0 if row.safety_stock is ABSENT else row.safety_stock,
        as_of=row.as_of,
    )
    set_level(store, level, utcnow())
    return 1


def _take(rows: Iterator[Any], save: Any, what: str, dry_run: bool, as_json: bool) -> dict[str, Any]:
    """Save the good rows in batches, collect the refused ones."""
    items = list(rows)
    refused = [item for item in items if isinstance(item, RefusedRow)]
    good = [item for item in items if not isinstance(item, RefusedRow)]
    taken = inner = 0
    with click.progressbar(length=len(good), label=what, hidden=as_json) as bar:
        for start in range(0, len(good), BATCH):
            batch = good[start : start + BATCH]
            if dry_run:
                taken += len(batch)
                inner += sum(len(getattr(item, "variants", ())) or 1 for item in batch)
            else:
                with transaction():
                    for item in batch:
                        try:
                            with db.session.begin_nested():
                                inner += save(item)
                            taken += 1
                        except NexnotifyError as error:
                            refused.append(RefusedRow(_line(item), error.message))
            bar.update(len(batch))
    if not dry_run:
        nudge("restock")
    counts: dict[str, Any] = {what: taken, "refused": refused}
    return counts | ({"variants": inner} if what == "products" else {})


def _line(item: Any) -> int:
    return int(item.rows[0]) if isinstance(item, ParsedProduct) else int(item.line)


def _finish(counts: dict[str, Any], report: Path | None, dry_run: bool, as_json: bool) -> None:
    refused: list[RefusedRow] = sorted(counts.pop("refused"), key=lambda row: row.line)
    if report:
        with report.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("line", "column", "value", "reason"))
            writer.writerows((row.line, row.column, row.value, row.reason) for row in refused)
    rows = [{"line": row.line, "column": row.column, "reason": row.reason} for row in refused]

    def lines() -> str:
        taken = ", ".join(f"{count} {what}" for what, count in counts.items())
        text = [f"{'Would take' if dry_run else 'Took'} {taken}; refused {len(refused)} rows."]
        text += [f"  line {row.line}{f', {row.column}' if row.column else ''}: {row.reason}" for row in refused[:50]]
        if len(refused) > 50:
            text.append(f"  … and {len(refused) - 50} more; --report FILE keeps all of them.")
        return "\n".join(text)

    answer(as_json, {**counts, "dry_run": dry_run, "refused": rows}, lines)

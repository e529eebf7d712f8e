"""Imports of files, with a report of every row that was refused and why."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from nexnotify.catalog.imports import RefusedRow
from nexnotify.cli.common import answer, find_the_store, in_app, json_option, store_option
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import NexnotifyError
from nexnotify.imports.kinds import KINDS, Options, line_of
from nexnotify.imports.reading import doubt_about, open_text
from nexnotify.nudge import nudge
from nexnotify.reports.csv_files import as_text

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
    _import("products", store_key, Options(shop_url, with_stock), dry_run, report, as_json, file)


@import_.command("stock")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def stock(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """Stock levels in our own form (docs/imports.md)."""
    _import("stock", store_key, Options(), dry_run, report, as_json, file)


@import_.command("customers")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def customers(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """A Shopify customer export, or our own form (docs/imports.md)."""
    _import("customers", store_key, Options(), dry_run, report, as_json, file)


@import_.command("orders")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def orders(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """A Shopify order export, or our own form (docs/imports.md). It never texts anybody."""
    _import("orders", store_key, Options(), dry_run, report, as_json, file)


@import_.command("requests")
@store_option
@dry_run_option
@report_option
@json_option
@file_argument
def requests(store_key: str, dry_run: bool, report: Path | None, as_json: bool, file: Path) -> None:
    """People who wait, in our own form (docs/imports.md). It never texts anybody."""
    _import("requests", store_key, Options(), dry_run, report, as_json, file)


def _import(
    name: str, store_key: str, options: Options, dry_run: bool, report: Path | None, as_json: bool, file: Path
) -> None:
    kind = KINDS[name]
    with in_app():
        store = find_the_store(store_key)
        data = file.read_bytes()
        if doubt := doubt_about(data):
            click.echo(doubt, err=True)
        rows = kind.read(store, open_text(data, file.name, store.zone), options)
        what = "levels" if name == "stock" else name
        counts = _take(rows, lambda row: kind.save(store, row, options, utcnow()), what, dry_run, as_json)
        _finish(counts, report, dry_run, as_json)


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
                inner += sum(len(getattr(item, "variants", ())) for item in batch)
            else:
                with transaction():
                    for item in batch:
                        try:
                            with db.session.begin_nested():
                                save(item)
                            taken += 1
                            inner += len(getattr(item, "variants", ()))
                        except NexnotifyError as error:
                            refused.append(RefusedRow(line_of(item), error.message))
            bar.update(len(batch))
    if not dry_run:
        nudge("restock")
    counts: dict[str, Any] = {what: taken, "refused": refused}
    return counts | ({"variants": inner} if what == "products" else {})


def _finish(counts: dict[str, Any], report: Path | None, dry_run: bool, as_json: bool) -> None:
    refused: list[RefusedRow] = sorted(counts.pop("refused"), key=lambda row: row.line)
    if report:
        with report.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("line", "column", "value", "reason"))
            writer.writerows((row.line, as_text(row.column), as_text(row.value), row.reason) for row in refused)
    rows = [{"line": row.line, "column": row.column, "reason": row.reason} for row in refused]

    def lines() -> str:
        taken = ", ".join(f"{count} {what}" for what, count in counts.items())
        text = [f"{'Would take' if dry_run else 'Took'} {taken}; refused {len(refused)} rows."]
        text += [f"  line {row.line}{f', {row.column}' if row.column else ''}: {row.reason}" for row in refused[:50]]
        if len(refused) > 50:
            text.append(f"  … and {len(refused) - 50} more; --report FILE keeps all of them.")
        return "\n".join(text)

    answer(as_json, {**counts, "dry_run": dry_run, "refused": rows}, lines)

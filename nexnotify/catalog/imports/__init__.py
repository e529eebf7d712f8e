"""Readers of product and stock files. Plain Python: a text stream in, parsed rows and refused rows out.

Open a file with ``open(path, encoding="utf-8", newline="")``; a byte order mark is dealt with here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from nexnotify.catalog.imports import own, shopify
from nexnotify.catalog.imports.cells import is_web_address
from nexnotify.catalog.imports.rows import (
    ABSENT,
    Absent,
    ParsedLevel,
    ParsedProduct,
    ParsedVariant,
    RefusedRow,
    UnreadableFile,
)
from nexnotify.catalog.imports.stock import read_stock
from nexnotify.catalog.imports.table import Table, fold, read_table

__all__ = [
    "ABSENT",
    "Absent",
    "ParsedLevel",
    "ParsedProduct",
    "ParsedVariant",
    "RefusedRow",
    "UnreadableFile",
    "read_products",
    "read_stock",
]

_SHOPIFY = "a Shopify product export"
_OWN = "nexnotify's own product form"
_FORMS = {_SHOPIFY: shopify.NEEDED, _OWN: own.NEEDED}


def read_products(
    stream: TextIO, *, currency: str, shop_url: str | None = None
) -> Iterator[ParsedProduct | RefusedRow]:
    """The products in `stream` and the rows refused, in the order of their lines; the header tells the form.

    `currency` is what prices are in where the file does not say; `shop_url`, such as ``https://shop.example``, gives
    products of a Shopify export their address. Raises `UnreadableFile` at once, before anything is given out.
    """
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ValueError(f"currency must be three capital letters, such as USD, not {currency!r}")
    if shop_url is not None and not is_web_address(shop_url):
        raise ValueError(f"shop_url must be a web address, such as https://shop.example, not {shop_url!r}")
    table = read_table(stream)
    if _has(table, own.NEEDED):
        return own.read_own(table, currency=currency)
    export = table.renamed(shopify.ALIASES)
    if _has(export, shopify.NEEDED):
        return shopify.read_shopify(export, currency=currency, shop_url=shop_url)
    raise UnreadableFile(_unknown(table, export))


def _has(table: Table, needed: tuple[str, ...]) -> bool:
    return all(fold(name) in table.names for name in needed)


def _unknown(table: Table, export: Table) -> str:
    """Which columns are wanted, beginning with the form the file comes nearest to."""
    if "on_hand" in table.names and {"sku", "variant_id"} & set(table.names):
        return "This looks like a stock file; import it with “import stock”."
    lacking = {
        _SHOPIFY: [name for name in shopify.NEEDED if fold(name) not in export.names],
        _OWN: [name for name in own.NEEDED if fold(name) not in table.names],
    }
    known = {_SHOPIFY: shopify.KNOWN & set(export.names), _OWN: set(own.COLUMNS) & set(table.names)}
    near = max(known, key=lambda form: len(known[form]))
    needs = {form: ", ".join(names) for form, names in _FORMS.items()}
    other = _OWN if near == _SHOPIFY else _SHOPIFY
    if not known[near]:
        return f"These are not columns of a product file; {near} needs {needs[near]}, {other} needs {needs[other]}."
    return (
        f"This comes nearest to {near}, which needs {needs[near]}; this file lacks {', '.join(lacking[near])}. "
        f"The other form, {other}, needs {needs[other]}."
    )

"""Our own stock form: one row for each variant and place. `docs/imports.md` describes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

from nexnotify.catalog.imports import cells
from nexnotify.catalog.imports.rows import ABSENT, ParsedLevel, RefusedRow, UnreadableFile
from nexnotify.catalog.imports.table import BadCell, Row, Table, fold, read_table, refuse_unknown

COLUMNS = ("sku", "variant_id", "location", "on_hand", "committed", "safety_stock", "as_of")

_Place = tuple[str | None, str | None, str | None, datetime | None]


def read_stock(stream: TextIO) -> Iterator[ParsedLevel | RefusedRow]:
    """The levels in `stream`, in its order. Raises `UnreadableFile` at once, before anything is given out."""
    table = read_table(stream)
    if "on_hand" not in table.names or not {"sku", "variant_id"} & set(table.names):
        lacking = "on_hand" if "on_hand" not in table.names else "sku or variant_id"
        raise UnreadableFile(
            f"A stock file needs the columns on_hand, and sku or variant_id; this one lacks {lacking}. "
            f"It may also have {', '.join(name for name in COLUMNS[2:] if name != 'on_hand')}." + _hint(table)
        )
    refuse_unknown(table, list(COLUMNS))
    return _levels(table)


def _hint(table: Table) -> str:
    if fold("Handle") in table.names or "product_id" in table.names:
        return " It looks like a product file: “import products” reads those."
    return ""


def _levels(table: Table) -> Iterator[ParsedLevel | RefusedRow]:
    found: list[ParsedLevel | RefusedRow] = list(table.refused)
    seen: dict[_Place, int] = {}
    for row in table.rows:
        try:
            level = _level(row)
            place = (level.sku, level.variant_id, level.location, level.as_of)
            if place in seen:
                raise BadCell(
                    f"Line {seen[place]} already gives this level; remove one of the rows.",
                    None,
                    level.sku or level.variant_id,
                )
        except BadCell as bad:
            found.append(bad.on(row))
            continue
        seen[place] = row.line
        found.append(level)
    yield from sorted(found, key=lambda one: one.line)


def _level(row: Row) -> ParsedLevel:
    sku, variant = cells.code(row, "sku"), cells.code(row, "variant_id")
    if sku is None and variant is None:
        raise BadCell(
            "Fill in the SKU or the variant id; it says what this row counts.",
            row.names.get("sku") or row.names.get("variant_id"),
        )
    on_hand = cells.on_hand(row, "on_hand")
    if on_hand is ABSENT:
        raise row.bad("on_hand", "Write how many are on hand: a whole number, or the word unlimited.")
    return ParsedLevel(
        sku=sku,
        variant_id=variant,
        location=cells.code(row, "location"),
        on_hand=on_hand,
        committed=cells.whole(row, "committed", negative=False),
        safety_stock=cells.whole(row, "safety_stock", negative=False),
        as_of=cells.moment(row, "as_of"),
        line=row.line,
    )

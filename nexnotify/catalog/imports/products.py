"""What both product forms share: rows gathered into products, and what may stand in a file only once.

Every row that is not blank ends up in exactly one place: in the `rows` of one product, or refused once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from nexnotify.catalog.imports.ids import option_key
from nexnotify.catalog.imports.rows import Absent, ParsedProduct, ParsedVariant, RefusedRow
from nexnotify.catalog.imports.table import BadCell, Row, Table

T = TypeVar("T")


class ProductReader(Protocol):
    """The rows of one product in one of the forms; making it raises `BadCell` when the product as a whole is bad."""

    title: str
    url: str | None
    image_url: str | None
    published: bool
    tags: tuple[str, ...] | Absent

    def variant(self, row: Row) -> ParsedVariant | None:
        """The variant on `row`; None for a row without one; `BadCell` for a row to refuse."""


def read_grouped(
    table: Table,
    id_of: Callable[[Row], str],
    reader_of: Callable[[str, list[Row]], ProductReader],
) -> Iterator[ParsedProduct | RefusedRow]:
    """Products and refused rows, in the order of their first line."""
    refused = list(table.refused)
    groups: dict[str, list[Row]] = {}
    for row in table.rows:
        try:
            groups.setdefault(id_of(row), []).append(row)
        except BadCell as bad:
            refused.append(bad.on(row))
    once = _Once()
    products: list[ParsedProduct] = []
    for id, rows in groups.items():
        try:
            reader = reader_of(id, rows)
        except BadCell as bad:
            refused += (bad.on(row) for row in rows)
            continue
        variants, taken, bad_rows = _variants(reader, rows, once)
        refused += bad_rows
        if variants:
            lines = tuple(row.line for row in taken)
            products.append(
                ParsedProduct(
                    *(id, reader.title, reader.url, reader.image_url, reader.published),
                    *(tuple(variants), lines, reader.tags),
                )
            )
        else:
            no_variant = BadCell("Give this product at least one row with a variant that can be imported.")
            refused += (no_variant.on(row) for row in taken)
    found: list[ParsedProduct | RefusedRow] = [*products, *refused]
    yield from sorted(found, key=lambda one: one.line if isinstance(one, RefusedRow) else one.rows[0])


def agreed(rows: Iterable[Row], read: Callable[[Row], T | None]) -> T | None:
    """The first answer any of the rows has; later rows may be blank."""
    for row in rows:
        answer = read(row)
        if answer is not None:
            return answer
    return None


def must_agree(row: Row, column: str, here: object, product: object) -> None:
    """A row may leave out what its product says, not contradict it."""
    if here is not None and here != product:
        said = f" (“{product}”)" if isinstance(product, str) else ""
        raise row.bad(column, f"Write the same here as on the product's first row{said}, or leave it blank.")


def _variants(
    reader: ProductReader, rows: list[Row], once: _Once
) -> tuple[list[ParsedVariant], list[Row], list[RefusedRow]]:
    variants: list[ParsedVariant] = []
    taken: list[Row] = []
    refused: list[RefusedRow] = []
    options: dict[tuple[tuple[str, str], ...], int] = {}
    for row in rows:
        try:
            variant = reader.variant(row)
            if variant is not None:
                once.check(variant, options)
        except BadCell as bad:
            refused.append(bad.on(row))
            continue
        taken.append(row)
        if variant is not None:
            once.take(variant)
            options[option_key(variant.options)] = row.line
            variants.append(variant)
    return variants, taken, refused


@dataclass(slots=True)
class _Once:
    """Ids and SKUs seen, with the line that has them."""

    ids: dict[str, int] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)

    def check(self, variant: ParsedVariant, options: dict[tuple[tuple[str, str], ...], int]) -> None:
        key = option_key(variant.options)
        if key in options:
            said = ", ".join(f"{name} {value}" for name, value in variant.options.items()) or None
            raise BadCell(
                f"Line {options[key]} already has this product with the same options; "
                "change the options or remove one of the rows.",
                None,
                said,
            )
        if variant.id in self.ids:
            raise BadCell(
                f"Line {self.ids[variant.id]} already has a variant with this id; give each variant an id of its own.",
                None,
                variant.id,
            )
        if variant.sku is not None and variant.sku in self.skus:
            raise BadCell(
                f"Line {self.skus[variant.sku]} already has this SKU; give each variant a SKU of its own or none.",
                None,
                variant.sku,
            )

    def take(self, variant: ParsedVariant) -> None:
        self.ids[variant.id] = variant.line
        if variant.sku is not None:
            self.skus[variant.sku] = variant.line

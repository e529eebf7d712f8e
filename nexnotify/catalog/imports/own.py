"""Our own product form: one row for each variant. `docs/imports.md` describes it."""

from __future__ import annotations

from collections.abc import Iterator

from nexnotify.catalog.imports import cells
from nexnotify.catalog.imports.ids import same, variant_id
from nexnotify.catalog.imports.products import agreed, must_agree, read_grouped
from nexnotify.catalog.imports.rows import ParsedProduct, ParsedVariant, RefusedRow, UnreadableFile
from nexnotify.catalog.imports.table import BadCell, Row, Table, refuse_unknown

NEEDED = ("product_id", "title")
COLUMNS = (
    "product_id",
    "title",
    "url",
    "published",
    "variant_id",
    "sku",
    "price",
    "currency",
    "unavailable_as",
    "on_hand",
    "location",
    "image_url",
    "tags",
)
OPTION = "option:"


def read_own(table: Table, *, currency: str) -> Iterator[ParsedProduct | RefusedRow]:
    option_columns = _option_columns(table)
    refuse_unknown(table, [*COLUMNS, *option_columns])

    def reader(id: str, rows: list[Row]) -> _Product:
        return _Product(id, rows, currency, option_columns)

    return read_grouped(table, _product_id, reader)


def _option_columns(table: Table) -> dict[str, str]:
    """Folded column name → option name."""
    found: dict[str, str] = {}
    for folded, written in table.names.items():
        if folded.startswith(OPTION):
            name = " ".join(written[len(OPTION) :].split())
            if not name:
                raise UnreadableFile("Name the option in the column “option:”, as in “option:Size”.")
            if any(same(name) == same(other) for other in found.values()):
                raise UnreadableFile(f"The option “{name}” has two columns; remove or rename one of them.")
            found[folded] = name
    return found


def _product_id(row: Row) -> str:
    id = cells.code(row, "product_id")
    if id is None:
        raise BadCell("Fill in the product_id; it says which product this row belongs to.", row.names["product_id"])
    return id


def _title(row: Row) -> str | None:
    return cells.title(row, "title")


def _published(row: Row) -> bool | None:
    return cells.flag(row, "published")


def _image(row: Row) -> str | None:
    try:
        return cells.web_address(row, "image_url")
    except BadCell:
        return None  # the row itself is refused when its turn comes


class _Product:
    def __init__(self, id: str, rows: list[Row], currency: str, option_columns: dict[str, str]) -> None:
        self.id = id
        self.currency = currency
        self.option_columns = option_columns
        title = agreed(rows, _title)
        if title is None:
            raise BadCell(
                "Write the title in the first row of this product; none of its rows has one.", rows[0].names["title"]
            )
        self.title = title
        self._shown = agreed(rows, _published)
        self.published = self._shown is not False
        self.url = agreed(rows, lambda row: cells.web_address(row, "url"))
        self.image_url = agreed(rows, _image)
        self.tags = cells.tags(rows, "tags")

    def variant(self, row: Row) -> ParsedVariant:
        must_agree(row, "title", _title(row), self.title)
        must_agree(row, "published", _published(row), self._shown)
        options = {
            name: " ".join(row.get(column).split()) for column, name in self.option_columns.items() if row.get(column)
        }
        url = cells.web_address(row, "url")
        currency = cells.currency(row, "currency", self.currency)
        on_hand = cells.on_hand(row, "on_hand")
        return ParsedVariant(
            id=cells.code(row, "variant_id") or variant_id(self.id, options),
            sku=cells.code(row, "sku"),
            options=options,
            price=cells.price(row, "price", currency),
            currency=currency,
            url=url if url != self.url else None,
            image_url=cells.web_address(row, "image_url"),
            unavailable_as=cells.unavailable_as(row, "unavailable_as"),
            on_hand=on_hand,
            location=cells.code(row, "location"),
            line=row.line,
        )

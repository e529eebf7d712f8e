"""A Shopify product export as it really is.

One product takes several rows: the first has title, published and the names of the options, later ones leave them
blank; a row may hold nothing but a further picture. Handles need not stand together. SKUs may be missing throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from nexnotify.catalog.imports import cells
from nexnotify.catalog.imports.ids import same, variant_id
from nexnotify.catalog.imports.products import agreed, must_agree, read_grouped
from nexnotify.catalog.imports.rows import Absent, ParsedProduct, ParsedVariant, RefusedRow, UnavailableAs
from nexnotify.catalog.imports.table import BadCell, Row, Table

NEEDED = ("Handle", "Title", "Variant Price")

#: Shopify's newer template spells some columns differently.
ALIASES = {
    "url handle": "handle",
    "published on online store": "published",
    "sku": "variant sku",
    "price": "variant price",
    "inventory tracker": "variant inventory tracker",
    "inventory quantity": "variant inventory qty",
    "continue selling when out of stock": "variant inventory policy",
    "product image url": "image src",
    "variant image url": "variant image",
}

_STATUSES = {"active": True, "unlisted": True, "draft": False, "archived": False}
_POLICIES: dict[str, UnavailableAs] = {
    "": "sold_out",
    "deny": "sold_out",
    "false": "sold_out",
    "continue": "backordered",
    "true": "backordered",
}
_OPTIONS = (1, 2, 3)
#: A row with any of these is a variant; one without may be a picture.
_VARIANT_COLUMNS = (
    "variant id",
    "variant sku",
    "variant price",
    "variant inventory qty",
    *(f"option{number} value" for number in _OPTIONS),
)

#: To tell how near a file comes to this form.
KNOWN = {
    *(name.casefold() for name in NEEDED),
    *ALIASES.values(),
    *_VARIANT_COLUMNS,
    *(f"option{number} name" for number in _OPTIONS),
    "body (html)",
    "vendor",
    "status",
}


def read_shopify(table: Table, *, currency: str, shop_url: str | None) -> Iterator[ParsedProduct | RefusedRow]:
    def reader(handle: str, rows: list[Row]) -> _Product:
        return _Product(handle, rows, currency, shop_url.rstrip("/") if shop_url else None)

    return read_grouped(table, _handle, reader)


def _handle(row: Row) -> str:
    handle = cells.code(row, "handle")
    if handle is None:
        raise BadCell("Fill in the handle; it says which product this row belongs to.", row.names["handle"])
    return handle


def _title(row: Row) -> str | None:
    return cells.title(row, "title")


def _published(row: Row) -> bool | None:
    return cells.flag(row, "published")


def _status(row: Row) -> bool | None:
    text = row.get("status").casefold()
    if text and text not in _STATUSES:
        raise row.bad("status", f"Write one of {', '.join(_STATUSES)} here.")
    return _STATUSES.get(text)


class _Product:
    def __init__(self, handle: str, rows: list[Row], currency: str, shop_url: str | None) -> None:
        self.handle = handle
        self.currency = currency
        title = agreed(rows, _title)
        if title is None:
            raise BadCell(
                "Write the title in the first row of this product; none of its rows has one.", rows[0].names["title"]
            )
        self.title = title
        #: Shopify publishes what leaves the column blank.
        self._shown = agreed(rows, _published)
        self._status = agreed(rows, _status)
        self.published = self._shown is not False and self._status is not False
        self.url = f"{shop_url}/products/{quote(handle, safe='')}" if shop_url else None
        self.image_url = _first_image(rows)
        self.tags = cells.tags(rows, "tags")
        self._names = {number: _option_name(rows, number) for number in _OPTIONS}

    def variant(self, row: Row) -> ParsedVariant | None:
        must_agree(row, "title", _title(row), self.title)
        must_agree(row, "published", _published(row), self._shown)
        must_agree(row, "status", _status(row), self._status)
        image = cells.web_address(row, "image src")
        if not any(row.get(column) for column in _VARIANT_COLUMNS):
            if image is None and not row.get("title"):
                raise BadCell("Give this row a variant (option values and a price) or an image, or remove it.")
            return None
        options = self._options(row)
        own_id = cells.code(row, "variant id")
        tracked, on_hand = _stock(row)
        return ParsedVariant(
            id=own_id or variant_id(self.handle, options),
            sku=cells.code(row, "variant sku"),
            options=options,
            price=cells.price(row, "variant price", self.currency),
            currency=self.currency,
            url=f"{self.url}?variant={own_id}" if self.url and own_id and own_id.isdecimal() else None,
            image_url=cells.web_address(row, "variant image"),
            unavailable_as=_policy(row),
            on_hand=on_hand,
            tracked=tracked,
            line=row.line,
        )

    def _options(self, row: Row) -> dict[str, str]:
        options: dict[str, str] = {}
        for number, name in self._names.items():
            here = row.get(f"option{number} name")
            if here and name is not None and same(here) != same(name):
                must_agree(row, f"option{number} name", here, name)
            value = " ".join(row.get(f"option{number} value").split())
            if name is None and value:
                raise row.bad(
                    f"option{number} value", f"Name this option in “Option{number} Name” on the product's first row."
                )
            if name is None or (same(name) == "title" and same(value) in ("", "default title")):
                continue
            if not value:
                raise BadCell(f"Fill in the value of the option “{name}”.", row.names.get(f"option{number} value"))
            if name in options:
                raise row.bad(f"option{number} name", "Give each option of this product a name of its own.")
            options[name] = value
        return options


def _option_name(rows: list[Row], number: int) -> str | None:
    column = f"option{number} name"
    return agreed(rows, lambda row: " ".join(row.get(column).split()) or None)


def _first_image(rows: list[Row]) -> str | None:
    """The picture Shopify shows first: the lowest position, then the first in the file."""
    found: list[tuple[int, int, str]] = []
    for row in rows:
        position = row.get("image position")
        try:
            image = cells.web_address(row, "image src")
        except BadCell:
            continue  # the row itself is refused when its turn comes
        if image:
            place = int(position) if position.isdecimal() and len(position) < 9 else 10**9
            found.append((place, row.line, image))
    return min(found)[2] if found else None


def _policy(row: Row) -> UnavailableAs:
    policy = _POLICIES.get(row.get("variant inventory policy").casefold())
    if policy is None:
        raise row.bad("variant inventory policy", "Write deny or continue here.")
    return policy


def _stock(row: Row) -> tuple[bool | None, int | Absent | None]:
    """Whether Shopify counts this variant, and how many there are. What is not counted never sells out."""
    quantity = cells.whole(row, "variant inventory qty", negative=True)
    if "variant inventory tracker" not in row.names:
        return None, quantity
    if not row.get("variant inventory tracker"):
        return False, None
    return True, quantity

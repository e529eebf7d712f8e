"""Reader of order files: our own columns, or a Shopify order export. Plain Python, as ``catalog.imports`` is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TextIO

from nexnotify.catalog.imports import cells
from nexnotify.catalog.imports.rows import ABSENT, RefusedRow, UnreadableFile
from nexnotify.catalog.imports.table import BadCell, Row, Table, read_table, refuse_unknown
from nexnotify.clock import not_too_early
from nexnotify.orders.models import ORDER_STATUSES
from nexnotify.orders.people import PersonData
from nexnotify.orders.service import LineData, OrderData
from nexnotify.phone import InvalidEmail, InvalidPhone, normalise_email, to_e164

NEEDED = ("order_id", "status")
COLUMNS = (
    *NEEDED,
    "placed_at",
    "customer_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "currency",
    "total",
    "sku",
    "variant_id",
    "title",
    "quantity",
    "price",
)
#: By these a Shopify order export is known.
SHOPIFY = ("name", "financial status", "lineitem quantity")


@dataclass(frozen=True, slots=True)
class ParsedOrder:
    """An order understood, and the line of its first row. It is history, so it texts nobody."""

    data: OrderData
    line: int


def read_orders(stream: TextIO, *, country: str, currency: str) -> Iterator[ParsedOrder | RefusedRow]:
    """The orders in ``stream`` and the rows refused, in the order of their lines; the header tells the form.

    :param country: national numbers are read in it.
    :param currency: of orders that do not name theirs.
    :raises UnreadableFile: at once, before anything is given out.
    """
    table = read_table(stream)
    if all(name in table.names for name in SHOPIFY):
        return _read(table, "name", lambda rows: _shopify(rows, country, currency))
    if lacking := [name for name in NEEDED if name not in table.names]:
        raise UnreadableFile(
            f"An order file needs the columns {', '.join(NEEDED)}, or those of a Shopify order export; "
            f"this one lacks {', '.join(lacking)}."
        )
    refuse_unknown(table, list(COLUMNS))
    return _read(table, "order_id", lambda rows: _own(rows, country, currency))


def _read(table: Table, key: str, understand: Callable[[list[Row]], OrderData]) -> Iterator[ParsedOrder | RefusedRow]:
    """Rows that share an id are one order; it is taken whole or refused whole."""
    found: list[ParsedOrder | RefusedRow] = list(table.refused)
    by_id: dict[str, list[Row]] = {}
    for row in table.rows:
        try:
            order_id = cells.code(row, key)
            if order_id is None:
                raise row.bad(key, "Fill in the order's number; it says which order this row belongs to.")
            by_id.setdefault(order_id, []).append(row)
        except BadCell as bad:
            found.append(bad.on(row))
    for rows in by_id.values():
        try:
            found.append(ParsedOrder(understand(rows), rows[0].line))
        except BadCell as bad:
            found.append(bad.on(rows[0]))
    yield from sorted(found, key=lambda one: one.line)


def _first(rows: list[Row], column: str) -> Row:
    """The first row that says something there."""
    return next((row for row in rows if row.get(column)), rows[0])


def _text(rows: list[Row], column: str) -> str | None:
    return cells.title(_first(rows, column), column)


# --- our own form ---------------------------------------------------------------------------------------------------


def _own(rows: list[Row], country: str, currency: str) -> OrderData:
    said = _first(rows, "status")
    status = said.get("status").casefold()
    if status not in ORDER_STATUSES:
        raise said.bad("status", f"Write one of {', '.join(ORDER_STATUSES)} here.")
    money = cells.currency(_first(rows, "currency"), "currency", currency)
    email, phone = _first(rows, "email"), _first(rows, "phone")
    try:
        person = PersonData(
            cells.code(_first(rows, "customer_id"), "customer_id"),
            _text(rows, "first_name"),
            _text(rows, "last_name"),
            to_e164(phone.get("phone"), country) if phone.get("phone") else None,
            normalise_email(email.get("email")) if email.get("email") else None,
        )
    except InvalidPhone as error:
        raise phone.bad("phone", error.message) from None
    except InvalidEmail as error:
        raise email.bad("email", error.message) from None
    return OrderData(
        cells.code(rows[0], "order_id") or "",
        status,
        person,
        cells.moment(_first(rows, "placed_at"), "placed_at"),
        currency=money,
        total=cells.price(_first(rows, "total"), "total", money, cells.MAX_SUM),
        lines=_kept(rows, [_line(row, money) for row in rows if row.get("sku") or row.get("variant_id")]),
        notify=False,
    )


def _kept(rows: list[Row], lines: list[LineData]) -> list[LineData]:
    """The lines, if their sum can be kept."""
    if sum((line.price or Decimal(0)) * line.quantity for line in lines) >= cells.MAX_SUM:
        raise rows[0].bad(
            "order_id", "The lines of this order come to more than can be kept; look at their quantities."
        )
    return lines


def _line(row: Row, currency: str) -> LineData:
    quantity, sku = cells.whole(row, "quantity", negative=False), cells.code(row, "sku")
    return LineData(
        sku,
        None if sku else cells.code(row, "variant_id"),
        cells.title(row, "title"),
        1 if quantity is ABSENT else quantity,
        cells.price(row, "price", currency),
    )


# --- Shopify --------------------------------------------------------------------------------------------------------


def _shopify(rows: list[Row], country: str, currency: str) -> OrderData:
    head = rows[0]
    money = cells.currency(_first(rows, "currency"), "currency", currency)
    first, _, last = (_text(rows, "billing name") or _text(rows, "shipping name") or "").partition(" ")
    lines = [
        LineData(
            cells.code(row, "lineitem sku"),
            None,
            cells.title(row, "lineitem name"),
            1 if (quantity := cells.whole(row, "lineitem quantity", negative=False)) is ABSENT else quantity,
            cells.price(row, "lineitem price", money),
        )
        for row in rows
        if row.get("lineitem name") or row.get("lineitem sku")
    ]
    return OrderData(
        (cells.code(head, "name") or "").removeprefix("#"),
        _shopify_status(rows),
        PersonData(None, first or None, last or None, *_shopify_addresses(rows, country)),
        _shopify_moment(_first(rows, "created at")),
        currency=money,
        total=cells.price(_first(rows, "total"), "total", money, cells.MAX_SUM),
        lines=_kept(rows, lines),
        notify=False,
    )


def _shopify_status(rows: list[Row]) -> str:
    paid = _first(rows, "financial status").get("financial status").casefold()
    if _first(rows, "cancelled at").get("cancelled at") or paid == "voided":
        return "cancelled"
    if paid == "refunded":
        return "returned"
    if _first(rows, "fulfillment status").get("fulfillment status").casefold() == "fulfilled":
        return "sent"
    return "paid" if paid in ("paid", "partially_refunded") else "new"


def _shopify_addresses(rows: list[Row], country: str) -> tuple[str | None, str | None]:
    """Number and email; what a shopper typed wrongly years ago is left out, and the order kept."""
    phone = email = None
    for column in ("phone", "billing phone", "shipping phone"):
        if phone is None and (typed := _first(rows, column).get(column)):
            try:
                phone = to_e164(typed.removeprefix("'"), country)
            except InvalidPhone:
                continue
    if typed := _first(rows, "email").get("email"):
        try:
            email = normalise_email(typed)
        except InvalidEmail:
            email = None
    return phone, email


def _shopify_moment(row: Row) -> datetime | None:
    """ "2026-01-05 10:00:00 -0500" """
    text = re.sub(r"\s+([+-]\d\d:?\d\d|UTC)$", r"\1", row.get("created at")).replace("UTC", "+00:00")
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            raise row.bad("created at", "Say which zone this time is in, as in 2026-01-05 10:00:00 -0500.")
        return not_too_early(when.astimezone(UTC))
    except (ValueError, OverflowError):
        raise row.bad("created at", "Write the time as in 2026-01-05 10:00:00 -0500.") from None

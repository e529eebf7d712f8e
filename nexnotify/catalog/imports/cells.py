"""One cell at a time: prices, quantities, codes, addresses. Each raises `BadCell` with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args
from urllib.parse import urlsplit

from nexnotify.catalog.imports.rows import ABSENT, Absent, UnavailableAs
from nexnotify.catalog.imports.table import BadCell, Row
from nexnotify.clock import not_too_early

#: In characters; and how many tags a product can have.
LONGEST, MOST_TAGS = 255, 100
LARGEST = 2**31 - 1
#: Money with a thousand parts to the unit; all other is read with two decimals.
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

#: A price is below it, and a sum below the other: what the database keeps.
MAX_PRICE, MAX_SUM = Decimal(10) ** 8, Decimal(10) ** 10

_PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]+)?")
_GROUPED = re.compile(r"[0-9]{1,3}([, '\u00a0\u202f][0-9]{3})+(\.[0-9]+)?|[0-9]{1,3}(\.[0-9]{3})+,[0-9]+")
_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_ROUNDED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]+")
_PROTECTED = re.compile(r"'[0-9]+")
_CURRENCY = re.compile(r"[A-Z]{3}")


def title(row: Row, column: str) -> str | None:
    """On one line, spaces tidied. HTML entities are text here and stay as they are."""
    text = " ".join(row.get(column).split())
    if len(text) > LONGEST:
        raise row.bad(
            column, f"Shorten the title on line {row.line} to {LONGEST} characters or fewer; it has {len(text)}."
        )
    return text or None


def tags(rows: Sequence[Row], column: str) -> tuple[str, ...] | Absent:
    """A product's labels, between commas, as the first of its rows that has any says; the same one only once.

    :returns: ABSENT where the file has no such column.
    """
    if not rows or column not in rows[0].names:
        return ABSENT
    written = next((row for row in rows if row.get(column)), rows[0])
    found = {" ".join(tag.split()): None for tag in written.get(column).split(",")}
    kept = tuple(tag for tag in found if tag)
    if len(kept) > MOST_TAGS or any(len(tag) > LONGEST for tag in kept):
        raise written.bad(column, f"Write at most {MOST_TAGS} tags, each of at most {LONGEST} characters.")
    return kept


def code(row: Row, column: str) -> str | None:
    """An id, a handle or a SKU. An apostrophe before a number is the spreadsheet's sign for text."""
    text = row.get(column)
    if _PROTECTED.fullmatch(text):
        text = text[1:]
    if _ROUNDED.fullmatch(text):
        raise row.bad(column, "A spreadsheet has rounded this number; format the column as text and export it again.")
    if len(text) > LONGEST:
        raise row.bad(column, f"Shorten this to {LONGEST} characters or fewer; it has {len(text)}.")
    return text or None


def price(row: Row, column: str, currency: str, below: Decimal = MAX_PRICE) -> Decimal | None:
    """ "1.299" in dollars is refused: it may mean one thousand and something. "34.0000" is how a database writes 34."""
    text = row.get(column)
    if not text:
        return None
    if _PRICE.fullmatch(text):
        places = 3 if currency in THREE_DECIMALS else 2
        units, _, parts = text.partition(".")
        kept = parts[:places]
        if len(parts) > places and (len(parts) == 3 or parts[places:].strip("0")):
            raise row.bad(
                column, "Write the price with two decimals at most and nothing between thousands, such as 1299.00."
            )
        found = Decimal(f"{units}.{kept}" if kept else units)
        if found >= below:
            raise row.bad(column, f"Write a price below {below:,}.")
        return found
    if text.startswith(("-", "\u2212", "(")):
        raise row.bad(column, "Write a price of zero or more; a price cannot be negative.")
    if _GROUPED.fullmatch(text):
        raise row.bad(column, "Write the price without separators between thousands, such as 1299.00.")
    if _COMMA.fullmatch(text):
        raise row.bad(column, "Write the price with a point before the cents, such as 19.99.")
    if re.search(r"[0-9]", text) and re.search(r"[^0-9.,\s]", text):
        raise row.bad(column, "Write the price as a plain number such as 20.00, without a currency sign or letters.")
    raise row.bad(column, "Write the price as a plain number such as 20.00.")


def currency(row: Row, column: str, default: str) -> str:
    text = row.get(column).upper()
    if text and not _CURRENCY.fullmatch(text):
        raise row.bad(column, "Write the currency as its three letters, such as USD.")
    return text or default


def whole(row: Row, column: str, *, negative: bool) -> int | Absent:
    text = row.get(column)
    if not text:
        return ABSENT
    if not _WHOLE.fullmatch(text) or len(text) > 11 or abs(int(text)) > LARGEST:
        raise row.bad(column, "Write the quantity as a whole number in digits only, such as 12.")
    number = int(text)
    if number < 0 and not negative:
        raise row.bad(column, "Write a quantity of zero or more here.")
    return number


def on_hand(row: Row, column: str) -> int | Absent | None:
    """Our own forms: a whole number, or the word "unlimited". Below zero is oversold, and happens."""
    if row.get(column).casefold() == "unlimited":
        return None
    try:
        return whole(row, column, negative=True)
    except BadCell:
        raise row.bad(
            column, "Write the quantity as a whole number in digits only, such as 12, or the word unlimited."
        ) from None


def flag(row: Row, column: str) -> bool | None:
    text = row.get(column).casefold()
    if text not in ("", "true", "false"):
        raise row.bad(column, "Write true or false here.")
    return text == "true" if text else None


def unavailable_as(row: Row, column: str) -> UnavailableAs:
    text = row.get(column).casefold()
    if not text:
        return "sold_out"
    for status in get_args(UnavailableAs):
        if text == status:
            return status
    raise row.bad(column, f"Write one of {', '.join(get_args(UnavailableAs))} here.")


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", text)
    except ValueError:
        return False


def web_address(row: Row, column: str) -> str | None:
    text = row.get(column)
    if not text:
        return None
    whole_address = f"https:{text}" if text.startswith("//") else text
    if not is_web_address(whole_address):
        raise row.bad(column, "Write a whole web address here, beginning with https://.")
    return whole_address


def moment(row: Row, column: str) -> datetime | None:
    text = row.get(column)
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            raise row.bad(column, "Say which zone this time is in: add Z or an offset, as in 2026-01-05T10:00:00Z.")
        return not_too_early(when.astimezone(UTC))
    except (ValueError, OverflowError):
        raise row.bad(column, "Write the time as in 2026-01-05T10:00:00Z.") from None

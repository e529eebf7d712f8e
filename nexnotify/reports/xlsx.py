"""Tables as Excel workbooks: typed cells, no formula of a stranger's, rows written as they come."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from nexnotify.clock import to_local

#: What XML cannot hold: control characters, halves of surrogate pairs, and two that are no characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: How a text begins that a spreadsheet could take for a formula, also after it was edited or saved as CSV.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: The beginning of what a workbook takes for a character written by its number, such as _x0041_.
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
#: Excel's own limit of a cell, in UTF-16 units, and of a sheet, with its header.
MAX_TEXT = 32_767
MAX_ROWS = 1_048_576
#: The calendar of a workbook begins with it; what is as early stays text.
FIRST_YEAR = 1900
MOMENT, DAY, MONEY = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "0.00##"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its width in characters, and what its cells are."""

    title: str
    width: int = 16
    #: Text stays text whatever it looks like; moments are aware and shown in the sheet's zone; a flag is true or false.
    kind: Literal["text", "number", "money", "moment", "day", "flag"] = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a workbook. ``rows`` are read one by one and kept nowhere; None is an empty cell."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


def clean_text(text: str) -> str:
    """``text`` as a cell can hold it."""
    text = _ILLEGAL.sub("", text)
    if len(text) * 2 <= MAX_TEXT:
        return text
    return text.encode("utf-16-le")[: MAX_TEXT * 2].decode("utf-16-le", "ignore")


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet could take the text for more than text."""
    return text.startswith(_FORMULA)


def write_book(target: IO[bytes], sheets: Sequence[Sheet], zone: str) -> list[int]:
    """Write tables, each with a frozen header and a filter over it; one that a sheet cannot hold goes on in another.

    :param zone: that of the moments, since a cell can hold none.
    :returns: how many rows each table had, without the header.
    """
    book = Workbook(write_only=True)
    try:
        counts = [_write_table(book, sheet, zone) for sheet in sheets]
        book.save(target)
    except BaseException:
        for sheet in book.worksheets:
            _drop(sheet)
        raise
    return counts


def _write_table(book: Any, table: Sheet, zone: str) -> int:
    rows, count, part = iter(table.rows), 0, 1
    while True:
        written = _write_part(book, table, itertools.islice(rows, MAX_ROWS - 1), part, zone)
        count, part = count + written, part + 1
        if written < MAX_ROWS - 1:
            return count


def _write_part(book: Any, table: Sheet, rows: Iterable[Sequence[Any]], part: int, zone: str) -> int:
    title, more = re.sub(r"[\\/*?:\[\]]", " ", table.title), f" {part}" if part > 1 else ""
    sheet: Any = book.create_sheet(clean_text(title)[: 31 - len(more)] + more)
    sheet.freeze_panes = "A2"
    for number, column in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    writers = [_WRITERS[column.kind](sheet) for column in table.columns]
    sheet.append([_bold(sheet, column.title) for column in table.columns])
    count = 0
    for row in rows:
        cells = zip(writers, row, strict=True)
        sheet.append([None if value is None else write(value, zone) for write, value in cells])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{count + 1}"
    return count


def _drop(sheet: Any) -> None:
    """Take away the library's temporary file of a sheet that came to nothing."""
    if not sheet.closed:
        sheet.close()
        sheet._writer.cleanup()


def _bold(sheet: Any, text: str) -> Any:
    cell = _text(sheet)(text, "UTC")
    if isinstance(cell, str):
        cell = WriteOnlyCell(sheet, cell)
    cell.font = Font(bold=True)
    return cell


def _text(sheet: Any) -> Callable[[Any, str], Any]:
    quoted = WriteOnlyCell(sheet)
    quoted.quotePrefix = True
    plain = WriteOnlyCell(sheet)

    def write(value: Any, zone: str) -> Any:
        text = clean_text(str(value))
        written = _CODED.sub("_x005F_", text) if "_x" in text else text
        if not text.startswith((*_FORMULA, "#")):
            return written or None
        cell = quoted if is_formula_like(text) else plain
        cell.value = written
        cell.data_type = "s"  # the library takes "=…" for a formula and "#N/A" for an error
        return cell

    return write


def _number(sheet: Any) -> Callable[[Any, str], Any]:
    return lambda value, zone: value


def _flag(sheet: Any) -> Callable[[Any, str], Any]:
    return lambda value, zone: bool(value)


def _formatted(sheet: Any, form: str) -> Any:
    cell = WriteOnlyCell(sheet)
    cell.number_format = form
    return cell


def _money(sheet: Any) -> Callable[[Any, str], Any]:
    cell = _formatted(sheet, MONEY)

    def write(value: Decimal, zone: str) -> Any:
        cell.value = value
        return cell

    return write


def _moment(sheet: Any) -> Callable[[Any, str], Any]:
    cell = _formatted(sheet, MOMENT)
    early = _text(sheet)

    def write(value: datetime, zone: str) -> Any:
        if value.year <= FIRST_YEAR:
            return early(value.isoformat(), zone)
        cell.value = to_local(value, zone).replace(tzinfo=None)
        return cell

    return write


def _day(sheet: Any) -> Callable[[Any, str], Any]:
    cell = _formatted(sheet, DAY)
    early = _text(sheet)

    def write(value: date, zone: str) -> Any:
        if value.year <= FIRST_YEAR:
            return early(value.isoformat(), zone)
        cell.value = value
        cell.number_format = DAY  # the library has just put its own there
        return cell

    return write


#: Each makes the writer of one column. Its styled cells are used again in every row: a row is written before the next
#: one begins, and to style a new cell each time takes longer than to write it.
_WRITERS = {"text": _text, "number": _number, "money": _money, "moment": _moment, "day": _day, "flag": _flag}

"""Tables as Excel workbooks: typed cells, no formula of a stranger's, rows written as they come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
#: Excel's own limit of a cell, in UTF-16 units.
MAX_TEXT = 32_767
MOMENT = "yyyy-mm-dd hh:mm:ss"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its width in characters, and what its cells are."""

    title: str
    width: int = 16
    #: Text stays text whatever it looks like; moments are aware and shown in the sheet's zone.
    kind: Literal["text", "number", "moment"] = "text"


def clean_text(text: str) -> str:
    """``text`` as a cell can hold it."""
    text = _ILLEGAL.sub("", text)
    if len(text) * 2 <= MAX_TEXT:
        return text
    return text.encode("utf-16-le")[: MAX_TEXT * 2].decode("utf-16-le", "ignore")


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet could take the text for more than text."""
    return text.startswith(_FORMULA)


def write_sheet(
    target: IO[bytes], title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], zone: str
) -> int:
    """Write one sheet with a frozen header and a filter over it.

    ``rows`` are read one by one and kept nowhere; None is an empty cell. ``zone`` is that of the moments, since a cell
    can hold none.

    :returns: how many rows there were, without the header.
    """
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(clean_text(re.sub(r"[\\/*?:\[\]]", " ", title))[:31])
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    writers = [_WRITERS[column.kind](sheet) for column in columns]
    count = 0
    try:
        sheet.append([_bold(sheet, column.title) for column in columns])
        for row in rows:
            cells = zip(writers, row, strict=True)
            sheet.append([None if value is None else write(value, zone) for write, value in cells])
            count += 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
        book.save(target)
    except BaseException:
        _drop(sheet)
        raise
    return count


def _drop(sheet: Any) -> None:
    """Take away the library's temporary file of a sheet that came to nothing."""
    if not sheet.closed:
        sheet.close()
        sheet._writer.cleanup()


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _text(sheet: Any) -> Callable[[Any, str], Any]:
    quoted = WriteOnlyCell(sheet)
    quoted.quotePrefix = True
    plain = WriteOnlyCell(sheet)

    def write(value: Any, zone: str) -> Any:
        text = clean_text(str(value))
        if not text.startswith((*_FORMULA, "#")):
            return text or None
        cell = quoted if is_formula_like(text) else plain
        cell.value = text
        cell.data_type = "s"  # the library takes "=…" for a formula and "#N/A" for an error
        return cell

    return write


def _number(sheet: Any) -> Callable[[Any, str], Any]:
    return lambda value, zone: value


def _moment(sheet: Any) -> Callable[[Any, str], Any]:
    cell = WriteOnlyCell(sheet)
    cell.number_format = MOMENT

    def write(value: datetime, zone: str) -> Any:
        cell.value = to_local(value, zone).replace(tzinfo=None)
        return cell

    return write


#: Each makes the writer of one column. Its styled cells are used again in every row: a row is written before the next
#: one begins, and to style a new cell each time takes longer than to write it.
_WRITERS = {"text": _text, "number": _number, "moment": _moment}

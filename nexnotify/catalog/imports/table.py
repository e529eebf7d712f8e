"""From a text stream to numbered rows: encodings, quotes, blank rows and rows of the wrong width.

A whole file is read before the first row is given out, so a file that breaks off in the middle imports nothing.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from nexnotify.catalog.imports.rows import RefusedRow, UnreadableFile

#: The longest single cell. Python's own limit, 131,072, is less than an HTML body with an embedded picture.
CELL_LIMIT = 16 * 1024 * 1024
SHOWN = 80
LONGEST_NAME = 255

_WORKBOOK = "This is an Excel workbook; save it as CSV (in Excel: File, Save As, CSV UTF-8) and import that file."


class BadCell(Exception):
    """A cell, or a row, that cannot be used. Never leaves this package: it becomes a `RefusedRow`."""

    def __init__(self, reason: str, column: str | None = None, value: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.value = value

    def on(self, row: Row) -> RefusedRow:
        value = self.value
        if value is not None and len(value) > SHOWN:
            value = value[: SHOWN - 1] + "…"
        return RefusedRow(row.line, self.reason, self.column, value)


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    #: Folded column name → cell, stripped; blank cells are left out.
    cells: Mapping[str, str]
    #: Folded column name → the name as the file spells it; shared by all rows.
    names: Mapping[str, str]

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    def bad(self, column: str, reason: str) -> BadCell:
        return BadCell(reason, self.names.get(column), self.get(column) or None)


@dataclass(frozen=True, slots=True)
class Table:
    #: Folded column name → the name as the file spells it, in the file's order.
    names: Mapping[str, str]
    rows: tuple[Row, ...]
    #: Rows refused for their shape alone.
    refused: tuple[RefusedRow, ...]

    def renamed(self, aliases: Mapping[str, str]) -> Table:
        """The same table with other spellings of a column, where the usual one is missing, under the usual one."""
        usual = {name: aliases[name] for name in self.names if name in aliases and aliases[name] not in self.names}
        if not usual:
            return self
        names = {usual.get(name, name): written for name, written in self.names.items()}
        rows = tuple(
            Row(row.line, {usual.get(name, name): cell for name, cell in row.cells.items()}, names) for row in self.rows
        )
        return Table(names, rows, self.refused)


def fold(name: str) -> str:
    return " ".join(name.split()).casefold()


def read_table(stream: TextIO) -> Table:
    """All rows of `stream`; `UnreadableFile` when it is not a sound CSV file."""
    csv.field_size_limit(max(csv.field_size_limit(), CELL_LIMIT))
    reader = csv.reader(io.StringIO(_read_text(stream), newline=""), strict=True)
    columns: list[str] | None = None
    names: dict[str, str] = {}
    rows: list[Row] = []
    refused: list[RefusedRow] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if columns is None:
                columns, names = _header(stripped)
                continue
            try:
                rows.append(Row(line, _by_column(columns, stripped), names))
            except BadCell as bad:
                refused.append(bad.on(Row(line, {}, names)))
    except csv.Error as error:
        raise UnreadableFile(_broken_quotes(start, error)) from None
    if columns is None:
        raise UnreadableFile("The file is empty; export it again, with its header row.")
    return Table(names, tuple(rows), tuple(refused))


def nearest(name: str, known: list[str]) -> str | None:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None


def refuse_unknown(table: Table, known: list[str]) -> None:
    """For our own forms: a misspelt column is an error, not a column to ignore."""
    for folded, written in table.names.items():
        if folded not in known:
            near = nearest(folded, known)
            hint = f"rename it to “{near}”" if near else "remove it"
            raise UnreadableFile(f"The column “{written}” is not one we know; {hint}. We know {', '.join(known)}.")


def _by_column(columns: list[str], cells: list[str]) -> dict[str, str]:
    for place, cell in enumerate(cells):
        if cell and (place >= len(columns) or not columns[place]):
            raise BadCell(
                f"The row has a value in cell {place + 1}, which has no column name; "
                "put quotation marks around a value that contains a comma.",
                None,
                cell,
            )
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}


def _header(cells: list[str]) -> tuple[list[str], dict[str, str]]:
    filled = [cell for cell in cells if cell]
    if len(filled) == 1:
        for mark, word in ((";", "semicolons"), ("\t", "tabs")):
            if filled[0].count(mark) > 0:
                raise UnreadableFile(f"The columns are separated by {word}; save the file with commas between them.")
    if any(len(cell) > LONGEST_NAME for cell in cells):
        raise UnreadableFile(
            f"A column's name is longer than {LONGEST_NAME} characters; make its first row the header."
        )
    columns = [fold(cell) for cell in cells]
    names: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        if column and column in names:
            raise UnreadableFile(f"The column “{cell}” stands in the header twice; remove or rename one of them.")
        if column:
            names[column] = cell
    return columns, names


def _read_text(stream: TextIO) -> str:
    try:
        text = stream.read()
    except UnicodeDecodeError as error:
        raise UnreadableFile(_not_utf8(error)) from None
    text = text.removeprefix("\ufeff")
    if text.startswith("PK\x03\x04"):
        raise UnreadableFile(_WORKBOOK)
    if "\x00" in text:
        raise UnreadableFile("This is not a text file; save it as CSV UTF-8 and import that file.")
    return text


def _not_utf8(error: UnicodeDecodeError) -> str:
    data = error.object
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _WORKBOOK
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "This file is UTF-16 text, and it is damaged; save it as CSV UTF-8 and import that file."
    line = data.count(b"\n", 0, error.start) + 1
    return (
        f"This file is not UTF-8: line {line} has the byte 0x{data[error.start]:02x}; "
        "save it as CSV UTF-8 and import that file."
    )


def _broken_quotes(line: int, error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return f"A quotation mark opened in the row on line {line} is never closed; close it, or export the file again."
    if "field larger" in str(error):
        return f"A cell in the row on line {line} is longer than {CELL_LIMIT:,} characters; shorten it."
    return (
        f"The row on line {line} has a quotation mark in the wrong place; write quotation marks inside a value "
        'twice ("") and put the value in quotation marks.'
    )

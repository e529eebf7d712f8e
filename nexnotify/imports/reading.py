"""From the bytes of a file to the text that the readers take: CSV as it is, an Excel workbook as if saved as CSV.

A workbook is a zip of XML, which is where surprises live: what it unpacks to is measured before it is unpacked.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from datetime import date, datetime, time
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from openpyxl import load_workbook

from nexnotify.catalog.imports.rows import UnreadableFile
from nexnotify.words import N_

#: What a workbook may unpack to, in bytes.
MAX_UNPACKED = 200_000_000
#: What its cells may come to, in characters: any number of them may name one long text.
MAX_TEXT = 50_000_000
MAX_ROWS, MAX_COLUMNS = 200_000, 500
#: Excel's own last row; a row may say that it is a later one.
LAST_ROW = 1_048_576
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CODED = re.compile("_x([0-9A-Fa-f]{4})_")
_BREAKS = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_DAY_FORMAT = re.compile(r"[hs]", re.IGNORECASE)
#: Bytes that no text has.
_NO_TEXT = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
#: Characters around the first that tells encodings apart.
_AROUND = 30


def open_text(data: bytes, name: str, zone: str) -> TextIO:
    """The file's table as text, its lines being the rows of the file.

    :param zone: of the times in a workbook, which cannot say theirs.
    :raises UnreadableFile: it is no workbook where it says it is one, or one that must not be unpacked.
    """
    if data.startswith(_ZIP):
        return io.StringIO(_workbook(data, zone), newline="")
    if name.casefold().endswith((".xlsx", ".xlsm")) and not data.startswith(_OLD):
        raise UnreadableFile(
            N_(
                "The file is called an Excel workbook, but it is none. Open it with Excel and save it as a workbook (.xlsx) or as CSV UTF-8."
            )
        )
    # Undecodable bytes come up when it is read, and the readers say which they are.
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding_of(data), newline="")


def encoding_of(data: bytes) -> str:
    """A text's encoding: UTF-16 where its first bytes say so, else UTF-8, else Windows-1252, as Western Excel saves CSV."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding if encoding == "utf-8" or not _NO_TEXT.search(data) else "utf-8"
    return "utf-8"


def doubt_about(data: bytes) -> str | None:
    """What to look at in a file whose encoding was guessed, and so might be another; None: it was not."""
    if data.startswith(_ZIP) or encoding_of(data) != "cp1252":
        return None
    text = data.decode("cp1252")
    telling = next(place for place, char in enumerate(text) if not char.isascii())
    before, after = text[max(telling - _AROUND, 0) : telling], text[telling : telling + _AROUND]
    words = re.split("[\r\n]", before)[-1] + re.split("[\r\n]", after)[0]
    return N_(
        "The file is not in UTF-8, so it was read as Windows-1252. Are the letters right in “%(words)s”? If not, save it as CSV UTF-8 and import that file.",
        words=words,
    )


def _workbook(data: bytes, zone: str) -> str:
    _look_inside(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)
        if sheet is None:
            raise UnreadableFile(N_("The workbook has no sheet with cells; the first one that is shown is read."))
        return _as_csv(sheet, ZoneInfo(zone))
    except UnreadableFile:
        raise
    except Exception as error:  # the library has no error of its own for a broken file
        raise UnreadableFile(
            N_("The workbook is damaged and cannot be read. Open it with Excel, save it anew, and import that file.")
        ) from error


def _look_inside(data: bytes) -> None:
    """Refuse what is no workbook, or unpacks to more than it should. Sizes are those that unpacking keeps to."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if "[Content_Types].xml" not in archive.namelist() or not any(
                member.filename.startswith("xl/") for member in members
            ):
                raise UnreadableFile(
                    N_("This is a zip archive, but no Excel workbook; unpack it and import the file inside.")
                )
            if len(members) > 10_000 or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise UnreadableFile(
                    N_(
                        "The workbook unpacks to more than %(max_unpacked)s MB, so it is not read. Delete what is no row of the table, or save the sheet as CSV UTF-8.",
                        max_unpacked=MAX_UNPACKED // 1000000,
                    )
                )
            for member in members:
                if member.flag_bits & 1:
                    raise UnreadableFile(N_("The workbook is locked with a password; save it without one."))
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as part:
                        if b"<!DOCTYPE" in part.read(4096).upper():
                            raise UnreadableFile(N_("The workbook holds what no program that makes workbooks writes."))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError):
        raise UnreadableFile(
            N_("The workbook is damaged: it was cut off or changed on its way. Save it again.")
        ) from None


def _as_csv(sheet: Any, zone: ZoneInfo) -> str:
    sheet.reset_dimensions()  # a sheet may claim any size; its cells say what there is
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > LAST_ROW:
            raise UnreadableFile(
                N_("The sheet says that it has more rows than a sheet can. Open it with Excel, save it anew.")
            )
        cells, length = [], text.tell()
        for cell in row:
            cells.append(_cell(cell, zone))
            length += len(cells[-1])
            if length > MAX_TEXT:
                raise UnreadableFile(
                    N_("The cells of the sheet hold more text than can be read; split it and import the parts.")
                )
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise UnreadableFile(
                N_(
                    "Row %(number)s has more than %(max_columns)s cells; delete what does not belong to the table.",
                    number=number,
                    max_columns=MAX_COLUMNS,
                )
            )
        if number > MAX_ROWS and cells:
            raise UnreadableFile(
                N_(
                    "The sheet has more than %(max_rows)s rows; split it and import the parts.",
                    max_rows=f"{MAX_ROWS:,}",
                )
            )
        if number <= MAX_ROWS:
            writer.writerow(cells)
    return text.getvalue()


def _cell(cell: Any, zone: ZoneInfo) -> str:
    """A cell as it would be typed into a CSV: one line, moments with their zone."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.time() == time() and not _DAY_FORMAT.search(cell.number_format or ""):
            return value.date().isoformat()
        return value.replace(microsecond=0, tzinfo=zone).isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    decoded = _CODED.sub(lambda found: chr(int(found[1], 16)), str(value))
    if decoded != value:  # halves of a character may have been written so, and what no text holds
        decoded = decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
    return _BREAKS.sub(" ", decoded)

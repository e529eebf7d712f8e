"""Files as merchants upload them, before anything of them is saved: workbooks, strange encodings, and traps."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from nexnotify.catalog.imports import read_products, read_stock
from nexnotify.catalog.imports.rows import RefusedRow, UnreadableFile
from nexnotify.customers.imports import FieldRule, read_customers
from nexnotify.imports.reading import MAX_COLUMNS, doubt_about, open_text
from nexnotify.waitlist.imports import ParsedRequest, read_requests

FIELDS = (FieldRule("I would like to receive SMS messages", "yes_no", (), True),)


def sheet(*rows: tuple[Any, ...]) -> bytes:
    """A workbook with these rows."""
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def customers(data: bytes, name: str = "people.csv") -> list[Any]:
    """The customers in a file."""
    return list(read_customers(open_text(data, name, "America/New_York"), country="US", fields=FIELDS))


def text(*rows: tuple[Any, ...], zone: str = "America/New_York") -> str:
    """A workbook as the readers get it."""
    return open_text(sheet(*rows), "x.xlsx", zone).read().replace("\r\n", "\n")


SHEET = "xl/worksheets/sheet1.xml"


def parts_of(workbook: bytes) -> dict[str, bytes]:
    """The files in a workbook."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    """A workbook of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def bomb() -> bytes:
    """A workbook of a few kilobytes that unpacks to more than a disk wants."""
    file = io.BytesIO(sheet(("id",)))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/extra.xml", "w") as part:
        for _ in range(201):
            part.write(b"0" * 1_000_000)
    return file.getvalue()


def entities() -> bytes:
    """A workbook whose sheet defines words that stand for a thousand others."""
    parts = parts_of(sheet(("id",)))
    parts[SHEET] = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + parts[SHEET]
    return packed(parts)


def row_of_the_far_end() -> bytes:
    """A workbook of two rows, the second of which says that it is the ten thousand millionth."""
    parts = parts_of(sheet(("id",), ("c1",)))
    parts[SHEET] = parts[SHEET].replace(b'<row r="2"', b'<row r="9999999999"').replace(b'r="A2"', b'r="A9999999999"')
    return packed(parts)


def one_text_in_every_cell() -> bytes:
    """A workbook of a few kilobytes whose cells all name one long text."""
    parts = parts_of(sheet(("id", "first_name"), *((f"c{n}", "long") for n in range(30))))
    parts[SHEET] = parts[SHEET].replace(b't="inlineStr"><is><t>long</t></is>', b't="s"><v>0</v>')
    parts["xl/sharedStrings.xml"] = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%b</t></si></sst>'
        % (b"x" * 2_000_000)
    )
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"</Types>", b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b" /></Types>' % kind
    )
    return packed(parts)


def plain_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("people.csv", "id\nc1\n")
    return file.getvalue()


@pytest.mark.parametrize(
    "name,data,answer",
    [
        ("people.xlsx", b"id,email\nc1,ann@mail.example\n", "called an Excel workbook, but it is none"),
        ("people.xlsx", b"<html>no</html>", "called an Excel workbook, but it is none"),
        ("people.xlsx", sheet(("id",), ("c1",))[:-40], "damaged"),
        ("people.xlsx", b"PK\x03\x04" + b"x" * 500, "damaged"),
        ("people.zip", plain_zip(), "zip archive, but no Excel workbook"),
        ("people.xlsx", bomb(), "unpacks to more than 200 MB"),
        ("people.xlsx", entities(), "no program that makes workbooks writes"),
        ("people.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "save it as CSV"),
        ("people.csv", "id,email\nc1,ann@mail.example\n".encode("utf-16")[:-1], "UTF-16"),
        ("people.csv", b"id,first_name\nc1,Zo\x81\n", "not UTF-8: line 2 has the byte 0x81"),
        ("people.csv", b"id,first_name\nc1,Zo\xeb\x02\n", "not UTF-8: line 2 has the byte 0xeb"),
        ("people.csv", b"id," + b"x" * 300 + b"\nc1,Ann\n", "longer than 255 characters"),
        ("people.xlsx", row_of_the_far_end(), "more rows than a sheet can"),
        ("people.xlsx", one_text_in_every_cell(), "more text than can be read"),
        ("people.csv", b"id;email\nc1;ann@mail.example\n", "semicolons"),
        ("people.csv", b"name,emial\nAnn,x\n", "needs the column id"),
        ("people.csv", b"id,emial\nc1,x\n", "rename it to “email”"),
        ("people.csv", b'id,email\nc1,"x\n', "never closed"),
        ("people.csv", bytes(range(256)), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_clear_answer(name: str, data: bytes, answer: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        customers(data, name)
    assert answer in refused.value.message
    assert refused.value.message.endswith(".")


def test_a_byte_order_mark_is_no_trouble() -> None:
    [ann] = customers(b"\xef\xbb\xbfid,email\nc1,ann@mail.example\n")
    assert (ann.data.id, ann.line) == ("c1", 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_read_in_the_encodings_that_spreadsheets_save_it_in(encoding: str) -> None:
    data = "id,first_name\r\nc1,Zoë\r\n".encode(encoding)
    [zoe] = customers(data)
    assert (zoe.data.first_name, zoe.line) == ("Zoë", 2)
    doubt = doubt_about(data)
    assert (doubt is not None and "“c1,Zoë”" in doubt) is (encoding == "cp1252"), "only there it was a guess"


def test_characters_that_no_text_holds_do_not_stand_in_the_way() -> None:
    """A workbook can write any of them by their numbers: an emoji in two halves, one half alone, and NUL."""
    assert text(("_xD83D__xDE00_", "A_xD800_", "B_x0000_")) == "\U0001f600,A\ufffd,B\n"


def test_cells_are_read_as_they_look() -> None:
    assert text(("a", "b"), (1001, 42.5), (42.0, True), (False, "_x005F_x0041_")) == (
        "a,b\n1001,42.5\n42,true\nfalse,_x0041_\n"
    )
    assert text((date(2026, 1, 31), datetime(2026, 7, 1, 10, 30))) == "2026-01-31,2026-07-01T10:30:00-04:00\n"
    assert text(("a,b", 'say "x"')) == '"a,b","say ""x"""\n'


def test_the_lines_of_the_text_are_the_rows_of_the_sheet() -> None:
    assert text(("a",), (), ("two\nlines\r\nand more",), ("d",)).split("\n") == ["a", "", "two lines and more", "d", ""]


def test_a_sheet_that_claims_to_be_endless_is_as_long_as_its_cells() -> None:
    parts = parts_of(sheet(("id",), ("c1",)))
    assert b'<dimension ref="A1:A2"' in parts[SHEET]
    parts[SHEET] = parts[SHEET].replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"')
    assert [item.data.id for item in customers(packed(parts), "x.xlsx")] == ["c1"]


def test_a_row_of_very_many_cells_is_refused() -> None:
    with pytest.raises(UnreadableFile, match=f"Row 1 has more than {MAX_COLUMNS} cells"):
        text(tuple(f"c{n}" for n in range(MAX_COLUMNS + 1)))


# --- people who wait -----------------------------------------------------------------------------------------------------


def requests(row: str) -> list[Any]:
    """The requests in a file with this row."""
    head = "sku,phone,email,first_name,consent,asked_at\n"
    return list(read_requests(open_text((head + row + "\n").encode(), "x.csv", "UTC"), country="US"))


def test_a_request_may_be_on_both_channels() -> None:
    [found] = requests("TEE-M,(201) 555-0123,ANN@mail.example,  Ann ,Yes,2026-01-05T10:00:00Z")
    assert isinstance(found, ParsedRequest)
    assert found.addresses == {"sms": "+12015550123", "email": "ann@mail.example"}
    assert (found.sku, found.first_name, found.line) == ("TEE-M", "Ann", 2)
    assert found.asked_at is not None
    assert found.asked_at.isoformat() == "2026-01-05T10:00:00+00:00"


@pytest.mark.parametrize(
    "row,reason",
    [
        ("TEE-M,2015550123,,Ann,,", "Write yes where this person agreed"),
        ("TEE-M,2015550123,,Ann,no,", "Write yes where this person agreed"),
        ("TEE-M,12,,Ann,yes,", "number"),
        ("TEE-M,,not-an-email,Ann,,", "email"),
        ("TEE-M,,,Ann,yes,", "Fill in a number or an email address."),
        (",2015550123,,Ann,yes,", "Fill in the SKU or the variant id"),
        ("TEE-M,2015550123,,Win at shop.example,yes,", "without a link"),
        ("TEE-M,2015550123,,Ann,yes,yesterday", "Write the time as in"),
    ],
)
def test_a_request_that_cannot_be_kept_says_why(row: str, reason: str) -> None:
    [refused] = requests(row)
    assert isinstance(refused, RefusedRow)
    assert reason in refused.reason


def test_an_email_alone_needs_no_consent_to_texts() -> None:
    [found] = requests("TEE-M,,ann@mail.example,,,")
    assert found.addresses == {"email": "ann@mail.example"}


def test_a_workbook_is_read_by_every_reader() -> None:
    stock = open_text(sheet(("sku", "on_hand"), ("TEE-M", 5)), "x.xlsx", "UTC")
    assert [(level.sku, level.on_hand) for level in read_stock(stock) if not isinstance(level, RefusedRow)] == [
        ("TEE-M", 5)
    ]
    rows = sheet(("product_id", "title", "sku", "price", "published"), ("tee", "Tee", "TEE-M", 20.5, True))
    [tee] = read_products(open_text(rows, "x.xlsx", "UTC"), currency="USD")
    assert not isinstance(tee, RefusedRow)
    assert (tee.published, str(tee.variants[0].price)) == (True, "20.5")

"""A workbook holds what was written into it, and never a stranger's formula."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from nexnotify.reports import xlsx
from nexnotify.reports.xlsx import MAX_TEXT, Column, Sheet, clean_text, write_book

TEXT = (Column("Text", 30),)


def read_back(columns: tuple[Column, ...], *rows: tuple[Any, ...], zone: str = "UTC", title: str = "Sheet") -> Any:
    """The sheet that was written, as another program reads it."""
    file = io.BytesIO()
    assert write_book(file, [Sheet(title, columns, iter(rows))], zone) == [len(rows)]
    file.seek(0)
    return load_workbook(file).active


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=HYPERLINK(0)",
        "+1 201 555 0123",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "=",
        "#N/A",
        "#1 fan",
        "0123",
        "1e5",
        "TRUE",
    ],
)
def test_what_looks_like_a_formula_or_a_number_stays_text(text: str) -> None:
    cell = read_back(TEXT, (text,))["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix is text.startswith(("=", "+", "-", "@", "\t"))


def test_a_carriage_return_before_a_formula_does_not_wake_it() -> None:
    cell = read_back(TEXT, ("\r=1+1",))["A2"]
    assert cell.value.strip() == "=1+1"
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


@pytest.mark.parametrize("text", ["قميص أزرق", "ماء = H2O", "👩🏽‍🚀🧵", "<b>&amp;</b>", "  two  ", "a\nb", "Ø" * 300])
def test_every_script_comes_back_as_it_was(text: str) -> None:
    assert read_back(TEXT, (text,))["A2"].value == text


@pytest.mark.parametrize("text, kept", [("a\x00b\x1f", "ab"), ("\x0b", None), ("\ud800x", "x"), ("x\uffff\ufffe", "x")])
def test_what_no_workbook_can_hold_is_left_out(text: str, kept: str | None) -> None:
    assert read_back(TEXT, (text,))["A2"].value == kept


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50))
def test_no_text_ever_becomes_a_formula(text: str) -> None:
    cell = read_back(TEXT, (text,))["A2"]
    assert cell.data_type in ("s", "n")
    assert cell.value is None or isinstance(cell.value, str)


def test_a_text_longer_than_a_cell_is_cut_between_two_characters() -> None:
    assert clean_text("x" * 40_000) == "x" * MAX_TEXT
    assert clean_text("🧵" * 20_000) == "🧵" * (MAX_TEXT // 2)


def test_numbers_are_numbers_and_moments_are_dates_of_the_zone() -> None:
    columns = (Column("Count", 8, "number"), Column("At", 19, "moment"), Column("Nothing", 8, "moment"))
    sheet = read_back(columns, (7, datetime(2026, 7, 1, 2, 30, tzinfo=UTC), None), zone="America/New_York")
    number, moment, nothing = sheet[2]
    assert (number.value, number.data_type) == (7, "n")
    assert (moment.value, moment.is_date) == (datetime(2026, 6, 30, 22, 30), True)
    assert nothing.value is None


def decoded(text: str) -> str:
    """A text of a workbook as Excel shows it: _xHHHH_ is the character of that number (ECMA-376, ST_Xstring)."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize(
    "text", ["_x0041_", "a _x000D_ b", "__x0041__x0042_", "_x005F_x0041_", "=_x0041_", "_x41_", "_"]
)
def test_what_looks_like_a_character_written_by_its_number_comes_back_as_typed(text: str) -> None:
    assert decoded(read_back(TEXT, (text,))["A2"].value) == text


def test_money_days_and_flags_have_their_own_kinds_of_cell() -> None:
    columns = (Column("Total", 8, "money"), Column("Day", 8, "day"), Column("Yes", 8, "flag"), Column("No", 8, "flag"))
    sheet = read_back(columns, (Decimal("1299.5"), date(2026, 1, 31), True, False), (None, date(33, 4, 3), None, None))
    total, day, yes, no = sheet[2]
    assert (total.value, total.number_format) == (1299.5, "0.00##")
    assert (day.value, day.is_date, day.number_format) == (datetime(2026, 1, 31), True, "yyyy-mm-dd")
    assert [(cell.value, cell.data_type) for cell in (yes, no)] == [(True, "b"), (False, "b")]
    assert [cell.value for cell in sheet[3]] == [None, "0033-04-03", None, None]


def test_a_table_longer_than_a_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 4)
    file = io.BytesIO()
    rows = [(f"row {number}",) for number in range(7)]
    assert write_book(file, [Sheet("Long", TEXT, rows), Sheet("Other", TEXT, [("x",)])], "UTC") == [7, 1]
    book = load_workbook(file)
    assert book.sheetnames == ["Long", "Long 2", "Long 3", "Other"]
    found = [row[0] for name in book.sheetnames for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert found == [row[0] for row in rows] + ["x"]


@pytest.mark.parametrize("title", ["=1+1", "_x0041_", "x" * 40_000])
def test_a_title_that_a_merchant_chose_is_a_text_too(title: str) -> None:
    cell = read_back((Column(title),), ("x",))["A1"]
    assert (decoded(cell.value), cell.data_type) == (title[:MAX_TEXT], "s")


def test_the_header_stays_in_sight_and_filters() -> None:
    sheet = read_back((Column("A", 12), Column("B", 40)), ("1", "2"), ("3", "4"), title="Who/what: [all]?")
    assert [cell.value for cell in sheet[1]] == ["A", "B"]
    assert sheet["A1"].font.bold
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")
    assert [sheet.column_dimensions[letter].width for letter in "AB"] == [12, 40]
    assert not set("/\\*?:[]") & set(sheet.title)


def test_rows_are_written_while_they_come_and_an_end_in_the_middle_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows() -> Iterator[tuple[str]]:
        for number in range(20_000):
            yield (f"row {number}",)
        # What was told so far lies in the library's file already, not in memory.
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) > 100_000
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError):
        write_book(io.BytesIO(), [Sheet("Sheet", TEXT, rows())], "UTC")
    assert list(tmp_path.iterdir()) == []

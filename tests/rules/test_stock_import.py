"""A stock file says which variant, where and how many; a blank is never taken for a number."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nexnotify.catalog.imports import ABSENT, ParsedLevel, RefusedRow, UnreadableFile, read_stock

HEADER = "sku,variant_id,location,on_hand,committed,safety_stock,as_of\n"


def parse(text):
    found = list(read_stock(io.StringIO(text, newline="")))
    return [x for x in found if isinstance(x, ParsedLevel)], [x for x in found if isinstance(x, RefusedRow)]


def test_a_row_says_everything_a_level_has():
    levels, refused = parse(HEADER + "TEE-M,tee-m,main,5,1,2,2026-01-05T12:00:00+02:00\n")
    assert refused == []
    assert levels == [ParsedLevel("TEE-M", "tee-m", "main", 5, 1, 2, datetime(2026, 1, 5, 10, tzinfo=UTC), 2)]


def test_what_a_row_leaves_out_is_left_alone():
    levels, _ = parse("sku,on_hand\nTEE-M,5\n")
    assert levels == [ParsedLevel("TEE-M", None, None, 5, ABSENT, ABSENT, None, 2)]
    assert parse(HEADER + "TEE-M,,,5,,,\n")[0] == levels


@pytest.mark.parametrize("word", ["unlimited", "Unlimited", " UNLIMITED "])
def test_only_the_word_unlimited_means_unlimited(word):
    assert parse(f"variant_id,on_hand\ntee-m,{word}\n")[0][0].on_hand is None


def test_a_blank_on_hand_is_refused_rather_than_taken_for_none_or_unlimited():
    levels, refused = parse("sku,on_hand\nA,\nB,0\n")
    assert [level.on_hand for level in levels] == [0]
    assert [(row.line, row.column, row.value) for row in refused] == [(2, "on_hand", None)]
    assert "unlimited" in refused[0].reason


@pytest.mark.parametrize(
    "column,value",
    [
        ("on_hand", "1.5"),
        ("on_hand", "1.000"),
        ("on_hand", "none"),
        ("on_hand", "3000000000"),
        ("committed", "-1"),
        ("committed", "unlimited"),
        ("safety_stock", "-1"),
        ("safety_stock", "x"),
        ("as_of", "yesterday"),
        ("as_of", "2026-01-05T10:00:00"),
        ("as_of", "2026-01-05"),
        ("as_of", "0001-01-01T00:00:00+14:00"),
        ("sku", "1.2E+12"),
    ],
)
def test_a_bad_cell_refuses_its_row_alone(column, value):
    row = {
        "sku": "A",
        "variant_id": "",
        "location": "",
        "on_hand": "1",
        "committed": "",
        "safety_stock": "",
        "as_of": "",
    }
    row[column] = value
    levels, refused = parse(HEADER + ",".join(row.values()) + "\nB,,,2,,,\n")
    assert [level.sku for level in levels] == ["B"]
    assert [(one.line, one.column, one.value) for one in refused] == [(2, column, value)]


def test_on_hand_may_be_below_zero_when_a_shop_has_oversold():
    assert parse("sku,on_hand\nA,-3\n")[0][0].on_hand == -3


def test_a_row_that_names_no_variant_is_refused():
    _, refused = parse(HEADER + ",,main,5,,,\n")
    assert [(row.line, row.column) for row in refused] == [(2, "sku")]


def test_the_same_level_twice_is_refused_but_two_places_or_two_times_are_not():
    levels, refused = parse("sku,location,on_hand,as_of\nA,x,1,\nA,y,1,\nA,x,2,\nA,x,3,2026-01-05T10:00:00Z\n")
    assert [level.on_hand for level in levels] == [1, 1, 3]
    assert [row.line for row in refused] == [4]


def test_levels_and_refusals_come_in_the_order_of_the_file_and_blank_rows_are_skipped():
    found = list(
        read_stock(io.StringIO("\ufeffsku,on_hand\r\nA,1\r\n\r\n,,\r\nB,x\r\nC,1,extra\r\nD,2\r\n", newline=""))
    )
    assert [(type(one), one.line) for one in found] == [
        (ParsedLevel, 2),
        (RefusedRow, 5),
        (RefusedRow, 6),
        (ParsedLevel, 7),
    ]


@pytest.mark.parametrize(
    "text,words",
    [
        ("sku,location\n", "lacks on_hand"),
        ("location,on_hand\n", "lacks sku or variant_id"),
        ("sku,on_hand,safty_stock\n", "rename it to “safety_stock”"),
        ("Handle,Title,Variant Price\n", "looks like a product file"),
        ("", "empty"),
        ("sku\ton_hand\n", "tabs"),
    ],
)
def test_a_file_that_is_not_a_stock_file_says_so_at_once(text, words):
    with pytest.raises(UnreadableFile) as caught:
        read_stock(io.StringIO(text))
    assert words in str(caught.value)


def test_the_example_in_the_documentation_is_read_whole():
    page = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
    example = next(part.split("```")[0] for part in page.split("```csv\n")[1:] if part.startswith("sku"))
    levels, refused = parse(example)
    assert ([level.on_hand for level in levels], refused) == ([5, None], [])

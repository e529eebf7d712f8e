"""Customer files: our own columns and Shopify's, good rows kept and bad ones named."""

from __future__ import annotations

import io
from typing import Any

import pytest

from nexnotify.catalog.imports.rows import ABSENT, RefusedRow, UnreadableFile
from nexnotify.customers.imports import FieldRule, ParsedCustomer, read_customers

OPT_IN = FieldRule("I would like to receive SMS messages", "yes_no", (), True)
FIELDS = (OPT_IN, FieldRule("Shoe size", "number", (), False), FieldRule("Tier", "choice", ("Gold", "Blue"), False))


def read(text: str, country: str = "US") -> tuple[list[Any], list[RefusedRow]]:
    rows = list(read_customers(io.StringIO(text), country=country, fields=FIELDS))
    good = [row.data for row in rows if isinstance(row, ParsedCustomer)]
    return good, [row for row in rows if isinstance(row, RefusedRow)]


def test_our_own_columns_with_a_column_for_each_field() -> None:
    good, refused = read(
        "ID,First_Name,last_name,email,phone,field:Shoe Size,field:Tier,field:I would like to receive SMS messages\n"
        "c1,Ann,Lee,ANN@Shop.example,(201) 555-0123,42.5,gold,yes\n"
        "c2,,,,,,,\n"
    )
    assert refused == []
    ann, nobody = good
    assert (ann.id, ann.first_name, ann.last_name) == ("c1", "Ann", "Lee")
    assert (ann.email, ann.phone) == ("ann@shop.example", "+12015550123")
    assert ann.fields == {"Shoe size": 42.5, "Tier": "Gold", OPT_IN.name: True}
    assert (nobody.first_name, nobody.phone, nobody.fields) == (ABSENT, ABSENT, {}), "a blank cell changes nothing"


def test_a_shopify_customer_export_as_it_is() -> None:
    good, refused = read(
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Phone,"
        "Accepts SMS Marketing,Total Spent,Note\n"
        "'6940095564848,Ann,Lee,ann@shop.example,yes,,'+12015550123,yes,0.00,\n"
        "'6940095564849,Ben,,,no,,,no,0.00,likes <b>tea</b>\n"
    )
    assert refused == []
    assert [(row.id, row.phone) for row in good] == [("6940095564848", "+12015550123"), ("6940095564849", ABSENT)]
    assert [row.fields for row in good] == [{OPT_IN.name: True}, {OPT_IN.name: False}]


def test_a_national_number_is_read_in_the_stores_country() -> None:
    assert read("id,phone\nc1,07400 123456\n", "GB")[0][0].phone == "+447400123456"
    assert read("id,phone\nc1,07400 123456\n", "US")[1][0].column == "phone"


@pytest.mark.parametrize(
    "row, column, says",
    [
        (",Ann,ann@shop.example,,,", "id", "Fill in"),
        ("c1," + "W" * 256 + ",,,,", "first_name", "255"),
        ("c1,Ann,ann-at-shop,,,", "email", "email"),
        ("c1,Ann,,12,,", "phone", "number"),
        ("c1,Ann,,,big,", "field:Shoe size", "number"),
        ("c1,Ann,,,,Silver", "field:Tier", "Gold, Blue"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_kept(row: str, column: str, says: str) -> None:
    good, refused = read(f"id,first_name,email,phone,field:Shoe size,field:Tier\n{row}\nc9,Ben,,,,\n")
    assert [item.id for item in good] == ["c9"]
    assert [(item.line, item.column) for item in refused] == [(2, column)]
    assert says in refused[0].reason


@pytest.mark.parametrize("row", ["c1,,", "c2,ANN@shop.example,", "c2,,2015550123"])
def test_what_stands_in_the_file_twice_is_refused_the_second_time(row: str) -> None:
    good, refused = read(f"id,email,phone\nc1,ann@shop.example,+12015550123\n{row}\n")
    assert [item.id for item in good] == ["c1"]
    assert "Line 2" in refused[0].reason


@pytest.mark.parametrize(
    "header, says",
    [
        ("name,phone", "column id"),
        ("id,frist_name", "first_name"),
        ("id,field:Shoe siez", "nearest is “Shoe size”"),
        ("", "empty"),
    ],
)
def test_a_file_of_other_columns_is_refused_whole(header: str, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        read(f"{header}\n")

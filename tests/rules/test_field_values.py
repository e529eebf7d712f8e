"""A custom field takes what its type says, and says what to write instead."""

from __future__ import annotations

import pytest

from nexnotify.customers.field_values import BadValue, fold, no_such_field, opt_in_step, read_value

SIZES = ("Small", "Very large", "ẞ")


@pytest.mark.parametrize(
    "type_, raw, kept",
    [
        ("yes_no", True, True),
        ("yes_no", False, False),
        ("yes_no", "Yes", True),
        ("yes_no", " NO ", False),
        ("yes_no", "1", True),
        ("yes_no", "0", False),
        ("text", "  Ann’s 👩🏽‍🚀 <b>\u202eعتيقة ", "Ann’s 👩🏽‍🚀 <b>\u202eعتيقة"),
        ("text", "x" * 2000, "x" * 2000),
        ("number", 12, 12),
        ("number", "12", 12),
        ("number", 19.9, 19.9),
        ("number", "-0.5", -0.5),
        ("number", "12.0", 12),
        ("choice", "Small", "Small"),
        ("choice", "very  LARGE", "Very large"),
        ("date", "2026-02-28", "2026-02-28"),
        *(
            (type_, empty, None)
            for type_ in ("yes_no", "text", "number", "choice", "date")
            for empty in (None, "", "  ")
        ),
    ],
)
def test_a_value_of_the_type_is_kept(type_: str, raw: object, kept: object) -> None:
    value = read_value(type_, SIZES, raw)
    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    "type_, raw, says",
    [
        ("yes_no", "maybe", "true or false"),
        ("yes_no", 1, "true or false"),
        ("yes_no", [True], "true or false"),
        ("text", 12, "text"),
        ("text", "x" * 2001, "2,000"),
        ("text", "a\0b", "NUL"),
        ("number", True, "number"),
        ("number", "twelve", "number"),
        ("number", "1,5", "number"),
        ("number", float("nan"), "number below"),
        ("number", "1e400", "number below"),
        ("number", 10**12, "number below"),
        ("number", "0.0000001", "6 digits"),
        ("choice", "Medium", "Small, Very large"),
        ("choice", 1, "Small"),
        ("date", "2026-02-29", "2026-01-31"),
        ("date", "29.02.2028", "2026-01-31"),
        ("date", "20260131", "2026-01-31"),
        ("date", "٢٠٢٦-٠١-٣١", "2026-01-31"),
        ("date", 20260131, "2026-01-31"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_to_write(type_: str, raw: object, says: str) -> None:
    with pytest.raises(BadValue, match=says):
        read_value(type_, SIZES, raw)


def test_names_are_compared_without_case_and_spaces() -> None:
    assert fold("  Shoe   SIZE ") == fold("shoe size")
    assert fold("Shoe size") != fold("Shoe sizes")


def test_an_unknown_field_is_told_with_the_nearest_name() -> None:
    words = no_such_field("I would like to recieve SMS", ["Shoe size", "I would like to receive SMS messages"])
    assert "“I would like to recieve SMS”" in words
    assert "nearest is “I would like to receive SMS messages”" in words
    assert "nearest" not in no_such_field("Shoe size", [])


@pytest.mark.parametrize(
    "last, wanted, writes",
    [
        (None, True, "granted"),
        (None, False, None),  # who never agreed has nothing to take back
        ("granted", True, None),
        ("granted", False, "revoked"),
        ("revoked", True, "granted"),
        ("revoked", False, None),
    ],
)
def test_the_opt_in_field_writes_only_what_is_news(last: str | None, wanted: bool, writes: str | None) -> None:
    assert opt_in_step(last, wanted) == writes

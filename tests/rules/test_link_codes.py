"""The codes of short links."""

from __future__ import annotations

import re

from nexnotify.ledger.links import LENGTH, new_codes


def test_codes_are_made_of_letters_and_digits_and_hardly_ever_alike() -> None:
    codes = new_codes(5000)
    assert len(set(codes)) == 5000
    assert all(re.fullmatch(rf"[0-9A-Za-z]{{{LENGTH}}}", code) for code in codes)
    assert len(set("".join(codes))) == 62


def test_no_codes_are_none() -> None:
    assert new_codes(0) == []

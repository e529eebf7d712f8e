"""The widget stays small and harmless, and speaks every language whole."""

import gzip
import re
from pathlib import Path

import pytest

from nexnotify.content.countries import country_names, dial_codes, with_dial_code
from nexnotify.content.disclosure import disclosure
from nexnotify.content.widget_texts import ENGLISH, LANGUAGES, Language
from nexnotify.phone import to_e164

SCRIPT = Path(__file__).resolve().parents[2] / "static" / "widget" / "v1" / "nexnotify.js"
TRACK = SCRIPT.with_name("track.js")
#: What a shop gives for counting.
MOST_TO_COUNT = 3_500
#: The goal is 10,000 bytes; above this a shop would begin to notice.
MOST = 12_000
FORBIDDEN = r"\binnerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.cookie\b|localStorage|sessionStorage|indexedDB|\bimport\b|\.style\b"


def test_the_script_is_small() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < MOST


def test_the_code_that_counts_is_small_and_parses_no_markup() -> None:
    """It may keep one word in the browser, after a yes; all else that the widget may not do, it may not either."""
    text = TRACK.read_text()
    assert len(gzip.compress(text.encode(), 9)) < MOST_TO_COUNT
    assert set(re.findall(FORBIDDEN, text)) == {"localStorage"}


def test_it_parses_no_markup_stores_nothing_and_needs_nothing() -> None:
    assert re.findall(FORBIDDEN, SCRIPT.read_text()) == []


def test_every_word_it_uses_is_in_the_catalogue() -> None:
    script = SCRIPT.read_text()
    used = set(re.findall(r"\bt\.(\w+)", script)) | set(re.findall(r'"(err_\w+|done_\w+|sending|submit)"', script))
    assert used <= set(ENGLISH.texts)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_a_language_has_every_word_with_the_same_gaps(language: Language) -> None:
    def gaps(text: str) -> set[str]:
        return set(re.findall(r"\{\w+\}", text))

    assert set(language.texts) == set(ENGLISH.texts)
    assert all(text.strip() for text in language.texts.values())
    assert {name: gaps(text) for name, text in language.texts.items()} == {
        name: gaps(text) for name, text in ENGLISH.texts.items()
    }
    wording = disclosure("Acme", language.code)
    assert all(word in wording for word in ("Acme", "STOP", "HELP"))
    assert language is ENGLISH or wording != disclosure("Acme")


def test_a_store_s_name_is_no_pattern() -> None:
    assert "{store} & Co" in disclosure("{store} & Co")


def test_every_country_has_a_dial_code_and_a_name() -> None:
    assert len(dial_codes()) > 200
    assert all(code > 0 for code in dial_codes().values())
    assert country_names("de")["AT"] == "Österreich"
    assert country_names("en")["US"] == "United States"
    assert set(country_names("en")) == set(dial_codes())


@pytest.mark.parametrize(
    "typed,region,number",
    [
        ("(201) 555-0123", "US", "+12015550123"),
        ("1 201 555 0123", "US", "+12015550123"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("07400 123456", "GB", "+447400123456"),
        ("06 20 123 4567", "HU", "+36201234567"),
        ("8 912 345 67 89", "RU", "+79123456789"),
        ("+49 151 23456789", "US", "+4915123456789"),
        ("0049 151 23456789", "GB", "+4915123456789"),
        ("333 1234567", "IT", "+393331234567"),
    ],
)
def test_a_national_number_beside_its_country_is_that_country_s(typed: str, region: str, number: str) -> None:
    assert to_e164(with_dial_code(typed, region), "US") == number

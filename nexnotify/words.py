"""Sentences for people that are made far from the page: English everywhere, in the reader's language once on a page.

``N_`` marks a sentence for the catalogues (``make translations`` finds it) and keeps its pattern and values beside the
English. Programs, logs and the API read it as the plain English text it is; a template or a form that shows it asks
``__html__``, and that asks the language of whoever looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import escape


class Phrase(str):
    """An English text that can be said in another language where it is shown."""

    pattern: str
    values: dict[str, Any]
    #: It stands within a sentence: small in English, as it is in languages that write nouns large.
    is_within: bool

    def __new__(cls, pattern: str, values: dict[str, Any] | None = None, is_within: bool = False) -> Phrase:
        english = pattern % values if values else pattern
        phrase = super().__new__(cls, english.lower() if is_within else english)
        phrase.pattern, phrase.values, phrase.is_within = pattern, values or {}, is_within
        return phrase

    def __str__(self) -> str:
        # An exception's text stays a phrase: str(error) is this very object.
        return self

    def __html__(self) -> str:
        return str(escape(translated(self)))

    def __add__(self, other: str) -> Phrase:
        return Phrase("%(first)s%(then)s", {"first": self, "then": other})

    def __radd__(self, other: str) -> Phrase:
        return Phrase("%(first)s%(then)s", {"first": other, "then": self})

    def lower(self) -> Phrase:
        return Phrase(self.pattern, self.values, is_within=True)

    def __mod__(self, values: Any) -> str:
        # WTForms fills its own values into the words of a validator.
        return Phrase(self.pattern, {**self.values, **values}) if isinstance(values, dict) else super().__mod__(values)


def N_(pattern: str, /, **values: Any) -> str:
    """Mark English words for translation.

    :param pattern: a text constant; with ``values``, these stand in it as ``%(name)s``.
    :returns: the English, as a :class:`Phrase`.
    """
    return Phrase(pattern, values)


def _english(text: str) -> str:
    return text


_look_up: Callable[[str], str] = _english


def set_catalogue(look_up: Callable[[str], str]) -> None:
    """Say who knows the words of other languages; until then, all is English."""
    global _look_up
    _look_up = look_up


def translated(text: str) -> str:
    """The text in the language of whoever looks; English where nobody does, or the catalogue lacks it."""
    if not text:
        return text
    if not isinstance(text, Phrase):
        return _look_up(text)
    pattern = _look_up(text.pattern)
    values = {name: translated(value) if isinstance(value, Phrase) else value for name, value in text.values.items()}
    words = pattern % values if values else pattern
    return words.lower() if text.is_within and pattern == text.pattern else words

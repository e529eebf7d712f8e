"""What ``[[scarcity]]`` says where it is so, in the language of the store's templates."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {"en": "Limited quantities", "de": "Nur noch wenige da"}
#: All of them: what a text may have to take back when it goes.
PHRASES: Final = tuple(_WORDS.values())


def scarcity_words(locale: str) -> str:
    """The words for a store of this locale."""
    return _WORDS.get(locale.partition("-")[0].partition("_")[0], _WORDS["en"])

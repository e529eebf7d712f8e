"""RULE: how a text names several products and stays short: as many titles as fit, then how many more there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

#: A text that serves several products names no more of them than fit into so many segments.
MOST_SEGMENTS: Final = 2
#: Titles that are named at most, also in an email.
MOST_TITLES: Final = 50
#: Language → several named and more left, all named, none named.
_WORDS: Final = {
    "en": ("{named} and {more} more", "{named} and {last}", "{more} products"),
    "de": ("{named} und {more} weitere", "{named} und {last}", "{more} Produkte"),
}


def title_words(titles: Sequence[str], named: int, locale: str) -> str:
    """The first ``named`` titles as words of a sentence, and how many more there are.

    :param locale: of the store; a language without words of its own gets English.
    """
    with_more, with_last, none_named = _WORDS.get(locale.partition("-")[0].partition("_")[0], _WORDS["en"])
    more = len(titles) - named
    if named <= 0:
        return none_named.format(more=more)
    if more > 0:
        return with_more.format(named=", ".join(titles[:named]), more=more)
    if named == 1:
        return titles[0]
    return with_last.format(named=", ".join(titles[:-1]), last=titles[-1])


def fitting_words(titles: Sequence[str], locale: str, segments_of: Callable[[str], int]) -> str:
    """The words with as many titles as :data:`MOST_SEGMENTS` have room for; with none where even one is too much.

    :param segments_of: segments of the whole text with these words in it.
    """
    candidates = (title_words(titles, named, locale) for named in range(min(len(titles), MOST_TITLES), 0, -1))
    fit = (words for words in candidates if segments_of(words) <= MOST_SEGMENTS)
    return next(fit, None) or title_words(titles, 0, locale)

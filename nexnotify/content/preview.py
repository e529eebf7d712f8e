"""A text as it will arrive, with what each part of it comes from and what makes it dear."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from nexnotify.content.segments import GSM, LIMITS, Encoding, count, smart
from nexnotify.content.service import UNSAVED, Wording, render_text
from nexnotify.content.tokens import compile_template

#: Longer texts are shown without marks: to find out what became of each character would take long.
MARKED = 2000
#: Letters that no decomposition takes apart.
_LETTERS = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE", "ħ": "h", "þ": "th", "ð": "d"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text as it arrives."""

    text: str
    #: The token it was filled in for; None for the template's own words.
    token: str | None
    #: One of the characters that force Unicode.
    is_culprit: bool = False


@dataclass(frozen=True, slots=True)
class Culprit:
    """A character that forces the whole text into Unicode (UCS-2)."""

    char: str
    #: Its name in the Unicode tables, in small letters.
    name: str
    #: Where it first stands in the text that is sent, counted from 1.
    at: int
    #: The token that brought it; None when it was typed.
    token: str | None
    #: How to write it plainly; empty: only leaving it out helps.
    plain: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as one person would get it."""

    body: tuple[Piece, ...]
    subject: tuple[Piece, ...]
    encoding: str
    #: Billable parts.
    segments: int
    #: Units used (septets, or UTF-16 code units), and units still free in the last part.
    units: int
    units_left: int
    culprits: tuple[Culprit, ...]
    #: Parts it would take with the culprits written plainly.
    plain_segments: int

    @property
    def saved(self) -> int:
        """Parts that plain letters would save."""
        return self.segments - self.plain_segments


def preview(channel: str, body: str, subject: str | None, values: Mapping[str, str | None]) -> Preview:
    """The message for one person, by the functions that the sender itself uses.

    :param values: token → value, as the sender would fill it in.
    :raises InvalidTemplate: it does not compile.
    :raises UnresolvedToken: a token has neither a value nor a fallback; such a message is not sent.
    """
    compiled, title = compile_template(body), compile_template(subject) if subject else None
    text = Wording(UNSAVED, channel, compiled, title).render(values)
    pieces = compiled.pieces(values)
    counted = count(text.body)
    origins = _origins(pieces, text.body)
    culprits = _culprits(text.body, counted.culprits, origins) if channel == "sms" else ()
    plain = write_plainly(text.body, culprits)
    return Preview(
        body=_runs(text.body, origins, {culprit.char for culprit in culprits}),
        subject=_runs(text.subject, _origins(title.pieces(values), text.subject)) if title and text.subject else (),
        encoding=text.encoding,
        segments=text.segments,
        units=counted.units,
        units_left=counted.units_left,
        culprits=culprits,
        plain_segments=render_text(channel, plain).segments,
    )


def write_plainly(text: str, culprits: Sequence[Culprit]) -> str:
    """The text with these characters written plainly, or left out."""
    return text.translate({ord(culprit.char): culprit.plain for culprit in culprits})


def room(encoding: Encoding, segments: int) -> int:
    """Units that a text of so many parts can hold."""
    single, part = LIMITS[encoding]
    return single if segments <= 1 else part * segments


def _joined(pieces: Sequence[tuple[str, str | None]]) -> str:
    return "".join(text for text, _ in pieces)


def _culprits(text: str, chars: Sequence[str], origins: Sequence[str | None]) -> tuple[Culprit, ...]:
    """Those of the characters outside the plain alphabet that have no look-alike in it: the others never decide."""
    found = []
    for char in chars:
        if not GSM.issuperset(smart(char)):
            at = text.index(char)
            name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
            found.append(Culprit(char, name, at + 1, origins[at], _plain(char)))
    return tuple(found)


def _plain(char: str) -> str:
    """The letter without its marks, if that can be sent as plain text; else nothing."""
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    bare = _LETTERS.get(char, bare)
    return bare if GSM.issuperset(bare) else ""


def _origins(pieces: Sequence[tuple[str, str | None]], text: str) -> list[str | None]:
    """The token behind each character of the final text, whose spaces and spelling the sender has tidied."""
    source = _joined(pieces)
    tokens = [token for part, token in pieces for _ in part]
    if source == text:
        return tokens
    if max(len(source), len(text)) > MARKED:
        return [None] * len(text)
    found: list[str | None] = []
    for _, start, end, first, last in SequenceMatcher(None, source, text, autojunk=False).get_opcodes():
        here = tokens[start:end] or tokens[max(start - 1, 0) : start] or [None]
        found += [here[min(number, len(here) - 1)] for number in range(last - first)]
    return found


def _runs(text: str, origins: Sequence[str | None], culprits: Collection[str] = ()) -> tuple[Piece, ...]:
    """Neighbours of the same kind as one piece."""
    pieces: list[Piece] = []
    for char, token in zip(text, origins, strict=True):
        kind = (token, char in culprits)
        if pieces and (pieces[-1].token, pieces[-1].is_culprit) == kind:
            pieces[-1] = Piece(pieces[-1].text + char, *kind)
        else:
            pieces.append(Piece(char, *kind))
    return tuple(pieces)

"""Segments: how many billable SMS parts a text takes, and how to spell it so that it takes fewer.

The alphabet is the default one of 3GPP TS 23.038; part sizes are those of a 6-byte concatenation header
(3GPP TS 23.040). National shift tables are left out: no hosted gateway uses them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["gsm7", "ucs2"]

# ESC (0x1B) is the alphabet's own shift key, not a character: a text that holds one cannot be sent in it.
GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Sent as a pair (escape, code), so two units each.
GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
GSM: Final = GSM_BASIC | GSM_EXTENSION

#: Units a text may have when it is sent alone, and units in each part when it is not.
LIMITS: Final[dict[Encoding, tuple[int, int]]] = {"gsm7": (160, 153), "ucs2": (70, 67)}


#: UTF-16 takes a surrogate pair for any character above this one.
_LAST_NARROW: Final = "\uffff"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs."""

    encoding: Encoding
    #: Billable parts; 0 for an empty text.
    segments: int
    #: Septets for gsm7, UTF-16 code units for ucs2, headers not counted.
    units: int
    #: Units still free in the last part.
    units_left: int
    #: The distinct characters that force ucs2, in order of appearance.
    culprits: tuple[str, ...]


def count(text: str) -> Segments:
    """Count the text exactly as it stands; give it what :func:`smart` returned, as the sender does.

    Parts are filled greedily and neither an escape pair nor a surrogate pair is cut, so the count can be one above
    units divided by part size.
    """
    encoding: Encoding = "gsm7" if GSM.issuperset(text) else "ucs2"
    single, part = LIMITS[encoding]
    wide = _wide_characters(text, encoding)
    units = len(text) + wide
    if units <= single:
        segments, left = (1 if text else 0), single - units
    else:
        segments, left = _fill(text, encoding, part) if wide else (-(-units // part), -units % part)
    culprits = tuple(dict.fromkeys(char for char in text if char not in GSM)) if encoding == "ucs2" else ()
    return Segments(encoding, segments, units, left, culprits)


def _wide_characters(text: str, encoding: Encoding) -> int:
    """How many characters take two units."""
    if encoding == "gsm7":
        return 0 if GSM_EXTENSION.isdisjoint(text) else sum(map(text.count, GSM_EXTENSION))
    return 0 if max(text) <= _LAST_NARROW else sum(char > _LAST_NARROW for char in text)


def _fill(text: str, encoding: Encoding, part: int) -> tuple[int, int]:
    """Parts, and units left in the last, for a text that is longer than one part."""
    segments, left = 1, part
    for char in text:
        wide = char in GSM_EXTENSION if encoding == "gsm7" else char > _LAST_NARROW
        size = 2 if wide else 1
        if size > left:
            segments, left = segments + 1, part
        left -= size
    return segments, left


# --- the cheaper spelling ------------------------------------------------------------------------------------------


def _look_alikes() -> dict[int, str]:
    """Character → the GSM spelling a reader would not tell from it. Letters with accents and symbols such as ™ are
    not here: they would change the merchant's words."""
    groups = {
        '"': "“”„‟«»″〝〞",
        "'": "‘’‚‛′´`ʹʻʼˈ",
        "-": "‐‑‒–—―−⁃•‣◦▪﹘﹣",
        "...": "…",
        "..": "‥",
        "<": "‹",
        ">": "›",
        "/": "⁄∕",
        "*": "∗",
        "!!": "‼",
        ".": "·․",
        "x": "×",
        "ff": "ﬀ",
        "fi": "ﬁ",
        "fl": "ﬂ",
        "1/4": "¼",
        "1/2": "½",
        "3/4": "¾",
        "\n": "\u2028\u2029",
        " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        # Invisible: soft hyphen, zero-width marks and joiners, direction marks, variation selectors, byte order mark.
        "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
        "\ufe0e\ufe0f\ufeff",
    }
    table = {ord(char): plain for plain, chars in groups.items() for char in chars}
    # The Greek capitals the alphabet lacks are the ones that look Latin: Greek texts are sent this way.
    table.update(zip(map(ord, "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"), "ABEZHIKMNOPTYX", strict=True))
    full_width = {0xFF01 + offset: chr(0x21 + offset) for offset in range(0x5E)}
    table.update(full_width | {ord("｀"): "'"})  # GSM has no backtick
    return table


_LOOK_ALIKES: Final = _look_alikes()

# Controls that stand for white space become it; all others would be dropped, gluing words together.
_WHITE_CONTROLS: Final = {"\t": " ", "\r": "\n", "\v": "\n", "\f": "\n", "\x85": "\n"}


def _clean(text: str) -> str:
    """Without controls (but the newline) and lone surrogates, in NFC."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n")
        text = "".join(
            char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs") else _WHITE_CONTROLS.get(char, "")
            for char in text
        )
    return unicodedata.normalize("NFC", text)


def smart(text: str) -> str:
    """The spelling to send: look-alikes (curly quotes, dashes, odd spaces …) as GSM-7 where that makes the whole text
    GSM-7 and takes no more parts; else the text itself in NFC.

    Control characters never pass: line breaks become a newline, a tab a space, the rest goes.
    """
    clean = _clean(text)
    if GSM.issuperset(clean):
        return clean
    plain = clean.translate(_LOOK_ALIKES)
    if GSM.issuperset(plain) and count(plain).segments <= count(clean).segments:
        return plain
    return clean

"""How well the widget's colours can be told apart, as WCAG 2 counts it: a rule over six colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nexnotify.words import N_

#: What the widget wears where neither the store nor its shop says otherwise, on a light page and on a dark one.
#: The same values stand in the style sheet of ``static/widget/v1/nexnotify.js``; a test compares them.
WORN: Mapping[str, Mapping[str, str]] = {
    "light": {
        "accent": "#1c1917",
        "on_accent": "#ffffff",
        "background": "#ffffff",
        "text": "#1c1917",
        "border": "#79716b",
        "error": "#b3141d",
    },
    "dark": {
        "accent": "#f5f5f4",
        "on_accent": "#1c1917",
        "background": "#1c1b1a",
        "text": "#f5f5f4",
        "border": "#8c857f",
        "error": "#ffa3a3",
    },
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two colours that meet, and the least contrast between them: 4.5 for words, 3 for the edge of a field."""

    ink: str
    ground: str
    least: float
    words: str


PAIRS = (
    Pair("on_accent", "accent", 4.5, N_("The words on the buttons")),
    Pair("text", "background", 4.5, N_("The words of the form")),
    Pair("error", "background", 4.5, N_("The errors")),
    Pair("border", "background", 3, N_("The edges of the fields")),
)


@dataclass(frozen=True, slots=True)
class Poor:
    """A pair that is too close, on ``page``: "light", "dark", or "" where both pages show the same."""

    pair: Pair
    ratio: float
    page: str


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours, from 1 (the same) to 21 (black on white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def poor(look: Mapping[str, str | None]) -> Iterator[Poor]:
    """The pairs of a look that are too close; what the look leaves open is as the widget wears it."""
    chosen = {name: colour for name, colour in look.items() if colour}
    for pair in PAIRS:
        ratios = {
            page: contrast(*(({**worn, **chosen})[name] for name in (pair.ink, pair.ground)))
            for page, worn in WORN.items()
        }
        if pair.ink in chosen and pair.ground in chosen:
            ratios = {"": ratios["light"]}
        for page, ratio in ratios.items():
            if ratio < pair.least:
                yield Poor(pair, ratio, page)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

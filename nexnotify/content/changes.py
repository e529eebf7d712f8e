"""What ``[[change]]`` says of what a request shall be about, in the language of the store's templates."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "en": {
        "unit": "1 unit",
        "units": "{} units",
        "any": "any variant",
        "one_of": "any of {} variants",
        "place": "only at {}",
        "preordered": "as soon as it can be preordered",
        "backordered": "as soon as it can be backordered",
    },
    "de": {
        "unit": "1 Stück",
        "units": "{} Stück",
        "any": "eine beliebige Variante",
        "one_of": "eine von {} Varianten",
        "place": "nur dort: {}",
        "preordered": "sobald vorbestellbar",
        "backordered": "sobald mit Lieferzeit bestellbar",
    },
}


def change_words(locale: str, quantity: int, variants: int | None, place: str | None, intent: str) -> str:
    """For a store of this locale: "2 units, any of 3 variants, only at Main Street".

    :param variants: how many would do; None: any of the product's.
    :param place: the name of the location or region whose stock alone counts; None: all of it.
    :param intent: of ``waitlist.models.INTENTS``.
    """
    words = _WORDS.get(locale.partition("-")[0].partition("_")[0], _WORDS["en"])
    parts = [words["unit"] if quantity == 1 else words["units"].format(quantity)]
    if variants != 1:
        parts.append(words["any"] if variants is None else words["one_of"].format(variants))
    if place is not None:
        parts.append(words["place"].format(place))
    if intent in words:
        parts.append(words[intent])
    return ", ".join(parts)

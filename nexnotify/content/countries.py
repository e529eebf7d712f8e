"""Countries a number can be from: their dial codes, and their names where no browser can say them."""

from __future__ import annotations

from functools import cache

import phonenumbers


@cache
def dial_codes() -> dict[str, int]:
    """Region → dial code, all that the numbering plans know."""
    return {region: phonenumbers.country_code_for_region(region) for region in sorted(phonenumbers.SUPPORTED_REGIONS)}


@cache
def country_names(language: str) -> dict[str, str]:
    """Region → its name in a language, else in English, else the region's two letters; sorted by name."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    names: dict[str, str] = {}
    for region in dial_codes():
        known = LOCALE_DATA.get(region, {})
        name = known.get(language, "")
        if name.startswith("*"):  # "the same as in that other language"
            name = known.get(name[1:], "")
        names[region] = name or known.get("en", "") or region
    return dict(sorted(names.items(), key=lambda item: item[1].casefold()))


def with_dial_code(number: str, region: str) -> str:
    """A number as it was typed beside a country select: national ones get the country's dial code."""
    number = number.strip()
    if not number or number.startswith(("+", "＋", "00")) or region not in dial_codes():
        return number
    return f"+{dial_codes()[region]} {number}"

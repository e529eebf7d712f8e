"""The id of a variant for which the storefront gives none: made of its product and its options, and of nothing else.

A pure function of the two, so it stays the same whatever the order of rows and columns and whatever else the file
holds, and no two sets of option values of one product share an id. "Classic Tee" in M, Rose Gold becomes
``classic-tee--rose_gold--m``: values in the order of their option's name. What cannot be written so without losing
something ends in a few digits of a hash: ``classic-tee--grosse-42~95629840``.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping

LONGEST = 255

_PLAIN = re.compile(r"[a-z0-9.]+([ -][a-z0-9.]+)*")


def same(text: str) -> str:
    """Two texts that differ only in case, in spaces or in how an accent is encoded are the same."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def option_key(options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What makes two variants of one product the same."""
    return tuple(sorted((same(name), same(value)) for name, value in options.items()))


def variant_id(product_id: str, options: Mapping[str, str]) -> str:
    key = option_key(options)
    if not key:
        return product_id
    values = [value for _, value in key]
    slug = "--".join(value.replace(" ", "_") for value in values)
    plain = all(_PLAIN.fullmatch(value) for value in values)
    found = f"{product_id}--{slug}"
    if plain and len(found) <= LONGEST:
        return found
    digest = hashlib.sha256(json.dumps([product_id, key]).encode()).hexdigest()[:8]
    readable = "--".join(part for part in map(_readable, values) if part)
    return f"{product_id}--{readable}"[: LONGEST - 9].rstrip("-") + "~" + digest


def _readable(value: str) -> str:
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9.]+", "-", plain).strip("-")

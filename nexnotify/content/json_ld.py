"""Products as a page's JSON-LD names them (schema.org Product), for search engines and whoever else reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: The longest name of a product that a store keeps.
MAX_NAME = 255

#: What a product is named by: ("sku" | "variant_id" | "product", its value).
Named = tuple[str, str]


def plain(kind: str, name: str) -> Named:
    """A name as a database can be asked for it; one that is longer than any stays longer."""
    return kind, name[: MAX_NAME + 1].replace("\0", "\ufffd").encode(errors="replace").decode()


def products_in(text: str) -> Iterator[Named]:
    """The products that a script of JSON-LD names, in its order."""
    try:
        yield from _in(json.loads(text), 0)
    except (ValueError, RecursionError):
        return  # somebody else's mistake


def _in(node: Any, depth: int) -> Iterator[Named]:
    if depth > 4:
        return
    if isinstance(node, list):
        for each in node:
            yield from _in(each, depth + 1)
    elif isinstance(node, dict):
        kinds = node.get("@type")
        if any(
            re.search(r"\bProduct(Group)?\b", str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])
        ):
            offers = node.get("offers")
            offers = offers if isinstance(offers, list) else [offers]
            sku = node.get("sku") or (
                offers[0].get("sku") if len(offers) == 1 and isinstance(offers[0], dict) else None
            )
            product = node.get("productGroupID") or node.get("productID")
            if sku or product:
                yield plain("sku", str(sku)) if sku else plain("product", str(product))
        else:
            yield from _in(node.get("@graph"), depth + 1)
            yield from _in(node.get("mainEntity"), depth + 1)

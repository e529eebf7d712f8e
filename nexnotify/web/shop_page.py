"""What a page of a shop says about the widget and its product, read as the widget itself would read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

#: Attribute → what it names, in the order in which the widget looks.
NAMES = {"data-nexnotify-sku": "sku", "data-nexnotify-variant": "variant_id", "data-nexnotify-product": "product"}
#: Where the script stands, whatever the server.
_OURS = re.compile(r"/widget/([^/]+)/nexnotify\.js$")
#: What stands in these is not part of the page while scripts run.
_DEAD = ("noscript", "template")

#: What a product is named by: ("sku" | "variant_id" | "product", its value).
Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ScriptTag:
    """One tag of the widget's script. ``release`` is "v1" for the rolling address, else a version."""

    src: str
    release: str
    store: str
    integrity: str = ""
    crossorigin: bool = False
    nonce: str = ""


@dataclass(slots=True)
class ShopPage:
    """What was found. ``attributes`` come before ``json_ld``, as in the widget."""

    url: str
    scripts: list[ScriptTag] = field(default_factory=list)
    attributes: list[Named] = field(default_factory=list)
    json_ld: list[Named] = field(default_factory=list)
    #: Content-Security-Policy of ``<meta>`` elements.
    policies: list[str] = field(default_factory=list)

    @property
    def products(self) -> list[Named]:
        """The products that the widget would ask about."""
        return list(dict.fromkeys(self.attributes or self.json_ld[:1]))


def read_shop_page(url: str, html: str) -> ShopPage:
    """Read a page; what is not HTML is no error, it only says nothing."""
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = ShopPage(url)
        self._base = url
        self._dead: list[str] = []
        self._json: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}  # of two, browsers take the first
        if tag in _DEAD:
            self._dead.append(tag)
        if self._dead:
            return
        if tag == "base" and values.get("href"):
            self._base = urljoin(self.page.url, values["href"])
        elif tag == "meta" and values.get("http-equiv", "").lower() == "content-security-policy":
            self.page.policies.append(values.get("content", ""))
        elif tag == "script":
            self._script(values)
        if named := next(((what, values[name]) for name, what in NAMES.items() if values.get(name)), None):
            self.page.attributes.append(named)

    def _script(self, values: dict[str, str]) -> None:
        if values.get("type", "").strip().lower() == "application/ld+json":
            self._json = []
        src = urljoin(self._base, values.get("src", "").strip())
        found = _OURS.search(src.partition("?")[0])
        if found or (values.get("src") and "data-nexnotify" in values):
            tag = ScriptTag(
                src,
                found.group(1) if found else "",
                values.get("data-store", "").strip(),
                values.get("integrity", "").strip(),
                "crossorigin" in values,
                values.get("nonce", ""),
            )
            self.page.scripts.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dead:
            while self._dead.pop() != tag:
                pass
        elif tag == "script" and self._json is not None:
            self.page.json_ld.extend(_products("".join(self._json)))
            self._json = None

    def handle_data(self, data: str) -> None:
        if self._json is not None:
            self._json.append(data)


def _products(text: str) -> Iterator[Named]:
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
                yield ("sku", str(sku)) if sku else ("product", str(product))
        else:
            yield from _in(node.get("@graph"), depth + 1)
            yield from _in(node.get("mainEntity"), depth + 1)

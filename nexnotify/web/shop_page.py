"""What a page of a shop says about the widget and its product, read as the widget itself would read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from nexnotify.content.json_ld import Named, plain, products_in
from nexnotify.content.tags import read_tags

#: Attribute → what it names, in the order in which the widget looks.
NAMES = {"data-nexnotify-sku": "sku", "data-nexnotify-variant": "variant_id", "data-nexnotify-product": "product"}
#: Products of one page that are looked at.
MAX_PRODUCTS = 20
#: Policies in ``<meta>`` elements that are looked at.
_MAX_POLICIES = 4
#: Where the script stands, whatever the server.
_OURS = re.compile(r"/widget/([^/]+)/nexnotify\.js$")
#: And the one of the tracking and order-confirmation codes.
_TRACKER = re.compile(r"/widget/([^/]+)/track\.js$")
#: Types with which browsers run a script; all others are data to them.
_RUNS = frozenset(
    ["", "module"]
    + [f"text/javascript1.{number}" for number in range(6)]
    + [f"text/{name}" for name in ("javascript", "ecmascript", "x-javascript", "x-ecmascript", "jscript", "livescript")]
    + [f"application/{name}" for name in ("javascript", "ecmascript", "x-javascript", "x-ecmascript")]
)


@dataclass(frozen=True, slots=True)
class ScriptTag:
    """One tag of the widget's script, or of the code that counts. ``release`` is "v1" for the rolling address, else a version."""

    src: str
    release: str
    store: str
    integrity: str = ""
    crossorigin: bool = False
    nonce: str = ""
    #: Browsers do not run it as it stands here.
    is_held: bool = False
    #: It is the order-confirmation code, which says this number.
    is_order: bool = False
    order: str = ""


@dataclass(slots=True)
class ShopPage:
    """What was found. ``attributes`` come before ``json_ld``, as in the widget."""

    url: str
    scripts: list[ScriptTag] = field(default_factory=list)
    #: The tracking and order-confirmation codes.
    trackers: list[ScriptTag] = field(default_factory=list)
    attributes: list[Named] = field(default_factory=list)
    json_ld: list[Named] = field(default_factory=list)
    #: Content-Security-Policy of ``<meta>`` elements.
    policies: list[str] = field(default_factory=list)
    #: False where only the beginning of the page was read.
    is_whole: bool = True

    @property
    def running(self) -> list[ScriptTag]:
        """The tags that browsers run; the first counts."""
        return [tag for tag in self.scripts if not tag.is_held]

    @property
    def named(self) -> list[Named]:
        """Every product that the widget would ask about."""
        return list(dict.fromkeys(self.attributes or self.json_ld[:1]))

    @property
    def products(self) -> list[Named]:
        """As many of them as are looked at."""
        return self.named[:MAX_PRODUCTS]


def read_shop_page(url: str, html: str, is_whole: bool = True) -> ShopPage:
    """Read a page; what is not HTML is no error, it only says nothing."""
    page, base, templates = ShopPage(url, is_whole=is_whole), "", 0
    for tag in read_tags(html):
        if tag.name == "template":  # what stands in it is not part of the page
            templates = max(templates + (-1 if tag.is_end else 1), 0)
        if templates or tag.is_end:
            continue
        values = tag.attributes
        if not values:
            continue
        if tag.name == "base" and not base:
            base = _joined(url, values.get("href", ""))
        elif tag.name == "meta" and values.get("http-equiv", "").lower() == "content-security-policy":
            page.policies = [*page.policies, values.get("content", "")][:_MAX_POLICIES]
        elif tag.name == "script":
            page.scripts.extend(_script(base or url, values, _OURS, "data-nexnotify"))
            page.trackers.extend(_script(base or url, values, _TRACKER, "data-nexnotify-track"))
            if values.get("type", "").strip().lower() == "application/ld+json":
                page.json_ld.extend(products_in(tag.text))
        if named := next(((what, values[name]) for name, what in NAMES.items() if values.get(name)), None):
            page.attributes.append(plain(*named))
    return page


def _joined(base: str, address: str) -> str:
    """The whole address; empty where it is none."""
    try:
        return urljoin(base, address.strip()) if address.strip() else ""
    except ValueError:
        return ""


def _script(base: str, values: Mapping[str, str], ours: re.Pattern[str], mark: str) -> Iterator[ScriptTag]:
    """The tag, if it is the one of that address or mark. Consent tools put its address elsewhere, or give it a type that does not run."""
    kind, address = values.get("type", "").strip().lower(), values.get("src", "")
    written = address or values.get("data-src", "")
    src = _joined(base, written) or written
    found = ours.search(re.split("[?#]", src, maxsplit=1)[0])
    if found or (written and mark in values):
        yield ScriptTag(
            src,
            found.group(1) if found else "",
            values.get("data-store", "").strip(),
            values.get("integrity", "").strip(),
            "crossorigin" in values,
            values.get("nonce", ""),
            not address or kind not in _RUNS or ("nomodule" in values and kind != "module"),
            values.get("data-nexnotify-track") == "order",
            values.get("data-order", "").strip()[:100],
        )

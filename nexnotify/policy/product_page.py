"""RULE: does a product's page still show that product?

Only what is certain keeps texts back: that the page is gone, or that all it names itself by is another product of the same
shop. A page that says nothing, or speaks of things we do not know, is as good as any.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from nexnotify.content.json_ld import Named, products_in
from nexnotify.content.tags import read_tags
from nexnotify.words import N_

#: What was found → in words.
VERDICTS = {
    "fine": N_("Nothing speaks against the page."),
    "gone": N_("The page does not exist any more."),
    "other": N_("The page shows another product."),
    "unread": N_("The page could not be read, which keeps nobody from being told."),
}
#: Verdicts that keep texts back.
BAD = ("gone", "other")
#: Names of one page that are looked at.
MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Claims:
    """What a page says it is."""

    #: Its canonical addresses, in the form of :func:`plain_address`.
    addresses: frozenset[str] = frozenset()
    #: SKUs and ids in its JSON-LD.
    names: frozenset[Named] = frozenset()


@dataclass(frozen=True, slots=True)
class Ours:
    """The product that the page should show."""

    addresses: Collection[str] = field(default_factory=frozenset)
    names: Collection[Named] = field(default_factory=frozenset)


def read_claims(asked: str, url: str, html: str) -> Claims:
    """What a page says it is. That it answers under the address we asked for says nothing.

    :param url: where redirects led to.
    """
    addresses, names = [url] if plain_address("", url) != plain_address("", asked) else [], list[Named]()
    for tag in read_tags(html):
        values = tag.attributes
        if tag.name == "link" and values.get("rel", "").strip().lower() == "canonical":
            addresses.append(values.get("href", ""))
        elif tag.name == "meta" and values.get("property", "").strip().lower() == "og:url":
            addresses.append(values.get("content", ""))
        elif tag.name == "script" and values.get("type", "").strip().lower() == "application/ld+json":
            names.extend(products_in(tag.text))
    plain = [plain_address(url, address) for address in addresses if address.strip()]
    return Claims(frozenset(filter(None, plain[:MOST_NAMES])), frozenset(names[:MOST_NAMES]))


def judge(claims: Claims, ours: Ours, others: Claims) -> str:
    """One of :data:`VERDICTS`.

    :param others: those of the claims that are other products of the same shop.
    """
    if claims.addresses & set(ours.addresses) or claims.names & set(ours.names):
        return "fine"
    return "other" if others.addresses or others.names else "fine"


def plain_address(base: str, address: str) -> str:
    """Host, path and query of an address, however it is written otherwise; empty where it is none."""
    try:
        parts = urlsplit(urljoin(base, address.strip()))
        host = (parts.hostname or "").removeprefix("www.") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{parts.path.rstrip('/')}{query}" if host else ""


def spellings(plain: str) -> list[str]:
    """The ways in which a shop may have written an address of :func:`plain_address`."""
    rest, mark, query = plain.partition("?")
    return [
        f"{scheme}://{www}{rest}{slash}{mark}{query}"
        for scheme in ("https", "http")
        for www in ("", "www.")
        for slash in ("", "/")
    ]

"""RULE: where a link in a message leads: an address of the catalogue, on the chosen variant, with what the shop's own
statistics read. Nothing that the visitor sends has a say in it, so it is no open redirect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass(frozen=True, slots=True)
class Place:
    """A variant, as far as an address is made of it."""

    #: Its own page, and the product's.
    url: str | None
    product_url: str | None
    #: The storefront's id, and the SKU.
    external_id: str
    sku: str | None


def landing(place: Place, variant_parameter: str, parameters: dict[str, str]) -> str | None:
    """The address to send a visitor to; None where the catalogue has none that a browser may be sent to.

    :param variant_parameter: ``LinkSettings.variant_parameter``; only where the variant has no page of its own.
    :param parameters: to add, of the shop's statistics and of a kept unit; what the address says already stays.
    """
    own, product = web_page(place.url), web_page(place.product_url)
    more = dict(parameters)
    if own is None and product is not None and variant_parameter:
        name, _, value = variant_parameter.partition("=")
        known = place.external_id if value == "{id}" else place.sku
        more = {name: known, **parameters} if known else more
    address = own or product
    return None if address is None else with_parameters(address, more)


def web_page(address: str | None) -> str | None:
    """The address if it is a page of the web, spelled so that every reader takes it for the same; else None."""
    # A backslash, a control character or a user's name makes one host to us and another to a browser.
    if not address or re.search(r"[\x00-\x20\x7f\\]", address):
        return None
    try:
        parts = urlsplit(address)
        fine = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        return None
    return address if fine else None


def with_parameters(address: str, parameters: dict[str, str]) -> str:
    """The address with more parameters; those that it has stay, letter for letter."""
    before, mark, fragment = address.partition("#")
    path, _, query = before.partition("?")
    known = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    new = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items() if name not in known]
    joined = "&".join([*filter(None, [query.rstrip("&")]), *new])
    return path + (f"?{joined}" if joined else "") + mark + fragment


def home(address: str | None) -> str | None:
    """The front page of the shop that an address belongs to."""
    if (page := web_page(address)) is None:
        return None
    parts = urlsplit(page)
    return f"{parts.scheme}://{parts.netloc}/"

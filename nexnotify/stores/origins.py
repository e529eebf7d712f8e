"""RULE: the origins of a store's pages and links, in the spelling that browsers send."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

_USUAL_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?")

#: Shorteners that anybody can use: carriers refuse texts with their links (Twilio's error 30963).
_PUBLIC_SHORTENERS = frozenset(
    "bit.ly bitly.com buff.ly cutt.ly goo.gl is.gd lnkd.in ow.ly rb.gy rebrand.ly s.id short.io shorturl.at t.co t.ly "
    "tiny.cc tinyurl.com v.gd".split()
)


def read_origin(text: str) -> str:
    """An origin as browsers send it: scheme and host in lower case, a port only where it is not the usual one.

    :raises ValueError: it is none; the message says what to write.
    """
    whole = text.strip().lower()
    whole = whole if "://" in whole else f"https://{whole}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname or "", parts.port
        is_host = bool(IPv6Address(host) if ":" in host else _HOST.fullmatch(host))
    except ValueError:
        is_host = False
    # Browsers send other alphabets as xn--…, so a host of other letters would never match.
    if not is_host or whole != f"{parts.scheme}://{parts.netloc}{'/' if parts.path else ''}" or "@" in parts.netloc:
        raise ValueError(f"{text.strip()!r} is not an origin; write it like https://shop.example.")
    if parts.scheme not in _USUAL_PORTS or port == 0 or len(host) > 253:
        raise ValueError(f"{text.strip()!r} is not an origin; write it like https://shop.example.")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _USUAL_PORTS[parts.scheme] else "")


def read_link_domain(text: str) -> str:
    """The origin of a store's short links, as :func:`read_origin` reads it.

    :raises ValueError: it is none, or one that everybody shares.
    """
    origin = read_origin(text)
    host = (urlsplit(origin).hostname or "").rstrip(".")
    if host.removeprefix("www.") in _PUBLIC_SHORTENERS:
        raise ValueError("is a public shortener, and carriers refuse its links; use a domain of your own.")
    return origin


def is_of_this_machine(url: str) -> bool:
    """Whether nobody but this machine reaches an address."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified

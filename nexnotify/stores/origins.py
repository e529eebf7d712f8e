"""RULE: the origins that may carry the widget, in the spelling that browsers send."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

_USUAL_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?")


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

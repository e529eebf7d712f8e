"""Whether a page's Content-Security-Policy lets the widget in: the parts of CSP 3 that decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def directives(policy: str) -> Mapping[str, list[str]]:
    """A policy's directives and their sources; of two with one name, the first counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), words[1:])
    return found


def lets_script(policy: str, page: str, src: str, nonce: str = "", integrity: str = "") -> bool:
    """Whether ``policy`` of ``page`` runs a script tag with this address, nonce and integrity."""
    sources = _of(policy, "script-src-elem", "script-src", "default-src")
    if sources is None:
        return True
    if nonce and f"'nonce-{nonce}'" in sources:
        return True
    hashes = integrity.split()
    if hashes and {f"'{each}'" for each in hashes}.issubset(sources):
        return True
    if any(source.lower() == "'strict-dynamic'" for source in sources):
        return False  # then addresses count for nothing
    return any(matches(source, page, src) for source in sources)


def lets_connect(policy: str, page: str, url: str) -> bool:
    """Whether ``policy`` of ``page`` lets a script ask ``url``."""
    sources = _of(policy, "connect-src", "default-src")
    return sources is None or any(matches(source, page, url) for source in sources)


def _of(policy: str, *names: str) -> list[str] | None:
    found = directives(policy)
    return next((found[name] for name in names if name in found), None)


def matches(source: str, page: str, url: str) -> bool:
    """Whether one source expression of a policy of ``page`` covers ``url``; one that is malformed covers nothing."""
    try:
        return _matches(source, page, url)
    except ValueError:
        return False


def _matches(source: str, page: str, url: str) -> bool:
    wanted, own = urlsplit(url), urlsplit(page)
    if source.lower() == "'self'":
        return (wanted.scheme, _host(wanted.netloc), _port(wanted.scheme, wanted.netloc)) == (
            own.scheme,
            _host(own.netloc),
            _port(own.scheme, own.netloc),
        )
    if source.startswith("'"):
        return False
    if source == "*":
        return wanted.scheme in ("http", "https") or wanted.scheme == own.scheme
    if source.endswith(":") and "/" not in source:
        return _scheme(source[:-1].lower(), wanted.scheme)
    scheme, found, rest = source.partition("://")
    if not found:
        scheme, rest = own.scheme, source
    place, slash, path = rest.partition("/")
    return (
        _scheme(scheme.lower(), wanted.scheme)
        and _same_host(_host(place), _host(wanted.netloc))
        and _same_port(place, scheme.lower(), wanted.scheme, wanted.netloc)
        and _same_path(slash + path, wanted.path or "/")
    )


def _scheme(allowed: str, wanted: str) -> bool:
    return allowed == wanted or (allowed, wanted) == ("http", "https")  # the safer one is always fine


def _host(place: str) -> str:
    host = place.rpartition("@")[2]
    return host[: host.index("]") + 1].lower() if host.startswith("[") else host.partition(":")[0].lower()


def _port(scheme: str, place: str) -> str:
    port = place.rpartition("]")[2].rpartition("@")[2].partition(":")[2]
    return port or str(_PORTS.get(scheme, ""))


def _same_host(allowed: str, wanted: str) -> bool:
    return wanted.endswith(allowed[1:]) if allowed.startswith("*.") else allowed == wanted


def _same_port(place: str, allowed: str, scheme: str, wanted: str) -> bool:
    port = _port(allowed, place)
    return port == "*" or port == _port(scheme, wanted) or (port, _port(scheme, wanted)) == ("80", "443")


def _same_path(allowed: str, wanted: str) -> bool:
    if not allowed or allowed == "/":
        return True
    return wanted.startswith(allowed) if allowed.endswith("/") else wanted == allowed

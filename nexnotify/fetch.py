"""Reading one public web page that somebody else names, without becoming a door into our own network.

Who names the address may be curious, and who owns the page may be hostile. So: http and https alone, no user or password
in the address, the usual ports; every address of the host must be a public one, and the connection goes to the very
address that was checked, so that a name which changes its mind in between gains nothing. Redirects are few, and each is
checked like the first. Nothing of ours is sent along, and little is read.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import idna
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

#: For all of it, redirects included.
SECONDS = 5.0
MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 4
PORTS = {"http": 80, "https": 443}
HTML = ("text/html", "application/xhtml+xml")
_REDIRECTS = (301, 302, 303, 307, 308)
#: IPv6 addresses that carry an IPv4 one, which a gateway on the way may turn them into.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], Sequence[str]]


class Unreachable(Exception):
    """The page could not be read. The message says why, to a person."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came. ``url`` is where redirects led to; ``policies`` its Content-Security-Policy headers."""

    url: str
    policies: tuple[str, ...]
    text: str


def fetch_page(url: str, private: Collection[str] = (), resolve: Resolve | None = None) -> Page:
    """Read an HTML page.

    :param private: origins that may lie on private addresses and any port, such as ``http://localhost:8080``.
    :param resolve: (host, port) → IP addresses; the system's resolver by default.
    :raises Unreachable: with the reason.
    """
    deadline = time.monotonic() + SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        parts = _parts(url)
        addresses = _addresses(parts, private, resolve or _resolve)
        answer = _get(parts, addresses[0], deadline)
        location = answer.headers.get("Location")
        if answer.status not in _REDIRECTS or not location:
            return _page(url, answer, deadline)
        answer.close()
        url = urljoin(url, location)
    raise Unreachable("The address leads on to another one again and again.")


def origin_of(url: str) -> str:
    """Scheme, host and, where it is not the usual one, port: as browsers send it."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme.lower()}://{host}" + (f":{port}" if port and port != PORTS.get(parts.scheme.lower()) else "")


# --- where it leads ------------------------------------------------------------------------------------------------


def _parts(url: str) -> SplitResult:
    """The address in its parts, its host in ASCII.

    :raises Unreachable: it is not one that we read.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Unreachable("That is not an address of a web page.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Unreachable("Write the whole address, beginning with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise Unreachable("An address with a user name or password in it is not read.")
    host = parts.hostname
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise Unreachable(f"{host} is not a name of a host.") from None
    at = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=at if port is None else f"{at}:{port}")


def _addresses(parts: SplitResult, private: Collection[str], resolve: Resolve) -> Sequence[str]:
    """The IP addresses of the host, all of them checked.

    :raises Unreachable: no such host, or one that is not on the public internet.
    """
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    listed = origin_of(parts.geturl()) in private
    if not listed and port != PORTS[parts.scheme]:
        raise Unreachable(f"Only the usual ports are read, not {port}.")
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise Unreachable(f"There is no host with the name {host}.")
    if not listed and not all(map(is_public, addresses)):
        raise Unreachable(f"{host} is not on the public internet, so it is not read from here.")
    return addresses


def _resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: not loopback, private, link-local, shared or reserved."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # an IPv6 address with a zone: of one link only
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


# --- what it says --------------------------------------------------------------------------------------------------


def _get(parts: SplitResult, address: str, deadline: float) -> urllib3.BaseHTTPResponse:
    """Ask ``address``, whatever the host's name means by now.

    :raises Unreachable: no connection, or no answer in time.
    """
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(address, port, server_hostname=host, assert_hostname=host)
    else:
        pool = urllib3.HTTPConnectionPool(address, port)
    left = max(deadline - time.monotonic(), 0.01)
    try:
        return pool.urlopen(
            "GET",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers={
                "Host": parts.netloc,
                "User-Agent": "nexnotify",
                "Accept": "text/html",
                "Accept-Encoding": "identity",
            },
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=left, read=left),
        )
    except (HTTPError, OSError, ValueError) as error:
        raise Unreachable(_reason(error, host)) from None


def _reason(error: Exception, host: str) -> str:
    if isinstance(error, NewConnectionError):  # urllib3 counts it among the timeouts
        return f"{host} refuses connections."
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError, TimeoutError)):
        return f"{host} did not answer within {SECONDS:.0f} seconds."
    if isinstance(error, SSLError):
        return f"The certificate of {host} is not valid, so browsers would not open it either."
    return f"The connection to {host} broke off."


def _page(url: str, answer: urllib3.BaseHTTPResponse, deadline: float) -> Page:
    host = urlsplit(url).hostname or ""
    try:
        kind, _, rest = answer.headers.get("Content-Type", "").partition(";")
        if answer.status != 200:
            raise Unreachable(f"The page answered with {answer.status} instead of showing itself.")
        if kind.strip().lower() not in HTML:
            raise Unreachable("That address is not a web page.")
        body = bytearray()
        while chunk := answer.read1(65_536):
            body += chunk
            if len(body) > MAX_BYTES:
                raise Unreachable("The page is larger than 2 MB.")
            if time.monotonic() > deadline:
                raise Unreachable(f"{host} did not send the page within {SECONDS:.0f} seconds.")
    except DecodeError:
        raise Unreachable("The page came packed in a way that could not be read.") from None
    except (HTTPError, OSError) as error:
        raise Unreachable(_reason(error, host)) from None
    finally:
        answer.close()
    policies = tuple(answer.headers.getlist("Content-Security-Policy"))
    return Page(url, policies, _text(bytes(body), rest))


def _text(body: bytes, parameters: str) -> str:
    _, _, name = parameters.lower().partition("charset=")
    try:
        return body.decode(name.strip(" \"'") or "utf-8", "replace")
    except (LookupError, ValueError):  # no such encoding
        return body.decode("utf-8", "replace")

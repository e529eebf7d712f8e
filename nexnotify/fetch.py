"""Reading one public web page that somebody else names, without becoming a door into our own network.

Who names the address may be curious, and who owns the page hostile. So: http and https alone, no user or password in
it, the usual ports; every address of the host must be public, and the connection goes to the very one that was checked,
so that a name which changes its mind gains nothing. Redirects are few and checked alike; little is read, nothing told.

A server can send its answer one byte at a time. So each reading has a thread of its own, cut off when its time is up.
"""

from __future__ import annotations

import codecs
import ipaddress
import re
import socket
import ssl
import string
import threading
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from nexnotify.words import N_

#: For all of it, the look-up of the name and redirects included.
SECONDS = 5.0
#: Of a longer page, only its beginning is read.
MAX_BYTES = 512 * 1024
#: Of all Content-Security-Policy headers together, in characters.
MAX_POLICY = 16 * 1024
MAX_REDIRECTS = 4
#: Pages read at a time in one process.
AT_ONCE = 2
PORTS = {"http": 80, "https": 443}
HTML = ("text/html", "application/xhtml+xml")
_HEADERS = {"User-Agent": "nexnotify", "Accept": "text/html", "Accept-Encoding": "identity"}
_REDIRECTS = (301, 302, 303, 307, 308)
#: IPv6 addresses that carry an IPv4 one, which a gateway on the way may turn them into.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Encodings that pages have. Python knows others, and some take minutes for half a megabyte.
_ENCODINGS = re.compile(r"utf-(8|16)(-[lb]e)?|ascii|iso8859-\d+|cp\d+|koi8-\w+|mac-\w+|shift_jis|euc_\w+|gb\w+|big5")

Resolve = Callable[[str, int], Sequence[str]]


class Unreachable(Exception):
    """The page could not be read. The message says why, to a person."""


class Missing(Unreachable):
    """The page answered that it does not exist, or no more."""


class Busy(Exception):
    """As many pages as may be are being read now."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came; ``is_whole`` is false where only its beginning was read."""

    #: Where redirects led to.
    url: str
    #: Its Content-Security-Policy headers.
    policies: tuple[str, ...]
    text: str
    is_whole: bool = True


class Line:
    """The connection of one reading, which somebody else can cut."""

    def __init__(self) -> None:
        self.deadline = time.monotonic() + SECONDS
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    @property
    def left(self) -> float:
        """Seconds until the deadline, never quite none."""
        return max(self.deadline - time.monotonic(), 0.01)

    def hold(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock
            if self._is_cut:
                raise TimeoutError

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):  # it has ended; an SSLSocket's own shutdown would end a read midway
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_lock = threading.Lock()
_readers: list[Hashable] = []


def fetch_page(
    url: str, private: Collection[str] = (), resolve: Resolve | None = None, reader: Hashable = None
) -> Page:
    """Read an HTML page.

    :param private: origins that may lie on private addresses and any port, such as ``http://localhost:8080``.
    :param resolve: (host, port) → IP addresses; the system's resolver by default.
    :param reader: for whom; each reads one page at a time.
    :raises Unreachable: with the reason.
    :raises Busy: at once, while the same or enough others read.
    """
    with _lock:
        if reader in _readers or len(_readers) >= AT_ONCE:
            raise Busy
        _readers.append(reader)
    line, answer = Line(), Future[Page]()

    def read() -> None:
        try:
            answer.set_result(_read(url, private, resolve or resolve_name, line))
        except Exception as error:
            answer.set_exception(error)
        finally:  # not before: who waits for a slow name keeps the place
            with _lock:
                _readers.remove(reader)

    threading.Thread(target=read, name="fetch", daemon=True).start()
    try:
        return answer.result(SECONDS)
    except TimeoutError:
        raise Unreachable(reason(TimeoutError(), urlsplit(url).hostname)) from None
    finally:
        line.cut()


def _read(url: str, private: Collection[str], resolve: Resolve, line: Line) -> Page:
    for _ in range(MAX_REDIRECTS + 1):
        parts = parts_of(url)
        addresses = addresses_of(parts, private, resolve)
        try:
            with ask(parts, addresses[0], line) as answer:
                location = answer.headers.get("Location")
                if answer.status not in _REDIRECTS or not location:
                    return _page(parts.geturl(), answer, line)
            url = urljoin(parts.geturl(), location)
        except (HTTPException, OSError, ValueError) as error:
            raise Unreachable(reason(error, parts.hostname)) from None
    raise Unreachable(N_("The address leads on to another one again and again."))


def origin_of(url: str) -> str:
    """Scheme, host and, where it is not the usual one, port: as browsers send it."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme.lower()}://{host}" + (f":{port}" if port and port != PORTS.get(parts.scheme.lower()) else "")


# --- where it leads ------------------------------------------------------------------------------------------------


def parts_of(url: str) -> SplitResult:
    """The address in its parts, its host in ASCII.

    :raises Unreachable: it is not one that we read.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Unreachable(N_("That is not an address of a web page.")) from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Unreachable(N_("Write the whole address, beginning with https:// or http://."))
    if parts.username is not None or parts.password is not None:
        raise Unreachable(N_("An address with a user name or password in it is not read."))
    host = parts.hostname
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise Unreachable(N_("%(host)s is not a name of a host.", host=host)) from None
    at = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=at if port is None else f"{at}:{port}")


def addresses_of(parts: SplitResult, private: Collection[str], resolve: Resolve) -> Sequence[str]:
    """The IP addresses of the host, all of them checked.

    :raises Unreachable: no such host, or one that is not on the public internet.
    """
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    listed = origin_of(parts.geturl()) in private
    if not listed and port != PORTS[parts.scheme]:
        raise Unreachable(N_("Only the usual ports are read, not %(port)s.", port=port))
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise Unreachable(N_("There is no host with the name %(host)s.", host=host))
    if not listed and not all(map(is_public, addresses)):
        raise Unreachable(N_("%(host)s is not on the public internet, so it is not read from here.", host=host))
    return addresses


def resolve_name(host: str, port: int) -> Sequence[str]:
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


def ask(
    parts: SplitResult, address: str, line: Line, headers: Mapping[str, str] = _HEADERS, body: bytes | None = None
) -> HTTPResponse:
    """Ask ``address``, whatever the host's name means by now: GET, or POST of a body."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    sock = socket.create_connection((address, port), line.left)
    try:
        line.hold(sock)
        if parts.scheme == "https":
            sock.settimeout(line.left)
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
            line.hold(sock)
        sock.settimeout(line.left)
        connection = HTTPConnection(host, port)
        connection.sock = sock
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = quote(target, safe=string.punctuation)
        connection.request("GET" if body is None else "POST", target, body, {"Host": parts.netloc, **headers})
        return connection.getresponse()
    finally:
        sock.close()  # an answer reads on


def reason(error: Exception, host: str | None) -> str:
    """What stood between us and a host, for a person."""
    if isinstance(error, ConnectionRefusedError):
        return N_("%(host)s refuses connections.", host=host)
    if isinstance(error, TimeoutError):
        return N_("%(host)s did not send the page within %(seconds)s seconds.", host=host, seconds=f"{SECONDS:.0f}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return N_("The certificate of %(host)s is not valid, so browsers would not open it either.", host=host)
    return N_("The connection to %(host)s broke off.", host=host)


def _page(url: str, answer: HTTPResponse, line: Line) -> Page:
    kind, _, rest = answer.headers.get("Content-Type", "").partition(";")
    if answer.status != 200:
        fault = Missing if answer.status in (404, 410) else Unreachable
        raise fault(N_("The page answered with %(status)s instead of showing itself.", status=answer.status))
    if kind.strip().lower() not in HTML:
        raise Unreachable(N_("That address is not a web page."))
    if answer.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity"):
        raise Unreachable(N_("The page came packed, though it was asked for as it is."))
    policies = tuple(answer.headers.get_all("Content-Security-Policy", ()))
    if sum(map(len, policies)) > MAX_POLICY:
        raise Unreachable(N_("The page's Content-Security-Policy is too long to be read."))
    body = bytearray()
    while len(body) <= MAX_BYTES and (chunk := answer.read1(65_536)):
        body += chunk
        if time.monotonic() > line.deadline:
            raise TimeoutError
    return Page(url, policies, _text(bytes(body[:MAX_BYTES]), rest), len(body) <= MAX_BYTES)


def _text(body: bytes, parameters: str) -> str:
    _, _, name = parameters.lower().partition("charset=")
    try:
        encoding = codecs.lookup(name.strip(" \"'")).name
    except (LookupError, ValueError):  # no such encoding
        encoding = ""
    return body.decode(encoding if _ENCODINGS.fullmatch(encoding) else "utf-8", "replace")

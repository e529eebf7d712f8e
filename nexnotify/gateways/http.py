"""One blocking HTTP client for all plugins: keep-alive, thread-safe, no retry, no redirect, no proxy from outside.

It turns what goes wrong on the way into the contract's errors by one rule: **what fails before the connection stands
is** :class:`Transient` (nothing was sent), **what fails after it is** :class:`Unknown` (the provider may have taken the
message). A kept connection that breaks before the first byte of an answer is Unknown too: nobody can say whether the
provider had read the request. Connections that the provider has already closed are noticed and not used.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, LocationValueError, ReadTimeoutError

from nexnotify.clock import utcnow
from nexnotify.gateways.contract import SEND_TIMEOUT, Misconfigured, Transient, Unknown

CONNECT_TIMEOUT = 5.0
#: The whole of a call, from the first packet to the last byte of the answer.
TOTAL_TIMEOUT = SEND_TIMEOUT
#: The most of an answer that is read; providers answer with a few hundred bytes.
MAX_ANSWER = 4 * 1024 * 1024
#: Connections kept for one host; more may be open at a time, never fewer.
POOL_SIZE = 256

# urllib3 writes whole addresses to its debug log, and some providers (Kannel) want a password in the address.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class _Connecting:
    """Mixed into both kinds of connection: whatever fails while connecting was surely not sent."""

    host: str

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except (HTTPError, OSError, ValueError) as error:
            # "from None": urllib3's words repeat the address, and the reason is said here.
            raise Transient(f"No connection to {self.host}: {_reason(error)}.") from None


class _PlainConnection(_Connecting, HTTPConnection):
    pass


class _TlsConnection(_Connecting, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _reason(error: BaseException) -> str:
    """The words of the operating system, without urllib3's wrapping (which repeats the address)."""
    cause = error.__cause__ or error
    words = getattr(cause, "strerror", None) or getattr(cause, "verify_message", None) or type(cause).__name__
    return str(words).rstrip(".").lower()


def _new_pool() -> urllib3.PoolManager:
    manager = urllib3.PoolManager(num_pools=64, maxsize=POOL_SIZE, block=False, retries=False)
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return manager


_pool = _new_pool()


def _forget_connections() -> None:
    """After a fork the sockets belong to the parent; a child that used them would mix up answers."""
    global _pool
    _pool = _new_pool()


os.register_at_fork(after_in_child=_forget_connections)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the provider answered. ``headers`` has lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, or ``None`` where it is none; what that means is for the plugin to decide."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def clock_ahead(self) -> timedelta | None:
        """How far our clock is ahead of the provider's, by the date of this answer; None where it has none."""
        try:
            return utcnow() - parsedate_to_datetime(self.headers["date"])
        except (KeyError, TypeError, ValueError):
            return None

    def retry_after(self, default: float = 1.0) -> float:
        """Seconds from ``Retry-After``; the default where it is missing or a date."""
        try:
            return max(0.0, min(float(self.headers["retry-after"]), 3600.0))
        except (KeyError, ValueError):
            return default


def basic_auth(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    fields: Mapping[str, str | int] | None = None,
    body: bytes | str | None = None,
    timeout: float | None = None,
) -> HttpAnswer:
    """One call, one answer, whatever its status. ``fields`` go into the query of a GET, else into a form body.

    :raises Transient: surely not sent. :raises Unknown: sent, and no whole answer came.
    :raises Misconfigured: the address is none.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise Misconfigured("The gateway's address must begin with http:// or https://.")
    sent_headers = dict(headers or {})
    if fields is not None and method == "GET":
        url += ("&" if "?" in url else "?") + urlencode(fields)
    elif fields is not None:
        body = urlencode(fields)
        sent_headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    total = min(timeout or TOTAL_TIMEOUT, TOTAL_TIMEOUT)
    limit = urllib3.Timeout(connect=min(CONNECT_TIMEOUT, total), read=total, total=total)
    ends_at = time.monotonic() + total
    try:
        answer = _pool.request(
            method,
            url,
            body=body.encode() if isinstance(body, str) else body,
            headers=sent_headers,
            timeout=limit,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            content = _read(answer, ends_at)
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
    except LocationValueError:
        raise Misconfigured("The gateway's address is not a valid web address.") from None
    except ReadTimeoutError:
        raise Unknown(f"No answer within {total:g} seconds.", code="timeout") from None
    except (HTTPError, OSError) as error:
        raise Unknown(f"The connection broke before the answer was whole ({type(error).__name__}).") from None
    return HttpAnswer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)


def _read(answer: urllib3.BaseHTTPResponse, ends_at: float) -> bytes:
    """The whole body (urllib3 raises when it is cut off), but no longer than a call may take, nor more than it may weigh."""
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            raise Unknown("The answer is far too long.")
        if time.monotonic() > ends_at:
            raise Unknown("The answer came too slowly.", code="timeout")
    return b"".join(parts)

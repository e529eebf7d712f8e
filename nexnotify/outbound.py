"""Calling one address that a merchant names, behind the same guard as reading a page (:mod:`nexnotify.fetch`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit

from nexnotify.fetch import SECONDS, Line, Resolve, Unreachable, addresses_of, ask, parts_of, reason, resolve_name
from nexnotify.words import N_

#: Of a longer answer, nothing is used.
MAX_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered, whatever its status."""

    status: int
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    private: Collection[str] = (),
    resolve: Resolve | None = None,
) -> Answer:
    """POST ``body`` and wait for the answer, 5 seconds for all of it; a redirect is an answer too, and is not followed.

    :param private: origins that may lie on private addresses and any port, such as ``http://localhost:8080``.
    :param resolve: (host, port) → IP addresses; the system's resolver by default.
    :raises Unreachable: with the reason; whether the call was taken is not known.
    """
    line, answer = Line(), Future[Answer]()

    def call() -> None:
        try:
            answer.set_result(_call(url, body, headers, private, resolve or resolve_name, line))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=call, name="outbound", daemon=True).start()
    try:
        return answer.result(SECONDS)
    except TimeoutError:
        raise Unreachable(_too_slow(urlsplit(url).hostname)) from None
    finally:
        line.cut()


def _call(
    url: str, body: bytes, headers: Mapping[str, str], private: Collection[str], resolve: Resolve, line: Line
) -> Answer:
    parts = parts_of(url)
    addresses = addresses_of(parts, private, resolve)
    try:
        with ask(parts, addresses[0], line, headers, body) as answer:
            found = bytearray()
            while chunk := answer.read1(65_536):
                found += chunk
                if len(found) > MAX_ANSWER:
                    raise Unreachable(N_("The answer of %(host)s is far too long.", host=parts.hostname))
                if time.monotonic() > line.deadline:
                    raise TimeoutError
            return Answer(answer.status, bytes(found))
    except TimeoutError:
        raise Unreachable(_too_slow(parts.hostname)) from None
    except (HTTPException, OSError, ValueError) as error:
        raise Unreachable(reason(error, parts.hostname)) from None


def _too_slow(host: str | None) -> str:
    return N_("%(host)s did not answer within %(seconds)s seconds.", host=host, seconds=f"{SECONDS:.0f}")

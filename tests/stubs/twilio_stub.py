"""A stand-in for Twilio that counts: what it accepted, it has written down before it answers.

    python tests/stubs/twilio_stub.py --port 0 --delay 0.05 --file LOG

    with TwilioStub(delay=0.05, file=log) as twilio:
        twilio.url, twilio.counts(), twilio.accepted()

One process, one thread, asyncio, the standard library. Some numbers misbehave, by their last four digits:
0001 accepted, then 500 · 0002 accepted, then hangs up · 0003 429 on the first try · 0004 refused, 21610
0005 accepted, then hangs for 30 s · 0006 accepted, then a 201 that makes no sense.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote
from urllib.request import urlopen

HANG = 30.0
REASONS = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
}
REASONS |= {500: "Internal Server Error", 503: "Service Unavailable"}


class Book:
    """What was accepted, in memory and in the file."""

    def __init__(self, delay: float = 0.0, file: str | None = None, listing: bool = True) -> None:
        self.delay, self.listing = delay, listing
        self.log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if file else None
        self.by_number: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.by_sid: dict[str, dict[str, Any]] = {}
        self.limited: set[str] = set()

    def accept(self, account: str, fields: dict[str, str]) -> dict[str, Any]:
        sid = f"SM{len(self.by_sid) + 1:032x}"
        now = time.time()
        entry = {
            "sid": sid,
            "account_sid": account,
            "to": fields["To"],
            "from": fields.get("From"),
            "messaging_service_sid": fields.get("MessagingServiceSid"),
            "body": fields.get("Body", ""),
            "direction": "outbound-api",
            "status": "queued",
            "num_segments": "1",
            "error_code": None,
            "error_message": None,
            "date_created": formatdate(now, usegmt=False).replace("-0000", "+0000"),
            "date_sent": None,
        }
        self.by_sid[sid] = entry
        self.by_number[fields["To"]].append(entry)
        if self.log is not None:
            line = {
                "sid": sid,
                "to": fields["To"],
                "body": entry["body"],
                "callback": fields.get("StatusCallback"),
                "at": now,
            }
            os.write(self.log, json.dumps(line).encode() + b"\n")
        return entry


class Speaker(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: one request at a time on each connection."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.buffer = bytearray()
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.next()

    def next(self) -> None:
        if self.busy:
            return
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].decode("latin-1")
        length = 0
        for line in head.split("\r\n")[1:]:
            if line[:15].lower() == "content-length:":
                length = int(line[15:])
        if len(self.buffer) < end + 4 + length:
            return
        body = self.buffer[end + 4 : end + 4 + length].decode()
        del self.buffer[: end + 4 + length]
        self.busy = True
        method, target, _ = head.split(" ", 2)
        path, _, query = target.partition("?")
        if method == "POST" and path.endswith("/Messages.json"):
            fields = dict(parse_qsl(body, keep_blank_values=True))
            account = path.split("/")[3]
            if self.book.delay:
                asyncio.get_running_loop().call_later(self.book.delay, self.create, account, fields)
            else:
                self.create(account, fields)
        else:
            self.answer(*self.read(method, path, dict(parse_qsl(query, keep_blank_values=True))))

    def create(self, account: str, fields: dict[str, str]) -> None:
        to = fields.get("To", "")
        case = to[-4:]
        if not to:
            return self.answer(400, _error(21604, "A 'To' phone number is required.", 400))
        if not fields.get("Body"):
            return self.answer(400, _error(21602, "Message body is required.", 400))
        if not (fields.get("From") or fields.get("MessagingServiceSid")):
            return self.answer(400, _error(21603, "A 'From' phone number is required.", 400))
        if case == "0003" and to not in self.book.limited:
            self.book.limited.add(to)
            return self.answer(429, _error(20429, "Too Many Requests", 429), "Retry-After: 1\r\n")
        if case == "0004":
            return self.answer(400, _error(21610, "Attempt to send to unsubscribed recipient", 400))
        entry = self.book.accept(account, fields)
        if case == "0001":
            return self.answer(500, "<html>Internal Server Error</html>")
        if case == "0002":
            return self.transport.abort()
        if case == "0005":
            asyncio.get_running_loop().call_later(HANG, self.answer, 201, json.dumps(entry))
            return None
        return self.answer(201, "<html>Welcome</html>" if case == "0006" else json.dumps(entry))

    def read(self, method: str, path: str, query: dict[str, str]) -> tuple[int, str]:
        book, parts = self.book, path.split("/")
        if path == "/counts":
            return 200, json.dumps(Counter({to: len(texts) for to, texts in book.by_number.items()}))
        if method != "GET" or len(parts) < 4 or parts[1:3] != ["2010-04-01", "Accounts"]:
            return 404, _error(20404, "The requested resource was not found", 404)
        if len(parts) == 4:
            sid = parts[3].removesuffix(".json")
            return 200, json.dumps({"sid": sid, "status": "active", "friendly_name": "Stub", "type": "Full"})
        if parts[4] == "Messages.json":
            if not book.listing:
                return 503, _error(20503, "Service unavailable", 503)
            to = query.get("To")
            found = book.by_number.get(to, []) if to else list(book.by_sid.values())
            size = int(query.get("PageSize", 50))
            return 200, json.dumps(
                {"messages": found[::-1][:size], "next_page_uri": None if len(found) <= size else "…"}
            )
        entry = book.by_sid.get(unquote(parts[-1]).removesuffix(".json"))
        return (200, json.dumps(entry)) if entry else (404, _error(20404, "The requested resource was not found", 404))

    def answer(self, status: int, text: str, more: str = "") -> None:
        if self.transport.is_closing():
            return
        content = text.encode()
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        head += f"Date: {formatdate(usegmt=True)}\r\n"
        self.transport.write(f"{head}{more}\r\n".encode() + content)
        self.busy = False
        self.next()


def _error(code: int, message: str, status: int) -> str:
    info = f"https://www.twilio.com/docs/errors/{code}"
    return json.dumps({"code": code, "message": message, "more_info": info, "status": status})


async def serve(port: int, book: Book) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Speaker(book), "127.0.0.1", port, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 - who started it waits for it
    await server.serve_forever()


class TwilioStub:
    """The stand-in as a child process, for the length of a ``with``."""

    def __init__(
        self, delay: float = 0.0, file: Path | str | None = None, *, port: int = 0, listing: bool = True
    ) -> None:
        self.file = Path(file) if file else None
        self._command = [sys.executable, str(Path(__file__).resolve()), "--port", str(port), "--delay", str(delay)]
        self._command += ["--file", str(file)] if file else []
        self._command += [] if listing else ["--no-list"]

    def __enter__(self) -> TwilioStub:
        self._child = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        self.url = self._child.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"The Twilio stub did not start (exit {self._child.wait()}).")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(10)
        if self._child.stdout:
            self._child.stdout.close()

    def counts(self) -> dict[str, int]:
        """How many texts it accepted, by number."""
        with urlopen(f"{self.url}/counts", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def accepted(self) -> list[dict[str, Any]]:
        """The lines of its file."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file else []


def main() -> None:
    parser = argparse.ArgumentParser(description="A counting stand-in for Twilio.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before a text is accepted")
    parser.add_argument("--file", help="gets a line for each accepted text, before the answer")
    parser.add_argument("--no-list", dest="listing", action="store_false", help="lists answer 503")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, Book(options.delay, options.file, options.listing)))


if __name__ == "__main__":
    main()

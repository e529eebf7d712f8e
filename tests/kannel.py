"""A real Kannel for tests: bearerbox, smsbox and a fake SMSC on free loopback ports, in a folder of its own.

    with Kannel(folder, callbacks="http://127.0.0.1:8000") as kannel:
        kannel.sendsms, kannel.user, kannel.password     # what the gateway's settings want
        kannel.delivered()                               # what the fake SMSC took
        kannel.inbound("+15557770000", "15550001111", "STOP")

Receipts go where each message says; inbound texts go to ``callbacks`` + ``/inbound?from=…``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus, unquote_to_bytes
from urllib.request import urlopen

import pytest

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
INSTALL = "Kannel is not installed: apt-get install --no-install-recommends kannel kannel-extras"

CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = adm
status-password = sta
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
store-type = spool
store-location = "{folder}/spool"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake1
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1
throughput = {throughput}

# A second link, only for what shoppers send: the fake driver speaks to one client at a time.
group = smsc
smsc = fake
smsc-id = shoppers
host = 127.0.0.1
port = {shoppers}
connect-allow-ip = 127.0.0.1
allowed-smsc-id = none

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-interface = 127.0.0.1
sendsms-port = {sendsms}
global-sender = 15550001111
http-request-retry = 5
http-queue-delay = 1
log-file = "{folder}/smsbox.log"
access-log = "{folder}/access.log"

group = sendsms-user
username = nex
password = nexpass
user-deny-ip = "*.*.*.*"
user-allow-ip = "127.0.0.1"
max-messages = {parts}
concatenation = true
default-smsc = fake1

group = sms-service
keyword = default
post-url = "{inbound}{mark}from=%p&to=%P&text=%a&ts=%T&id=%I&smsc=%i&coding=%c&charset=%C"
max-messages = 0
catch-all = true
omit-empty = true
"""


@dataclass(frozen=True)
class Taken:
    """One part that the fake SMSC took."""

    from_: str
    to: str
    #: "text" or "ucs-2"; "udh" for one part of several, which does not say in which alphabet it is.
    kind: str
    udh: bytes
    payload: bytes

    @property
    def text(self) -> str:
        return self.payload.decode("utf-16-be" if self.kind == "ucs-2" else "utf-8")


def installed() -> bool:
    return bool(shutil.which("bearerbox") and shutil.which("smsbox") and os.access(FAKESMSC, os.X_OK))


def require() -> None:
    """Skip where Kannel is missing; fail where it may not be (CI)."""
    if not installed():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(INSTALL)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_for(ready: Callable[[], object], seconds: float = 10.0, what: str = "it") -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.02)


class Kannel:
    """bearerbox, smsbox and a fake SMSC as children of this process; stopped by their own pids."""

    user = "nex"
    password = "nexpass"
    status_password = "sta"

    def __init__(
        self,
        folder: Path,
        callbacks: str = "",
        *,
        inbound_url: str | None = None,
        parts: int = 3,
        throughput: int = 500,
    ) -> None:
        self.folder = folder
        self.children: list[subprocess.Popen[bytes]] = []
        self._started = 0
        inbound = inbound_url or f"{callbacks}/inbound"
        self._config = {
            "inbound": inbound.replace("%", "%%"),
            "mark": "&" if "?" in inbound else "?",
            "parts": parts,
            "throughput": throughput,
        }

    def __enter__(self) -> Kannel:
        require()
        for attempt in (1, 2, 3):
            try:
                self._start()
                return self
            except (TimeoutError, OSError):
                self.stop()
                if attempt == 3:
                    raise
        raise AssertionError

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        admin, box, smsc, self._shoppers, sendsms = free_ports(5)
        self.sendsms = f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms"
        self.status_url = f"http://127.0.0.1:{admin}/status.txt"
        (self.folder / "spool").mkdir(parents=True, exist_ok=True)
        config = self.folder / "kannel.conf"
        ports = {"admin": admin, "box": box, "smsc": smsc, "shoppers": self._shoppers, "sendsms": sendsms}
        config.write_text(CONFIG.format(folder=self.folder, **ports, **self._config))
        self._child("bearerbox", shutil.which("bearerbox") or "", str(config))
        wait_for(lambda: _listens(admin) and _listens(box), what="bearerbox's start")
        self._child("smsbox", shutil.which("smsbox") or "", str(config))
        self._smsc("sink", smsc, "-m", "0", "1 1 text unused")
        wait_for(lambda: _listens(sendsms), what="smsbox's start")
        wait_for(lambda: _READY.search(self.status()), what="the connection of smsbox and SMSC")

    def _child(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        self._started += 1
        with (self.folder / f"{name}-{self._started}.out").open("wb") as out:
            child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.children.append(child)
        return child

    def _smsc(self, name: str, port: int, *words: str) -> subprocess.Popen[bytes]:
        return self._child(name, FAKESMSC, "-H", "127.0.0.1", "-r", str(port), "-i", "0.01", *words)

    def stop(self) -> None:
        for child in reversed(self.children):
            child.terminate()
        for child in reversed(self.children):
            _end(child)
        self.children.clear()

    def status(self) -> str:
        with closing(urlopen(f"{self.status_url}?password={self.status_password}", timeout=5)) as answer:
            text: str = answer.read().decode()
        return text

    def delivered(self) -> list[Taken]:
        """Every part that reached the fake SMSC, in order."""
        printed = b"".join(path.read_bytes() for path in self.folder.glob("sink-*.out"))
        return [_parse(line) for line in _MESSAGE.findall(printed)]

    def wait_delivered(self, count: int, seconds: float = 10.0) -> list[Taken]:
        wait_for(lambda: len(self.delivered()) >= count, seconds, f"the delivery of {count} parts")
        return self.delivered()

    def inbound(self, from_: str, to: str, text: str) -> None:
        """A shopper's text, given to Kannel by the fake SMSC."""
        kind, shown = ("text", text) if text.isascii() else ("ucs2", quote_plus(text.encode("utf-16-be")))
        before = self._received()
        child = self._smsc("shopper", self._shoppers, "-m", "1", f"{from_} {to} {kind} {shown}")
        try:
            wait_for(lambda: self._received() > before, what="the shopper's text at Kannel")
        finally:
            child.terminate()
            _end(child)
            self.children.remove(child)

    def _received(self) -> int:
        found = re.search(r"^SMS: received (\d+)", self.status(), re.MULTILINE)
        return int(found.group(1)) if found else 0


_READY = re.compile(r"smsbox:.*\bon-line\b.*fake1\[fake1\].*?\(online", re.DOTALL)
_MESSAGE = re.compile(rb"Got message \d+: <(.*)>\s*$", re.MULTILINE)


def _parse(line: bytes) -> Taken:
    from_, to, kind, rest = line.split(b" ", 3)
    udh = b""
    if kind == b"udh":  # "udh <header> data <text>"
        head, _, rest = rest.split(b" ", 2)
        udh = unquote_to_bytes(head.replace(b"+", b" "))
    if kind != b"text":
        rest = unquote_to_bytes(rest.replace(b"+", b" "))
    return Taken(from_.decode(), to.decode(), kind.decode(), udh, rest)


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True

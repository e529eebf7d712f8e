"""A blocking SMTP client for email plugins: smtplib's, with one deadline for the whole conversation.

It turns refusals into the contract's errors by one rule: **until the content is begun** nothing was surely sent,
**after its last line** only the server's answer tells, and without one the outcome is Unknown.
"""

from __future__ import annotations

import base64
import io
import os
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Literal

from nexnotify.gateways.bounces import enhanced_status, meaning, words
from nexnotify.gateways.contract import (
    SEND_TIMEOUT,
    GatewayError,
    Misconfigured,
    RateLimited,
    Rejected,
    RejectedReason,
    Transient,
    Unknown,
)

CONNECT_TIMEOUT = 5.0
#: The whole of a conversation, from the first packet to the server's last word.
TOTAL_TIMEOUT = SEND_TIMEOUT

#: What a server refuses when it refuses; "data" is the command before the content.
Part = Literal["session", "sender", "recipient", "data", "content"]

#: In a temporary refusal: the server means our pace, not this mail.
_PACE = re.compile(r"too many|too fast|\brate\b|throttl|slow down|quota|limit", re.IGNORECASE)
#: Then it means hours, not seconds.
_LONG = re.compile(r"daily|per day|hour|quota", re.IGNORECASE)
#: In a refusal of the recipient: the server means us, not the mailbox.
_US = re.compile(r"spam|block|black|listed|policy|reputation|denied|not allowed|authenticat", re.IGNORECASE)
#: The server takes mail to anywhere only from its own users, and we are none.
_RELAY = re.compile(r"relay", re.IGNORECASE)


def expect(said: tuple[int, bytes], part: Part, wanted: int | None = None) -> str:
    """The server's words, where it agrees (2xx, or ``wanted``).

    :raises GatewayError: it does not.
    """
    code, text = said[0], words(said[1])
    if code == wanted if wanted else 200 <= code < 300:
        return text
    raise refusal(code, text, part)


def refusal(code: int, text: str, part: Part) -> GatewayError:
    """The error for an answer that is no agreement; its enhanced code (5.1.1) says more than its number (550)."""
    status = enhanced_status(text)
    shown = status or str(code)
    if 400 <= code < 500:
        # x.2.x is about one mailbox: it may be busy, or full, without the others having to wait.
        if code == 421 or (_PACE.search(text) and not status.startswith("4.2.") and part != "recipient"):
            wait = 900.0 if _LONG.search(text) else 60.0
            return RateLimited(text or "The server asks us to slow down.", code=shown, retry_after=wait)
        return Transient(text or "The server refuses for now.", code=shown)
    if not 500 <= code < 600:
        kind = Unknown if part == "content" else Transient
        return kind("The server's answer makes no sense.", code=shown)
    if code in (530, 534, 535, 538) or part in ("session", "sender") or _RELAY.search(text):
        return Misconfigured(text or "The server refuses us.", code=shown)
    return Rejected(text or "The server refuses the mail.", reason=_reason(code, status, text, part), code=shown)


def _reason(code: int, status: str, text: str, part: Part) -> RejectedReason:
    if status:
        return meaning(status)[1]
    if part in ("data", "content"):
        return "content"
    if _US.search(text):
        return "sender"
    return "unreachable" if code in (550, 551, 553) else "other"


class Client(smtplib.SMTP):
    """One conversation. smtplib's own timeout counts anew for every packet; here all of it ends in time."""

    def __init__(self, name: str) -> None:
        """``name`` is ours, as we greet."""
        super().__init__(local_hostname=name)
        self._ends_at = time.monotonic() + TOTAL_TIMEOUT

    def left(self) -> float:
        """Seconds until the deadline.

        :raises TimeoutError: it is over.
        """
        seconds = self._ends_at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("The deadline is over.")
        return seconds

    def open(self, host: str, port: int, security: str, user: str, password: str) -> None:
        """Connect, greet, encrypt (``starttls``, ``tls`` or ``none``) and sign in.

        :raises GatewayError: the server does not want us. :raises OSError: the connection broke.
        """
        try:
            self._reach(host, port)
            if security == "tls":
                self._encrypt(host)
            expect(self.getreply(), "session")
            self._greet()
            if security == "starttls":
                if not self.has_extn("starttls"):
                    raise Misconfigured("The server does not offer STARTTLS; choose another encryption or port.")
                expect(self.docmd("STARTTLS"), "session")
                self._encrypt(host)
                self._greet()
            if user:
                self._sign_in(user, password)
        except ssl.SSLCertVerificationError as error:
            raise Misconfigured(f"The server's certificate is not trusted: {error.verify_message}.") from None

    def _reach(self, host: str, port: int) -> None:
        try:
            self.sock = self._connect(host, port)
        except (OSError, UnicodeError) as error:
            why = (getattr(error, "strerror", None) or type(error).__name__).lower()
            raise Transient(f"No connection to {host}: {why}.") from None

    def _connect(self, host: str, port: int) -> socket.socket:
        """To the first of its addresses that answers; socket.create_connection gives each the whole time."""
        problem = OSError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            found = socket.socket(family, kind, protocol)
            try:
                found.settimeout(min(CONNECT_TIMEOUT, self.left()))
                found.connect(address)
                return found
            except OSError as error:
                found.close()
                problem = error
        raise problem

    def _encrypt(self, host: str) -> None:
        assert self.sock
        self.sock.settimeout(self.left())
        self.sock = _tls(os.environ.get("SSL_CERT_FILE")).wrap_socket(self.sock, server_hostname=host)
        # What was said in the clear may have been said by anybody: forget it.
        self.file, self.helo_resp, self.ehlo_resp, self.esmtp_features = None, None, None, {}

    def _greet(self) -> None:
        said = self.ehlo()
        if 500 <= said[0] < 600:
            said = self.helo()
        expect(said, "session")

    def _sign_in(self, user: str, password: str) -> None:
        """By PLAIN or LOGIN, in UTF-8: smtplib's own knows ASCII passwords only."""
        known = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in known:
            said = self.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in known:
            said = self.docmd("AUTH", "LOGIN " + _base64(user))
            said = self.docmd(_base64(password)) if said[0] == 334 else said
        else:
            raise Misconfigured("The server offers no sign-in by password; look at encryption and port.")
        if 500 <= said[0] < 600:
            # Not in the server's words: they may repeat what it was given.
            raise Misconfigured("The server does not accept this user and password.", code=str(said[0]))
        expect(said, "session")

    def content(self, mail: bytes) -> None:
        """The mail itself, and the line that ends it. Bare CRs and LFs are mended: they smuggle commands."""
        lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
        lines = re.sub(rb"(?m)^\.", b"..", lines)
        self.send(lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n")

    def leave(self) -> None:
        """Hang up, with a word but without waiting for the answer."""
        with suppress(OSError):
            self.putcmd("QUIT")
        self.close()

    # -- smtplib's two ways to the wire, each in what time is left

    def send(self, s: Any) -> None:
        """Write."""
        if self.sock:
            self.sock.settimeout(self.left())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer."""
        if self.file is None and self.sock:
            self.file = io.BufferedReader(_Clocked(self.sock, self.left))
        return super().getreply()


class _Clocked(io.RawIOBase):
    """Reads from a socket, each time for no longer than is left."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock, self._left = sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._left())
        return self._sock.recv_into(buffer)


@cache
def _tls(_cert_file: str | None) -> ssl.SSLContext:
    """Trusts whom this machine trusts. Made once: reading the list of authorities takes longer than many a mail."""
    return ssl.create_default_context()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

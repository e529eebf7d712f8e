"""A real SMTP server (aiosmtpd) on loopback that keeps what it is given, and refuses what it is told to.

    with SmtpServer() as server:
        server.port, server.mails

It takes the kit's :class:`Answer`, in turn for each mail. Its status and body answer the mail's last line, or another
command: ``Answer(550, "5.1.1 Nobody", {"at": "RCPT"})``. Status 200, which SMTP does not know, says the body raw.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nexnotify.gateways.testkit import Answer, Asked

# It runs in the tests' own process, and would write the client's secrets beside the client's log.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

OK = Answer(250, "2.0.0 Ok: queued as ABC123")


@dataclass
class Mail:
    """One mail as it arrived, with its envelope."""

    sender: str
    to: list[str]
    options: list[str]
    raw: bytes
    encrypted: bool
    user: str | None

    @property
    def parsed(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def part(self, kind: str) -> str:
        """The text of its ``plain`` or ``html`` part."""
        found = self.parsed.get_body((kind,))
        assert found is not None
        return str(found.get_content()).replace("\r\n", "\n")


@dataclass
class _Session:
    answer: Answer = field(default_factory=lambda: OK)

    def refuses(self, command: str) -> str | None:
        if self.answer.headers.get("at") != command:
            return None
        return f"{self.answer.status} {self.answer.body}"


class _Smtp(SMTP):
    async def smtp_DATA(self, arg: str) -> None:
        refused = self.session.script.refuses("DATA")  # type: ignore[union-attr]
        if refused:
            await self.push(refused)
        else:
            await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_EHLO(
        self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if not hasattr(session, "script"):
            session.script = _Session(self._server.next_answer())
        refused = session.script.refuses("EHLO")
        if refused:
            return [refused]
        return [*responses[:-1], *(f"250-{each}" for each in self._server.extensions), responses[-1]]

    async def handle_NOOP(self, server: SMTP, session: Any, envelope: Any, arg: str) -> str:
        return session.script.refuses("NOOP") or "250 OK"

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        refused = session.script.refuses("MAIL")
        if self._server.users and not session.authenticated:
            refused = "530 5.7.0 Authentication required"
        if not refused:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return refused or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        refused = session.script.refuses("RCPT")
        if not refused:
            envelope.rcpt_tos.append(address)
        return refused or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        mail = Mail(
            envelope.mail_from,
            envelope.rcpt_tos,
            envelope.mail_options,
            envelope.original_content or b"",
            session.ssl is not None or self._server.tls_from_start,
            session.auth_data.decode() if session.auth_data else None,
        )
        self._server.take(mail)
        answer = session.script.answer
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.hang_up == "before":
            server.transport.abort()
        elif answer.hang_up == "inside":
            server.transport.write(b"25")
            server.transport.close()
        return answer.body if answer.status == 200 else f"{answer.status} {answer.body}"


class SmtpServer:
    """The server, for the length of a ``with``."""

    def __init__(
        self,
        *answers: Answer,
        users: dict[str, str] | None = None,
        certificate: Path | None = None,
        tls_from_start: bool = False,
        extensions: tuple[str, ...] = (),
        mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN"),
        smtputf8: bool = True,
    ) -> None:
        self.answers = list(answers or (OK,))
        self.users, self.tls_from_start, self.extensions = users or {}, tls_from_start, extensions
        self.mails: list[Mail] = []
        self.asked: list[Asked] = []
        self._mechanisms, self._smtputf8 = mechanisms, smtputf8
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)

    def next_answer(self) -> Answer:
        with self._lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def take(self, mail: Mail) -> None:
        parsed = mail.parsed
        headers = {name.lower(): str(value) for name, value in parsed.items()}
        query = {name: [value] for name, value in headers.items()}
        query |= {"mail_from": [mail.sender], "rcpt_to": mail.to, "options": [" ".join(mail.options)]}
        with self._lock:
            self.mails.append(mail)
            self.asked.append(Asked("MAIL", mail.sender, query, headers, mail.part("plain").encode()))

    def _authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        refused = session.script.refuses("AUTH")
        if refused:
            return AuthResult(success=False, handled=False, message=refused)
        assert isinstance(data, LoginPassword)
        good = self.users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=good, handled=False, auth_data=data.login)

    def _make(self) -> SMTP:
        upgrade = self._context if not self.tls_from_start else None
        return _Smtp(
            _Handler(self),
            hostname="mail.example",
            enable_SMTPUTF8=self._smtputf8,
            tls_context=upgrade,
            require_starttls=upgrade is not None,
            authenticator=self._authenticate if self.users else None,
            auth_require_tls=self._context is not None and not self.tls_from_start,
            auth_exclude_mechanism=[each for each in ("PLAIN", "LOGIN") if each not in self._mechanisms],
            loop=self._loop,
        )

    def __enter__(self) -> SmtpServer:
        self._loop = asyncio.new_event_loop()
        context = self._context if self.tls_from_start else None
        # In a thread from the start: the test's own thread may have a loop of its own (a browser's driver).
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = self._loop.create_server(self._make, "127.0.0.1", 0, ssl=context, backlog=256)
        self._server = asyncio.run_coroutine_threadsafe(server, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)


def make_certificate(folder: Path, host: str = "127.0.0.1") -> Path:
    """A self-made certificate for loopback, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(host))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path

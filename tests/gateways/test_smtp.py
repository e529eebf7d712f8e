"""Email over SMTP, against a real server on this machine."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from nexnotify.gateways import smtp
from nexnotify.gateways.contract import (
    Accepted,
    GatewayError,
    Misconfigured,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import Answer, CheckCase, GatewayContract, Provider, SendCase, outgoing_email
from tests.stubs.smtp_stub import OK, SmtpServer, make_certificate

ROOT = Path(__file__).parents[2]
SMTP = load(ROOT / "plugins" / "gateways").get("smtp")
MAIL = outgoing_email()
NAME = f"{MAIL.reference}@shop.example"
TAKEN = Accepted(NAME, "2.0.0 Ok: queued as ABC123")


def settings_for(server: Any, **changes: Any) -> dict[str, Any]:
    values = {
        "host": "127.0.0.1",
        "port": urlsplit(server if isinstance(server, str) else server.url).port,
        "security": "none",
        "username": "",
        "password": "",
        "from_address": "shop@shop.example",
        "from_name": "Acme",
        "reply_to": "",
        "bounce_address": "",
    }
    return {**values, **changes}


def says(status: int, words: str, at: str = "end") -> Answer:
    return Answer(status, words, {"at": at})


class TestSmtp(GatewayContract):
    gateway = SMTP
    secrets = ("s3cret-pass", "s3cret-påss")

    def settings(self, url: str) -> dict[str, Any]:
        return settings_for(url, username="shop", password="s3cret-pass")

    def provider(self, *answers: Answer) -> AbstractContextManager[Provider]:
        return SmtpServer(*answers, users={"shop": "s3cret-pass"})

    @contextmanager
    def quick(self) -> Iterator[None]:
        before, smtp.TOTAL_TIMEOUT = smtp.TOTAL_TIMEOUT, 0.5
        try:
            yield
        finally:
            smtp.TOTAL_TIMEOUT = before

    sends = (
        SendCase(
            "taken",
            OK,
            TAKEN,
            MAIL,
            {
                "mail_from": "shop@shop.example",
                "rcpt_to": "ann@mail.example",
                "from": "Acme <shop@shop.example>",
                "to": "ann@mail.example",
                "subject": "Your tee is back",
                "message-id": f"<{NAME}>",
                "x-nexnotify-reference": MAIL.reference,
                "reply-to": None,
                "list-unsubscribe": f"<{MAIL.unsubscribe_url}>",
                "list-unsubscribe-post": "List-Unsubscribe=One-Click",
                "auto-submitted": "auto-generated",
                "precedence": "bulk",
            },
        ),
        SendCase(
            "answers elsewhere", OK, TAKEN, MAIL, {"reply-to": "help@shop.example"}, {"reply_to": "help@shop.example"}
        ),
        SendCase(
            "bounces elsewhere",
            OK,
            TAKEN,
            MAIL,
            {"mail_from": "bounces@shop.example", "from": "Acme <shop@shop.example>"},
            {"bounce_address": "bounces@shop.example"},
        ),
        SendCase("no way out known", OK, TAKEN, replace(MAIL, unsubscribe_url=None), {"list-unsubscribe": None}),
        SendCase(
            "a domain of other letters",
            OK,
            TAKEN,
            outgoing_email(to="ann@straße.example"),
            {"rcpt_to": "ann@xn--strae-oqa.example"},
        ),
        SendCase("not an address", OK, Rejected(reason="unreachable"), outgoing_email(to="ann")),
        SendCase(
            "two lines for an address",
            OK,
            Rejected(reason="unreachable"),
            outgoing_email(to="a@b.example\r\nRCPT TO:<x@y.example>"),
        ),
        SendCase(
            "too late", OK, Rejected(reason="expired"), outgoing_email(valid_until=datetime.now(UTC) - timedelta(1))
        ),
        # the server, before it is asked for anything
        SendCase(
            "too many connections",
            says(421, "4.7.0 Too many connections", "EHLO"),
            RateLimited(retry_after=60, code="4.7.0"),
            MAIL,
        ),
        SendCase("will not talk", says(554, "5.7.1 Go away", "EHLO"), Misconfigured(), MAIL),
        SendCase(
            "wrong password", says(535, "5.7.8 Bad credentials: s3cret-pass", "AUTH"), Misconfigured(code="535"), MAIL
        ),
        SendCase("sign-in out of order", says(454, "4.7.0 Try later", "AUTH"), Transient(code="4.7.0"), MAIL),
        # the sender
        SendCase("not our sender", says(553, "5.7.1 Sender not owned", "MAIL"), Misconfigured(code="5.7.1"), MAIL),
        SendCase("sign in first", says(530, "5.7.0 Authentication required", "MAIL"), Misconfigured(), MAIL),
        SendCase("the sender's rate", says(450, "4.7.1 Rate exceeded", "MAIL"), RateLimited(retry_after=60), MAIL),
        SendCase(
            "the day's quota", says(452, "4.5.3 Daily quota exceeded", "MAIL"), RateLimited(retry_after=900), MAIL
        ),
        SendCase("disk full", says(452, "4.3.1 Insufficient storage", "MAIL"), Transient(code="4.3.1"), MAIL),
        # the recipient
        SendCase(
            "nobody there",
            says(550, "5.1.1 <ann@mail.example>: unknown", "RCPT"),
            Rejected(reason="unreachable", code="5.1.1"),
            MAIL,
        ),
        SendCase(
            "nobody there, bare", says(550, "No such user", "RCPT"), Rejected(reason="unreachable", code="550"), MAIL
        ),
        SendCase("moved away", says(551, "User not local", "RCPT"), Rejected(reason="unreachable"), MAIL),
        SendCase(
            "full for good", says(552, "5.2.2 Mailbox full", "RCPT"), Rejected(reason="other", code="5.2.2"), MAIL
        ),
        SendCase("our reputation", says(550, "5.7.1 Client host blocked", "RCPT"), Rejected(reason="sender"), MAIL),
        SendCase(
            "our reputation, bare",
            says(550, "Listed at example, see our policy", "RCPT"),
            Rejected(reason="sender"),
            MAIL,
        ),
        SendCase("no relay for us", says(554, "5.7.1 Relay access denied", "RCPT"), Misconfigured(code="5.7.1"), MAIL),
        SendCase("greylisted", says(450, "4.2.0 Greylisted, try again", "RCPT"), Transient(code="4.2.0"), MAIL),
        SendCase("full for now", says(452, "4.2.2 Over quota", "RCPT"), Transient(code="4.2.2"), MAIL),
        SendCase("a local error", says(451, "Local error", "RCPT"), Transient(code="451"), MAIL),
        # the content
        SendCase("not now", says(451, "4.3.0 Try later", "DATA"), Transient(code="4.3.0"), MAIL),
        SendCase("after the last line: not now", says(451, "4.7.1 Try later"), Transient(code="4.7.1"), MAIL),
        SendCase("after the last line: closing", says(421, "4.3.2 Closing"), RateLimited(retry_after=60), MAIL),
        SendCase("spam", says(554, "5.7.1 Spam"), Rejected(reason="sender", code="5.7.1"), MAIL),
        SendCase("content", says(554, "Message refused"), Rejected(reason="content", code="554"), MAIL),
        SendCase("too big", says(552, "5.3.4 Too big"), Rejected(reason="content", code="5.3.4"), MAIL),
        SendCase("nobody there after all", says(550, "5.1.1 Nobody"), Rejected(reason="unreachable"), MAIL),
        SendCase("a code of no kind", says(999, "What?"), Unknown(code="999"), MAIL),
        SendCase("a wrong own address", OK, Misconfigured(), MAIL, settings={"from_address": "shop@ex ample"}),
    )
    checks = (
        CheckCase("all well", [OK], True),
        CheckCase("wrong password", [says(535, "5.7.8 No", "AUTH")], False),
        CheckCase("busy", [says(421, "4.7.0 Busy", "EHLO")], False),
        CheckCase("no", [says(502, "No", "NOOP")], False),
    )


# --- the mail ------------------------------------------------------------------------------------------------------


def sent_mail(message: Any = MAIL, **changes: Any) -> Any:
    with SmtpServer() as server:
        SMTP(settings_for(server, **changes)).send(message)
    [mail] = server.mails
    return mail


def test_a_mail_is_text_and_the_same_as_html() -> None:
    body = "Hello <Ann> & co,\n\nTee is back.\nhttps://shop.example/l/a?b=1&c=2.\n\n.\n..dots\n\nAcme"
    mail = sent_mail(outgoing_email(body=body))
    assert mail.part("plain").rstrip("\n") == body
    page = mail.part("html")
    assert "<p>Hello &lt;Ann&gt; &amp; co,</p>" in page
    link = "https://shop.example/l/a?b=1&amp;c=2"
    assert f'Tee is back.<br>\n<a href="{link}">{link}</a>.</p>' in page
    assert [part.get_content_type() for part in mail.parsed.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_the_address_of_a_picture_alone_on_its_line_is_that_picture() -> None:
    picture = "https://shop.example/tee.jpg?v=1&w=2"
    page = sent_mail(outgoing_email(body=f"Tee\n{picture}\nSee {picture} too.")).part("html")
    shown = "https://shop.example/tee.jpg?v=1&amp;w=2"
    assert page.count("<img ") == 1
    assert f'Tee<br>\n<img src="{shown}" alt=""' in page
    assert f'See <a href="{shown}">' in page


@pytest.mark.parametrize(
    "body",
    ["<script>alert(1)</script>", 'https://x.example/"onmouseover="alert(1)', "https://x.example/<b>", "javascript:x"],
)
def test_nothing_in_a_text_becomes_markup(body: str) -> None:
    page = sent_mail(outgoing_email(body=body, subject="<img src=x>")).part("html")
    assert not re.search(r"<(script|img|b>)|onmouseover=.alert[^<]*>.*</a>|href=.javascript", page)
    assert all(re.fullmatch(r'<a href="https?://[^"<>]*">', tag) for tag in re.findall(r"<a [^>]*>", page))


def test_subjects_names_and_texts_of_any_language_arrive() -> None:
    subject = "Größe M ist da 😀 " + "и снова в наличии " * 8 + "العربية"
    mail = sent_mail(
        outgoing_email(subject=subject, body="😀\nعربي\n" + "ü" * 3000), from_name='Bücher, "Acme" <x>; Ltd'
    )
    assert mail.parsed["Subject"] == " ".join(subject.split())
    assert mail.parsed["From"].addresses[0].display_name == 'Bücher, "Acme" <x>; Ltd'
    assert mail.parsed["From"].addresses[0].addr_spec == "shop@shop.example"
    assert mail.part("plain") == "😀\nعربي\n" + "ü" * 3000 + "\n"
    assert mail.raw.isascii()
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00"])
def test_nothing_in_a_header_begins_another(line_end: str) -> None:
    evil = f"Back{line_end}Bcc: eve@evil.example{line_end}{line_end}<html>"
    mail = sent_mail(outgoing_email(subject=evil), from_name=evil)
    assert mail.to == ["ann@mail.example"]
    assert mail.parsed["Bcc"] is None
    assert mail.parsed["Subject"] == "Back Bcc: eve@evil.example <html>"
    assert len(mail.parsed["From"].addresses) == 1
    assert mail.parsed.get_content_type() == "multipart/alternative"


def test_nothing_in_a_text_ends_the_mail() -> None:
    evil = "a\r\n.\r\nMAIL FROM:<eve@evil.example>\n.\nRCPT TO:<x@y.example>\r.\rb"
    with SmtpServer() as server:
        SMTP(settings_for(server)).send(outgoing_email(body=evil))
    [mail] = server.mails
    assert mail.part("plain").splitlines() == evil.splitlines()
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert b"\r" not in mail.raw.replace(b"\r\n", b"")


def test_the_way_out_stays_on_one_line() -> None:
    url = "https://notify.example/s/" + "x" * 150
    mail = sent_mail(outgoing_email(unsubscribe_url=url))
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in mail.raw


@pytest.mark.parametrize(
    "url", ["https://a.example/\r\nBcc: x", "https://a.example/>,<mailto:x", "ftp://a.example", "https://ä.example"]
)
def test_an_address_that_does_not_fit_the_header_is_left_out(url: str) -> None:
    assert sent_mail(outgoing_email(unsubscribe_url=url)).parsed["List-Unsubscribe"] is None


def test_a_server_that_knows_reports_is_told_the_reference() -> None:
    with SmtpServer(extensions=()) as server:
        SMTP(settings_for(server)).send(MAIL)
    assert not [option for option in server.mails[0].options if "ENVID" in option]
    lines = Conversation({"EHLO": b"250-mail.example\r\n250 DSN\r\n"})
    with lines:
        SMTP(settings_for(lines.url)).send(MAIL)
    assert f"mail FROM:<shop@shop.example> RET=HDRS ENVID={MAIL.reference}" in lines.heard


def test_an_address_of_other_letters_needs_a_server_that_can_write_it() -> None:
    message = outgoing_email(to="änn@mail.example")
    mail = sent_mail(message)
    assert mail.to == ["änn@mail.example"]
    assert "To: änn@mail.example\r\n".encode() in mail.raw
    with SmtpServer(smtputf8=False) as server, pytest.raises(Rejected) as refused:
        SMTP(settings_for(server)).send(message)
    assert refused.value.reason == "not_routable"
    assert server.mails == []


# --- the conversation ----------------------------------------------------------------------------------------------


class Conversation:
    """A server of ready answers, for what no real one would say."""

    def __init__(
        self, answers: dict[str, bytes] | None = None, greeting: bytes = b"220 hi\r\n", drip: float = 0
    ) -> None:
        self.answers = {"DATA": b"354 go\r\n", **(answers or {})}
        self.greeting, self.drip = greeting, drip
        self.heard: list[str] = []

    def __enter__(self) -> Conversation:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(5)
            try:
                self._say(connection, self.greeting)
                in_content = False
                for line in lines:
                    word = line.decode("utf-8", "replace").rstrip("\r\n")
                    self.heard.append(word)
                    if in_content and word != ".":
                        continue
                    command = "." if in_content else word.split(" ")[0].split(":")[0].upper()
                    answer = self.answers.get(command, b"250 ok\r\n")
                    in_content = command == "DATA" and answer.startswith(b"354")
                    if not answer:
                        return
                    self._say(connection, answer)
            except OSError:
                pass

    def _say(self, connection: socket.socket, answer: bytes) -> None:
        for at in range(len(answer)) if self.drip else ():
            connection.sendall(answer[at : at + 1])
            time.sleep(self.drip)
        if not self.drip:
            connection.sendall(answer)


@pytest.mark.parametrize(
    "conversation, expect",
    [
        (lambda: Conversation(greeting=b"554 No service\r\n"), Misconfigured),
        (lambda: Conversation(greeting=b"421 Busy\r\n"), RateLimited),
        (lambda: Conversation(greeting=b"SSH-2.0-OpenSSH\r\n"), Transient),
        (lambda: Conversation(greeting=b""), Transient),
        (lambda: Conversation({"EHLO": b""}), Transient),
        (lambda: Conversation({"MAIL": b""}), Transient),
        (lambda: Conversation({"RCPT": b""}), Transient),
        (lambda: Conversation({"RCPT": b"nonsense\r\n"}), Transient),
        (lambda: Conversation({"DATA": b""}), Transient),
        (lambda: Conversation({"DATA": b"250 what?\r\n"}), Transient),
        (lambda: Conversation({".": b""}), Unknown),
        (lambda: Conversation({".": b"25"}), Unknown),
        (lambda: Conversation({".": b"250-first\r\n"}), Unknown),
        (lambda: Conversation({".": b"250" + b"x" * 9000 + b"\r\n"}), Unknown),
        (lambda: Conversation({".": b"354 more?\r\n"}), Unknown),
    ],
)
def test_where_it_breaks_decides_whether_it_may_be_sent_again(
    conversation: Callable[[], Conversation], expect: type[GatewayError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TOTAL_TIMEOUT", 1.5)
    with conversation() as server, pytest.raises(GatewayError) as caught:
        SMTP(settings_for(server.url)).send(MAIL)
    assert type(caught.value) is expect, caught.value


def test_an_old_server_is_greeted_the_old_way() -> None:
    with Conversation({"EHLO": b"502 what?\r\n"}) as server:
        assert SMTP(settings_for(server.url)).send(MAIL) == Accepted(NAME, "ok")
    assert "helo shop.example" in server.heard


@pytest.mark.parametrize(
    "answers, expect", [({}, Transient), ({".": b"250 a very long word to end with\r\n"}, Unknown)]
)
def test_a_server_that_drips_is_left_in_time(
    answers: dict[str, bytes], expect: type[GatewayError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TOTAL_TIMEOUT", 1.0)
    server = Conversation(answers, drip=0.4 if not answers else 0)
    if answers:
        say = server._say
        server._say = lambda connection, answer: (  # type: ignore[method-assign]
            drip(connection, answer) if b"long" in answer else say(connection, answer)
        )
    begun = time.monotonic()
    with server, pytest.raises(GatewayError) as caught:
        SMTP(settings_for(server.url)).send(MAIL)
    assert type(caught.value) is expect
    assert time.monotonic() - begun < 8


def drip(connection: socket.socket, answer: bytes) -> None:
    for at in range(len(answer)):
        connection.sendall(answer[at : at + 1])
        time.sleep(0.1)


def test_a_name_that_leads_nowhere_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(Transient, match="name or service not known"):
        SMTP(settings_for("smtp://127.0.0.1:25", host="mail.invalid")).send(MAIL)


def test_a_servers_words_are_kept_without_the_shoppers_address() -> None:
    words = says(550, "5.1.1 <ann@mail.example> unknown, ask postmaster@mail.example", "RCPT")
    with SmtpServer(words) as server, pytest.raises(Rejected) as refused:
        SMTP(settings_for(server)).send(MAIL)
    assert "unknown" in refused.value.detail
    assert "@" not in refused.value.detail


# --- encryption and sign-in ----------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that this machine trusts, for the length of a test."""
    path = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("mechanisms", [("PLAIN", "LOGIN"), ("LOGIN",)])
def test_the_password_travels_encrypted(certificate: Path, security: str, mechanisms: tuple[str, ...]) -> None:
    users = {"shop": "s3cret-påss 😀"}
    with SmtpServer(
        users=users, certificate=certificate, tls_from_start=security == "tls", mechanisms=mechanisms
    ) as server:
        gateway = SMTP(settings_for(server, security=security, username="shop", password=users["shop"]))
        assert gateway.check().ok
        assert gateway.send(MAIL) == TAKEN
        wrong = SMTP(settings_for(server, security=security, username="shop", password="wrong"))
        with pytest.raises(Misconfigured):
            wrong.send(MAIL)
        assert not wrong.check().ok
    [mail] = server.mails
    assert (mail.encrypted, mail.user) == (True, "shop")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_the_merchants_to_mend(
    certificate: Path, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with SmtpServer(users={"shop": "x"}, certificate=certificate, tls_from_start=security == "tls") as server:
        gateway = SMTP(settings_for(server, security=security, username="shop", password="x"))
        with pytest.raises(Misconfigured, match="certificate is not trusted"):
            gateway.send(MAIL)
        assert "certificate" in gateway.check().detail
    assert server.mails == []


def test_a_server_without_starttls_never_hears_the_password() -> None:
    server = Conversation({"EHLO": b"250-mail.example\r\n250 AUTH PLAIN\r\n"})
    with server, pytest.raises(Misconfigured, match="STARTTLS"):
        SMTP(settings_for(server.url, security="starttls", username="shop", password="x")).send(MAIL)
    assert not [line for line in server.heard if line.lower().startswith("auth")]


def test_what_was_said_before_the_encryption_counts_for_nothing(certificate: Path) -> None:
    # An attacker's extra answer, sent along with the one to STARTTLS, must not be read as the server's.
    server = Conversation({"EHLO": b"250-m\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go\r\n250 injected\r\n"})
    with server, pytest.raises(Transient):
        SMTP(settings_for(server.url, security="starttls")).send(MAIL)
    assert "." not in server.heard


def test_a_server_that_offers_no_sign_in_says_so() -> None:
    with SmtpServer(mechanisms=()) as server, pytest.raises(Misconfigured, match="offers no sign-in"):
        SMTP(settings_for(server, username="shop", password="x")).send(MAIL)


def test_a_password_in_the_clear_is_pointed_out() -> None:
    with SmtpServer(users={"shop": "x"}) as server:
        health = SMTP(settings_for(server, username="shop", password="x")).check()
    assert health.ok
    assert "without encryption" in health.detail
    with SmtpServer() as server:
        assert SMTP(settings_for(server)).check().ok


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"host": ""},
        {"host": "https://smtp.example.com/"},
        {"port": "0"},
        {"port": "smtp"},
        {"security": "maybe"},
        {"from_address": ""},
        {"from_address": "Acme <shop@shop.example>"},
        {"from_address": "a@b.example, c@d.example"},
        {"reply_to": "help"},
        {"bounce_address": "x@y@z"},
    ],
)
def test_malformed_settings_are_refused(fields: dict[str, str]) -> None:
    form = SMTP.Settings(MultiDict({"host": "smtp.example.com", "from_address": "shop@shop.example", **fields}))
    assert not form.validate()
    assert set(form.errors) == set(fields)


def test_little_is_asked_for() -> None:
    form = SMTP.Settings(MultiDict({"host": "smtp.example.com", "from_address": "shop@shop.example"}))
    assert form.validate(), form.errors
    assert (form["port"].data, form["security"].data) == (587, "starttls")


def test_the_page_on_email_tells_every_setting() -> None:
    page = (ROOT / "docs" / "email.md").read_text()
    for field in SMTP.Settings():
        assert f"`{field.short_name}`" in page, field.short_name

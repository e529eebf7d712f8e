"""The contract as tests: subclass :class:`GatewayContract`, fill in the tables, and pytest runs them.

    class TestAcme(GatewayContract):
        gateway = load(Path("plugins/gateways")).get("acme")
        secrets = ("s3cret",)

        def settings(self, url):
            return {"api_base": url, "api_key": "s3cret"}

        sends = (SendCase("taken", Answer(200, '{"id": "1"}'), Accepted("1")),)

Nothing here reaches beyond loopback: :class:`ScriptedServer` plays the provider. A gateway that does not speak HTTP
brings a provider of its own: override :meth:`GatewayContract.provider`.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal, Protocol
from urllib.parse import parse_qs, parse_qsl, urlsplit

from werkzeug.datastructures import MultiDict
from wtforms import PasswordField

from nexnotify.gateways import http, loader
from nexnotify.gateways.contract import (
    SEND_TIMEOUT,
    Accepted,
    BadCallback,
    BadSignature,
    CallbackRequest,
    Gateway,
    GatewayError,
    Inbound,
    LookupAnswer,
    OutgoingMessage,
    Receipt,
    Received,
    Reply,
    SentMessage,
    Transient,
    Unknown,
)

__all__ = [
    "Answer",
    "Asked",
    "CallbackCase",
    "CheckCase",
    "GatewayContract",
    "LookupCase",
    "OptOutCase",
    "Provider",
    "ScriptedServer",
    "SendCase",
    "callback",
    "outgoing",
    "outgoing_email",
    "refused_url",
    "sent",
]


# --- the provider's part -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the scripted server answers to one call."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Seconds before the answer.
    delay: float = 0.0
    #: "before": reads the request and hangs up without an answer. "inside": hangs up in the middle of the body.
    hang_up: Literal["before", "inside"] | None = None


@dataclass(frozen=True)
class Asked:
    """What the scripted server was asked."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> Mapping[str, Sequence[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def fields(self) -> dict[str, str]:
        """Query and form together, the first value of each name; of a JSON object each value, as text or JSON."""
        query = {name: values[0] for name, values in self.query.items()}
        if "json" in self.headers.get("content-type", ""):
            said = json.loads(self.body)
            assert isinstance(said, dict), "A JSON body that is no object has no fields."
            return query | {name: each if isinstance(each, str) else json.dumps(each) for name, each in said.items()}
        return query | {name: values[0] for name, values in self.form.items()}


class Provider(Protocol):
    """What plays the provider's part: where it is, and what it was asked."""

    url: str
    asked: list[Asked]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256


class ScriptedServer:
    """A tiny HTTP server on loopback: gives its answers in turn (the last one for ever), and keeps what was asked."""

    def __init__(self, *answers: Answer | Callable[[Asked], Answer]) -> None:
        self.answers: list[Answer | Callable[[Asked], Answer]] = list(answers or (Answer(),))
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def __enter__(self) -> ScriptedServer:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def handle_any(self) -> None:
                outer._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = Asked(
            handler.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in handler.headers.items()},
            handler.rfile.read(int(handler.headers.get("Content-Length") or 0)),
        )
        with self._lock:
            self.asked.append(asked)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(asked)
        if answer.delay and self._closing.wait(answer.delay):
            handler.close_connection = True
            return
        if answer.hang_up == "before":
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        content = answer.body.encode()
        try:
            handler.send_response(answer.status)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(content) + (100 if answer.hang_up else 0)))
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:  # the client has given up
            handler.close_connection = True
        if answer.hang_up:
            handler.close_connection = True


def refused_url() -> str:
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# --- the tables ----------------------------------------------------------------------------------------------------


def outgoing(**changes: Any) -> OutgoingMessage:
    """A message with everything a plugin may look at."""
    message = OutgoingMessage(
        reference="0123456789abcdef0123456789abcdef",
        to="+12015550123",
        body="Your tee is back: https://shop.example/l/abc",
        receipt_url="https://notify.example/callbacks/1/token/receipts?reference=0123456789abcdef0123456789abcdef",
    )
    return replace(message, **changes)


def outgoing_email(**changes: Any) -> OutgoingMessage:
    """The same for email."""
    message = replace(
        outgoing(),
        to="ann@mail.example",
        subject="Your tee is back",
        unsubscribe_url="https://notify.example/s/WzEsMV0.c2lnbmF0dXJl",
    )
    return replace(message, **changes)


def sent(**changes: Any) -> SentMessage:
    """The same message, its outcome unknown, tried at noon on 5 January 2026."""
    known = outgoing()
    message = SentMessage(known.reference, known.to, known.body, None, datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
    return replace(message, **changes)


def callback(
    url: str,
    form: Sequence[tuple[str, str]] | Mapping[str, str] | None = None,
    *,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> CallbackRequest:
    """A provider's call as the house would hand it over."""
    pairs = list(form.items() if isinstance(form, Mapping) else form or ())
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return CallbackRequest(method or ("POST" if pairs or body else "GET"), url, lower, body, query, fields)


@dataclass(frozen=True)
class SendCase:
    """The provider answers so; ``send`` returns or raises that. Of an error its class, reason, code and wait count."""

    name: str
    answer: Answer
    #: An ``Accepted`` to equal, or an error: ``reason`` and ``retry_after`` must match, ``code`` where it is given.
    expect: Accepted | GatewayError
    message: OutgoingMessage = field(default_factory=outgoing)
    #: Fields (query or form) that the provider must have been given; None: must not be there.
    asks: Mapping[str, str | None] = field(default_factory=dict)
    #: Settings that differ from the usual ones for this case.
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CallbackCase:
    """The provider calls so; ``receive`` returns these events and this reply, or raises that."""

    name: str
    request: CallbackRequest
    events: tuple[Receipt | Inbound, ...] = ()
    reply: Reply | None = None
    error: type[BadCallback] | type[BadSignature] | None = None


@dataclass(frozen=True)
class LookupCase:
    """The provider answers so in turn; ``lookup`` returns that (for CannotTell its words do not count)."""

    name: str
    answers: Sequence[Answer]
    expect: LookupAnswer
    message: SentMessage = field(default_factory=sent)
    asks: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckCase:
    """The provider answers so in turn; ``check`` finds the settings right or wrong."""

    name: str
    answers: Sequence[Answer]
    ok: bool


@dataclass(frozen=True)
class OptOutCase:
    """The provider answers so in turn; ``opted_out`` lists these addresses, or None."""

    name: str
    answers: Sequence[Answer]
    expect: Sequence[str] | None
    asks: Mapping[str, str | None] = field(default_factory=dict)


# --- the tests -----------------------------------------------------------------------------------------------------

_TABLES = {"send_case": "sends", "lookup_case": "lookups", "check_case": "checks", "opt_out_case": "opt_outs"}
_WIRE_TESTS = (
    "test_a_refused_connection_is_transient",
    "test_no_answer_in_time_is_unknown_and_comes_within_the_limit",
    "test_a_connection_that_breaks_after_the_request_is_unknown",
    "test_an_answer_that_makes_no_sense_is_unknown",
    "test_check_and_lookup_say_so_when_the_provider_is_away",
)


class GatewayContract:
    """Subclass as ``class TestMine(GatewayContract)``; set ``gateway``, ``secrets``, ``settings`` and the tables."""

    gateway: ClassVar[type[Gateway]]
    #: Values that may appear in no error, repr or log line.
    secrets: ClassVar[Sequence[str]] = ()
    #: False for a gateway that talks to nobody (an outbox): the tests of the wire are left out.
    on_the_wire: ClassVar[bool] = True
    #: True where callbacks are signed: every one in the tables must then fail without its headers or when changed.
    signed: ClassVar[bool] = False
    sends: ClassVar[Sequence[SendCase]] = ()
    receipts: ClassVar[Sequence[CallbackCase]] = ()
    inbounds: ClassVar[Sequence[CallbackCase]] = ()
    lookups: ClassVar[Sequence[LookupCase]] = ()
    checks: ClassVar[Sequence[CheckCase]] = ()
    opt_outs: ClassVar[Sequence[OptOutCase]] = ()

    @property
    def message(self) -> OutgoingMessage:
        """The message of the tests that have none of their own."""
        return outgoing_email() if self.gateway.channel == "email" else outgoing()

    def provider(self, *answers: Answer) -> AbstractContextManager[Provider]:
        """Who plays the provider: gives these answers in turn, the last one for ever."""
        return ScriptedServer(*answers)

    def settings(self, url: str) -> dict[str, Any]:
        """Good settings, with the provider at ``url``."""
        return {}

    def sign(self, request: CallbackRequest) -> CallbackRequest:
        """The request with the provider's signature, for callbacks in the tables that carry none yet."""
        return request

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Leaves out the tests that have nothing to test, so that a run shows no idle passes and no skips."""
        super().__init_subclass__(**kwargs)
        idle = {
            f"test_{argument.removesuffix('_case')}": not getattr(cls, table) for argument, table in _TABLES.items()
        }
        idle["test_callback"] = not (cls.receipts or cls.inbounds)
        idle |= dict.fromkeys(_WIRE_TESTS, not cls.on_the_wire)
        for name, unused in idle.items():
            if unused:
                setattr(cls, name, None)

    # -- what the tests stand on

    def make(self, url: str, **changes: Any) -> Gateway:
        settings = {**self.settings(url), **changes}
        return self.gateway(settings, "https://notify.example/r", "https://notify.example/i")

    @classmethod
    def pytest_generate_tests(cls, metafunc: Any) -> None:
        for argument, table in _TABLES.items():
            if argument in metafunc.fixturenames:
                cases = getattr(cls, table)
                metafunc.parametrize(argument, cases, ids=[case.name for case in cases])
        if "callback_case" in metafunc.fixturenames:
            cases = [("receipts", case) for case in cls.receipts] + [("inbound", case) for case in cls.inbounds]
            metafunc.parametrize(("kind", "callback_case"), cases, ids=[f"{kind}: {case.name}" for kind, case in cases])

    @contextmanager
    def quick(self) -> Iterator[None]:
        """Half a second instead of ten, for plugins that use the shared client; override it for another."""
        before = http.TOTAL_TIMEOUT
        http.TOTAL_TIMEOUT = 0.5
        try:
            yield
        finally:
            http.TOTAL_TIMEOUT = before

    def _error(self, gateway: Gateway, message: OutgoingMessage | None = None) -> GatewayError:
        try:
            found = gateway.send(message or self.message)
        except GatewayError as error:
            return error
        raise AssertionError(f"send() returned {found} where an error was due")

    def _hide(self, *shown: object) -> None:
        for secret in self.secrets:
            for each in shown:
                assert secret not in str(each), f"A secret shows in: {str(each).replace(secret, '<SECRET>')[:2000]}"

    # -- the class

    def test_the_class_keeps_the_contract(self) -> None:
        assert loader.check_class(self.gateway, self.gateway.key) is self.gateway

    def test_the_settings_form_takes_good_settings_and_guards_the_secret_ones(self) -> None:
        settings = self.settings("http://127.0.0.1:1")
        form = self.gateway.Settings(MultiDict({name: str(value) for name, value in settings.items()}))
        assert form.validate(), form.errors
        for name, value in settings.items():
            assert name in form, f"The form has no field {name!r}"
            if value in self.secrets:
                assert isinstance(form[name], PasswordField), f"{name} holds a secret and must be a PasswordField"
                self._hide(form[name]())

    def test_the_form_takes_settings_whose_number_is_still_to_come(self) -> None:
        """A merchant saves the account first where the provider hands the number out days later."""
        if self.gateway.number_fields:
            settings = {**self.settings("http://127.0.0.1:1"), **dict.fromkeys(self.gateway.number_fields, "")}
            form = self.gateway.Settings(MultiDict({name: str(value) for name, value in settings.items()}))
            assert form.validate(), f"number_fields can be empty, but the form says {form.errors}"

    def test_its_repr_shows_no_secret(self) -> None:
        gateway = self.make("http://127.0.0.1:1")
        self._hide(repr(gateway), str(gateway))

    # -- send

    def test_send(self, send_case: SendCase, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        with self.provider(send_case.answer) as server:
            gateway = self.make(server.url, **send_case.settings)
            if isinstance(send_case.expect, Accepted):
                assert gateway.send(send_case.message) == send_case.expect
            else:
                error = self._error(gateway, send_case.message)
                _same_error(error, send_case.expect)
                self._hide(*traceback.format_exception(error), repr(error), error.code)
            self._hide(caplog.text)
            if send_case.asks:
                assert len(server.asked) == 1, "send() is one call: no retry inside"
                _same_fields(server.asked[0], send_case.asks)

    def test_a_refused_connection_is_transient(self, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        error = self._error(self.make(refused_url()))
        assert type(error) is Transient
        self._hide(*traceback.format_exception(error), caplog.text)

    def test_no_answer_in_time_is_unknown_and_comes_within_the_limit(self, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        with self.provider(Answer(200, delay=SEND_TIMEOUT + 5)) as server, self.quick():
            begun = time.monotonic()
            error = self._error(self.make(server.url))
            assert time.monotonic() - begun < SEND_TIMEOUT + 1
            assert len(server.asked) == 1, "A message whose outcome is unknown must not be sent again by the plugin"
        assert type(error) is Unknown
        self._hide(*traceback.format_exception(error), caplog.text)

    def test_a_connection_that_breaks_after_the_request_is_unknown(self, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        broken: tuple[Literal["before", "inside"], ...] = ("before", "inside")
        for where in broken:
            with self.provider(Answer(200, '{"id": ', hang_up=where)) as server:
                error = self._error(self.make(server.url))
                assert type(error) is Unknown, f"hung up {where} the answer"
                assert len(server.asked) == 1, "A message whose outcome is unknown must not be sent again by the plugin"
                self._hide(*traceback.format_exception(error), caplog.text)

    def test_an_answer_that_makes_no_sense_is_unknown(self) -> None:
        for body in ("<html>Welcome to the hotel's network", "", "[]", "null", '{"a": 1}', '"x"'):
            with self.provider(Answer(200, body)) as server:
                assert type(self._error(self.make(server.url))) is Unknown, f"HTTP 200 with {body!r}"

    def test_many_threads_may_send_through_one_instance(self) -> None:
        good = next((case for case in self.sends if isinstance(case.expect, Accepted)), None)
        assert good, "The table of sends needs one that is accepted"
        references = [f"{number:032x}" for number in range(32)]
        with self.provider(good.answer) as server, ThreadPoolExecutor(16) as pool:
            gateway = self.make(server.url, **good.settings)
            texts = [replace(good.message, reference=each, body=f"Text {each}") for each in references]
            assert all(isinstance(found, Accepted) for found in pool.map(gateway.send, texts))
            if self.on_the_wire:
                seen = [body for asked in server.asked for body in re.findall(r"Text[+ ]([0-9a-f]{32})", _flat(asked))]
                assert sorted(seen) == references, "each text once"

    # -- receive

    def test_callback(self, kind: Literal["receipts", "inbound"], callback_case: CallbackCase) -> None:
        gateway = self.make("http://127.0.0.1:1")
        request = self.sign(callback_case.request)
        if callback_case.error:
            assert isinstance(self._refusal(gateway, request, kind), callback_case.error)
            return
        received = gateway.receive(request, kind)
        assert received.events == callback_case.events
        if callback_case.reply is not None:
            assert received.reply == callback_case.reply
        if not self.signed:
            return
        changed = {**request.form, "Surplus": ["1"]}
        forged = {
            "no headers": replace(request, headers={}),
            "another address": replace(request, url=request.url + "/x"),
            "a wrong signature": replace(
                request, headers={name: f"x{value}" for name, value in request.headers.items()}
            ),
            "a changed form": replace(request, form=changed, body=request.body + b"&Surplus=1"),
        }
        for what, forgery in forged.items():
            assert isinstance(self._refusal(gateway, forgery, kind), BadSignature), f"Taken for genuine: {what}"

    def test_nonsense_is_refused_in_the_contracts_words(self) -> None:
        gateway = self.make("http://127.0.0.1:1")
        address = "https://notify.example/callbacks/1/token/receipts"
        nonsense = (
            callback(address),
            callback(address, method="POST", body=b"\xff\x00{"),
            callback(address, method="POST", body=b"[]", headers={"Content-Type": "application/json"}),
            callback(address + "?type=%FF&reference=&from=&MessageSid=", {"": "", "\u20ac": "\ud7ff"}),
        )
        kinds: tuple[Literal["receipts", "inbound"], ...] = ("receipts", "inbound")
        for request in nonsense:
            for kind in kinds:
                self._hide(self._refusal(gateway, request, kind), self._refusal(gateway, self.sign(request), kind))

    def _refusal(
        self, gateway: Gateway, request: CallbackRequest, kind: Literal["receipts", "inbound"]
    ) -> BadCallback | BadSignature:
        try:
            received: Received = gateway.receive(request, kind)
        except (BadCallback, BadSignature) as error:
            return error
        raise AssertionError(f"receive() took it: {received}")

    # -- check, lookup

    def test_check(self, check_case: CheckCase, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        with self.provider(*check_case.answers) as server:
            health = self.make(server.url).check()
        assert health.ok is check_case.ok, health.detail
        assert health.detail
        self._hide(health, caplog.text)

    def test_check_and_lookup_say_so_when_the_provider_is_away(self) -> None:
        gateway = self.make(refused_url())
        self._hide(gateway.check(), gateway.lookup(sent()))
        assert gateway.opted_out() is None, "Nobody was asked, so nothing is known."
        if self.gateway.capabilities.lookup:
            assert type(gateway.lookup(sent())).__name__ == "CannotTell"

    def test_lookup(self, lookup_case: LookupCase) -> None:
        with self.provider(*lookup_case.answers) as server:
            found = self.make(server.url).lookup(lookup_case.message)
            if type(lookup_case.expect).__name__ == "CannotTell":
                assert type(found) is type(lookup_case.expect), found
            else:
                assert found == lookup_case.expect
            if lookup_case.asks:
                _same_fields(server.asked[0], lookup_case.asks)

    def test_opt_out(self, opt_out_case: OptOutCase, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        with self.provider(*opt_out_case.answers) as server:
            found = self.make(server.url).opted_out()
            assert (None if found is None else list(found)) == (
                None if opt_out_case.expect is None else list(opt_out_case.expect)
            )
            self._hide(caplog.text)
            if opt_out_case.asks:
                _same_fields(server.asked[0], opt_out_case.asks)


def _same_error(found: GatewayError, expect: GatewayError) -> None:
    assert type(found) is type(expect), f"{type(found).__name__}: {found}"
    for name in ("reason", "retry_after"):
        assert getattr(found, name, None) == getattr(expect, name, None), name
    if expect.code is not None:
        assert found.code == expect.code
    assert found.detail


def _same_fields(asked: Asked, expect: Mapping[str, str | None]) -> None:
    fields = asked.fields
    for name, value in expect.items():
        assert fields.get(name) == value, f"{name}: {fields.get(name)!r}"


def _flat(asked: Asked) -> str:
    return repr(asked.query) + asked.body.decode("utf-8", "replace")

"""The Kannel plugin and a real Kannel: texts out, receipts and a shopper's STOP back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from nexnotify.gateways.contract import Accepted, CallbackRequest, Gateway, Inbound, Misconfigured, Receipt, Rejected
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import callback, outgoing
from tests.kannel import Kannel, require, wait_for

KIND = load(Path(__file__).parents[2] / "plugins" / "gateways").get("kannel")


class Callbacks:
    """What Kannel called us with."""

    def __init__(self) -> None:
        self.calls: list[CallbackRequest] = []
        calls = self.calls
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = outer.url + self.path
                calls.append(callback(url, method=self.command, headers=dict(self.headers.items()), body=body))
                reply = outer.gateway.receive(calls[-1], outer.kind(calls[-1])).reply if outer.gateway else None
                self.send_response(reply.status if reply else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.gateway: Gateway | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @staticmethod
    def kind(request: CallbackRequest) -> str:
        return "inbound" if "/inbound" in request.url else "receipts"  # type: ignore[return-value]

    def events(self) -> list[Receipt | Inbound]:
        assert self.gateway
        return [event for call in list(self.calls) for event in self.gateway.receive(call, self.kind(call)).events]

    def of(self, reference: str) -> list[str]:
        return [each.status for each in self.events() if isinstance(each, Receipt) and each.reference == reference]

    def texts(self) -> list[Inbound]:
        return [each for each in self.events() if isinstance(each, Inbound)]


@pytest.fixture(scope="module")
def callbacks() -> Iterator[Callbacks]:
    found = Callbacks()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(scope="module")
def kannel(tmp_path_factory: pytest.TempPathFactory, callbacks: Callbacks) -> Iterator[Kannel]:
    require()
    with Kannel(tmp_path_factory.mktemp("kannel"), callbacks.url) as running:
        yield running


@pytest.fixture
def gateway(kannel: Kannel, callbacks: Callbacks) -> Gateway:
    settings = {
        "url": kannel.sendsms,
        "username": kannel.user,
        "password": kannel.password,
        "sender": "15550001111",
        "status_url": kannel.status_url,
        "status_password": kannel.status_password,
    }
    callbacks.gateway = KIND(settings)
    return callbacks.gateway


def sends(
    gateway: Gateway, kannel: Kannel, callbacks: Callbacks, body: str, parts: int = 1, **more: object
) -> list[bytes]:
    """Sends it, waits until it is delivered, and gives the parts that the fake SMSC took."""
    before = len(kannel.delivered())
    reference = uuid4().hex
    receipt_url = f"{callbacks.url}/callbacks/7/t%2Fk/receipts?reference={reference}"
    message = outgoing(reference=reference, body=body, segments=parts, receipt_url=receipt_url, **more)
    assert gateway.send(message) == Accepted(detail="0: Accepted for delivery")
    wait_for(lambda: {"sent", "delivered"} <= set(callbacks.of(reference)), what="the receipts")
    # Kannel asks for receipts on the last part only: one "sent" and one "delivered", however long the text.
    assert sorted(callbacks.of(reference)) == ["delivered", "sent"]
    assert any("/t%2Fk/" in call.url for call in callbacks.calls), "the address came back as it was given"
    taken = kannel.wait_delivered(before + parts)[before:]
    assert {(each.from_, each.to) for each in taken} == {("15550001111", message.to)}
    assert len(taken) == parts
    return [each.payload for each in taken]


def test_a_text_arrives_and_both_receipts_come_back(gateway: Gateway, kannel: Kannel, callbacks: Callbacks) -> None:
    assert sends(gateway, kannel, callbacks, "Back: 100% cotton + £5 für [M] €9 @home") == [
        "Back: 100% cotton + £5 für [M] €9 @home".encode()
    ]


def test_a_text_of_three_parts_arrives_whole(gateway: Gateway, kannel: Kannel, callbacks: Callbacks) -> None:
    body = " ".join(f"word{number:03}" for number in range(50))  # 399 letters: 153 + 153 + 93
    parts = sends(gateway, kannel, callbacks, body, parts=3)
    assert [len(part) for part in parts] == [153, 153, 93]
    assert b"".join(parts).decode() == body


def test_a_unicode_text_with_emoji_arrives_as_utf_16(gateway: Gateway, kannel: Kannel, callbacks: Callbacks) -> None:
    (payload,) = sends(gateway, kannel, callbacks, "Снова здесь 😀 ąę", encoding="ucs2")
    assert payload.decode("utf-16-be") == "Снова здесь 😀 ąę"


def test_a_long_unicode_text_arrives_whole(gateway: Gateway, kannel: Kannel, callbacks: Callbacks) -> None:
    body = "ж" * 100  # 67 + 33
    parts = sends(gateway, kannel, callbacks, body, parts=2, encoding="ucs2")
    assert [part.decode("utf-16-be") for part in parts] == ["ж" * 67, "ж" * 33]


def test_a_shoppers_stop_arrives_and_is_read(gateway: Gateway, kannel: Kannel, callbacks: Callbacks) -> None:
    kannel.inbound("+15557770000", "15550001111", "STOP")
    wait_for(lambda: [each for each in callbacks.texts() if each.body == "STOP"], what="the shopper's text")
    (text,) = [each for each in callbacks.texts() if each.body == "STOP"]
    assert (text.from_, text.to, text.keyword, text.answered) == ("+15557770000", "15550001111", None, False)
    assert text.gateway_id


def test_a_shoppers_cyrillic_stop_is_read_too(gateway: Gateway, kannel: Kannel, callbacks: Callbacks) -> None:
    kannel.inbound("+15557770001", "15550001111", "СТОП 😀 + &")
    wait_for(lambda: [each for each in callbacks.texts() if each.from_ == "+15557770001"], what="the shopper's text")
    assert [each.body for each in callbacks.texts() if each.from_ == "+15557770001"] == ["СТОП 😀 + &"]


def test_our_answer_to_a_callback_is_never_texted_to_the_shopper(
    gateway: Gateway, kannel: Kannel, callbacks: Callbacks
) -> None:
    before = len(kannel.delivered())
    kannel.inbound("+15557770002", "15550001111", "hello")
    wait_for(lambda: [each for each in callbacks.texts() if each.from_ == "+15557770002"], what="the shopper's text")
    sends(gateway, kannel, callbacks, "the next text")  # whatever Kannel had to say would have gone out before
    assert [each.text for each in kannel.delivered()[before:]] == ["the next text"]


def test_the_check_tells_a_good_set_up_from_a_wrong_password(gateway: Gateway, kannel: Kannel) -> None:
    assert gateway.check().ok, gateway.check().detail
    assert not KIND({**gateway.settings, "password": "wrong"}).check().ok
    assert not KIND({**gateway.settings, "status_password": "wrong"}).check().ok
    xml = kannel.status_url.replace(".txt", ".xml")
    assert KIND({**gateway.settings, "status_url": xml}).check().ok


def test_a_wrong_password_and_a_bad_number_are_told_apart(gateway: Gateway) -> None:
    with pytest.raises(Misconfigured):
        KIND({**gateway.settings, "password": "wrong"}).send(outgoing())
    with pytest.raises(Rejected):
        gateway.send(outgoing(to="abc"))

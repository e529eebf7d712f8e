"""Kannel, by its user's guide and by what a real one was seen to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from nexnotify.gateways.contract import (
    Accepted,
    BadCallback,
    Inbound,
    Misconfigured,
    Receipt,
    Rejected,
    Reply,
    Transient,
    Unknown,
)
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import (
    Answer,
    CallbackCase,
    CheckCase,
    GatewayContract,
    ScriptedServer,
    SendCase,
    callback,
    outgoing,
)

KANNEL = load(Path(__file__).parents[2] / "plugins" / "gateways").get("kannel")
REFERENCE = outgoing().reference
DLR = outgoing().receipt_url
IN = "https://notify.example/callbacks/1/token/inbound"
ACCEPTED = Accepted(detail="0: Accepted for delivery")
OK = Answer(202, "0: Accepted for delivery")
EMPTY = Reply(200, "")


def dlr(kind: str, reply: str = "", fid: str = "") -> Any:
    return callback(f"{DLR}&type={kind}&reply={reply}&ts=2026-01-05+12:00:00&smsc=fake1&fid={fid}")


def receipt(status: str, code: str, reason: str | None = None, detail: str | None = None) -> Receipt:
    return Receipt(status, REFERENCE, None, reason, code, detail)  # type: ignore[arg-type]


class TestKannel(GatewayContract):
    gateway = KANNEL
    secrets = ("s3cret pass&word", "s3cret+pass%26word", "s3cret-status")

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "url": f"{url}/cgi-bin/sendsms",
            "username": "nex",
            "password": "s3cret pass&word",
            "sender": "15550001111",
            "smsc": "",
            "status_url": f"{url}/status.txt",
            "status_password": "s3cret-status",
        }

    sends = (
        SendCase(
            "from the store's own sender",
            OK,
            ACCEPTED,
            outgoing(sender="Acme Shop"),
            asks={"from": "Acme Shop"},
        ),
        SendCase(
            "accepted",
            OK,
            ACCEPTED,
            asks={
                "username": "nex",
                "password": "s3cret pass&word",
                "to": "+12015550123",
                "from": "15550001111",
                "text": outgoing().body,
                "coding": None,
                "dlr-mask": "31",
                "dlr-url": f"{DLR}&type=%d&reply=%A&ts=%t&smsc=%i&fid=%F",
                "smsc": None,
                "validity": None,
            },
        ),
        SendCase(
            "the link is down: kept for later",
            Answer(202, "3: Queued for later delivery\n"),
            Accepted(detail="3: Queued for later delivery"),
        ),
        SendCase(
            "Unicode is named as such",
            OK,
            ACCEPTED,
            outgoing(body="Снова здесь 😀", encoding="ucs2"),
            {"text": "Снова здесь 😀", "coding": "2", "charset": "UTF-8"},
        ),
        SendCase("GSM-7 letters beyond ASCII", OK, ACCEPTED, outgoing(body="£5 für Größe"), {"text": "£5 für Größe"}),
        SendCase("through one of several links", OK, ACCEPTED, asks={"smsc": "us-1"}, settings={"smsc": "us-1"}),
        SendCase("Kannel's own sender", OK, ACCEPTED, asks={"from": None}, settings={"sender": ""}),
        SendCase("no receipts wanted", OK, ACCEPTED, outgoing(receipt_url=None), {"dlr-mask": None, "dlr-url": None}),
        SendCase(
            "a percent sign in the address is not one of Kannel's escapes",
            OK,
            ACCEPTED,
            outgoing(receipt_url="https://notify.example/a%20b?reference=1"),
            {"dlr-url": "https://notify.example/a%%20b?reference=1&type=%d&reply=%A&ts=%t&smsc=%i&fid=%F"},
        ),
        SendCase(
            "too late", OK, Rejected(reason="expired"), outgoing(valid_until=datetime.now(UTC) - timedelta(seconds=1))
        ),
        SendCase("longer than Kannel would send", OK, Rejected(reason="content"), outgoing(segments=4)),
        SendCase("as long as Kannel may send", OK, ACCEPTED, outgoing(segments=4), settings={"max_messages": 4}),
        SendCase("wrong password", Answer(403, "Authorization failed for sendsms"), Misconfigured(code="HTTP 403")),
        SendCase("a wrong path", Answer(404, "Unknown request."), Misconfigured(code="HTTP 404")),
        SendCase(
            "not allowed there", Answer(403, "Denied by the operator"), Rejected(reason="not_routable", code="HTTP 403")
        ),
        SendCase("no receiver", Answer(400, "Missing receiver number, rejected"), Rejected(reason="invalid_number")),
        SendCase(
            "a listed number",
            Answer(400, "Number(s) has/have been denied by white- and/or black-lists."),
            Rejected(reason="invalid_number"),
        ),
        SendCase("another 400", Answer(400, "DLR-URL is not a valid URL, rejected"), Rejected(reason="other")),
        SendCase("busy for now", Answer(503, "Temporal failure, try again later."), Transient(code="HTTP 503")),
        SendCase("500", Answer(500, "oops"), Unknown(code="HTTP 500")),
        SendCase("Kannel says 202, never 200", Answer(200, "0: Accepted for delivery"), Unknown()),
        SendCase("202 with other words", Answer(202, "Sent."), Unknown()),
    )
    receipts = (
        CallbackCase("handed over", dlr("8", "ACK%2F"), (receipt("sent", "8", detail="ACK/"),), EMPTY),
        CallbackCase("buffered", dlr("4"), (receipt("sent", "4"),)),
        CallbackCase(
            "delivered",
            dlr("1", "id%3AM1+stat%3ADELIVRD+err%3A000", "M1"),
            (Receipt("delivered", REFERENCE, "M1", None, "1", "id:M1 stat:DELIVRD err:000"),),
        ),
        CallbackCase("undelivered", dlr("2"), (receipt("undelivered", "2", "unreachable"),)),
        CallbackCase("expired is 32 and 2", dlr("34"), (receipt("expired", "34", "expired"),)),
        CallbackCase(
            "the operator said no",
            dlr("16", "NACK%2F0x0000000b%2FInvalid+Destination+Address"),
            (receipt("rejected", "16", "other", "NACK/0x0000000b/Invalid Destination Address"),),
        ),
        CallbackCase("no such bit", dlr("64"), error=BadCallback),
        CallbackCase("no number", dlr("one"), error=BadCallback),
        CallbackCase("no digit of ours", dlr("²"), error=BadCallback),
        CallbackCase("no reference", callback("https://notify.example/r?type=1"), error=BadCallback),
    )
    inbounds = (
        CallbackCase(
            "a text, posted",
            callback(
                f"{IN}?from=%2B12015550123&to=15550001111&text=STOP&ts=1795363405&id=7da4&smsc=s&coding=0&charset=UTF-8",
                body=b"STOP",
            ),
            (Inbound("+12015550123", "15550001111", "STOP", "7da4"),),
            EMPTY,
        ),
        CallbackCase(
            "a text, by GET, with signs",
            callback(f"{IN}?from=%2B12015550123&to=1555&text=a+%2B+b+%26+%C3%BC&id=1&coding=0&charset=UTF-8"),
            (Inbound("+12015550123", "1555", "a + b & ü", "1"),),
        ),
        CallbackCase(
            "a Unicode text is raw UTF-16 in the address",
            callback(
                f"{IN}?from=%2B12015550123&to=1555&text=%04%3F%04%40%048%042%045%04B%00+%D8%3D%DE%00"
                "&id=c3&coding=2&charset=UTF-16BE",
                body=b"\x04?\x04@\x048\x042\x045\x04B\x00 \xd8=\xde\x00",
            ),
            (Inbound("+12015550123", "1555", "привет 😀", "c3"),),
        ),
        CallbackCase(
            "a plus that came as a blank",
            callback(f"{IN}?from=+12015550123&to=1555&text=hi&id=1"),
            (Inbound("+12015550123", "1555", "hi", "1"),),
        ),
        CallbackCase(
            "without text in the address the body is the text",
            callback(f"{IN}?from=15557770000&to=1555&id=1", body=b"Stop"),
            (Inbound("15557770000", "1555", "Stop", "1"),),
        ),
        CallbackCase(
            "an empty text",
            callback(f"{IN}?from=15557770000&to=1555&text=&id=1"),
            (Inbound("15557770000", "1555", "", "1"),),
        ),
        CallbackCase("from nobody", callback(f"{IN}?to=1555&text=hi"), error=BadCallback),
    )
    checks = (
        CheckCase(
            "all well", [Answer(400, "Missing receiver number, rejected"), Answer(200, "fake1 (online 5s, rcvd")], True
        ),
        CheckCase(
            "no link", [Answer(400, "Missing receiver number, rejected"), Answer(200, "f1 (re-connecting, r")], False
        ),
        CheckCase("status password", [Answer(400, "Missing receiver number, rejected"), Answer(200, "Denied")], False),
        CheckCase("wrong password", [Answer(403, "Authorization failed for sendsms")], False),
        CheckCase("not Kannel", [Answer(200, "<html>")], False),
        CheckCase("another page that refuses", [Answer(404, "Unknown request.")], False),
    )


def test_without_a_status_address_the_user_is_still_checked_and_nothing_is_sent() -> None:
    with ScriptedServer(Answer(400, "Missing receiver number, rejected")) as server:
        health = KANNEL({"url": server.url, "username": "nex", "password": "p"}).check()
    assert health.ok
    (asked,) = server.asked
    assert not {"to", "text"} & set(asked.fields)


def test_the_receipt_address_survives_kannel_escaping() -> None:
    with ScriptedServer(OK) as server:
        KANNEL(TestKannel().settings(server.url)).send(outgoing())
    called = server.asked[0].fields["dlr-url"].replace("%d", "8").replace("%A", "").replace("%F", "")
    assert parse_qs(urlsplit(called).query)["reference"] == [REFERENCE]


@pytest.mark.parametrize("field", ["url", "username", "password"])
def test_address_user_and_password_are_needed(field: str) -> None:
    form = KANNEL.Settings(MultiDict({"url": "http://k/s", "username": "u", "password": "p", field: ""}))
    form.validate()
    assert field in form.errors


def test_a_late_text_is_never_handed_over() -> None:
    message = replace(outgoing(), valid_until=datetime.now(UTC) - timedelta(seconds=1))
    with ScriptedServer(OK) as server:
        gateway = KANNEL(TestKannel().settings(server.url))
        with pytest.raises(Rejected):
            gateway.send(message)
    assert server.asked == []


def test_the_validity_is_in_whole_minutes() -> None:
    message = replace(outgoing(), valid_until=datetime.now(UTC) + timedelta(days=1, seconds=30))
    with ScriptedServer(OK) as server:
        KANNEL(TestKannel().settings(server.url)).send(message)
    assert server.asked[0].fields["validity"] == "1440"

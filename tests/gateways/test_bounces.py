"""Reports of mail servers, as the world writes them, become receipts of our messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nexnotify.gateways.bounces import enhanced_status, meaning, words
from nexnotify.gateways.contract import BadCallback, Receipt
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import callback, outgoing_email

SMTP = load(Path(__file__).parents[2] / "plugins" / "gateways").get("smtp")
REFERENCE = outgoing_email().reference
URL = "https://notify.example/callbacks/1/token/receipts"

REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@mx.mail.example (Mail Delivery System)
To: shop@shop.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <ffffffffffffffffffffffffffffffff@mx.mail.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.mail.example
{envelope}Arrival-Date: Mon, 5 Jan 2026 12:00:00 +0000

Final-Recipient: rfc822; ann@mail.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--B
{returned}
--B--
"""
WHOLE = """Content-Type: message/rfc822

From: Acme <shop@shop.example>
To: ann@mail.example
Message-ID: <{reference}@shop.example>
Subject: Your tee is back

Your tee is back
"""
HEAD = """Content-Type: text/rfc822-headers

From: Acme <shop@shop.example>
Message-ID: <0100018-ses-made-this-up@email.example>
X-Nexnotify-Reference: {reference}
"""
COMPLAINT = """\
From: <abuse@mail.example>
To: <shop@shop.example>
Subject: FW: Your tee is back
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--B
Content-Type: message/rfc822

From: <shop@shop.example>
Message-ID: <{reference}@shop.example>
Subject: Your tee is back

Your tee is back
--B--
"""


def report(
    status: str = "5.1.1",
    action: str = "failed",
    said: str = "550 5.1.1 <ann@mail.example>: no such user",
    returned: str = WHOLE,
    reference: str = REFERENCE,
    envelope: str = "",
) -> str:
    returned = returned.format(reference=reference)
    return REPORT.format(status=status, action=action, said=said, returned=returned, envelope=envelope)


def take(mail: str | bytes, url: str = URL, kind: str = "message/rfc822") -> tuple[Any, ...]:
    content = mail.encode() if isinstance(mail, str) else mail
    request = callback(url, body=content, headers={"Content-Type": kind})
    received = SMTP({}).receive(request, "receipts")
    assert received.reply.status == 200
    return received.events


GONE = Receipt("rejected", REFERENCE, None, "unreachable", "5.1.1", "smtp; 550 5.1.1 <(address)>: no such user")


@pytest.mark.parametrize("returned", [WHOLE, HEAD])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", "\n", "From MAILER-DAEMON Mon Jan  5 12:00:00 2026\n"])
def test_a_hard_bounce_ends_the_address(returned: str, line_end: str, before: str) -> None:
    assert take((before + report(returned=returned)).replace("\n", line_end)) == (GONE,)


def test_the_shoppers_address_is_not_kept_in_the_words() -> None:
    assert "ann" not in repr(take(report()))


@pytest.mark.parametrize(
    "status, said, expect",
    [
        ("5.1.1", "550 no", ("rejected", "unreachable")),
        ("5.1.2", "550 no", ("rejected", "unreachable")),
        ("5.1.10", "550 no", ("rejected", "unreachable")),
        ("5.2.1", "550 disabled", ("rejected", "unreachable")),
        ("5.4.4", "no such domain", ("rejected", "unreachable")),
        ("5.0.0", "550 5.1.1 unknown", ("rejected", "unreachable")),
        ("5.2.2", "552 full", ("undelivered", "other")),
        ("5.0.0", "550 no", ("undelivered", "other")),
        ("", "", ("undelivered", "other")),
        ("4.4.7", "expired", ("expired", "expired")),
        ("4.2.2", "still full after five days", ("undelivered", "other")),
        ("5.7.1", "550 blocked", ("rejected", "sender")),
        ("5.3.4", "552 too big", ("rejected", "content")),
        ("5.6.1", "554 media", ("rejected", "content")),
    ],
)
def test_only_a_missing_mailbox_is_about_the_address(status: str, said: str, expect: tuple[str, str]) -> None:
    [found] = take(report(status=status, said=said))
    assert (found.status, found.reason) == expect


@pytest.mark.parametrize("action, expect", [("delayed", []), ("relayed", ["sent"]), ("delivered", ["delivered"])])
def test_what_is_no_failure_is_none(action: str, expect: list[str]) -> None:
    assert [found.status for found in take(report(status="2.0.0", action=action))] == expect


@pytest.mark.parametrize("kind", ["abuse", "Fraud", "opt-out"])
def test_a_complaint_is_a_stop(kind: str) -> None:
    [found] = take(COMPLAINT.format(kind=kind, reference=REFERENCE))
    assert (found.status, found.reason, found.reference) == ("rejected", "opted_out", REFERENCE)


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure"])
def test_other_feedback_is_none(kind: str) -> None:
    assert take(COMPLAINT.format(kind=kind, reference=REFERENCE)) == ()


def test_a_report_without_the_mail_is_known_by_its_envelope_or_by_the_address_it_comes_to() -> None:
    nothing = "Content-Type: text/plain\n\nnothing"
    envelope = f"Original-Envelope-Id: {REFERENCE}\n"
    assert take(report(returned=nothing, envelope=envelope)) == (GONE,)
    assert take(report(returned=nothing), f"{URL}?reference={REFERENCE}") == (GONE,)
    with pytest.raises(BadCallback, match="names no message"):
        take(report(returned=nothing))


def form(name: str, value: str, **more: str) -> Any:
    return callback(URL, {name: value, **more}, headers={"Content-Type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize("name", ["email", "body-mime", "message", "anything"])
def test_a_form_may_hold_the_report_in_any_field(name: str) -> None:
    request = form(name, report(), sender="MAILER-DAEMON@mx.mail.example", subject="Undelivered", headers="From: x\n")
    assert SMTP({}).receive(request, "receipts").events == (GONE,)


@pytest.mark.parametrize(
    "part",
    [
        'Content-Disposition: form-data; name="email"',
        'Content-Disposition: form-data; name="file"; filename="bounce.eml"\nContent-Type: application/octet-stream',
        'Content-Disposition: form-data; name="file"; filename="bounce.eml"\nContent-Type: message/rfc822',
    ],
)
def test_a_form_may_hold_the_report_as_a_file(part: str) -> None:
    body = f"--FORM\n{part}\n\n{report()}\n--FORM--\n".replace("\n", "\r\n")
    assert take(body, kind="multipart/form-data; boundary=FORM") == (GONE,)


def test_somebodys_answer_is_heard_and_means_nothing() -> None:
    assert take("From: ann@mail.example\nSubject: I am away until Monday\n\nBye\n") == ()


@pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"\xff\xfe\x00", b"<html>", b"{" * 2_000_000])
def test_what_is_no_mail_is_refused(content: bytes) -> None:
    with pytest.raises(BadCallback):
        take(content)


@pytest.mark.parametrize("cut", range(0, 1200, 37))
def test_a_report_that_is_cut_off_breaks_nothing(cut: int) -> None:
    try:
        events = take(report()[:cut])
    except BadCallback:
        return
    assert events in ((), (GONE,)) or events[0].reference == REFERENCE


def test_codes_and_words() -> None:
    assert enhanced_status("550 5.1.1 no") == "5.1.1"
    assert enhanced_status("550 from 10.5.1.1") in ("", "5.1.1")
    assert enhanced_status("5.0.0 no") == ""
    assert meaning("") == ("undelivered", "other")
    assert words(b"no\r\n  <ann@mail.example>\xff") == "no <(address)>\ufffd"

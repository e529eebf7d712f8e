"""Twilio, by its documentation: what it answers, what it calls, how it signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from nexnotify.gateways.contract import (
    Absent,
    Accepted,
    BadCallback,
    BadSignature,
    CallbackRequest,
    CannotTell,
    Found,
    Gateway,
    Inbound,
    Misconfigured,
    RateLimited,
    Receipt,
    Rejected,
    Reply,
    Unknown,
)
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import (
    Answer,
    CallbackCase,
    CheckCase,
    GatewayContract,
    LookupCase,
    ScriptedServer,
    SendCase,
    callback,
    outgoing,
    sent,
)
from tests.stubs.twilio_stub import TwilioStub

TWILIO = load(Path(__file__).parents[2] / "plugins" / "gateways").get("twilio")
ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "0" * 32
SID = "SM" + "0" * 32
TOKEN = "12345"
STATUS_URL = "https://shop.example.test/hooks/twilio/status"
RECEIPTS = f"{STATUS_URL}?reference={outgoing().reference}"
NOON = sent().attempted_at


def settings(url: str = "https://api.twilio.com", **changes: Any) -> dict[str, Any]:
    given = {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "from_number": "+12015550100",
        "messaging_service_sid": "",
        "api_base": url,
    }
    return {**given, **changes}


def created(**changes: Any) -> Answer:
    resource = {"sid": SID, "status": "queued", "num_segments": "1", "error_code": None, **changes}
    return Answer(201, json.dumps(resource))


def refused(status: int, code: int, message: str = "The reason.", **headers: str) -> Answer:
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status, json.dumps(body), headers)


def sign(request: CallbackRequest, token: str = TOKEN, digest: str = "sha1") -> CallbackRequest:
    """By the page: the address, then each field by name, then by distinct value; HMAC; base64."""
    pairs = sorted({(name, value) for name, values in request.form.items() for value in values})
    said = request.url + "".join(name + value for name, value in pairs)
    mac = hmac.new(token.encode(), said.encode(), digest).digest()
    return replace(request, headers={**request.headers, "x-twilio-signature": base64.b64encode(mac).decode()})


def listed(body: str, at: datetime, **changes: Any) -> dict[str, Any]:
    entry = {"sid": SID, "body": body, "status": "delivered", "date_created": format_datetime(at), "num_segments": "1"}
    return {**entry, "error_code": None, "error_message": None, "direction": "outbound-api", **changes}


def page(*entries: dict[str, Any], more: str | None = None) -> Answer:
    return Answer(200, json.dumps({"messages": list(entries), "next_page_uri": more}))


def status_callback(status: str, **more: str) -> CallbackRequest:
    form = {"MessageSid": SID, "SmsSid": SID, "MessageStatus": status, "SmsStatus": status, "AccountSid": ACCOUNT}
    return callback(RECEIPTS, {**form, "From": "+12015550100", "To": "+12015550123", **more})


def text_from_shopper(body: str, **more: str) -> CallbackRequest:
    form = {"MessageSid": SID, "SmsSid": SID, "AccountSid": ACCOUNT, "From": "+12015550123", "To": "+12015550100"}
    return callback(
        "https://shop.example.test/in", {**form, "Body": body, "NumMedia": "0", "SmsStatus": "received", **more}
    )


def receipt(status: str, reason: str | None = None, code: str | None = None, detail: str | None = None) -> Receipt:
    return Receipt(status, outgoing().reference, SID, reason, code, detail or status)  # type: ignore[arg-type]


EMPTY = Reply(200, "<Response/>", "text/xml; charset=utf-8")
SAME = sent().body


class TestTwilio(GatewayContract):
    gateway = TWILIO
    secrets = ("s3cret-auth-token", base64.b64encode(f"{ACCOUNT}:s3cret-auth-token".encode()).decode())
    signed = True

    def settings(self, url: str) -> dict[str, Any]:
        return settings(url, auth_token="s3cret-auth-token")

    def sign(self, request: CallbackRequest) -> CallbackRequest:
        return sign(request, "s3cret-auth-token")

    sends = (
        SendCase(
            "from the store's own sender",
            created(),
            Accepted(SID, "queued", 1),
            outgoing(sender="Acme Shop"),
            asks={"From": "Acme Shop", "MessagingServiceSid": None},
            settings={"from_number": "", "messaging_service_sid": SERVICE},
        ),
        SendCase(
            "201 is accepted",
            created(),
            Accepted(SID, "queued", 1),
            asks={
                "To": "+12015550123",
                "From": "+12015550100",
                "Body": outgoing().body,
                "StatusCallback": outgoing().receipt_url,
                "MessagingServiceSid": None,
                "ValidityPeriod": None,
            },
        ),
        SendCase(
            "a messaging service has not counted segments yet",
            created(status="accepted", num_segments="0"),
            Accepted(SID, "accepted", None),
            asks={"MessagingServiceSid": SERVICE, "From": None},
            settings={"from_number": "", "messaging_service_sid": SERVICE},
        ),
        SendCase(
            "no receipt address",
            created(),
            Accepted(SID, "queued", 1),
            outgoing(receipt_url=None),
            {"StatusCallback": None},
        ),
        SendCase(
            "Twilio keeps a text ten hours at most",
            created(),
            Accepted(SID, "queued", 1),
            outgoing(valid_until=datetime.now(UTC) + timedelta(days=2)),
            {"ValidityPeriod": "36000"},
        ),
        SendCase(
            "too late",
            created(),
            Rejected(reason="expired"),
            outgoing(valid_until=datetime.now(UTC) - timedelta(seconds=1)),
        ),
        SendCase("opted out", refused(400, 21610), Rejected(reason="opted_out", code="21610")),
        SendCase("invalid number", refused(400, 21211), Rejected(reason="invalid_number", code="21211")),
        SendCase("a landline", refused(400, 21614), Rejected(reason="landline", code="21614")),
        SendCase("unreachable", refused(400, 21214), Rejected(reason="unreachable", code="21214")),
        SendCase("too long", refused(400, 21617), Rejected(reason="content", code="21617")),
        SendCase("a country not enabled", refused(400, 21408), Rejected(reason="not_routable", code="21408")),
        SendCase(
            "a country not enabled, said as 403", refused(403, 21408), Rejected(reason="not_routable", code="21408")
        ),
        SendCase("pumping protection", refused(400, 30450), Rejected(reason="not_routable", code="30450")),
        SendCase("a code nobody knows", refused(400, 29999), Rejected(reason="other", code="29999")),
        SendCase("a refusal without a code", Answer(400, "<html>"), Rejected(reason="other", code="HTTP 400")),
        SendCase(
            "a refusal in the newer form",
            Answer(400, '{"type": "x", "title": "Opted out", "status": 400, "code": 21610}'),
            Rejected(reason="opted_out", code="21610"),
        ),
        SendCase("wrong token", refused(401, 20003, "Authenticate"), Misconfigured(code="20003")),
        SendCase("401 whatever the code", refused(401, 21610), Misconfigured(code="21610")),
        SendCase("forbidden", Answer(403, ""), Misconfigured(code="HTTP 403")),
        SendCase("no such account", refused(404, 20404), Misconfigured(code="20404")),
        SendCase("suspended", refused(400, 30002), Misconfigured(code="30002")),
        SendCase("not our sender", refused(400, 21606), Misconfigured(code="21606")),
        SendCase("a trial account", refused(400, 21608), Misconfigured(code="21608")),
        SendCase("a receipt address that Twilio cannot call", refused(400, 21609), Misconfigured(code="21609")),
        SendCase("a service without senders", refused(400, 21703), Misconfigured(code="21703")),
        SendCase("moved", Answer(302, "", {"Location": "/login"}), Misconfigured(code="HTTP 302")),
        SendCase("too fast", refused(429, 20429), RateLimited(retry_after=1, code="20429")),
        SendCase("too fast, and how long", refused(429, 20429, **{"Retry-After": "7"}), RateLimited(retry_after=7)),
        SendCase("429 without a word", Answer(429, ""), RateLimited(retry_after=1, code="HTTP 429")),
        SendCase("the sender's queue is full", refused(400, 21611), RateLimited(retry_after=60, code="21611")),
        SendCase("500", refused(500, 20500), Unknown(code="20500")),
        SendCase("503", refused(503, 20503), Unknown(code="20503")),
        SendCase("a 500 that quotes a final code is still a 500", refused(500, 21610), Unknown(code="21610")),
        SendCase("502 from a proxy", Answer(502, "<html>Bad gateway"), Unknown(code="HTTP 502")),
        SendCase("201 without a sid", Answer(201, '{"status": "queued"}'), Unknown()),
        SendCase("201 that is no JSON", Answer(201, "<html>Welcome"), Unknown()),
        SendCase("a code that is no number", Answer(400, '{"code": ["x"], "message": "m"}'), Rejected(code="HTTP 400")),
    )
    receipts = (
        *(
            CallbackCase(status, status_callback(status), (receipt(ours, detail=status),), Reply(204))
            for status, ours in (
                ("queued", "accepted"),
                ("accepted", "accepted"),
                ("scheduled", "accepted"),
                ("sending", "sent"),
                ("sent", "sent"),
                ("delivered", "delivered"),
                ("read", "delivered"),
            )
        ),
        CallbackCase(
            "undelivered",
            status_callback("undelivered", ErrorCode="30003"),
            (receipt("undelivered", "unreachable", "30003", "undelivered"),),
        ),
        CallbackCase(
            "an unknown number",
            status_callback("undelivered", ErrorCode="30005"),
            (receipt("undelivered", "invalid_number", "30005", "undelivered"),),
        ),
        CallbackCase(
            "a landline",
            status_callback("undelivered", ErrorCode="30006"),
            (receipt("undelivered", "landline", "30006", "undelivered"),),
        ),
        CallbackCase(
            "filtered as spam",
            status_callback("undelivered", ErrorCode="30007"),
            (receipt("undelivered", "content", "30007", "undelivered"),),
        ),
        CallbackCase(
            "failed: texted STOP, which a messaging service finds out late",
            status_callback("failed", ErrorCode="21610"),
            (receipt("rejected", "opted_out", "21610", "failed"),),
        ),
        CallbackCase(
            "failed: too late",
            status_callback("failed", ErrorCode="30036"),
            (receipt("expired", "expired", "30036", "failed"),),
        ),
        CallbackCase(
            "failed without a code", status_callback("failed"), (receipt("rejected", "other", None, "failed"),)
        ),
        CallbackCase("a status that Twilio has yet to invent", status_callback("teleported"), ()),
        CallbackCase("without a sid", callback(RECEIPTS, {"MessageStatus": "sent"}), error=BadCallback),
        CallbackCase("without a status", callback(RECEIPTS, {"MessageSid": SID}), error=BadCallback),
    )
    inbounds = (
        CallbackCase(
            "a text",
            text_from_shopper("Still there?"),
            (Inbound("+12015550123", "+12015550100", "Still there?", SID),),
            EMPTY,
        ),
        CallbackCase(
            "STOP without Advanced Opt-Out is for the house to read",
            text_from_shopper("STOP"),
            (Inbound("+12015550123", "+12015550100", "STOP", SID),),
            EMPTY,
        ),
        *(
            CallbackCase(
                f"{word}, which Twilio has answered",
                text_from_shopper(word, OptOutType=word),
                (Inbound("+12015550123", "+12015550100", word, SID, word.lower(), True),),  # type: ignore[arg-type]
                EMPTY,
            )
            for word in ("STOP", "START", "HELP")
        ),
        CallbackCase(
            "emoji", text_from_shopper("da 😀 & +"), (Inbound("+12015550123", "+12015550100", "da 😀 & +", SID),), EMPTY
        ),
        CallbackCase("from nobody", callback("https://shop.example.test/in", {"MessageSid": SID}), error=BadCallback),
    )
    lookups = (
        LookupCase(
            "its id is known",
            [Answer(200, json.dumps(listed("changed", NOON)))],
            Found(Receipt("delivered", sent().reference, SID, None, None, "delivered", 1)),
            sent(gateway_id=SID),
        ),
        LookupCase("its id is not known there", [refused(404, 20404)], CannotTell(), sent(gateway_id=SID)),
        LookupCase(
            "found by number and text",
            [page(listed("Another", NOON + timedelta(seconds=9)), listed(SAME, NOON + timedelta(seconds=2)))],
            Found(Receipt("delivered", sent().reference, SID, None, None, "delivered", 1)),
            asks={"To": "+12015550123", "DateSent>": None},
        ),
        LookupCase(
            "found, and it failed",
            [page(listed(SAME, NOON, status="undelivered", error_code=30005, error_message="Unknown destination"))],
            Found(Receipt("undelivered", sent().reference, SID, "invalid_number", "30005", "Unknown destination", 1)),
        ),
        LookupCase("nothing ever went to the number", [page()], Absent()),
        LookupCase("the same text, but long ago", [page(listed(SAME, NOON - timedelta(minutes=2)))], Absent()),
        LookupCase("another text at that time: who knows", [page(listed("Other", NOON))], CannotTell()),
        LookupCase(
            "clocks differ by less than a minute", [page(listed("Other", NOON - timedelta(seconds=59)))], CannotTell()
        ),
        LookupCase("the list is not to be had", [refused(503, 20503)], CannotTell()),
        LookupCase("the list makes no sense", [Answer(200, "<html>")], CannotTell()),
        LookupCase("an entry without a date", [page({"sid": SID, "body": SAME})], CannotTell()),
        LookupCase("no entries but more pages", [page(more="/next")], CannotTell()),
    )
    checks = (
        CheckCase("active", [Answer(200, json.dumps({"status": "active", "friendly_name": "Shop"}))], True),
        CheckCase("suspended", [Answer(200, json.dumps({"status": "suspended"}))], False),
        CheckCase("wrong token", [refused(401, 20003)], False),
        CheckCase("not Twilio at all", [Answer(200, "<html>Hello")], False),
        CheckCase("broken", [Answer(500, "")], False),
    )


# --- signatures: the page's own vectors ----------------------------------------------------------------------------

STATUS_FORM = {
    "MessageSid": SID,
    "MessageStatus": "delivered",
    "To": "+15555550100",
    "From": "+15555550199",
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
}


def received(request: CallbackRequest, **headers: str) -> Any:
    lower = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return TWILIO(settings()).receive(replace(request, headers={**request.headers, **lower}), "receipts")


def test_the_signature_of_the_page_is_taken() -> None:
    found = received(callback(STATUS_URL, STATUS_FORM), X_Twilio_Signature="At/Ns00+ovYp5jhaAqrA2/7pvk0=")
    assert found.events == (Receipt("delivered", None, SID, None, None, "delivered"),)


def test_the_port_may_be_named_or_not() -> None:
    request = callback(STATUS_URL.replace(".test/", ".test:443/"), STATUS_FORM)
    assert received(request, X_Twilio_Signature="At/Ns00+ovYp5jhaAqrA2/7pvk0=").events


def test_the_manuals_own_example_fits_and_only_then_is_it_looked_at() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    request = callback("https://example.com/myapp.php?foo=1&bar=2", form)
    with pytest.raises(BadCallback):  # signed well, but no word of a message
        received(request, X_Twilio_Signature="L/OH5YylLD5NRKLltdqwSvS0BnU=")


def test_several_values_of_a_name_are_signed_once_each_and_in_order() -> None:
    request = callback(STATUS_URL, [("A", "2"), ("A", "1"), ("A", "2"), ("B", ""), ("b", "x")])
    with pytest.raises(BadCallback):
        received(request, X_Twilio_Signature="SmifJuUH9PM4ipnly1u+jhtqdlY=")


def test_a_call_without_fields_is_signed_by_its_address_alone() -> None:
    with pytest.raises(BadCallback):
        received(callback(STATUS_URL), X_Twilio_Signature="fAi0OcT0514lmpURNS54cNQ9apI=")


def test_a_json_body_is_vouched_for_by_its_hash() -> None:
    body = b'{"a": 1}'
    url = f"{STATUS_URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    request = sign(callback(url, body=body, headers={"Content-Type": "application/json"}))
    with pytest.raises(BadCallback):  # genuine, though not a receipt
        received(request)
    with pytest.raises(BadSignature):
        received(replace(request, body=b'{"a": 2}'))
    with pytest.raises(BadSignature):  # no hash in the signed address: nothing vouches for the body
        received(sign(callback(STATUS_URL, body=body)))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Twilio_Signature": ""},
        {"X_Twilio_Signature": "At/Ns00+ovYp5jhaAqrA2/7pvk1="},
        {"X_Twilio_Signature": "U0Q2lxBjc6Dx9m9Uqer1MxEEDb2UUPdMIvstdxjVOZI="},
        {"X_Twilio_Signature": "ü"},
    ],
)
def test_a_missing_or_wrong_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        received(callback(STATUS_URL, STATUS_FORM), **headers)


@pytest.mark.parametrize("url", ["https://shop.example.test:port/x", "https://[shop/x"])
def test_an_address_that_cannot_be_taken_apart_is_refused(url: str) -> None:
    with pytest.raises(BadSignature):
        received(replace(callback(STATUS_URL, STATUS_FORM), url=url), X_Twilio_Signature="x")


# --- settings ------------------------------------------------------------------------------------------------------


def form_of(**changes: str) -> Any:
    form = TWILIO.Settings(MultiDict(settings(**changes)))
    form.validate()
    return form


def test_number_and_service_are_not_given_both_and_may_both_be_awaited() -> None:
    assert not form_of().errors
    assert not form_of(from_number="", messaging_service_sid=SERVICE).errors
    assert "from_number" in form_of(messaging_service_sid=SERVICE).errors
    assert not form_of(from_number="", messaging_service_sid="").errors
    assert TWILIO.number_fields == ("from_number", "messaging_service_sid")


def test_a_number_is_taken_as_people_write_it_and_blanks_around_a_pasted_key_are_cut() -> None:
    form = form_of(from_number=" +1 (201) 555-0100", account_sid=f" {ACCOUNT}\n", auth_token=" 12345 ")
    assert not form.errors
    assert (form.from_number.data, form.account_sid.data, form.auth_token.data) == ("+12015550100", ACCOUNT, "12345")


@pytest.mark.parametrize(
    "field, value",
    [
        ("account_sid", "SK123"),
        ("account_sid", ""),
        ("auth_token", ""),
        ("from_number", "12"),
        ("from_number", "Acme"),
        ("api_base", "api.twilio.com"),
        ("api_base", "https://api.twilio.com/2010-04-01"),
    ],
)
def test_a_malformed_setting_is_refused(field: str, value: str) -> None:
    assert field in form_of(**{field: value}).errors


def test_the_address_is_twilios_unless_said_otherwise() -> None:
    assert TWILIO.Settings().api_base.data == "https://api.twilio.com"


# --- against the counting stand-in ---------------------------------------------------------------------------------


def at(last: str) -> Any:
    return outgoing(to=f"+1201555{last}")


def test_the_stand_in_and_the_plugin_agree(tmp_path: Path) -> None:
    with TwilioStub(delay=0.01, file=tmp_path / "log") as twilio:
        gateway: Gateway = TWILIO(settings(twilio.url))
        assert gateway.check().ok
        accepted = gateway.send(at("0123"))
        assert accepted.gateway_id
        assert accepted.gateway_id.startswith("SM")
        for last in ("0001", "0002", "0006"):
            with pytest.raises(Unknown):
                gateway.send(at(last))
        with pytest.raises(RateLimited):
            gateway.send(at("0003"))
        gateway.send(at("0003"))
        with pytest.raises(Rejected) as caught:
            gateway.send(at("0004"))
        assert caught.value.reason == "opted_out"
        everyone = {f"+1201555{last}": 1 for last in ("0123", "0001", "0002", "0006", "0003")}
        assert twilio.counts() == everyone
        assert {line["to"]: 1 for line in twilio.accepted()} == everyone

        now = datetime.now(UTC)
        for last in ("0001", "0002", "0006"):
            found = gateway.lookup(sent(to=f"+1201555{last}", attempted_at=now))
            assert isinstance(found, Found)
            assert found.receipt.status == "accepted"
        assert gateway.lookup(sent(to="+12015550777", attempted_at=now)) == Absent()
        by_id = gateway.lookup(sent(gateway_id=accepted.gateway_id))
        assert isinstance(by_id, Found)
        assert by_id.receipt.gateway_id == accepted.gateway_id


def test_where_the_list_is_not_to_be_had_the_outcome_stays_open() -> None:
    with TwilioStub(listing=False) as twilio:
        assert isinstance(TWILIO(settings(twilio.url)).lookup(sent()), CannotTell)


def test_the_account_and_token_go_as_http_basic() -> None:
    with ScriptedServer(created()) as server:
        TWILIO(settings(server.url + "/")).send(outgoing())
    assert server.asked[0].path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert (
        server.asked[0].headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    )

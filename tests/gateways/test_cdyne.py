"""CDYNE, by its documents: both services, codes in the body, postbacks, and the list of STOPs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from nexnotify.gateways.contract import (
    Absent,
    Accepted,
    BadCallback,
    CannotTell,
    Found,
    Inbound,
    Misconfigured,
    RateLimited,
    Receipt,
    Rejected,
    Reply,
    Transient,
    Unknown,
)
from nexnotify.gateways.estimate import month_cost
from nexnotify.gateways.loader import load
from nexnotify.gateways.service import check_gateway
from nexnotify.gateways.testkit import (
    Answer,
    CallbackCase,
    CheckCase,
    GatewayContract,
    LookupCase,
    OptOutCase,
    ScriptedServer,
    SendCase,
    callback,
    outgoing,
    sent,
)
from tests.stubs.cdyne_stub import NOBODY, Cdyne, as_xml

CDYNE = load(Path(__file__).parents[2] / "plugins" / "gateways").get("cdyne")
KEY = "2f1c6a52-0000-4000-8000-5ec8e7000001"
ID = "6b1f3a53-1111-4222-8333-944445555666"
REFERENCE = outgoing().reference
BACK = outgoing().receipt_url or ""
BARE = "https://notify.example/callbacks/1/token/receipts"
OK = Reply(200, "")


def took(status: int | str, number: str = ID) -> Answer:
    entry = {"Attachments": None, "From": "15550001111", "MessageID": number, "MessageStatus": status, "To": "1201…"}
    return Answer(200, json.dumps([entry]))


def classic(error: int | str, number: str = ID, **more: Any) -> Answer:
    entry = {"Cancelled": False, "MessageID": number, "Queued": True, "SMSError": error, "Sent": False, **more}
    return Answer(200, json.dumps([entry]))


def classic_xml(error: str, number: str = ID, **more: Any) -> Answer:
    return Answer(200, as_xml([{"Cancelled": False, "MessageID": number, "SMSError": error, "Sent": False, **more}]))


def post(address: str = BACK, **fields: str) -> Any:
    return callback(address, fields, headers={"User-Agent": "CDYNE SMSv2"})


def post_json(said: Any, address: str = BACK) -> Any:
    return callback(address, body=json.dumps(said).encode(), headers={"Content-Type": "application/json"})


def dlr(stat: str, code: str = "000") -> Any:
    words = f"id:1 sub:001 dlvrd:001 submit date:1005080242 done date:1005080243 stat:{stat} err:{code} text:"
    return post(DeliveryReceipt="1", MessageID=ID, ReferenceID=REFERENCE, DeliveryReceiptMessage=words, Code=code)


def receipt(status: str, reason: str | None = None, code: str | None = None, detail: str | None = None) -> Receipt:
    return Receipt(status, REFERENCE, ID, reason, code, detail)  # type: ignore[arg-type]


class TestMessaging(GatewayContract):
    """The newer service."""

    gateway = CDYNE
    secrets = (KEY,)

    def settings(self, url: str) -> dict[str, Any]:
        return {"license_key": KEY, "from_number": "15550001111", "generation": "messaging", "api_base": url}

    sends = (
        SendCase(
            "ready",
            took(201),
            Accepted(ID, "Ready"),
            asks={
                "LicenseKey": KEY,
                "Body": outgoing().body,
                "To": '["12015550123"]',
                "From": "15550001111",
                "ReferenceID": REFERENCE,
                "PostbackUrl": BACK,
                "IsUnicode": "false",
                "Concatenate": "true",
                "UseMMS": "false",
            },
        ),
        SendCase("on hold", took(0), Accepted(ID, "Hold")),
        SendCase("processing, by name", took("Processing"), Accepted(ID, "Processing")),
        SendCase("sent at once", took(200), Accepted(ID, "Sent", receipts=(receipt("sent", code="Sent"),))),
        SendCase(
            "Unicode is asked for",
            took(201),
            Accepted(ID, "Ready"),
            outgoing(body="Снова здесь 😀", encoding="ucs2"),
            {"Body": "Снова здесь 😀", "IsUnicode": "true"},
        ),
        SendCase(
            "another country",
            took(201),
            Accepted(ID, "Ready"),
            outgoing(to="+447700900123"),
            {"To": '["447700900123"]'},
        ),
        SendCase(
            "from the store's own number",
            took(201),
            Accepted(ID, "Ready"),
            outgoing(sender="+12015550160"),
            {"From": "12015550160"},
        ),
        SendCase("not our number", took(400), Misconfigured(code="InvalidDID")),
        SendCase("wrong license", took(401, NOBODY), Misconfigured(code="InvalidLicenseKey")),
        SendCase("suspended", took(402), Misconfigured(code="AccountSuspended")),
        SendCase("opted out", took(403), Rejected(reason="opted_out", code="StopOnPhonNumber")),
        SendCase("opted out, by name", took("StopOnPhonNumber"), Rejected(reason="opted_out")),
        SendCase("no number at all", took(404), Misconfigured(code="MissingDIDOrInvalidMessageID")),
        SendCase("a date we never send", took(405), Rejected(reason="other", code="InvalidDateTime")),
        SendCase("no such number", took(406), Rejected(reason="invalid_number", code="InvalidDestination")),
        SendCase("empty", took(411), Rejected(reason="content", code="NoMessage")),
        SendCase("too long", took(413), Rejected(reason="content", code="MessageExceedsLimit")),
        SendCase("not handed on", took(506), Transient(code="Failed")),
        SendCase("cancelled", took(507), Rejected(reason="other", code="Cancelled")),
        SendCase(
            "the carrier's no is not about the number", took(508), Rejected(reason="other", code="FailedByProvider")
        ),
        SendCase("a new code", took(599), Unknown(code="599")),
        SendCase("ready, but without an id", took(201, NOBODY), Unknown()),
        SendCase("too fast", Answer(429, "", {"Retry-After": "3"}), RateLimited(retry_after=3, code="HTTP 429")),
        SendCase("a license that is no GUID", Answer(400, "<html>Request Error"), Misconfigured(code="HTTP 400")),
        SendCase("a wrong address", Answer(404), Misconfigured(code="HTTP 404")),
        SendCase("moved", Answer(301, "", {"Location": "/"}), Misconfigured(code="HTTP 301")),
        SendCase("broken", Answer(500, "oops"), Unknown(code="HTTP 500")),
        SendCase("awaiting number", took(201), Misconfigured(), settings={"from_number": ""}),
    )
    receipts = (
        CallbackCase("sent", post(SMSSent="1", MessageID=ID, ReferenceID=REFERENCE), (receipt("sent"),), OK),
        CallbackCase(
            "cancelled", post(SMSSent="0", MessageID=ID, ReferenceID=REFERENCE), (receipt("rejected", "other"),)
        ),
        CallbackCase("names in any case", post(smssent="1", messageid=ID, REFERENCEID=REFERENCE), (receipt("sent"),)),
        CallbackCase("the reference of the address", post(SMSSent="1", MessageID=ID), (receipt("sent"),)),
        CallbackCase("by id alone", post(BARE, SMSSent="1", MessageID=ID), (Receipt("sent", None, ID),)),
        CallbackCase(
            "at the carrier, so not yet delivered",
            dlr("DELIVERED TO CARRIER", "003"),
            (receipt("sent", code="003", detail="DELIVERED TO CARRIER"),),
        ),
        CallbackCase("delivered", dlr("DELIVRD"), (receipt("delivered", code="000", detail="DELIVRD"),)),
        CallbackCase("expired", dlr("EXPIRED", "1"), (receipt("expired", "expired", "1", "EXPIRED"),)),
        CallbackCase("undelivered", dlr("UNDELIV", "4"), (receipt("undelivered", "unreachable", "4", "UNDELIV"),)),
        CallbackCase("refused", dlr("REJECTD", "8"), (receipt("rejected", "other", "8", "REJECTD"),)),
        CallbackCase("on its way", dlr("ACCEPTD"), (receipt("sent", code="000", detail="ACCEPTD"),)),
        CallbackCase(
            "as JSON",
            post_json({"SmsSent": True, "MessageID": ID, "ReferenceID": REFERENCE, "SentTime": None}),
            (receipt("sent"),),
        ),
        CallbackCase(
            "the newer service's object",
            post_json({"MessageID": ID, "ReferenceID": REFERENCE, "MessageStatus": 508}),
            (receipt("undelivered", "unreachable", "FailedByProvider"),),
        ),
        CallbackCase(
            "several in one call",
            post_json([{"SMSSent": 1, "MessageID": ID}, {"SMSSent": 1, "MessageID": "2-1", "ReferenceID": "r2"}]),
            (receipt("sent"), Receipt("sent", "r2", "2-1")),
        ),
        CallbackCase(
            "a shopper's answer comes to the same address",
            post(
                SMSResponse="1",
                MessageID="in-1",
                MatchedMessageID=ID,
                ReferenceID=REFERENCE,
                FromPhoneNumber="12015550123",
                ToPhoneNumber="15550001111",
                Message="Stop",
            ),
            (Inbound("+12015550123", "+15550001111", "Stop", "in-1", "stop", True),),
            OK,
        ),
        CallbackCase("about no text", post(BARE, SMSSent="1"), error=BadCallback),
        CallbackCase("no flag", post(MessageID=ID), error=BadCallback),
        CallbackCase("an answer from nobody", post(SMSResponse="1", MessageID="in-1", Message="hi"), error=BadCallback),
        CallbackCase("an empty list", post_json([]), error=BadCallback),
    )
    inbounds = (
        CallbackCase(
            "a text that answers none of ours",
            post(
                BARE,
                SMSReceived="1",
                MessageID="in-2",
                FromPhoneNumber="12015550123",
                ToPhoneNumber="88769",
                Message="Hi +1",
            ),
            (Inbound("+12015550123", "88769", "Hi +1", "in-2"),),
            OK,
        ),
        CallbackCase(
            "please stop is not answered by CDYNE",
            post(BARE, SMSReceived="1", MessageID="in-3", FromPhoneNumber="2015550123", Message="please stop"),
            (Inbound("+12015550123", "", "please stop", "in-3"),),
        ),
        CallbackCase(
            "RESUME lifts a STOP, START does not",
            post_json(
                [
                    {"SMSReceived": 1, "MessageID": "1-1", "FromPhoneNumber": "12015550123", "Message": "resume"},
                    {"SMSReceived": 1, "MessageID": "1-2", "FromPhoneNumber": "12015550123", "Message": "START"},
                    {"SMSReceived": 1, "MessageID": "1-3", "FromPhoneNumber": "12015550123", "Message": "Help"},
                ]
            ),
            (
                Inbound("+12015550123", "", "resume", "1-1", "start", True),
                Inbound("+12015550123", "", "START", "1-2"),
                Inbound("+12015550123", "", "Help", "1-3", "help", True),
            ),
        ),
        CallbackCase(
            "the newer service's object",
            post_json({"IncomingMessageID": 7, "From": "12015550123", "To": "15550001111", "Payload": "QUIT"}, BARE),
            (Inbound("+12015550123", "+15550001111", "QUIT", "7", "stop", True),),
        ),
    )
    lookups = (
        LookupCase(
            "sent, by id",
            [took(200)],
            Found(receipt("sent", code="Sent")),
            sent(gateway_id=ID),
            {"LicenseKey": KEY, "MessageId": ID},
        ),
        LookupCase("queued", [took("Ready")], Found(receipt("accepted", code="Ready")), sent(gateway_id=ID)),
        LookupCase(
            "failed at the carrier",
            [took(508)],
            Found(receipt("undelivered", "unreachable", "FailedByProvider")),
            sent(gateway_id=ID),
        ),
        LookupCase("an id it does not know", [took(404, NOBODY)], CannotTell(), sent(gateway_id=ID)),
        LookupCase(
            "by reference, with the classic verb",
            [classic(0, ReferenceID=REFERENCE)],
            Found(receipt("accepted", code="NoError")),
            asks={"ReferenceID": REFERENCE, "LicenseKey": KEY, "MessageId": None},
        ),
        LookupCase(
            "not found by a verb of the other service proves nothing", [classic("NotFound", NOBODY)], CannotTell()
        ),
        LookupCase("wrong license", [took(401, NOBODY)], CannotTell(), sent(gateway_id=ID)),
        LookupCase("down", [Answer(503)], CannotTell()),
    )
    checks = (
        CheckCase("right license", [took(404, NOBODY)], True),
        CheckCase("wrong license", [took(401, NOBODY)], False),
        CheckCase("suspended", [took(402, NOBODY)], False),
        CheckCase("a license that is no GUID", [Answer(400, "<html>")], False),
        CheckCase("somebody else", [Answer(200, "<html>")], False),
    )
    opt_outs = (
        OptOutCase(
            "numbers",
            [Answer(200, '["12015550123", "2015550124", "447700900123"]')],
            ["+12015550123", "+12015550124", "+447700900123"],
            {"LicenseKey": KEY},
        ),
        OptOutCase("numbers in objects", [Answer(200, '[{"PhoneNumber": "12015550123"}]')], ["+12015550123"]),
        OptOutCase("nobody", [Answer(200, "[]")], []),
        OptOutCase("not a number", [Answer(200, '["", null, 12015550123]')], ["+12015550123"]),
        OptOutCase("refused", [Answer(400, "<html>")], None),
        OptOutCase("no list", [Answer(200, '{"error": 1}')], None),
    )


class TestClassic(GatewayContract):
    """SMS Notify!, the older service."""

    gateway = CDYNE
    secrets = (KEY,)

    def settings(self, url: str) -> dict[str, Any]:
        return {"license_key": KEY, "from_number": "15550001111", "generation": "classic", "api_base": url}

    sends = (
        SendCase(
            "taken",
            classic(0),
            Accepted(ID, "NoError"),
            asks={
                "LicenseKey": KEY,
                "Concatenate": "true",
                "IsUnicode": "false",
                "SMSRequests": json.dumps(
                    [
                        {
                            "AssignedDID": "15550001111",
                            "Message": outgoing().body,
                            "ReferenceID": REFERENCE,
                            "PhoneNumbers": ["12015550123"],
                            "StatusPostBackURL": BACK,
                        }
                    ]
                ),
            },
        ),
        SendCase("taken, in XML", classic_xml("NoError"), Accepted(ID, "NoError")),
        SendCase(
            "one answer, no list", Answer(200, json.dumps({"MessageID": ID, "SMSError": 0})), Accepted(ID, "NoError")
        ),
        SendCase(
            "gone at once", classic(0, Sent=True), Accepted(ID, "NoError", receipts=(receipt("sent", code="NoError"),))
        ),
        SendCase(
            "cancelled at once",
            classic_xml("NoError", Cancelled=True),
            Accepted(ID, "NoError", receipts=(receipt("rejected", "other", "NoError"),)),
        ),
        SendCase("opted out", classic(1, NOBODY), Rejected(reason="opted_out", code="STOPFromPhoneNumber")),
        SendCase("opted out, in XML", classic_xml("STOPFromPhoneNumber", NOBODY), Rejected(reason="opted_out")),
        SendCase("wrong license", classic(2, NOBODY), Misconfigured(code="LicenseKeyInvalid")),
        SendCase("no such number", classic_xml("PhoneNumberInvalid", NOBODY), Rejected(reason="invalid_number")),
        SendCase("empty", classic(4, NOBODY), Rejected(reason="content", code="MessageInvalid")),
        SendCase("a date we never send", classic(5, NOBODY), Rejected(reason="other")),
        SendCase("not our number", classic_xml("InvalidAssignedDID", NOBODY), Misconfigured(code="InvalidAssignedDID")),
        SendCase(
            "inside CDYNE, nobody says how far", classic_xml("InternalError", NOBODY), Unknown(code="InternalError")
        ),
        SendCase("suspended", classic_xml("ContactCdyneAccountSuspended"), Misconfigured()),
        SendCase("a new code", classic(17), Unknown(code="17")),
        SendCase("broken", Answer(500, "<Fault>"), Unknown(code="HTTP 500")),
    )
    lookups = (
        LookupCase(
            "found",
            [classic_xml("NoError", ReferenceID=REFERENCE, Sent=True)],
            Found(receipt("sent", code="NoError")),
            asks={"ReferenceID": REFERENCE, "LicenseKey": KEY},
        ),
        LookupCase("waiting", [classic(0, ReferenceID=REFERENCE)], Found(receipt("accepted", code="NoError"))),
        LookupCase("cancelled", [classic(0, Cancelled=True)], Found(receipt("rejected", "other", "NoError"))),
        LookupCase("not there", [classic_xml("NotFound", NOBODY)], Absent()),
        LookupCase("not there, by a number nobody has written down", [classic(7, NOBODY)], CannotTell()),
        LookupCase("another's", [classic_xml("NoError", ReferenceID="another")], CannotTell()),
        LookupCase("wrong license", [classic_xml("LicenseKeyInvalid", NOBODY)], CannotTell()),
        LookupCase("inside CDYNE", [classic_xml("InternalError", NOBODY)], CannotTell()),
        LookupCase("down", [Answer(500, classic_xml("NotFound", NOBODY).body)], CannotTell()),
    )
    checks = (
        CheckCase("right license", [classic_xml("NotFound", NOBODY)], True),
        CheckCase("wrong license", [classic_xml("LicenseKeyInvalid", NOBODY)], False),
        CheckCase("suspended", [classic(9, NOBODY)], False),
    )


@pytest.mark.parametrize("key,words", [(KEY, "accepts the license key"), ("wrong", "does not accept the license key")])
def test_a_license_without_its_number_is_checked_and_said_to_await_it(key: str, words: str) -> None:
    with ScriptedServer(Cdyne(KEY)) as server:
        health = check_gateway(CDYNE({"license_key": key, "from_number": "", "api_base": server.url}))
    assert not health.ok
    assert health.detail.startswith("Awaiting number.")
    assert words in health.detail


def test_a_ten_digit_number_sends_ten_a_second_and_costs_what_the_nexternal_document_says() -> None:
    assert CDYNE.default_rate * 60 == 600
    assert CDYNE.number_fields == ("from_number",)
    assert CDYNE.prices is not None
    assert month_cost(CDYNE.prices, 1000) == Decimal("18.50")


@pytest.mark.parametrize(
    "typed, kept",
    [
        ("(201) 555-0100", "12015550100"),
        (" 2015550100 ", "12015550100"),
        ("+1 201 555 0100", "12015550100"),
        ("12015550100", "12015550100"),
        ("88769", "88769"),
        ("", ""),
    ],
)
def test_the_number_may_be_written_in_any_way(typed: str, kept: str) -> None:
    form = CDYNE.Settings(MultiDict({"license_key": KEY, "from_number": typed}))
    assert form.validate(), form.errors
    assert (form["from_number"].data, form["generation"].data) == (kept, "messaging")


@pytest.mark.parametrize(
    "fields",
    [
        {"license_key": ""},
        {"from_number": "Acme"},
        {"generation": "soap"},
        {"api_base": "ftp://x"},
        {"api_base": "http://x/y z"},
    ],
)
def test_malformed_settings_are_refused(fields: dict[str, str]) -> None:
    form = CDYNE.Settings(MultiDict({"license_key": KEY, **fields}))
    assert not form.validate()
    assert set(form.errors) == set(fields)


@pytest.mark.parametrize("path", ["", "/", "/Messaging.svc", "/sms.svc/"])
@pytest.mark.parametrize("generation", ["messaging", "classic"])
def test_a_text_is_taken_once_and_found_again(generation: str, path: str) -> None:
    cdyne = Cdyne(KEY)
    with ScriptedServer(cdyne) as server:
        settings = {"license_key": KEY, "from_number": "15550001111", "generation": generation}
        gateway = CDYNE({**settings, "api_base": server.url + path})
        assert gateway.check().ok
        accepted = gateway.send(outgoing())
        [text] = cdyne.texts
        assert (text["id"], text["to"], text["reference"]) == (accepted.gateway_id, "12015550123", REFERENCE)
        known = gateway.lookup(sent(gateway_id=accepted.gateway_id))
        lost = gateway.lookup(sent())
        assert isinstance(known, Found)
        assert isinstance(lost, Found)
        assert known.receipt.gateway_id == lost.receipt.gateway_id == text["id"]
        other = gateway.lookup(sent(reference="f" * 32))
        assert other == Absent() if generation == "classic" else isinstance(other, CannotTell)
        cdyne.stopped.append("12015550123")
        with pytest.raises(Rejected) as refused:
            gateway.send(outgoing())
        assert refused.value.reason == "opted_out"
        assert list(gateway.opted_out() or ()) == ["+12015550123"]


def test_a_foreign_number_is_dialled_abroad_by_the_classic_service() -> None:
    cdyne = Cdyne(KEY)
    with ScriptedServer(cdyne) as server:
        settings = {"license_key": KEY, "from_number": "15550001111", "generation": "classic", "api_base": server.url}
        CDYNE(settings).send(outgoing(to="+447700900123"))
    assert cdyne.texts[0]["to"] == "011447700900123"


def test_without_an_address_each_service_is_asked_at_its_own() -> None:
    assert (CDYNE.default_rate, CDYNE.channel) == (10, "sms")
    plugin = (Path(__file__).parents[2] / "plugins/gateways/cdyne.py").read_text()
    assert "https://messaging.cdyne.com" in plugin
    assert "https://sms2.cdyne.com" in plugin
    assert "http://" not in plugin, "The license key travels in the address: never in the clear."

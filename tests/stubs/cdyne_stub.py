"""A stand-in for CDYNE's two services, for :class:`ScriptedServer`: its documented verbs, and a book of what it took.

cdyne = Cdyne(license_key="…")
with ScriptedServer(cdyne) as server: ...
cdyne.texts, cdyne.stopped
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from nexnotify.gateways.testkit import Answer, Asked

ERRORS = {"NoError": 0, "STOPFromPhoneNumber": 1, "LicenseKeyInvalid": 2, "PhoneNumberInvalid": 3, "NotFound": 7}
NOBODY = "00000000-0000-0000-0000-000000000000"


class Cdyne:
    """Answers by path and fields; anything that is not documented is a 404."""

    def __init__(self, license_key: str, number: str = "15550001111") -> None:
        self.license_key, self.number = license_key, number
        #: What was taken, in turn.
        self.texts: list[dict[str, Any]] = []
        #: Numbers that texted STOP, as CDYNE writes them.
        self.stopped: list[str] = []

    def __call__(self, asked: Asked) -> Answer:
        service, _, verb = asked.path.strip("/").rpartition("/")
        said = json.loads(asked.body) if asked.method == "POST" else dict(asked.fields)
        known = said.get("LicenseKey") == self.license_key
        match asked.method, service, verb:
            case "POST", "Messaging.svc", "SendMessage":
                return _json([self._send(said, known, to) for to in said["To"]])
            case "GET", "Messaging.svc", "ReadMessageStatus":
                return _json(self._status(said["MessageId"], known))
            case "GET", "Messaging.svc", "GetUnsubscribedNumbers":
                return _json(self.stopped) if known else Answer(400, "<html>Request Error</html>")
            case "POST", "sms.svc/SecureREST", "AdvancedSMSsend":
                [text] = said["SMSRequests"]
                return self._classic(asked, [self._advanced(text, known, to) for to in text["PhoneNumbers"]])
            case "GET", "sms.svc/SecureREST" | "Messaging.svc", "GetMessageStatusByReferenceID":
                return self._classic(asked, [self._by_reference(said["ReferenceID"], known)])
        return Answer(404, "<html>Endpoint not found.</html>")

    def _take(self, to: str, body: str, sender: str, reference: str, back: str) -> dict[str, Any]:
        text = {"id": str(uuid4()), "to": to, "body": body, "from": sender, "reference": reference, "back": back}
        self.texts.append(text)
        return text

    def _send(self, said: dict[str, Any], known: bool, to: str) -> dict[str, Any]:
        status, number = 201, NOBODY
        if not known:
            status = 401
        elif said["From"] != self.number:
            status = 400
        elif to in self.stopped:
            status = 403
        else:
            number = self._take(to, said["Body"], said["From"], said["ReferenceID"], said["PostbackUrl"])["id"]
        return {
            "Attachments": None,
            "From": said["From"],
            "MessageID": number,
            "MessageStatus": status,
            "ReferenceID": said["ReferenceID"],
            "SentTime": "/Date(-62135596800000+0000)/",
            "To": to,
        }

    def _status(self, number: str, known: bool) -> dict[str, Any]:
        found = any(text["id"] == number for text in self.texts)
        return {"MessageID": number if found else NOBODY, "MessageStatus": (200 if found else 404) if known else 401}

    def _advanced(self, text: dict[str, Any], known: bool, to: str) -> dict[str, Any]:
        if not known:
            return _sms_response("LicenseKeyInvalid")
        if to in self.stopped:
            return _sms_response("STOPFromPhoneNumber")
        taken = self._take(to, text["Message"], text["AssignedDID"], text["ReferenceID"], text["StatusPostBackURL"])
        return _sms_response("NoError", taken)

    def _by_reference(self, reference: str, known: bool) -> dict[str, Any]:
        if not known:
            return _sms_response("LicenseKeyInvalid")
        found = [text for text in self.texts if text["reference"] == reference]
        return _sms_response("NoError", found[0]) if found else _sms_response("NotFound")

    def _classic(self, asked: Asked, entries: list[dict[str, Any]]) -> Answer:
        if "json" in asked.headers.get("accept", ""):
            return _json([{**entry, "SMSError": ERRORS[entry["SMSError"]]} for entry in entries])
        return Answer(200, as_xml(entries), {"Content-Type": "application/xml; charset=utf-8"})


def _json(value: Any) -> Answer:
    return Answer(200, json.dumps(value), {"Content-Type": "application/json; charset=utf-8"})


def _sms_response(error: str, text: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "Cancelled": False,
        "MessageID": text["id"] if text else NOBODY,
        "Queued": bool(text),
        "ReferenceID": text["reference"] if text else None,
        "SMSError": error,
        "SMSIncomingMessages": None,
        "Sent": False,
        "SentDateTime": "0001-01-01T00:00:00",
    }


def as_xml(entries: list[dict[str, Any]]) -> str:
    """As WCF writes it."""
    nil = ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    inner = "".join(
        "<SMSResponse>"
        + "".join(
            f'<{name} i:nil="true"/>' if value is None else f"<{name}>{_xml_word(value)}</{name}>"
            for name, value in entry.items()
        )
        + "</SMSResponse>"
        for entry in entries
    )
    return f'<ArrayOfSMSResponse xmlns="http://sms2.cdyne.com"{nil}>{inner}</ArrayOfSMSResponse>'


def _xml_word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""CDYNE's two text services: "Messaging" and the older "SMS Notify!", by one license key.

Docs: https://www.cdyne.com/docs/sms-api. Neither signs anything: the token in our callback address keeps strangers out.
Both answer HTTP 200 with their own code in the body. JSON gives a code as a number, XML as a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from wtforms import PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Regexp

from nexnotify.gateways import contract, http
from nexnotify.gateways.estimate import Prices

#: What a code means: how far the text came, why it is refused, or whose trouble it is.
Meaning = tuple[contract.ReceiptStatus, contract.RejectedReason | None] | Literal["setup", "later", "absent", "unclear"]
#: SendMessage and ReadMessageStatus: ``MessageStatus``. "StopOnPhonNumber" is CDYNE's own spelling.
MESSAGE_STATUS: dict[Meaning, dict[int, str]] = {
    ("accepted", None): {0: "Hold", 201: "Ready", 202: "Processing"},
    ("sent", None): {200: "Sent"},
    ("undelivered", "unreachable"): {508: "FailedByProvider"},
    ("rejected", "opted_out"): {403: "StopOnPhonNumber"},
    ("rejected", "invalid_number"): {406: "InvalidDestination"},
    ("rejected", "content"): {411: "NoMessage", 413: "MessageExceedsLimit"},
    ("rejected", "other"): {405: "InvalidDateTime", 507: "Cancelled"},
    "setup": {400: "InvalidDID", 401: "InvalidLicenseKey", 402: "AccountSuspended"},
    "absent": {404: "MissingDIDOrInvalidMessageID"},  # the first of the two after a send, the second after a read
    "later": {506: "Failed"},  # it could not be handed to the carrier
}
#: The classic verbs: ``SMSError``.
SMS_ERROR: dict[Meaning, dict[int, str]] = {
    ("accepted", None): {0: "NoError"},
    ("rejected", "opted_out"): {1: "STOPFromPhoneNumber"},
    ("rejected", "invalid_number"): {3: "PhoneNumberInvalid"},
    ("rejected", "content"): {4: "MessageInvalid"},
    ("rejected", "other"): {5: "ScheduledDateTimeIsNotUTC"},
    "setup": {2: "LicenseKeyInvalid", 6: "InvalidAssignedDID", 9: "ContactCdyneAccountSuspended"},
    "absent": {7: "NotFound"},
    "unclear": {8: "InternalError"},  # nobody says whether before or after it was queued
}
HOSTS = {
    "messaging": ("https://messaging.cdyne.com", "/Messaging.svc"),
    "classic": ("https://sms2.cdyne.com", "/sms.svc/SecureREST"),
}
#: What CDYNE answers and obeys itself, for the whole license key. It knows RESUME, and no START.
KEYWORDS: dict[str, Literal["stop", "start", "help"]] = {"RESUME": "start", "HELP": "help"}
KEYWORDS |= dict.fromkeys(("STOP", "END", "CANCEL", "UNSUBSCRIBE", "QUIT"), "stop")
#: How the ``stat:`` of a delivery receipt begins.
STATS: tuple[tuple[tuple[str, ...], contract.ReceiptStatus, contract.RejectedReason | None], ...] = (
    (("DELIVERED TO CARRIER", "ACCEPT", "ENROUTE", "BUFFER"), "sent", None),
    (("DELIV",), "delivered", None),
    (("EXPIRED",), "expired", "expired"),
    (("REJECT",), "rejected", "other"),
    (("",), "undelivered", "unreachable"),
)


def _digits(value: str | None) -> str | None:
    """CDYNE's spelling: country code and number, no plus; ten digits are a US number. Other words stay, and fail."""
    if not value or not re.fullmatch(r"[\d\s()+.-]+", value.strip()):
        return value
    digits = re.sub(r"\D", "", value)
    return f"1{digits}" if len(digits) == 10 and "+" not in value else digits


class CdyneSettings(contract.GatewaySettings):
    license_key = PasswordField("SMS gateway license", [DataRequired()], description="The license key of your account.")
    from_number = StringField(
        "From number",
        [Regexp(r"^(\d{3,15}|)$", message="A number like 2015550100.")],
        filters=[_digits],
        description="The 10-digit number CDYNE assigned to you. Leave it empty until their email names it.",
    )
    generation = SelectField(
        "Service",
        choices=[SelectChoice("messaging", "Messaging (newer)"), SelectChoice("classic", "SMS Notify! (classic)")],
        default="messaging",
        description="Which of CDYNE's two services your license is for; most take the newer one.",
    )
    api_base = StringField(
        "API address",
        [Regexp(r"^(https?://[^\s/?#]+(/(Messaging|sms)\.svc)?/?|)$", message="Like https://messaging.cdyne.com.")],
        description="Leave empty for CDYNE's own.",
    )


class GATEWAY(contract.Gateway):
    key = "cdyne"
    label = "CDYNE"
    # It answers some keywords and not others (no START), so each text says for itself whether it was answered.
    capabilities = contract.Capabilities(
        receipts=True, inbound=True, lookup=True, lists_opt_outs=True, sender_numbers=True
    )
    default_rate = 10.0  # what CDYNE says a 10-digit number sends: 600 a minute
    number_fields = ("from_number",)
    prices = Prices(month=Decimal(10), number=Decimal(1), text=Decimal("0.0075"), currency="USD")
    Settings = CdyneSettings

    @property
    def _generation(self) -> str:
        return "classic" if self.settings.get("generation") == "classic" else "messaging"

    def _call(self, service: str, verb: str, fields: dict[str, Any], method: str = "GET") -> http.HttpAnswer:
        host, path = HOSTS[service]
        base = re.sub(r"/(Messaging|sms)\.svc$", "", (self.settings.get("api_base") or host).rstrip("/"))
        url = f"{base}{path}/{verb}"
        # XML names the classic codes; their numbers are written down nowhere.
        headers = {"Accept": "application/json" if service == "messaging" else "application/xml"}
        fields = {"LicenseKey": self.settings["license_key"], **fields}
        if method == "GET":
            return http.request("GET", url, headers=headers, fields=fields)
        headers["Content-Type"] = "application/json"
        return http.request("POST", url, headers=headers, body=json.dumps(fields))

    def send(self, message: contract.OutgoingMessage) -> contract.Accepted:
        sender = self.settings.get("from_number")
        if not sender:  # taken away a moment ago; without one CDYNE would choose any of the license's numbers
            raise contract.Misconfigured("There is no number to send from.")
        sender = _digits(message.sender) if message.sender else sender
        to, back = message.to.lstrip("+"), message.receipt_url or ""
        fields: dict[str, Any] = {"Concatenate": True, "IsUnicode": message.encoding == "ucs2"}
        if self._generation == "messaging":
            fields |= {"Body": message.body, "To": [to], "From": sender, "UseMMS": False}
            fields |= {"PostbackUrl": back, "ReferenceID": message.reference}
            answer = self._call("messaging", "SendMessage", fields, "POST")
        else:
            text = {"AssignedDID": sender, "Message": message.body, "ReferenceID": message.reference}
            text |= {"PhoneNumbers": [to if to.startswith("1") else f"011{to}"], "StatusPostBackURL": back}
            answer = self._call("classic", "AdvancedSMSsend", {**fields, "SMSRequests": [text]}, "POST")
        found = next(iter(_entries(answer)), {})
        (name, meaning), number = _meaning(found), _id(found)
        if number and meaning in (("accepted", None), ("sent", None)):
            receipt = _receipt(found, message.reference)
            return contract.Accepted(number, name, receipts=(receipt,) if receipt.status != "accepted" else ())
        raise _refusal(answer, name, meaning)

    def receive(self, request: contract.CallbackRequest, kind: Literal["receipts", "inbound"]) -> contract.Received:
        said: Any = {name: values[0] for name, values in (request.form or request.query).items() if values}
        if request.body and not request.form:
            try:
                said = json.loads(request.body)
            except (ValueError, RecursionError):
                raise contract.BadCallback("Neither a form nor JSON.") from None
        reference = next(iter(request.query.get("reference", ())), None)
        events = tuple(_event(post, reference) for post in _lower(said))
        if not events:
            raise contract.BadCallback("There is nothing in it.")
        return contract.Received(events, contract.Reply(200, ""))

    def check(self) -> contract.Health:
        try:
            # A text that never was: only a good license is told that it is not there.
            answer = self._ask_status("nexnotify-check", "00000000-0000-0000-0000-000000000000")
        except contract.GatewayError as error:
            return contract.Health(False, error.detail)
        name, meaning = _meaning(next(iter(_entries(answer)), {}))
        if meaning == "absent":
            return contract.Health(True, "CDYNE accepts the license key.")
        if answer.status == 400 or "License" in name:
            return contract.Health(False, "CDYNE does not accept the license key.")
        return contract.Health(False, f"CDYNE answers HTTP {answer.status}, {name}; look at license key and service.")

    def _ask_status(self, reference: str, number: str | None) -> http.HttpAnswer:
        if self._generation == "messaging" and number:
            return self._call("messaging", "ReadMessageStatus", {"MessageId": number})
        # The newer service has the classic verbs, too.
        return self._call(self._generation, "GetMessageStatusByReferenceID", {"ReferenceID": reference})

    def lookup(self, message: contract.SentMessage) -> contract.LookupAnswer:
        try:
            answer = self._ask_status(message.reference, message.gateway_id)
        except contract.GatewayError as error:
            return contract.CannotTell(error.detail)
        for found in _entries(answer):
            _, meaning = _meaning(found)
            if (found.get("referenceid") or message.reference) != message.reference:
                continue
            if isinstance(meaning, tuple) and _id(found):
                return contract.Found(_receipt(found, message.reference))
            # By its name only: the number is a guess, and a wrong one would send the text twice. And only where the
            # text was sent: nobody says that the classic verb knows the newer service's texts.
            if self._generation == "classic" and found.get("smserror") == "NotFound":
                return contract.Absent()
        return contract.CannotTell(f"CDYNE cannot say (HTTP {answer.status}).")

    def opted_out(self) -> Iterable[str] | None:
        try:
            answer = self._call("messaging", "GetUnsubscribedNumbers", {})
        except contract.GatewayError:
            return None
        said = answer.json()
        if answer.status != 200 or not isinstance(said, list):
            return None
        numbers = [next(iter(each.values()), "") if isinstance(each, dict) else each for each in said]
        return [_plus(str(number)) for number in numbers if re.search(r"\d{7}", str(number))]


def _lower(said: Any) -> list[dict[str, Any]]:
    """The objects in JSON, one or several, with their names in lower case."""
    entries = [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, dict)]
    return [{str(name).lower(): value for name, value in each.items() if value is not None} for each in entries]


def _entries(answer: http.HttpAnswer) -> list[dict[str, Any]]:
    """The entries of a good answer, whether JSON or XML."""
    said = answer.json() if answer.status == 200 else {}
    if said is None and answer.text.lstrip().startswith("<"):
        parts = re.split(r"</(?:\w+:)?SMSResponse>", answer.text)
        said = [dict(re.findall(r"<(?:\w+:)?(\w+)(?:\s[^>]*)?>([^<>]*)</", part)) for part in parts]
    return _lower(said)


def _id(found: Mapping[str, Any]) -> str:
    """CDYNE's id of a text; the one of nobody's is none."""
    number = str(found.get("messageid") or "")
    return number if number.strip("0-") else ""


def _meaning(found: Mapping[str, Any]) -> tuple[str, Meaning]:
    """The name and meaning of the code in an entry, by its number or name."""
    field, codes = ("messagestatus", MESSAGE_STATUS) if "messagestatus" in found else ("smserror", SMS_ERROR)
    said = str(found.get(field, "no code"))
    for meaning, names in codes.items():
        for number, name in names.items():
            if said.lower() in (str(number), name.lower()):
                return name, meaning
    return said[:40], "unclear"


def _receipt(found: Mapping[str, Any], reference: str | None) -> contract.Receipt:
    name, meaning = _meaning(found)
    assert isinstance(meaning, tuple)
    status, reason = meaning
    if status == "accepted" and _is_set(found, "cancelled"):
        status, reason = "rejected", "other"
    elif status == "accepted" and _is_set(found, "sent"):
        status = "sent"
    return contract.Receipt(status, reference, _id(found) or None, reason, name)


def _refusal(answer: http.HttpAnswer, name: str, meaning: Meaning) -> contract.GatewayError:
    """HTTP's own codes are about the service, never about one text."""
    code = name if answer.status == 200 else f"HTTP {answer.status}"
    if answer.status == 429:
        return contract.RateLimited("CDYNE asks us to slow down.", code=code, retry_after=answer.retry_after())
    if meaning in ("setup", "absent") or (300 <= answer.status < 500 and answer.status != 408):
        return contract.Misconfigured(f"CDYNE refuses ({code}); look at license key, number and service.", code=code)
    if meaning == "later":
        return contract.Transient("CDYNE could not hand it on.", code=code)
    if isinstance(meaning, tuple) and meaning[0] in ("rejected", "undelivered"):
        # "unreachable" would end the number for good; a carrier's no to one text does not say that much.
        reason: contract.RejectedReason = "other" if meaning[0] == "undelivered" else meaning[1] or "other"
        return contract.Rejected("CDYNE refuses the text.", reason=reason, code=code)
    return contract.Unknown(f"CDYNE's answer tells nothing ({code}).", code=code)


def _event(post: Mapping[str, Any], reference: str | None) -> contract.Receipt | contract.Inbound:
    """One postback, told apart by the flag that it carries."""
    text = post.get("message", post.get("payload"))
    if _is_set(post, "smsresponse") or _is_set(post, "smsreceived") or (text is not None and "smssent" not in post):
        from_ = str(post.get("fromphonenumber") or post.get("from") or "")
        if not from_:
            raise contract.BadCallback("FromPhoneNumber is missing.")
        keyword = KEYWORDS.get(str(text or "").strip().upper())
        to = str(post.get("tophonenumber") or post.get("to") or "")
        number = str(post.get("incomingmessageid") or "") or _id(post) or None
        return contract.Inbound(_plus(from_), _plus(to), str(text or ""), number, keyword, keyword is not None)
    number, reference = _id(post) or None, str(post.get("referenceid") or "") or reference
    if not reference and not number:
        raise contract.BadCallback("ReferenceID and MessageID are missing.")
    if _is_set(post, "deliveryreceipt"):
        words = str(post.get("deliveryreceiptmessage", ""))
        stat = re.search(r"stat:\s*(.*?)\s*(err:|text:|$)", words, re.IGNORECASE)
        said = (stat[1] if stat else words).upper()
        status, reason = next((status, reason) for begin, status, reason in STATS if said.startswith(begin))
        return contract.Receipt(status, reference, number, reason, str(post.get("code") or "") or None, said or None)
    if "smssent" in post:
        went = _is_set(post, "smssent")
        return contract.Receipt("sent" if went else "rejected", reference, number, None if went else "other")
    if isinstance(_meaning(post)[1], tuple):
        return _receipt(post, reference)
    raise contract.BadCallback("None of SMSSent, DeliveryReceipt, SMSResponse and SMSReceived.")


def _is_set(post: Mapping[str, Any], flag: str) -> bool:
    return str(post.get(flag, "")).lower() in ("1", "true")


def _plus(number: str) -> str:
    """E.164 from CDYNE's bare digits; short codes stay as they are."""
    digits = re.sub(r"[^\d+]", "", number).removeprefix("011")
    if digits.startswith("+") or len(digits) < 10:
        return digits
    return f"+1{digits}" if len(digits) == 10 else f"+{digits}"

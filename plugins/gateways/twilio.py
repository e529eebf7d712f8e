"""Twilio Programmable Messaging. Docs: https://www.twilio.com/docs/messaging/api/message-resource"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote

from wtforms import PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired, Regexp

from nexnotify.gateways import http
from nexnotify.gateways.contract import (
    Absent,
    Accepted,
    BadCallback,
    BadSignature,
    CallbackRequest,
    CannotTell,
    Capabilities,
    Found,
    Gateway,
    GatewayError,
    GatewaySettings,
    Health,
    Inbound,
    LookupAnswer,
    Misconfigured,
    OutgoingMessage,
    RateLimited,
    Receipt,
    ReceiptStatus,
    Received,
    Rejected,
    RejectedReason,
    Reply,
    SentMessage,
    Unknown,
)

#: Twilio's codes for one recipient or one text. On a send they reject it; in a receipt they say why it failed.
REASONS: dict[int, RejectedReason] = {
    **dict.fromkeys((21211, 21401, 21421, 30005), "invalid_number"),
    **dict.fromkeys((21614, 30006), "landline"),
    **dict.fromkeys((21214, 21217, 30003, 30004), "unreachable"),
    21610: "opted_out",
    **dict.fromkeys((21601, 21602, 21605, 21617, 21619, 21620, 30007, 30019), "content"),
    **dict.fromkeys((21408, 21612, 30450), "not_routable"),
    **dict.fromkeys((30018, 30024, 30032, 30033, 30034, 30035), "sender"),
    30036: "expired",
}
#: Codes that mean the account, its sender or its service, not this text: the queue waits for the merchant.
SETUP = {20003, 20404, 21212, 21606, 21608, 21609, 21659, 21660, 21661, 21603, 21703, 21704, 21705, 21710, 21711}
SETUP |= {21712, 21713, 30002, 30018, 30024, 30032, 30033, 30034, 35118}
#: Codes that mean "later", with the seconds to wait: never processed, safe to send again.
SLOWER = {20429: 1.0, 14107: 30.0, 21611: 60.0, 30001: 60.0, 30022: 5.0, 30023: 3600.0, 63038: 3600.0}
STATUSES: dict[str, ReceiptStatus] = {
    **dict.fromkeys(("accepted", "scheduled", "queued"), "accepted"),
    **dict.fromkeys(("sending", "sent", "partially_delivered"), "sent"),
    **dict.fromkeys(("delivered", "read"), "delivered"),
    "undelivered": "undelivered",
    **dict.fromkeys(("failed", "canceled"), "rejected"),  # never left Twilio
}
KEYWORDS: dict[str, Literal["stop", "start", "help"]] = {"STOP": "stop", "START": "start", "HELP": "help"}
NO_ANSWER = Reply(200, "<Response/>", "text/xml; charset=utf-8")


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


def _bare_number(value: str | None) -> str | None:
    value = _strip(value)
    return "+" + "".join(c for c in value if c.isdigit()) if value and value.startswith("+") else value


class TwilioSettings(GatewaySettings):
    account_sid = StringField(
        "Account SID",
        [DataRequired(), Regexp(r"^AC[0-9A-Za-z]+$", message="An account SID begins with AC.")],
        filters=[_strip],
        description="On the front page of the Twilio console; begins with AC.",
    )
    auth_token = PasswordField(
        "Auth token", [DataRequired()], filters=[_strip], description="Beside the account SID. Signs callbacks, too."
    )
    from_number = StringField(
        "From number",
        [Regexp(r"^(\+\d{7,15}|\d{3,8}|)$", message="A number like +12015550100; names go to Settings.")],
        filters=[_bare_number],
        description="The number or short code that texts come from; or give a messaging service.",
    )
    messaging_service_sid = StringField(
        "Messaging service SID",
        [Regexp(r"^(MG[0-9A-Za-z]+|)$", message="A messaging service SID begins with MG.")],
        filters=[_strip],
        description="Instead of a from number; begins with MG.",
    )
    api_base = StringField(
        "API address",
        [DataRequired(), Regexp(r"^https?://[^\s/?#]+/?$", message="A web address like https://api.twilio.com.")],
        default="https://api.twilio.com",
        filters=[_strip],
        description="Leave as it is, unless your account lives in another region.",
    )

    def validate_from_number(self, field: StringField) -> None:
        if field.data and self.messaging_service_sid.data:
            raise ValidationError("Give a from number or a messaging service SID, one of the two.")


class GATEWAY(Gateway):
    key = "twilio"
    label = "Twilio"
    capabilities = Capabilities(
        receipts=True, inbound=True, lookup=True, answers_keywords=True, sender_numbers=True, sender_names=True
    )
    number_fields = ("from_number", "messaging_service_sid")
    Settings = TwilioSettings

    def _call(self, method: str, path: str, fields: Mapping[str, str | int] | None = None) -> http.HttpAnswer:
        base = (self.settings.get("api_base") or "https://api.twilio.com").rstrip("/")
        account = self.settings["account_sid"]
        url = f"{base}/2010-04-01/Accounts/{quote(account, safe='')}{path}.json"
        return http.request(method, url, headers=http.basic_auth(account, self.settings["auth_token"]), fields=fields)

    def send(self, message: OutgoingMessage) -> Accepted:
        service = None if message.sender else self.settings.get("messaging_service_sid")
        own = {"MessagingServiceSid": service} if service else {"From": message.sender or self.settings["from_number"]}
        fields: dict[str, str | int] = {"To": message.to, "Body": message.body, **own}
        if message.receipt_url:
            fields["StatusCallback"] = message.receipt_url
        if message.valid_until:
            left = (message.valid_until - datetime.now(UTC)).total_seconds()
            if left <= 0:
                raise Rejected("Too late to be worth sending.", reason="expired")
            fields["ValidityPeriod"] = max(1, min(int(left), 36000))
        answer = self._call("POST", "/Messages", fields)
        found = answer.json()
        if 200 <= answer.status < 300 and isinstance(found, dict) and isinstance(found.get("sid"), str):
            return Accepted(found["sid"], found.get("status"), _segments(found))
        raise _refusal(answer, found)

    def receive(self, request: CallbackRequest, kind: Literal["receipts", "inbound"]) -> Received:
        _check_signature(request, self.settings["auth_token"])
        fields = {name: values[0] for name, values in (request.form or request.query).items() if values}
        sid = fields.get("MessageSid") or fields.get("SmsSid")
        if not sid:
            raise BadCallback("MessageSid is missing.")
        if kind == "inbound":
            if "From" not in fields:
                raise BadCallback("From is missing.")
            keyword = KEYWORDS.get(fields.get("OptOutType", "").upper())
            text = Inbound(
                fields["From"], fields.get("To", ""), fields.get("Body", ""), sid, keyword, keyword is not None
            )
            return Received((text,), NO_ANSWER)
        status = fields.get("MessageStatus") or fields.get("SmsStatus")
        if not status:
            raise BadCallback("MessageStatus is missing.")
        receipt = _receipt(sid, status, fields.get("ErrorCode"), None, _first(request, "reference"))
        return Received((receipt,) if receipt else ())

    def check(self) -> Health:
        try:
            answer = self._call("GET", "")
        except GatewayError as error:
            return Health(False, error.detail)
        found = answer.json()
        if answer.status in (401, 403, 404):
            return Health(False, "Twilio does not accept this account SID and auth token.")
        if answer.status != 200 or not isinstance(found, dict):
            return Health(False, f"Twilio's answer cannot be read (HTTP {answer.status}); look at the API address.")
        if found.get("status", "active") != "active":
            return Health(False, f"Twilio says that the account is {found['status']}.")
        return Health(True, f"Twilio knows the account “{found.get('friendly_name') or self.settings['account_sid']}”.")

    def lookup(self, message: SentMessage) -> LookupAnswer:
        try:
            if message.gateway_id:
                answer = self._call("GET", f"/Messages/{quote(message.gateway_id, safe='')}")
                found = answer.json()
                receipt = _of_resource(found, message.reference) if answer.status == 200 else None
                return Found(receipt) if receipt else CannotTell(f"HTTP {answer.status} for its id.")
            # No DateSent filter: a text still in Twilio's queue has no such date, and would seem absent.
            answer = self._call("GET", "/Messages", {"To": message.to, "PageSize": 200})
        except GatewayError as error:
            return CannotTell(error.detail)
        found = answer.json()
        if answer.status != 200 or not isinstance(found, dict) or not isinstance(found.get("messages"), list):
            return CannotTell(f"Twilio's list cannot be read (HTTP {answer.status}).")
        return _search(found, message, answer.clock_ahead())


def _search(page: dict[str, Any], message: SentMessage, ahead: timedelta | None) -> LookupAnswer:
    """The text among the newest to its number; absent only when nothing at all went there since the attempt.

    "Since" is reckoned by Twilio's clock: with ours ahead by more than the margin, what went would look older.
    """
    if ahead is None:
        return CannotTell("Twilio's answer has no date to set our clock by.")
    since = message.attempted_at - ahead - timedelta(minutes=1)
    try:
        dated = [(parsedate_to_datetime(entry["date_created"]), entry) for entry in page["messages"]]
        recent = [entry for created, entry in dated if created >= since]
    except (KeyError, TypeError, ValueError, AttributeError):
        return CannotTell("Twilio's list has entries without a date.")
    for entry in recent:
        receipt = _of_resource(entry, message.reference)
        if entry.get("body") == message.body and receipt:
            return Found(receipt)
    if recent:
        return CannotTell("Other texts went to the number at that time.")
    if page.get("next_page_uri") and len(dated) == len(recent):
        return CannotTell("The list is longer than a page.")
    return Absent()


def _check_signature(request: CallbackRequest, token: str) -> None:
    from twilio.request_validator import RequestValidator  # takes long to import, and only callbacks need it

    signature = request.headers.get("x-twilio-signature")
    if not signature:
        raise BadSignature("X-Twilio-Signature is missing.")
    params: object = _Fields(request.form)
    if not request.form and request.body:
        if "bodySHA256" not in request.query:
            raise BadSignature("A body that is no form needs bodySHA256.")
        params = request.body.decode("utf-8", "replace")
    try:
        fits = RequestValidator(token).validate(request.url, params, signature)
    except ValueError:  # an address that cannot be taken apart
        fits = False
    if not fits:
        raise BadSignature("X-Twilio-Signature does not fit.")


def _first(request: CallbackRequest, name: str) -> str | None:
    values = request.query.get(name)
    return values[0] if values else None


class _Fields(dict[str, Any]):
    """Form fields as the validator wants to ask for them: all values of a name."""

    def getlist(self, name: str) -> list[str]:
        return list(self[name])


def _refusal(answer: http.HttpAnswer, found: Any) -> GatewayError:
    """The error for an answer that took no message; the HTTP status is judged first, then Twilio's code."""
    status, said = answer.status, found if isinstance(found, dict) else {}
    words = str(said.get("message") or said.get("title") or "")
    number = int(said["code"]) if str(said.get("code")).isdecimal() else 0
    code = str(number or f"HTTP {status}")
    if status < 300 or status >= 500:
        return Unknown(f"Twilio's answer tells nothing (HTTP {status}).", code=code)
    if status < 400:
        return Misconfigured("Twilio's address leads elsewhere; look at the API address.", code=code)
    if status == 429 or number in SLOWER:
        return RateLimited(words, code=code, retry_after=answer.retry_after(SLOWER.get(number, 1.0)))
    if status == 401 or number in SETUP:
        return Misconfigured(words or "Twilio does not accept the account SID and auth token.", code=code)
    if number not in REASONS and status in (403, 404):
        return Misconfigured(words or f"Twilio refuses the account (HTTP {status}).", code=code)
    if status == 408:
        return Unknown("Twilio gave up reading.", code=code)
    return Rejected(words, reason=REASONS.get(number, "other"), code=code)


def _of_resource(found: Any, reference: str) -> Receipt | None:
    if not isinstance(found, dict) or not isinstance(found.get("sid"), str):
        return None
    error = found.get("error_code")
    return _receipt(
        found["sid"], str(found.get("status")), error, found.get("error_message"), reference, _segments(found)
    )


def _receipt(
    sid: str, status: str, error: object, words: str | None, reference: str | None, segments: int | None = None
) -> Receipt | None:
    """None for a status that is new to us: it says nothing we could act on."""
    ours = STATUSES.get(status)
    if ours is None:
        return None
    code = str(error) if error else None
    reason: RejectedReason | None = None
    if ours in ("undelivered", "rejected"):
        reason = REASONS.get(int(code) if code and code.isdecimal() else 0, "other")
        ours = "expired" if reason == "expired" else ours
    return Receipt(ours, reference, sid, reason, code, words or status, segments)


def _segments(found: dict[str, Any]) -> int | None:
    """Twilio says "0" while a messaging service has not yet chosen the sender."""
    count = str(found.get("num_segments") or "")
    return int(count) or None if count.isdecimal() else None

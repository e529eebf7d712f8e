"""Kannel, the open SMS gateway: texts through an SMPP link or a modem of your own. Docs: https://kannel.org

Kannel signs nothing; the unguessable part of our callback address is what protects it. Its ``sms-service`` group:

    get-url = "<inbound address>?from=%p&to=%P&text=%a&id=%I&coding=%c&charset=%C"     (or post-url)
    max-messages = 0        omit-empty = true        catch-all = true
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import unquote_to_bytes, urlsplit

from wtforms import IntegerField, PasswordField, StringField
from wtforms.validators import DataRequired, NumberRange, Optional, Regexp

from nexnotify.gateways import http
from nexnotify.gateways.contract import (
    Accepted,
    BadCallback,
    CallbackRequest,
    Capabilities,
    Gateway,
    GatewayError,
    GatewaySettings,
    Health,
    Inbound,
    Misconfigured,
    OutgoingMessage,
    Receipt,
    ReceiptStatus,
    Received,
    Rejected,
    RejectedReason,
    Reply,
    Transient,
    Unknown,
)

#: The bits of ``%d``, the final ones first; Kannel may set several (an expiry is 2 and 32).
BITS: tuple[tuple[int, ReceiptStatus, RejectedReason | None], ...] = (
    (1, "delivered", None),
    (32, "expired", "expired"),
    (2, "undelivered", "unreachable"),
    (16, "rejected", "other"),
    (8 | 4, "sent", None),
)
DLR_FIELDS = "type=%d&reply=%A&ts=%t&smsc=%i&fid=%F"
ADDRESS = Regexp(r"^(https?://\S+|)$", message="A web address that begins with http:// or https://.")
#: Kannel would text any words of ours to the shopper.
SILENCE = Reply(200, "")


class KannelSettings(GatewaySettings):
    url = StringField(
        "sendsms address",
        [DataRequired(), ADDRESS],
        default="http://127.0.0.1:13013/cgi-bin/sendsms",
        description="Where smsbox listens, with its path.",
    )
    username = StringField("User", [DataRequired()], description="The username of the sendsms-user group.")
    password = PasswordField("Password", [DataRequired()], description="The password of the sendsms-user group.")
    # Not a name: nobody can reply STOP to one, and only the store's own sender gives texts a link instead.
    sender = StringField(
        "From",
        [Regexp(r"^(\+?\d{3,15}|)$", message="A number like +12015550100; a name goes into Settings, Text messages.")],
        description="The number that texts come from; empty for Kannel's own default.",
    )
    smsc = StringField("SMSC", description="Only where Kannel has several links: the smsc-id to send through.")
    max_messages = IntegerField(
        "max-messages",
        [Optional(), NumberRange(1, 255)],
        default=3,
        description="As in the sendsms-user group (Kannel's default there is 1): Kannel cuts off longer texts.",
    )
    status_url = StringField(
        "Status address", [ADDRESS], description="Of bearerbox, to check the links: http://127.0.0.1:13000/status.txt"
    )
    status_password = PasswordField("Status password", description="The status-password of the core group.")


class GATEWAY(Gateway):
    key = "kannel"
    label = "Kannel"
    capabilities = Capabilities(receipts=True, inbound=True, sender_numbers=True, sender_names=True)
    default_rate = 10.0
    Settings = KannelSettings

    def _user(self) -> dict[str, str | int]:
        return {"username": self.settings["username"], "password": self.settings["password"]}

    def send(self, message: OutgoingMessage) -> Accepted:
        if message.segments > (self.settings.get("max_messages") or 3):
            raise Rejected("Longer than Kannel's max-messages; it would be cut off.", reason="content")
        fields = {**self._user(), "to": message.to, "text": message.body, "charset": "UTF-8"}
        if message.encoding == "ucs2":
            fields["coding"] = 2
        if sender := message.sender or self.settings.get("sender"):
            fields["from"] = sender
        if self.settings.get("smsc"):
            fields["smsc"] = self.settings["smsc"]
        if message.receipt_url:
            mark = "&" if "?" in message.receipt_url else "?"
            fields["dlr-mask"] = 31
            fields["dlr-url"] = message.receipt_url.replace("%", "%%") + mark + DLR_FIELDS
        if message.valid_until:
            left = (message.valid_until - datetime.now(UTC)).total_seconds()
            if left <= 0:
                raise Rejected("Too late to be worth sending.", reason="expired")
            fields["validity"] = max(1, int(left // 60))
        answer = http.request("GET", self.settings["url"], fields=fields)
        words = answer.text.strip()[:200]
        if answer.status == 202 and words[:2] in ("0:", "3:"):
            return Accepted(detail=words)
        raise _refusal(answer.status, words)

    def receive(self, request: CallbackRequest, kind: Literal["receipts", "inbound"]) -> Received:
        fields = {name: values[0] for name, values in request.query.items() if values}
        if kind == "receipts":
            return Received((_receipt(fields),), SILENCE)
        if not fields.get("from", "").strip():
            raise BadCallback("from is missing.")
        body = _text(request, fields)
        text = Inbound(_number(fields["from"]), _number(fields.get("to", "")), body, fields.get("id") or None)
        return Received((text,), SILENCE)

    def check(self) -> Health:
        try:
            # Without a receiver nothing is sent, and only a known user is told that one is missing.
            answer = http.request("GET", self.settings["url"], fields=self._user())
            if answer.status == 403:
                return Health(False, "Kannel does not accept this user and password.")
            if answer.status != 400 or "receiver" not in answer.text.lower():
                return Health(False, f"This is not Kannel's sendsms address (HTTP {answer.status}).")
            if not self.settings.get("status_url"):
                return Health(True, "Kannel accepts the user; its links are not checked without a status address.")
            password = self.settings.get("status_password") or ""
            status = http.request("GET", self.settings["status_url"], fields={"password": password})
        except GatewayError as error:
            return Health(False, error.detail)
        return _links(status)


def _links(status: http.HttpAnswer) -> Health:
    """What ``status.txt`` (or ``.xml``) says of the links to SMSCs."""
    if status.status != 200 or "Denied" in status.text[:20]:
        return Health(False, "Kannel accepts the user, but not the status password.")
    links = status.text.rpartition("SMSC connections")[2] or status.text
    if "(online" in links or "<status>online" in links:
        return Health(True, "Kannel accepts the user and has a link online.")
    return Health(False, "Kannel accepts the user, but none of its links is online; it keeps texts until one is.")


def _refusal(status: int, words: str) -> GatewayError:
    code, known = f"HTTP {status}", words.lower()
    if status == 403 and "authorization" not in known:
        return Rejected(words, reason="not_routable", code=code)
    if status in (401, 403, 404):
        return Misconfigured(words or "Kannel refuses.", code=code)
    if status == 503:
        return Transient(words or "Kannel is busy.", code=code)
    if 400 <= status < 500:
        to_blame: RejectedReason = "invalid_number" if "receiver" in known or "number(s)" in known else "other"
        return Rejected(words, reason=to_blame, code=code)
    return Unknown(f"Kannel's answer tells nothing (HTTP {status}).", code=code)


def _receipt(fields: Mapping[str, str]) -> Receipt:
    reference, kind = fields.get("reference"), fields.get("type", "")
    if not reference:
        raise BadCallback("reference is missing.")
    if not (kind.isascii() and kind.isdigit()):
        raise BadCallback("type is missing or no number.")
    for bits, status, reason in BITS:
        if int(kind) & bits:
            return Receipt(status, reference, fields.get("fid") or None, reason, kind, fields.get("reply") or None)
    raise BadCallback(f"type {kind} is none of Kannel's.")


def _number(value: str) -> str:
    """A plus that was not escaped has become a blank on its way."""
    digits = value.strip()
    return "+" + digits if value != digits and digits.isdigit() else digits


def _text(request: CallbackRequest, fields: Mapping[str, str]) -> str:
    """The text. Kannel passes a Unicode one as raw UTF-16 (``charset``), so it is read from the address's own bytes."""
    pairs = (pair.partition("=") for pair in urlsplit(request.url).query.split("&"))
    found = [value for name, _, value in pairs if name == "text"]
    raw = unquote_to_bytes(found[0].replace("+", " ")) if found else request.body
    utf16 = fields.get("coding") == "2" and fields.get("charset", "UTF-16BE").upper().startswith("UTF-16")
    return raw.decode("utf-16-be" if utf16 else "utf-8", "replace")

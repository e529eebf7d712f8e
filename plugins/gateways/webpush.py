"""Browser push: the shopper's own browser shows the message, by way of the push service that its maker runs.

The payload is encrypted for the browser (RFC 8291), the call signed with this gateway's own key (VAPID, RFC 8292). The
recipient of a message is a subscription as JSON, given by a shopper: so nothing goes but to the push services listed.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from py_vapid.utils import b64urldecode, b64urlencode
from pywebpush import WebPusher
from wtforms import IntegerField, PasswordField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, NumberRange

from nexnotify.gateways import http
from nexnotify.gateways.contract import (
    Accepted,
    Capabilities,
    GatewaySettings,
    Health,
    OutgoingMessage,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from nexnotify.gateways.push import PushGateway

SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.notify.windows.com",
    "*.push.apple.com",
)
HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")
LOOPBACK_ORIGIN = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
CONTACT = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|https://[\w-]+(\.[\w-]+)+")
LINK = re.compile(r"https?://[^\s<>\"]+")
#: What a push service has to take is 4,096 bytes (RFC 8030, 7.2); the encryption takes 103 of them.
MAX_PAYLOAD = 3993
#: Of the signed token; services take at most 24 (RFC 8292, 2).
TOKEN_HOURS = 12


class WebPushSettings(GatewaySettings):
    contact = StringField(
        "Contact",
        [DataRequired()],
        description="Your email address, or the https:// address of your shop: where a push service reaches you.",
    )
    private_key = PasswordField(
        "Private key",
        description="Made by itself. Browsers subscribe for this key, so another one ends all subscriptions.",
    )
    hours = IntegerField(
        "Hours",
        [NumberRange(1, 672)],
        default=4,
        description="How long a push service keeps a message for a browser that is off.",
    )
    urgency = SelectField(
        "Urgency",
        choices=[
            SelectChoice("high", "High: at once"),
            SelectChoice("normal", "Normal"),
            SelectChoice("low", "Low: spares the battery"),
        ],
        description="Low and normal may wait until a phone is next used.",
        default="high",
    )
    services = TextAreaField(
        "Push services",
        [DataRequired()],
        default="\n".join(SERVICES),
        description="Hosts that browsers' subscriptions may name, one a line; *. stands for any name before it.",
    )

    def validate_contact(self, field: StringField) -> None:
        if not CONTACT.fullmatch((field.data or "").strip()):
            raise ValidationError("Write an email address, or an address such as https://shop.example.")

    def validate_private_key(self, field: PasswordField) -> None:
        if not field.data:
            field.data = new_key()
        try:
            read_key(field.data)
        except ValueError:
            raise ValidationError("This is not a private key of VAPID: 43 letters, digits, - and _.") from None

    def validate_services(self, field: TextAreaField) -> None:
        wrong = [line for line in lines(field.data) if not (HOST.fullmatch(line) or LOOPBACK_ORIGIN.fullmatch(line))]
        if wrong:
            raise ValidationError(f"Not the name of a host: {', '.join(wrong)[:200]}.")


class GATEWAY(PushGateway):
    key = "webpush"
    label = "Browser push"
    #: Push services tell nothing after they have taken a message, and keep no list to ask.
    capabilities = Capabilities()
    default_rate = 0.0
    Settings = WebPushSettings

    def push_key(self) -> str:
        """The public key, as browsers want it to subscribe."""
        point = read_key(self.settings["private_key"]).public_key.public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return str(b64urlencode(point))

    def takes(self, address: str) -> bool:
        """Whether the address is a whole subscription at a push service that is listed."""
        try:
            self._subscription(address)
        except Rejected:
            return False
        return True

    def send(self, message: OutgoingMessage) -> Accepted:
        subscription, origin = self._subscription(message.to)
        left = self.settings["hours"] * 3600
        if message.valid_until is not None:
            left = min(left, int((message.valid_until - datetime.now(UTC)).total_seconds()))
        if left <= 0:
            raise Rejected("It was too late for this message.", reason="expired")
        said = payload(message)
        if len(said) > MAX_PAYLOAD:
            raise Rejected("The title and text are too long for a push service.", reason="content")
        headers = {
            "TTL": str(left),
            "Urgency": self.settings["urgency"],
            # Sent again, it takes the place of the first while that has not been fetched.
            "Topic": message.reference,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            **self._signed(origin),
        }
        body = WebPusher(subscription).encode(said)["body"]
        return _outcome(http.request("POST", subscription["endpoint"], headers=headers, body=body))

    def check(self) -> Health:
        """Nobody is asked: push services have no account. What can be wrong here is the key."""
        try:
            self._signed("https://push.example")
            return Health(True, f"The key is good. Public key: {self.push_key()}")
        except ValueError:
            return Health(False, "The private key cannot be read. Enter the one that browsers subscribed for.")

    def _signed(self, origin: str) -> dict[str, str]:
        contact = self.settings["contact"].strip()
        subject = contact if contact.startswith("https://") else f"mailto:{contact}"
        claims = {"aud": origin, "sub": subject, "exp": int(time.time()) + TOKEN_HOURS * 3600}
        signed: dict[str, str] = read_key(self.settings["private_key"]).sign(claims)
        return signed

    def _subscription(self, address: str) -> tuple[dict[str, Any], str]:
        """The subscription, and the origin of its push service.

        :raises Rejected: it is not whole, its key no point of the curve, or its service not listed.
        """
        try:
            said = json.loads(address)
            endpoint, keys = str(said["endpoint"]), said["keys"]
            point, secret = b64urldecode(str(keys["p256dh"]).encode()), b64urldecode(str(keys["auth"]).encode())
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            parts = urlsplit(endpoint)
            origin = self._origin(parts)
        except (ValueError, KeyError, TypeError):
            raise Rejected("This is not a browser's subscription.", reason="unreachable") from None
        if len(secret) != 16 or len(point) != 65 or not endpoint.isascii() or not endpoint.isprintable():
            raise Rejected("This is not a browser's subscription.", reason="unreachable")
        if not origin:
            raise Rejected("Its push service is not one of those in the settings.", reason="unreachable")
        return {"endpoint": endpoint, "keys": keys}, origin

    def _origin(self, parts: SplitResult) -> str:
        """Scheme, host and port of a push service that is listed; empty for any other."""
        listed, host = lines(self.settings["services"]), parts.hostname or ""
        if parts.username is not None or parts.password is not None or "\\" in parts.netloc:
            return ""
        plain = f"{parts.scheme}://{parts.netloc.lower()}"
        if parts.scheme == "http":
            return plain if plain in listed else ""
        if parts.scheme != "https" or parts.port not in (None, 443) or not HOST.fullmatch(host):
            return ""
        good = any(host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in listed)
        return f"https://{host}" if good else ""


def _outcome(answer: http.HttpAnswer) -> Accepted:
    status, code = answer.status, str(answer.status)
    if status in (201, 202):  # RFC 8030, 5; a 200 comes from something that is no push service
        return Accepted(answer.headers.get("location", "").rstrip("/").rpartition("/")[2] or None)
    if status in (404, 410):
        raise Rejected("The browser has ended this subscription.", reason="unreachable", code=code)
    if status == 413:
        raise Rejected("The title and text are too long for this push service.", reason="content", code=code)
    if status == 429:
        raise RateLimited("The push service asks us to slow down.", code=code, retry_after=answer.retry_after(60))
    if status in (400, 401, 403):
        # Never the gateway's fault at large: a shopper who brings a subscription for another key must not stop it.
        raise Rejected("The push service does not take this key for this subscription.", reason="sender", code=code)
    if status == 503:
        raise Transient("The push service is overloaded.", code=code)
    if 400 <= status < 500:
        raise Rejected("The push service refuses the message.", code=code)
    raise Unknown(f"The push service's answer tells nothing (HTTP {status}).", code=code)


def payload(message: OutgoingMessage) -> bytes:
    """What the service worker shows: title and text, and apart from it the text's link, which a click opens, and the way out."""
    found = LINK.search(message.body)
    body = message.body.replace(found.group(), "") if found else message.body
    lines_ = (re.sub(r"[^\S\n]+", " ", line).strip(" :") for line in body.split("\n"))
    shown = {
        "title": message.subject or "",
        "body": re.sub(r"\n{2,}", "\n", "\n".join(lines_)).strip(),
        "url": found.group().rstrip(".,;:!?)") if found else "",
        "tag": message.reference,
        "stop": message.unsubscribe_url or "",
    }
    return json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace")


def lines(text: str | None) -> list[str]:
    """The lines of the setting, in small letters."""
    return (text or "").lower().split()


def new_key() -> str:
    """A private key of P-256, base64url."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return str(b64urlencode(number.to_bytes(32, "big")))


def read_key(text: str) -> Vapid02:
    """A private key as it was kept.

    :raises ValueError: it is none.
    """
    if not re.fullmatch(r"[\w-]{43}=?", text, re.ASCII):
        raise ValueError("Not a private key.")
    return Vapid02.from_raw(text.rstrip("=").encode())

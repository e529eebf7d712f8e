"""A push service with its browsers, on this machine: checks the signature, decrypts with the browser's own key.

What it was asked is what the browser's service worker would be given, as JSON; a call that a real service refuses for its
form is answered as it would.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer

#: Taken, as RFC 8030 (5) has it.
CREATED = Answer(201, "", {"Location": "https://push.example/m/abc123"})


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """One browser's subscription and the keys that only it has."""

    path: str = "/push/s3cret-subscription"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def subscription(self, origin: str) -> dict[str, Any]:
        """As ``PushSubscription.toJSON()`` gives it."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": origin + self.path, "keys": {"p256dh": unpadded(point), "auth": unpadded(self.auth)}}

    def address(self, origin: str) -> str:
        return json.dumps(self.subscription(origin))

    def read(self, body: bytes) -> bytes:
        """What the payload says."""
        found: bytes = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return found


class PushService(ScriptedServer):
    """Answers as told, once a call has passed for one of Web Push; ``asked`` has the payloads as they were read."""

    def __init__(self, *answers: Answer | Callable[[Asked], Answer], browser: Browser, key: str = "") -> None:
        super().__init__(*(self._checked(each) for each in answers or (CREATED,)))
        self.browser = browser
        #: The public key that the browser subscribed for; empty: any.
        self.key = key
        self.asked: list[Asked] = []
        self.claims: dict[str, Any] = {}

    def says(self, *answers: Answer) -> None:
        """What it answers from now on, in turn, the last one for ever."""
        self.answers = [self._checked(each) for each in answers]

    def _checked(self, answer: Answer | Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        def answered(asked: Asked) -> Answer:
            place = next(number for number, each in enumerate(self.asked) if each is asked)
            if fault := self._fault(asked):
                return fault
            headers = {**asked.headers, "content-type": "application/json"}
            self.asked[place] = replace(asked, headers=headers, body=self.browser.read(asked.body))
            return answer(asked) if callable(answer) else answer

        return answered

    def _fault(self, asked: Asked) -> Answer | None:
        """RFC 8030 (5.2) and RFC 8292 (2, 3), as services keep them."""
        headers = asked.headers
        if asked.path != self.browser.path:
            return Answer(404)
        if not headers.get("ttl", "").isdigit() or headers.get("content-encoding") != "aes128gcm":
            return Answer(400)
        if len(asked.body) > 4096:
            return Answer(413)
        if len(headers.get("topic", "")) > 32 or headers.get("urgency") not in ("very-low", "low", "normal", "high"):
            return Answer(400)
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), padded(parts["k"]))
        origin = f"http://{headers['host']}"
        try:
            self.claims = jwt.decode(parts["t"], point, ["ES256"], audience=origin, options={"require": ["exp", "sub"]})
        except jwt.InvalidTokenError:
            return Answer(401)
        if scheme != "vapid" or self.claims["exp"] > time.time() + 86_400:
            return Answer(401)
        if not self.claims["sub"].startswith(("mailto:", "https://")):
            return Answer(401)
        return Answer(403) if self.key and parts["k"] != self.key else None

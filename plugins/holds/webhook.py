"""A signed call to an address of the merchant's own, which keeps the units: docs/holds.md has the other side of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from nexnotify.holds.contract import (
    Holds,
    HoldsSettings,
    NoAnswer,
    Redeemed,
    Refused,
    Released,
    Reservation,
    Variant,
)


class WebhookSettings(HoldsSettings):
    address = StringField(
        "Address",
        [
            InputRequired("Write the address that is called."),
            Length(max=1000, message="1,000 characters is the most."),
            Regexp(r"^https?://\S+$", message="Write the whole address, beginning with https://."),
            # It would be refused at each call, and the audit trail would show it meanwhile.
            Regexp(r"^[^/]+//[^/?#@]+([/?#]|$)", message="Leave user name and password out: each call is signed."),
        ],
        filters=[lambda text: (text or "").strip()],
        description="Yours: it keeps units and lets them go, such as https://shop.example/holds.",
    )
    secret = PasswordField(
        "Secret",
        [InputRequired("Write a secret."), Length(min=16, max=200, message="16 to 200 characters.")],
        description="At least 16 characters that both sides know. Each call is signed with it.",
    )


class HOLDS(Holds):
    key = "webhook"
    label = "A signed call to your own address"
    hint = "Any storefront can answer it in less than thirty lines; docs/holds.md shows them."
    Settings = WebhookSettings

    def reserve(self, variant: Variant, quantity: int, until: datetime, key: str) -> Reservation | Refused:
        told = self._call(
            {
                "action": "reserve",
                "key": key,
                "variant_id": variant.id,
                "sku": variant.sku,
                "quantity": quantity,
                "until": until.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            }
        )
        if told.get("status") == "refused":
            return Refused(_text(told.get("reason")) or "")
        if told.get("status") != "reserved":
            raise NoAnswer("The answer has neither the status reserved nor refused.")
        return Reservation(key, _text(told.get("reference")), _moment(told.get("until")))

    def release(self, reservation: Reservation) -> Released | Redeemed:
        told = self._call({"action": "release", "key": reservation.key, "reference": reservation.reference})
        if told.get("status") == "redeemed":
            return Redeemed()
        if told.get("status") != "released":
            raise NoAnswer("The answer has neither the status released nor redeemed.")
        return Released()

    def _call(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        body, stamp = json.dumps(content, separators=(",", ":")).encode(), str(int(time.time()))
        signed = hmac.new(self.settings["secret"].encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "nexnotify",
            "Idempotency-Key": f"{content['action']}-{content['key']}",
            "Nexnotify-Signature": f"t={stamp},v1={signed}",
        }
        answer = self.post(self.settings["address"], body, headers)
        if answer.status != 200:
            raise NoAnswer(f"It answered with {answer.status}.")
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise NoAnswer("Its answer is no JSON.") from None
        if not isinstance(told, dict):
            raise NoAnswer("Its answer is no JSON object.")
        return told


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _moment(value: object) -> datetime | None:
    """A moment with its zone; one that cannot be read counts as none: the time that was asked for is kept to."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None

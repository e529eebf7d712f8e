"""A stand-in for Stripe Checkout: it checks what it is asked as Stripe does, and signs its events as Stripe does.

with StripeStub() as stripe:
    stripe.url, stripe.sessions, stripe.event("checkout.session.completed", session)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer

SECRET_KEY, WEBHOOK_SECRET = "sk_test_stand_in", "whsec_stand_in"
_PRICE = "line_items[0][price_data]"
#: What a session in the mode "payment" needs here, and nothing else is known.
_NEEDED = {
    "mode",
    "success_url",
    "line_items[0][quantity]",
    f"{_PRICE}[currency]",
    f"{_PRICE}[unit_amount]",
    f"{_PRICE}[product_data][name]",
}
_KNOWN = _NEEDED | {"client_reference_id", "cancel_url"}


class StripeStub(ScriptedServer):
    """A server on this machine; each session it made is kept."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.sessions: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}
        #: Answer the next call with this status instead.
        self.trouble: int | None = None

    def _answer(self, asked: Asked) -> Answer:
        status, answer = self._take(asked.path, asked.headers, asked.body.decode())
        return Answer(status, json.dumps(answer), {"Content-Type": "application/json"})

    def _take(self, path: str, headers: Mapping[str, str], body: str) -> tuple[int, dict[str, Any]]:
        if self.trouble:
            return self.trouble, _error("api_error", "trouble")
        if headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return 401, _error("invalid_request_error", "invalid_api_key")
        if path != "/v1/checkout/sessions":
            return 404, _error("invalid_request_error", "resource_missing")
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            return 400, _error("invalid_request_error", "parameter_unknown")
        fields = dict(parse_qsl(body, keep_blank_values=True))
        if missing := _NEEDED - fields.keys():
            return 400, _error("invalid_request_error", f"parameter_missing {sorted(missing)}")
        if unknown := fields.keys() - _KNOWN:
            return 400, _error("invalid_request_error", f"parameter_unknown {sorted(unknown)}")
        currency = fields[f"{_PRICE}[currency]"]
        amount = fields[f"{_PRICE}[unit_amount]"]
        if fields["mode"] != "payment" or not currency.islower() or not amount.isdigit():
            return 400, _error("invalid_request_error", "parameter_invalid")
        key = headers.get("idempotency-key", "")
        if key in self._by_key:
            before, session = self._by_key[key]
            return (200, session) if before == fields else (400, _error("idempotency_error", "idempotency_key_in_use"))
        number = len(self.sessions) + 1
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "url": f"{self.url}/c/pay/cs_test_{number}",
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": int(amount) * int(fields["line_items[0][quantity]"]),
            "currency": currency,
            "client_reference_id": fields.get("client_reference_id"),
            "success_url": fields["success_url"],
        }
        self.sessions[session["id"]] = session
        self._by_key[key] = (fields, session)
        return 200, session

    def pay(self, session_id: str) -> dict[str, Any]:
        """The buyer pays."""
        self.sessions[session_id] |= {"status": "complete", "payment_status": "paid"}
        return self.sessions[session_id]

    @staticmethod
    def event(
        kind: str, session: dict[str, Any], *, secret: str = WEBHOOK_SECRET, age: float = 0.0
    ) -> tuple[bytes, dict[str, str]]:
        """An event's body and headers, signed ``age`` seconds ago."""
        body = json.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": session}}).encode()
        at = int(time.time() - age)
        signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return body, {"Stripe-Signature": f"t={at},v1={signature},v0=0", "Content-Type": "application/json"}


def _error(kind: str, code: str) -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": f"{code}: {SECRET_KEY[-4:]}"}}

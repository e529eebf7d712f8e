"""Stripe Checkout. Docs: https://docs.stripe.com/api/checkout/sessions, https://docs.stripe.com/webhooks"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any, Literal

import urllib3
from urllib3.exceptions import HTTPError
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Regexp

from nexnotify.credits.contract import (
    TIMEOUT,
    BadCall,
    BadSignature,
    Begun,
    Call,
    News,
    Order,
    Payment,
    PaymentError,
    PaymentSettings,
)

#: A signature older than this, in seconds, may be a repeated one.
TOLERANCE = 300
#: Event → what it says of the session. A completed one may still wait for a slow way to pay.
EVENTS: dict[str, Literal["paid", "failed", "cancelled"]] = {
    "checkout.session.completed": "paid",
    "checkout.session.async_payment_succeeded": "paid",
    "checkout.session.async_payment_failed": "failed",
    "checkout.session.expired": "cancelled",
}


def _strip(value: str | None) -> str | None:
    return value.strip() if value else value


class StripeSettings(PaymentSettings):
    secret_key = PasswordField(
        "Secret key",
        [DataRequired(), Regexp(r"^(sk|rk)_\S+$", message="A secret key begins with sk_ or rk_.")],
        filters=[_strip],
        description="Under Developers, API keys. A restricted key needs Checkout Sessions: write.",
    )
    webhook_secret = PasswordField(
        "Webhook signing secret",
        [Regexp(r"^(whsec_\S+|)$", message="A signing secret begins with whsec_.")],
        filters=[_strip],
        description="Save the key first: then this page shows a webhook address. Add it at Stripe, which shows you this.",
    )
    api_base = StringField(
        "API address",
        [DataRequired(), Regexp(r"^https?://[^\s/?#]+/?$", message="A web address like https://api.stripe.com.")],
        default="https://api.stripe.com",
        filters=[_strip],
        description="Leave as it is.",
    )


_pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=TIMEOUT))


class PAYMENT(Payment):
    key = "stripe"
    label = "Stripe"
    hint = "You pay by card or what else Stripe offers, on a page of Stripe's."
    Settings = StripeSettings

    def begin(self, order: Order) -> Begun:
        if not self.settings.get("webhook_secret"):
            raise PaymentError("The webhook signing secret is missing, so Stripe could not tell us what was paid.")
        price = "line_items[0][price_data]"
        fields = {
            "mode": "payment",
            "client_reference_id": order.reference,
            "success_url": order.page_url,
            "cancel_url": order.page_url,
            "line_items[0][quantity]": "1",
            f"{price}[currency]": order.currency.lower(),
            f"{price}[unit_amount]": str(order.amount),
            f"{price}[product_data][name]": order.title,
        }
        session = self._post("/v1/checkout/sessions", fields, order.reference)
        session_id, url = session.get("id"), session.get("url")
        if not (isinstance(session_id, str) and isinstance(url, str) and url.startswith(("https://", "http://"))):
            raise PaymentError("Stripe's answer does not say where to pay.")
        return Begun(session_id, url)

    def _post(self, path: str, fields: dict[str, str], idempotency_key: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.settings['secret_key']}", "Idempotency-Key": idempotency_key}
        address = self.settings["api_base"].rstrip("/") + path
        try:
            answer = _pool.request(
                "POST", address, fields=fields, encode_multipart=False, headers=headers, redirect=False
            )
            found = json.loads(answer.data)
        except HTTPError as error:
            raise PaymentError(f"Stripe cannot be reached ({type(error).__name__}). Try again in a while.") from None
        except ValueError:
            raise PaymentError("Stripe's answer cannot be read. Try again in a while.") from None
        if answer.status != 200 or not isinstance(found, dict):
            raise PaymentError(f"Stripe did not take the order: {_complaint(found)}")
        return found

    def receive(self, call: Call) -> News | None:
        check_signature(call.body, call.headers.get("stripe-signature", ""), self.settings.get("webhook_secret") or "")
        try:
            event = json.loads(call.body)
            kind, session = event["type"], event["data"]["object"]
            if kind not in EVENTS or not session.get("client_reference_id"):
                return None  # another event, or a session that is not ours
            if kind == "checkout.session.completed" and session["payment_status"] == "unpaid":
                return None  # async_payment_succeeded or …_failed follows
            paid = int(session["amount_total"]), str(session["currency"])
            return News(str(session["client_reference_id"]), EVENTS[kind], str(session["id"]), *paid)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCall(f"The event cannot be read ({type(error).__name__}).") from None


def _complaint(found: Any) -> str:
    """Stripe's own words, without keys (it repeats the end of a wrong one)."""
    error = found.get("error") if isinstance(found, dict) else None
    code = error.get("code") or error.get("type") if isinstance(error, dict) else None
    return f"{code or 'no reason given'}."


def check_signature(body: bytes, header: str, secret: str) -> None:
    """Whether Stripe signed the body, not long ago.

    :raises BadSignature: it did not.
    """
    if not secret:
        raise BadSignature("No signing secret is set, so nothing can be checked.")
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()):
        raise BadSignature("The call carries no signature.")
    signed = hmac.new(secret.encode(), stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(signed.encode(), one.encode()) for one in signatures):
        raise BadSignature("The signature is wrong.")
    if abs(time.time() - int(stamps[0])) > TOLERANCE:
        raise BadSignature("The signature is too old.")

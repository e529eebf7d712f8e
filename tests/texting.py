"""A shop's own gateway: added as the merchant adds it, called as the provider calls it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import add_gateway, callback_url, change_gateway
from nexnotify.ledger.opening import take_over_queue
from nexnotify.stores.models import Store
from tests.shop import Shop

TOKEN = "the-auth-token"
_sids = itertools.count(1)


@dataclass
class Line:
    """One configured gateway and its callback addresses."""

    shop: Shop
    id: int
    #: Where receipts and inbound texts go, as the provider knows it.
    receipts: str
    inbound: str

    @classmethod
    def add(cls, shop: Shop, kind: str, name: str = "", **values: Any) -> Line:
        """Add a gateway to the shop; the first real one becomes its sender."""
        with shop.app.app_context():
            with transaction():
                store = db.session.get_one(Store, shop.store_id)
                instance = add_gateway(store, kind, name or kind, values, utcnow())
            line = cls(shop, instance.id, callback_url(instance, "receipts"), callback_url(instance, "inbound"))
            db.session.remove()
        return line

    def change(self, **values: Any) -> None:
        """Save the gateway's settings again."""
        with self.shop.app.app_context():
            with transaction():
                gateway = db.session.get_one(GatewayInstance, self.id)
                change_gateway(gateway, values, utcnow())
                if gateway.is_sender:
                    take_over_queue(gateway)
            db.session.remove()

    def paused(self) -> str | None:
        """Why it is paused, if it is."""
        with self.shop.app.app_context():
            reason = db.session.get_one(GatewayInstance, self.id).paused_reason
            db.session.remove()
        return reason

    @property
    def client(self) -> FlaskClient:
        return self.shop.client

    def get(self, address: str, **query: str) -> TestResponse:
        """A call as Kannel makes it."""
        url = f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
        return self.client.get(url.removeprefix("http://127.0.0.1:8000"))


class Twilio(Line):
    """A Twilio account of the shop's; its calls are signed as Twilio signs them."""

    @classmethod
    def open(cls, shop: Shop, api: str) -> Twilio:
        """Connect the shop to the stand-in at ``api``."""
        line = cls.add(
            shop, "twilio", account_sid="AC1", auth_token=TOKEN, from_number="+12015550100", api_base=api, rate=0
        )
        assert isinstance(line, Twilio)
        return line

    def post(self, address: str, fields: dict[str, str], token: str = TOKEN) -> TestResponse:
        """A signed call."""
        signature = RequestValidator(token).compute_signature(address, fields)
        path = address.removeprefix("http://127.0.0.1:8000")
        return self.client.post(path, data=fields, headers={"X-Twilio-Signature": signature})

    def text(self, from_: str, body: str, sid: str | None = None, **more: str) -> None:
        """A shopper's text to us."""
        sid = sid or f"SMin{next(_sids)}"
        answer = self.post(self.inbound, {"MessageSid": sid, "From": from_, "To": "+12015550100", "Body": body, **more})
        assert (answer.status_code, answer.get_data(as_text=True)) == (200, "<Response/>")

    def receipt(self, sid: str, status: str, reference: str | None = None, **more: str) -> None:
        """A delivery receipt; Twilio leaves our reference out of nothing but the first ones."""
        address = f"{self.receipts}?reference={reference}" if reference else self.receipts
        answer = self.post(address, {"MessageSid": sid, "MessageStatus": status, **more})
        assert answer.status_code == 204, answer.get_data(as_text=True)

"""A shop as the outside sees it: the storefront API, the widget, and time that passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.ledger.opening import equip_store
from nexnotify.stores.models import Store
from nexnotify.stores.service import create_api_key, create_user, open_store
from nexnotify.workers.following import run_journeys
from nexnotify.workers.holding import run_holds
from nexnotify.workers.recovering import run_recovery
from nexnotify.workers.sender import Sender
from nexnotify.workers.steps import run_campaigns, run_lives, run_notices, run_receipts, run_restock

PASSWORD = "correct horse battery"


@dataclass
class Shop:
    """One store. ``work()`` runs the steps that a worker would; everything else goes through HTTP."""

    app: Flask
    client: FlaskClient
    store_id: int
    key: str
    secret: str

    @classmethod
    def open(cls, app: Flask, name: str = "Acme", **settings: Any) -> Shop:
        """A new store; quiet hours are off, so that tests do not depend on the hour they run at."""
        with app.app_context():
            with transaction():
                now = utcnow()
                store = open_store(name, "US", "America/New_York", "en", "USD", now)
                equip_store(store, now)
                _, secret = create_api_key(store, "test", now)
            shop = cls(app, app.test_client(), store.id, store.key, secret)
            db.session.remove()
        shop.put("settings", {"quiet_hours": None, **settings})
        return shop

    # --- the storefront API ----------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """One call of the storefront API; fails unless it is answered with ``status``."""
        address = path if path.startswith("/") else f"/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self.secret}"}
        kwargs = {"data": body} if isinstance(body, (str, bytes)) else {"json": body} if body is not None else {}
        answer = self.client.open(address, method=method, headers=headers, **kwargs)
        assert answer.status_code == status, f"{method} {address}: {answer.status_code} {answer.get_data(as_text=True)}"
        return answer.get_json()

    def get(self, path: str, status: int = 200) -> Any:
        return self.call("GET", path, status=status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self.call("PUT", path, body, status)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        return self.call("POST", path, body, status)

    def product(self, sku: str = "TEE-M", *, on_hand: int | None = 0, **variant: Any) -> None:
        """A product with one variant, and its stock."""
        published = variant.pop("published", True)
        title = variant.pop("title", "Tee")
        self.put(
            "products",
            {
                "products": [
                    {
                        "id": sku.lower(),
                        "title": title,
                        "url": f"https://acme.example/{sku.lower()}",
                        "published": published,
                        "variants": [{"id": f"{sku.lower()}-v", "sku": sku, "price": "20.00", **variant}],
                    }
                ]
            },
        )
        self.stock(sku, on_hand)

    def stock(self, sku: str, on_hand: int | None, **level: Any) -> Any:
        """Tell a stock level."""
        return self.put("stock", {"levels": [{"sku": sku, "on_hand": on_hand, **level}]})

    def ask(self, sku: str = "TEE-M", phone: str = "+12015550123", status: int = 202, **fields: Any) -> Any:
        """A shopper asks through the widget, by text."""
        body = {"sku": sku, "phone": phone, "first_name": "Ann", "channels": ["sms"], "consent": True}
        # Each shopper has a browser of their own.
        whose = "".join(c for c in phone or "" if c in "0123456789")
        body |= {"secret": f"browser-of-someone-{whose}"[:64], **fields}
        return self.widget({name: value for name, value in body.items() if value is not None}, status)

    def ask_by_email(self, sku: str = "TEE-M", email: str = "ann@mail.example", status: int = 202) -> Any:
        """A shopper asks through the widget, by email."""
        return self.widget({"sku": sku, "email": email, "channels": ["email"]}, status)

    def widget(self, body: Any, status: int = 202, **kwargs: Any) -> Any:
        """A POST of the widget."""
        answer = self.client.post(f"/widget/v1/{self.key}/requests", json=body, **kwargs)
        assert answer.status_code == status, f"{answer.status_code} {answer.get_data(as_text=True)}"
        return answer.get_json()

    def offered(self, sku: str = "TEE-M") -> Any:
        """What the widget would offer."""
        return self.client.get(f"/widget/v1/{self.key}/variants?sku={sku}").get_json()["variants"][0]

    # --- reading ---------------------------------------------------------------------------------------------------

    def messages(self, kind: str | None = "back_in_stock", **filters: str) -> list[dict[str, Any]]:
        """Messages, oldest first, of one kind (None: all)."""
        query = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in filters.items())
        found = self.get(f"messages?limit=200&{query}")["messages"]
        return [message for message in reversed(found) if kind is None or message["kind"] == kind]

    def requests(self, **filters: str) -> list[dict[str, Any]]:
        """Requests, oldest first."""
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return list(reversed(self.get(f"requests?limit=200&{query}")["requests"]))

    def trace(self, request_id: int) -> Any:
        """A request's story."""
        return self.get(f"requests/{request_id}/trace")

    # --- time ------------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Detection and planning, without sending."""
        with self.app.app_context():
            run_restock()
            run_journeys()
            run_notices()
            run_campaigns()
            db.session.remove()

    def sweep(self) -> None:
        """What a worker does once a minute for those who wait, and everything else."""
        with self.app.app_context():
            run_lives()
            db.session.remove()
        self.work()

    def send(self) -> None:
        """Send what is due."""
        sender = Sender(self.app, 8)
        sender.drain()
        sender.stop_pool()

    def hold(self) -> None:
        """Units that are due to be asked for, looked at or given back."""
        with self.app.app_context():
            run_holds(self.send)
            db.session.remove()

    def work(self) -> None:
        """Everything a worker does, in flow order."""
        self.plan()
        self.send()
        self.hold()
        with self.app.app_context():
            run_receipts()
            run_recovery()
            db.session.remove()
        self.send()

    # --- staff -----------------------------------------------------------------------------------------------------

    def staff(self, email: str = "owner@acme.example", role: str = "owner") -> None:
        """A staff user with the password :data:`PASSWORD`."""
        with self.app.app_context():
            with transaction():
                create_user(db.session.get_one(Store, self.store_id), email, PASSWORD, role, utcnow())
            db.session.remove()

    def sign_in(self, email: str = "owner@acme.example", role: str = "owner") -> FlaskClient:
        """A browser in which that staff user is signed in."""
        self.staff(email, role)
        browser = self.app.test_client()
        page = browser.get("/admin/login").get_data(as_text=True)
        token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        answer = browser.post("/admin/login", data={"email": email, "password": PASSWORD, "csrf_token": token})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return browser

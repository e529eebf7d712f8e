"""A throw-away installation to measure on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from nexnotify import create_app
from nexnotify.catalog.service import ProductData, VariantData, find_variant
from nexnotify.cli.common import prepare_database
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.garbage import keep_what_stays
from nexnotify.gateways.service import add_gateway
from nexnotify.inventory.intake import take_product
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.ledger.opening import equip_store
from nexnotify.secrets import new_key
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.stores.service import address_hash, create_api_key, last4_hash, open_store
from nexnotify.stores.settings import merge_settings
from nexnotify.waitlist.models import AlertRequest

#: Nothing holds an alert back, and nobody is sent anything else.
QUIET: dict[str, Any] = {
    "quiet_hours": None,
    "frequency_cap": None,
    "told_hours": 0,
    "bought_days": None,
    "confirmations": False,
}


@dataclass
class Installation:
    """An app with one store, one product and people who wait for it."""

    app: Flask
    settings: Settings
    store_id: int
    store_key: str
    api_key: str


@contextmanager
def installation(
    threads: int = 64,
    gateway_url: str | None = None,
    queue: str = "memory:",
    database_url: str = "",
    more_settings: dict[str, Any] | None = None,
) -> Iterator[Installation]:
    """A store on a fresh database, SQLite unless another is given; quiet hours and the frequency cap are off.

    With ``gateway_url`` it sends texts through the twilio plugin. ``more_settings`` are the store's.
    """
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder:
        settings = Settings(
            instance=Path(folder),
            database_url=database_url,
            queue_url=queue,
            secret_keys=new_key(),
            send_threads=threads,
            signups_per_ip=0,
            signups_per_contact=0,
            signups_per_store=0,
            log_level="WARNING",
        )
        app = create_app(settings)
        keep_what_stays()  # as the worker and the web processes do
        with app.app_context():
            prepare_database()
            now = utcnow()
            with transaction():
                store = open_store("Bench", "US", "America/New_York", "en", "USD", now)
                merge_settings(store, QUIET | (more_settings or {}))
                equip_store(store, now)
                _, secret = create_api_key(store, "bench", now)
                if gateway_url:
                    values = {"account_sid": "AC" + "0" * 32, "auth_token": "token", "from_number": "+12015550100"}
                    add_gateway(store, "twilio", "Bench", {**values, "api_base": gateway_url, "rate": "0"}, now)
                variant = VariantData("tee-m", "TEE-M", {"Size": "M"}, url="https://shop.example/tee")
                take_product(store, ProductData("tee", "Tee", variants=[variant]), now)
                set_level(store, LevelData(sku="TEE-M", on_hand=0), now)
            yield Installation(app, settings, store.id, store.key, secret)
            db.session.remove()
            db.engine.dispose()


def number(n: int) -> str:
    """The ``n``-th person's."""
    return f"+1212{2000007 + 10 * n}"


def email(n: int) -> str:
    """The ``n``-th person's."""
    return f"ann{n}@mail.example"


def add_waiting(app: Flask, store_id: int, count: int, start: int = 0, channel: str = "sms") -> None:
    """``count`` people who wait for the product, put in without ceremony."""
    now = utcnow()
    store = db.session.get_one(Store, store_id)
    variant = find_variant(store, sku="TEE-M")
    assert variant is not None
    for first in range(start, start + count, 1000):
        address_of = number if channel == "sms" else email
        addresses = [address_of(n) for n in range(first, min(first + 1000, start + count))]
        with transaction():
            ids = db.session.scalars(
                sa.insert(Contact).returning(Contact.id, sort_by_parameter_order=True),
                [
                    {
                        "store_id": store_id,
                        "channel": channel,
                        "address": address,
                        "address_hash": address_hash(store_id, channel, address),
                        "last4_hash": last4_hash(store_id, address[-4:]),
                        "created_at": now,
                    }
                    for address in addresses
                ],
            ).all()
            db.session.execute(
                sa.insert(AlertRequest),
                [
                    {
                        "store_id": store_id,
                        "variant_id": variant.id,
                        "contact_id": contact_id,
                        "status": "waiting",
                        "asked_status": "sold_out",
                        "first_name": "Ann",
                        "source": "bench",
                        "created_at": now,
                    }
                    for contact_id in ids
                ],
            )


def restock(store_id: int, on_hand: int = 5) -> None:
    """Raise the stock."""
    with transaction():
        set_level(db.session.get_one(Store, store_id), LevelData(sku="TEE-M", on_hand=on_hand), utcnow())

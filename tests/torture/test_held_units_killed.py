"""Workers are killed while units are asked for and texts go: nobody has two, and no unit is given to two people."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from nexnotify import create_app
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.holds.sources import configure
from nexnotify.ledger.models import Hold, Message
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from tests.stubs.holds_stub import SECRET, HoldsStub
from tests.stubs.twilio_stub import TwilioStub
from tests.torture.installation import Installation
from tests.torture.test_killed_at_random import shoppers

#: ``make torture`` goes on for a minute.
PEOPLE, UNITS, KILLS = (120, 60, 6) if os.environ.get("NEXNOTIFY_TORTURE") == "long" else (24, 12, 2)
#: Seconds until all units are with people: a worker's lease on a call that was killed is over by then.
DEADLINE = 150.0


def test_killed_while_units_are_asked_for_nobody_has_two_and_no_unit_two_people(tmp_path: Path) -> None:
    seed = int(os.environ.get("NEXNOTIFY_SEED") or secrets.randbelow(10**6))
    print(f"NEXNOTIFY_SEED={seed}")  # noqa: T201 - repeats a failed run's choices
    chance = random.Random(seed)
    with HoldsStub(UNITS) as storefront, TwilioStub(delay=0.02) as twilio:
        storefront.meanwhile = lambda: time.sleep(0.03)
        with Installation(tmp_path / "instance", settings={"PRIVATE_SHOPS": storefront.origin}) as house:
            open_store(house, twilio.url, storefront.url)
            house.call("PUT", "stock", {"levels": [{"sku": "TEE-M", "on_hand": PEOPLE}]})
            begun, kills = time.monotonic(), 0
            while not is_over(house):
                assert time.monotonic() - begun < DEADLINE
                if kills < KILLS and len(storefront.calls) > kills * UNITS // KILLS:
                    kills += house.kill("queue worker", chance)
                house.keep_running()
                time.sleep(0.02 + chance.random() * 0.1)
        assert kills == KILLS
        told = twilio.counts()
        assert max(told.values()) == 1
        assert storefront.most <= UNITS
        with_unit = holders(tmp_path / "instance")
        assert max(Counter(to for to, _ in with_unit).values()) == 1
        assert {key for _, key in with_unit} == set(storefront.reserved())
        # Who was told has a unit; one whose text was under way when its worker died may have been told.
        assert set(told) <= {to for to, _ in with_unit}
        assert len(with_unit) == UNITS


def open_store(house: Installation, provider: str, holds: str) -> None:
    made = house.command("store", "create", "--name", "Acme")
    house.api_key = made["api_key"]
    values = {"account_sid": "AC1", "auth_token": "secret", "from_number": "+12015550100", "api_base": provider}
    pairs = [part for name, value in {**values, "rate": "0"}.items() for part in ("--set", f"{name}={value}")]
    house.command("gateway", "add", "--store", made["store_key"], "--kind", "twilio", "--name", "Stub", *pairs)
    app = create_app(Settings(instance=house.folder, queue_url="memory:", log_level="WARNING"))
    with app.app_context():
        with transaction():
            store = db.session.scalars(sa.select(Store)).one()
            configure(store, "webhook", {"address": holds, "secret": SECRET}, utcnow())
        db.session.remove()
        db.engine.dispose()
    house.wait_ready()
    house.call("PUT", "settings", {"quiet_hours": None, "frequency_cap": None, "hold_minutes": 120})
    product = {
        "id": "tee-m",
        "title": "Tee",
        "url": "https://acme.example/t",
        "variants": [{"id": "v", "sku": "TEE-M"}],
    }
    house.call("PUT", "products", {"products": [product]})
    house.call("PUT", "stock", {"levels": [{"sku": "TEE-M", "on_hand": 0}]})
    rows = [
        {"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False}
        for to in shoppers(0, PEOPLE)
    ]
    for start in range(0, PEOPLE, 100):
        assert house.call("POST", "requests", {"requests": rows[start : start + 100]})["errors"] == []


def is_over(house: Installation) -> bool:
    """Nothing is on its way any more."""
    engine = sa.create_engine(f"sqlite:///{house.folder / 'nexnotify.sqlite'}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        open_ = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM message WHERE status IN ('held', 'queued', 'claimed'))"
            " + (SELECT count(*) FROM hold WHERE status IN ('asking', 'releasing'))"
            " + (SELECT count(*) FROM restock_event WHERE state NOT IN ('done', 'stopped'))"
            " + (SELECT count(*) = 0 FROM hold)"
        ).scalar_one()
    return open_ == 0


def holders(folder: Path) -> list[tuple[str, str]]:
    """(number, key) of each unit that is kept."""
    app = create_app(Settings(instance=folder, queue_url="memory:", log_level="WARNING"))
    with app.app_context():
        rows = db.session.execute(
            sa.select(Contact, Hold.key)
            .join(Message, Message.contact_id == Contact.id)
            .join(Hold, Hold.message_id == Message.id)
            .where(Hold.status == "held")
        ).all()
        found = [(row.Contact.address, row.key) for row in rows]
        db.session.remove()
        db.engine.dispose()
    return found

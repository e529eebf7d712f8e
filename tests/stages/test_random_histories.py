"""Random histories of a store that has every rule on: each request's story explains where it stands, nobody is told twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine

from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof, opt_in
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.ledger.asking.questions import follow_up, say_yes
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.ledger.planning.late import tell_late
from nexnotify.ledger.suppression import stop
from nexnotify.ledger.values import place_token
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent, RestockWave
from nexnotify.stores.models import Store
from nexnotify.waitlist.covering import covered_by
from nexnotify.waitlist.life import confirm_all
from nexnotify.waitlist.models import OPEN, AlertRequest
from tests.shop import Shop
from tests.stages.test_claims import inside

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SKUS = ("TEE-M", "TEE-L", "CAP")
ZONES = {"212": "America/New_York", "415": "America/Los_Angeles"}
PEOPLE = [f"+1{area}300{number}" for number in range(1000, 1004) for area in ZONES]
QUIET, CAP = (20, 9), (3, 48)
WAVES: list[Any] = [
    "all",
    {"kind": "per_unit", "people": 1, "minutes": 30},
    {"kind": "paced", "people": 2, "minutes": 30},
    {"kind": "staged", "percent": 30, "minutes": 30},
    {"kind": "automatic", "minutes": 15},
]


class History:
    """What shoppers, stock and staff do in a store, at random, and the days that pass."""

    def __init__(self, shop: Shop, seed: int, regions: dict[str, list[str]] | None = None) -> None:
        """:param regions: region → its locations; then people name one, or none, and stock comes to any of these."""
        self.shop, self.random, self.regions = shop, random.Random(seed), regions or {}
        # The clocks change in the night of the 10th of March.
        self.now = datetime(2030, 3, 8, 15, tzinfo=UTC)
        pick = self.random.choice
        with self.clock():
            shop.put(
                "settings",
                {
                    "quiet_hours": {"from": f"{QUIET[0]}:00", "to": f"0{QUIET[1]}:00"},
                    "frequency_cap": {"texts": CAP[0], "hours": CAP[1]},
                    "waves": pick(WAVES),
                    "alert_order": pick(["oldest", "newest"]),
                    "keep_place_minutes": pick([0, 600]),
                    "undo_seconds": pick([0, 600]),
                    "threshold": pick([1, 3]),
                    "double_opt_in": pick([True, False]),
                    "told_hours": pick([0, 12]),
                    "request_days": 4,
                    "renewal_days": 2,
                    "reminders": pick([0, 2]),
                    "reminder_hours": 5,
                },
            )
            sizes = [{"id": sku, "sku": sku, "price": "20.00"} for sku in SKUS[:2]]
            page = "https://acme.example/"
            tee = {"id": "tee", "title": "Tee", "url": f"{page}tee", "variants": sizes}
            cap = {"id": "cap", "title": "Cap", "url": f"{page}cap", "variants": [{"id": "cap", "sku": "CAP"}]}
            shop.put("products", {"products": [tee, cap]})
            shop.put("stock", {"levels": [{"sku": sku, "on_hand": 0} for sku in SKUS]})
            rows = [{"key": key, "name": key, "locations": locations} for key, locations in self.regions.items()]
            shop.put("regions", {"regions": rows})

    @contextmanager
    def clock(self) -> Iterator[None]:
        with time_machine.travel(self.now, tick=False):
            yield

    def act(self) -> None:
        """One thing happens, and the worker does its part."""
        doings: list[Callable[[], Any]] = [*[self.asks] * 3, *[self.stock] * 4, *[self.hears] * 3, self.clicks]
        with self.clock():
            self.random.choice([*doings, self.orders, self.staff])()
            self.shop.sweep()
        self.now += timedelta(minutes=self.random.choice([1, 1, 20, 45, 300, 1500]))

    def asks(self) -> None:
        sku, more = self.random.choice(SKUS), {}
        if self.random.random() < 0.3:
            more = {"any_variant": True} if sku != "CAP" else {"or_variants": [{"sku": "TEE-L"}]}
        if self.regions and (region := self.random.choice([None, *self.regions])):
            more["region"] = region
        body = {"sku": sku, "phone": self.random.choice(PEOPLE), "channels": ["sms"], "consent": True, **more}
        answer = self.shop.client.post(f"/widget/v1/{self.shop.key}/requests", json=body)
        assert answer.status_code in (202, 409), answer.get_data(as_text=True)

    def stock(self) -> None:
        sku, place = self.random.choice(SKUS), {}
        if self.regions:
            place = {"location": self.random.choice(sorted({name for each in self.regions.values() for name in each}))}
        for units in self.random.choice([[0], [2], [5], [0, 4], [4, 0, 4]]):
            self.shop.stock(sku, units, **place)

    def hears(self) -> None:
        """A shopper writes YES, START or STOP."""
        word = self.random.choice(["yes", "yes", "start", "stop"])
        with inside(self.shop.app), transaction():
            store, now = db.session.get_one(Store, self.shop.store_id), utcnow()
            contacts = db.session.scalars(sa.select(Contact).order_by(Contact.id)).all()
            if not contacts:
                return
            contact = self.random.choice(contacts)
            if word == "yes":
                follow_up(store, contact, say_yes(store, contact, Proof("keyword"), now), now, by_text=True)
            elif word == "stop":
                stop(contact, Proof("keyword"), now)
            elif opt_in(contact, Proof("keyword"), now):
                tell_late(store, confirm_all(contact, now), now)

    def clicks(self) -> None:
        with inside(self.shop.app):
            link = db.session.scalars(sa.select(ShortLink).order_by(ShortLink.id.desc()).limit(1)).first()
            if link is None:
                return
            path, token = f"/l/{link.code}", place_token(link.id)
        assert self.shop.client.get(path).status_code in (200, 302)
        assert self.shop.client.post(f"{path}/place", data={"token": token}).status_code == 200

    def orders(self) -> None:
        line = {"sku": self.random.choice(SKUS), "quantity": 1}
        order = {"id": self.now.isoformat(), "status": "new", "phone": self.random.choice(PEOPLE), "lines": [line]}
        assert self.shop.post("orders", {"orders": [{**order, "notify": False}]})["errors"] == []

    def staff(self) -> None:
        verb = self.random.choice([steering.send_now, steering.hold, steering.go_on, steering.recall])
        with inside(self.shop.app), transaction():
            event = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id.desc()).limit(1)).first()
            if event is not None:
                verb(event, utcnow())


def counts_of(shop: Shop) -> None:
    """Nobody is told twice of a restock, at night, or more often than the cap and the waves allow."""
    with inside(shop.app):
        sent = db.session.execute(
            sa.select(Message.contact_id, Contact.address, Message.accepted_at, Message.kind, Alert.restock_id)
            .join(Contact, Contact.id == Message.contact_id)
            .join(Alert, Alert.message_id == Message.id)
            .where(Message.accepted_at.is_not(None))
        ).all()
        told = Counter((row.contact_id, row.restock_id) for row in sent if row.kind == "back_in_stock")
        assert all(count == 1 for count in told.values()), "once for a restock"
        for row in sent:
            hour = row.accepted_at.astimezone(ZoneInfo(ZONES[row.address[2:5]])).hour
            assert QUIET[1] <= hour < QUIET[0], f"{row.address} at {row.accepted_at}"
            mine = [other.accepted_at for other in sent if other.contact_id == row.contact_id]
            assert sum(row.accepted_at <= at < row.accepted_at + timedelta(hours=CAP[1]) for at in mine) <= CAP[0]
        assert all(wave.size is None or wave.told <= wave.size for wave in db.session.scalars(sa.select(RestockWave)))


def stories_of(shop: Shop) -> None:
    """Each request's story says why it stands where it does, and what became of it at each restock it waited for."""
    with inside(shop.app):
        requests = db.session.scalars(sa.select(AlertRequest)).all()
        events = db.session.scalars(sa.select(RestockEvent)).all()
        waits_for = Counter(
            (item.contact_id, variant) for item in requests if item.status in OPEN for variant in covered_by(item)
        )
        assert all(count == 1 for count in waits_for.values()), "nobody waits twice for one thing"
        known = [
            (item.id, item.status, item.scope, (item.variant_id, item.region_id), item.created_at, item.closed_at)
            for item in requests
        ]
        restocks = [(event.id, (event.variant_id, event.region_id), event.at) for event in events]
    for id, status, scope, about, created_at, closed_at in known:
        found = shop.trace(id)
        told_of = {event.get("restock_id") for event in found["events"]}
        mine = {number for number, of, at in restocks if of == about and at >= created_at}
        if status == "waiting" and scope == "variant":
            assert mine <= told_of, f"request {id} does not say what became of restocks {mine - told_of}"
            assert not mine or "has not come back" not in found["summary"]
        elif status == "alerted":
            assert {"message_accepted", "message_uncertain"} & {event["what"] for event in found["events"]}
        elif closed_at is not None:
            assert any(event["what"] == status and event.get("reason") for event in found["events"])


@pytest.mark.parametrize("seed", [3, 14])
def test_in_any_history_every_request_has_its_reasons_and_nobody_is_told_twice(shop: Shop, seed: int) -> None:
    history = History(shop, seed)
    for _ in range(30):
        history.act()
    counts_of(shop)
    stories_of(shop)


@pytest.mark.parametrize("seed", [1, 7])
def test_nor_where_people_wait_for_stock_of_one_region(shop: Shop, seed: int) -> None:
    history = History(shop, seed, {"north": ["main", "berlin"], "south": ["berlin", "munich"]})
    for _ in range(30):
        history.act()
    counts_of(shop)
    stories_of(shop)

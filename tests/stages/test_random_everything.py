"""The same random histories with what else there is: units that a storefront keeps, journeys beside the store's own alert,
people who are erased, products that are hidden for a while, and wishes for more units."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Alert, Hold, Message
from nexnotify.receipts.erasing import erase_shopper
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent, RestockWave
from nexnotify.settings import Settings
from tests.admin import Desk
from tests.conftest import make_settings
from tests.holding import connect
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stages.test_journeys import journey, own_alert_off
from tests.stages.test_random_histories import CAP, PEOPLE, SKUS, stories_of
from tests.stages.test_random_stores import REGIONS, Store, promises_of
from tests.stubs.holds_stub import HoldsStub

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
#: Those who may be erased: of one zone, so that the hour of what they got before can still be looked at.
EASTERN = ("+1201", "+1212")


@pytest.fixture
def storefront() -> Iterator[HoldsStub]:
    with HoldsStub(units=4) as stub:
        yield stub


@pytest.fixture
def settings(tmp_path: Path, database_url: str, storefront: HoldsStub) -> Settings:
    return make_settings(tmp_path, database_url, private_shops=storefront.origin)


class Everything(Store):
    """What a store can have, each by chance."""

    def __init__(self, shop: Shop, seed: int, regions: dict[str, list[str]] | None, storefront: HoldsStub) -> None:
        super().__init__(shop, seed, regions)
        self.storefront, self.journey = storefront, None
        with self.clock():
            self.desk = Desk.of(shop)
            shop.put("settings", {"holdout": 0, "switches": {"sold_out": {"sms": True, "email": True}}})
            if self.random.random() < 0.5:
                connect(shop, storefront, frequency_cap={"texts": CAP[0], "hours": CAP[1]})
            if self.random.random() < 0.5:
                self.journey = journey(self.desk, delay=self.random.choice([0, 30]))
                if self.random.random() < 0.5:
                    own_alert_off(self.desk)

    def act(self) -> None:
        rare: list[Callable[[], Any]] = [self.erases, self.erases, self.hides, self.hides, self.needs]
        rare += [self.storefront_fails, self.cancels, self.wants_more, self.turns_journey, self.steers, self.approves]
        rare += [self.many_ask_and_it_comes] * len(rare)
        if self.random.random() < 0.6:
            super().act()
        else:
            with self.clock():
                self.random.choice(rare)()
                self.shop.sweep()

    def asks(self) -> None:
        if not self.hidden:
            super().asks()

    def clicks(self) -> None:
        if not self.hidden:  # the link of a hidden product leads nowhere
            super().clicks()

    hidden = False

    def many_ask_and_it_comes(self) -> None:
        for _ in range(4):
            self.asks()
        self.shop.sweep()
        for sku in SKUS:
            place = {"location": self.random.choice(["main", "berlin", "munich"])} if self.regions else {}
            self.shop.stock(sku, 0, **place)
            self.shop.stock(sku, 9, **place)

    def hides(self) -> None:
        self.hidden = self.random.random() < 0.3
        page = "https://acme.example/tee"
        sizes = [{"id": sku, "sku": sku, "price": "20.00"} for sku in SKUS[:2]]
        tee = {"id": "tee", "title": "Tee", "url": page, "published": not self.hidden, "variants": sizes}
        self.shop.put("products", {"products": [tee]})

    def erases(self) -> None:
        with inside(self.shop.app), transaction():
            people = db.session.scalars(sa.select(Contact).order_by(Contact.id).with_for_update()).all()
            there = [one for one in people if one.channel == "email" or one.address.startswith(EASTERN)]
            if there := [one for one in there if one.address]:
                erase_shopper(self.random.choice(there), utcnow())

    def needs(self) -> None:
        self.shop.put("settings", {"threshold": self.random.choice([1, 1, 3])})

    def storefront_fails(self) -> None:
        self.storefront.loses_answers = self.random.choice([True, False])
        self.storefront.units = self.random.choice([0, 2, 5, 9])

    def cancels(self) -> None:
        if waiting := [request["id"] for request in self.shop.requests() if request["status"] == "waiting"]:
            self.desk.post(f"/waitlist/requests/{self.random.choice(waiting)}/cancel")

    def wants_more(self) -> None:
        more = {"sku": self.random.choice(SKUS), "phone": self.random.choice(PEOPLE), "consent": True}
        path, units = f"/widget/v1/{self.shop.key}/requests", self.random.choice([1, 2, 4])
        more |= self.random.choice([{}, {"secret": "a-browser-of-theirs"}, {"any_variant": True}])
        answer = self.shop.client.post(path, json={**more, "channels": ["sms"], "quantity": units})
        assert answer.status_code in (202, 404, 409, 422), answer.get_data(as_text=True)

    def steers(self) -> None:
        verbs: list[Callable[[RestockEvent], bool]] = [
            lambda event: steering.cancel(event, utcnow()),
            lambda event: steering.hold(event, utcnow()),
            lambda event: steering.cap(event, 2),
            lambda event: steering.cap(event, None),
        ]
        with inside(self.shop.app), transaction():
            last = sa.select(RestockEvent).order_by(RestockEvent.id.desc()).limit(3)
            if events := db.session.scalars(last).all():
                self.random.choice(verbs)(self.random.choice(events))

    def approves(self) -> None:
        self.shop.put(
            "settings", {"approval": self.random.random() < 0.3, "settle_seconds": self.random.choice([0, 600])}
        )

    def turns_journey(self) -> None:
        if self.journey is not None:
            self.desk.browser.post(f"/admin/journeys/{self.journey}/{self.random.choice(['on', 'off'])}")


def told_once(shop: Shop) -> None:
    """By whatever speaks of a restock: the store's own alert, a journey, a message for several products."""
    with inside(shop.app):
        spoken = db.session.execute(
            sa.select(Message.contact_id, Alert.restock_id, Alert.kind, Alert.step, Message.id)
            .join(Alert, Alert.message_id == Message.id)
            .where(Message.accepted_at.is_not(None))
            .distinct()
        ).all()
        assert len(spoken) > 3, "a history in which something happens"
        assert max(Counter(tuple(row)[:4] for row in spoken).values()) == 1
        assert all(wave.size is None or wave.told <= wave.size for wave in db.session.scalars(sa.select(RestockWave)))


def nothing_hangs(shop: Shop) -> None:
    """Days later nothing is still to be done that could have been."""
    with inside(shop.app):
        late = (Message.status.in_(("held", "queued", "claimed")), Message.due_at < utcnow())
        assert db.session.scalars(sa.select(Message.id).where(*late)).all() == []
        assert db.session.scalars(sa.select(Hold.id).where(Hold.status.in_(("asking", "releasing")))).all() == []
        moving = RestockEvent.state.not_in(("done", "stopped", "approval", "held"))
        overdue = RestockEvent.work_at < utcnow() - timedelta(hours=1)
        assert db.session.scalars(sa.select(RestockEvent.id).where(moving, overdue)).all() == []


@pytest.mark.parametrize("seed", [13, 33])
def test_with_everything_switched_on_each_promise_is_kept_and_nothing_hangs(
    shop: Shop, storefront: HoldsStub, seed: int
) -> None:
    store = Everything(shop, seed, random.Random(seed).choice([None, REGIONS]), storefront)
    in_order = shop.get("settings")["channels"] == "in_order"
    for _ in range(70):
        store.act()
    promises_of(shop, in_order=in_order)
    told_once(shop)
    stories_of(shop)
    storefront.loses_answers = False
    for _ in range(12):
        store.now += timedelta(hours=7)
        with store.clock():
            shop.sweep()
    with store.clock():
        nothing_hangs(shop)
    told_once(shop)
    stories_of(shop)

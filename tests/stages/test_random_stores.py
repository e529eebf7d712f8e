"""The same random histories in stores with more switched on: several channels, messages for several products, a control
group, corrections, and switches that staff turn while messages wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Alert, Message
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest, Decision
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stages.test_random_histories import PEOPLE, QUIET, SKUS, WAVES, ZONES, History, stories_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
#: Numbers with fates of their own: never reached, refused, said STOP before, refused for now, expired.
FATES = [f"+120155501{last}" for last in (90, 91, 92, 93, 98)]
#: The erased are of the zone of those who may be.
AREAS = {**ZONES, "201": "America/New_York", "": "America/New_York"}
CORRECTION = {
    "sms": "[[store]]: sorry, [[product]] is not back. Reply STOP to end.",
    "email": {"subject": "A mistake", "body": "[[product]] is not back."},
}


class Store(History):
    """People ask by text and email; staff correct what was wrong, and turn switches."""

    def __init__(self, shop: Shop, seed: int, regions: dict[str, list[str]] | None = None) -> None:
        super().__init__(shop, seed, regions)
        pick = self.random.choice
        with self.clock():
            shop.put(
                "settings",
                {
                    "channels": pick(["in_order", "together"]),
                    "channel_order": pick([["sms", "email", "push"], ["email", "sms", "push"]]),
                    "failover_minutes": pick([None, 30]),
                    "bundle_minutes": pick([0, 20]),
                    "holdout": pick([0, 40]),
                    "double_opt_in": False,
                    "link_domain": "https://go.acme.example",
                    "send_undo_seconds": 0,
                },
            )

    def act(self) -> None:
        doings: list[Callable[[], Any]] = [super().act] * 8
        self.random.choice([*doings, self.turns, self.corrects])()

    def asks(self) -> None:
        sku, more = self.random.choice(SKUS), {}
        if self.random.random() < 0.2:
            more = {"any_variant": True} if sku != "CAP" else {"or_variants": [{"sku": "TEE-L"}]}
        if self.regions and (region := self.random.choice([None, *self.regions])):
            more["region"] = region
        phone = self.random.choice([*PEOPLE, *FATES])
        channels = self.random.choice([["sms"], ["sms", "email"], ["sms", "email"], ["email"]])
        body = {"sku": sku, "phone": phone, "email": f"p{phone[1:]}@mail.example", "channels": channels, **more}
        body |= self.random.choice([{}, {"secret": "a-browser-of-theirs"}])  # else what they change waits for a yes
        answer = self.shop.client.post(f"/widget/v1/{self.shop.key}/requests", json=body | {"consent": True})
        assert answer.status_code in (202, 409, 422), answer.get_data(as_text=True)

    def turns(self) -> None:
        """Staff turn a switch, or change how people are told, while messages wait."""
        change = self.random.choice(
            [
                {"switches": {"sold_out": {"sms": False, "email": True}}},
                {"switches": {"sold_out": {"sms": True, "email": False}}},
                {"switches": {"sold_out": {"sms": True, "email": True}}},
                {"waves": self.random.choice(WAVES)},
                {"bundle_minutes": self.random.choice([0, 20])},
                {"holdout": self.random.choice([0, 40])},
            ]
        )
        with self.clock():
            self.shop.put("settings", change)
            self.shop.sweep()

    def corrects(self) -> None:
        """The last restock was wrong: it is recalled, and those it told are told so."""
        with self.clock():
            with inside(self.shop.app), transaction():
                last = sa.select(RestockEvent).order_by(RestockEvent.id.desc()).limit(1)
                event = db.session.scalars(last).first()
                number = event.id if event is not None and steering.recall(event, utcnow()) else None
            if number is not None:
                self.shop.plan()
                path = f"/api/v1/restocks/{number}/correction"
                answer = self.shop.client.post(
                    path, json=CORRECTION, headers={"Authorization": f"Bearer {self.shop.secret}"}
                )
                assert answer.status_code in (200, 409, 422), answer.get_data(as_text=True)
            self.shop.sweep()


def promises_of(shop: Shop, *, in_order: bool) -> None:
    with inside(shop.app):
        sent = db.session.execute(
            sa.select(
                Message.id,
                Message.kind,
                Message.status,
                Message.contact_id,
                Message.accepted_at,
                Contact.channel,
                Contact.address,
                Contact.opted_out_at,
                Alert.restock_id,
                Alert.request_id,
                AlertRequest.asked_with,
            )
            .join(Contact, Contact.id == Message.contact_id)
            .outerjoin(Alert, Alert.message_id == Message.id)
            .outerjoin(AlertRequest, AlertRequest.id == Alert.request_id)
            .where(Message.accepted_at.is_not(None))
        ).all()
        corrected = Counter(
            tuple(row)
            for row in db.session.execute(
                sa.select(SendRecipient.contact_id, Send.restock_id)
                .join(Send, Send.id == SendRecipient.send_id)
                .join(Message, Message.id == SendRecipient.message_id)
                .where(Send.purpose == "correction", Message.accepted_at.is_not(None))
            )
        )
        out = {
            (row.request_id, row.restock_id)
            for row in db.session.execute(
                sa.select(Decision.request_id, Decision.restock_id).where(Decision.reason == "holdout")
            )
        }
    alerts = [row for row in sent if row.kind == "back_in_stock"]
    assert not {(row.request_id, row.restock_id) for row in alerts} & out, "who was drawn is told by no way"
    if in_order:
        came = [row for row in alerts if row.status not in ("undelivered", "expired")]
        shoppers = Counter((row.asked_with or -row.contact_id, row.restock_id) for row in came)
        assert all(count == 1 for count in shoppers.values()), "a shopper is told by one channel"
    for row in sent:
        if row.opted_out_at is not None and row.kind != "keyword_reply":
            assert row.accepted_at <= row.opted_out_at, "after STOP nothing goes"
        if row.channel == "sms" and row.kind in ("back_in_stock", "reminder", "correction"):
            hour = row.accepted_at.astimezone(ZoneInfo(AREAS[row.address[2:5]])).hour
            assert QUIET[1] <= hour < QUIET[0], f"{row.kind} to {row.address} at {row.accepted_at}"
    spoken_of = {(row.contact_id, row.restock_id) for row in sent if row.restock_id is not None}
    once = Counter((contact, restock) for contact, restock, _ in {(r.contact_id, r.restock_id, r.id) for r in alerts})
    assert all(count == 1 for count in once.values()), "once for a restock"
    assert all(count == 1 for count in corrected.values()), "a correction comes once"
    assert corrected.keys() <= spoken_of, "and only to those whom the restock had told"


REGIONS = {"north": ["main", "berlin"], "south": ["berlin", "munich"]}


@pytest.mark.parametrize("seed, regions", [(545, None), (524, None), (528, REGIONS)])
def test_with_more_switched_on_each_promise_is_kept_too(
    shop: Shop, seed: int, regions: dict[str, list[str]] | None
) -> None:
    store = Store(shop, seed, regions)
    in_order = shop.get("settings")["channels"] == "in_order"
    for _ in range(60):
        store.act()
    promises_of(shop, in_order=in_order)
    stories_of(shop)

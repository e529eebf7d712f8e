"""Fail-over in the middle of waves, and with several workers: nobody is told twice, and nobody takes two places."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from nexnotify.clock import utcnow
from nexnotify.content.models import Template
from nexnotify.db import db, transaction
from nexnotify.dispatch.claim import claim
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Accepted, OutgoingMessage, Rejected
from nexnotify.gateways.models import GatewayInstance
from nexnotify.ledger.planning import late
from nexnotify.restock import steering
from nexnotify.stores.models import Store
from nexnotify.workers import sender as sending
from nexnotify.workers.steps import run_lives
from tests.journeys.test_channels_in_order import UNDELIVERED, look, ordered, restock
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers, together
from tests.stages.test_waves import per_unit, steer, the_event
from tests.times import later

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def pairs(shop: Shop, count: int, sku: str = "TEE-M", **settings: Any) -> list[tuple[str, str]]:
    """So many people who asked by text and by email, the first of them longest."""
    shop.put("settings", {"channels": "in_order", "confirmations": False, "frequency_cap": None, **settings})
    shop.product(sku)
    found = [(to, f"{to[1:]}@mail.example") for to in numbers(count)]
    for phone, email in found:
        shop.widget({"sku": sku, "phone": phone, "email": email, "channels": ["sms", "email"], "consent": True})
    return found


class Picky:
    """A provider that refuses some numbers for good."""

    def __init__(self, refused: set[str]) -> None:
        self.refused, self.took, self.asked = refused, list[str](), list[str]()

    def open(self, _instance: GatewayInstance) -> Picky:
        return self

    def send(self, message: OutgoingMessage) -> Any:
        self.asked.append(message.to)
        if message.to in self.refused:
            raise Rejected("content")
        self.took.append(message.to)
        return Accepted(f"SM{len(self.took)}")


@sqlite
@hypothesis.settings(
    max_examples=8, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True
)
@hypothesis.given(
    fails=st.lists(st.booleans(), min_size=7, max_size=7), each=st.integers(1, 2), units=st.integers(1, 3)
)
def test_in_the_middle_of_waves_each_is_told_once_and_takes_one_place(
    shop: Shop, fails: list[bool], each: int, units: int
) -> None:
    """Some of the texts are refused; each example is a product of its own."""
    sku = f"TEE-{len(shop.get('products?limit=200')['products'])}"
    everybody = pairs(shop, 7, sku, waves=per_unit(each, 60))
    provider = Picky({phone for (phone, _), fail in zip(everybody, fails, strict=True) if fail})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "open_gateway", provider.open)
        shop.stock(sku, units)
        shop.work()
        for minutes in (2, 4, 62, 64, 66):
            with later(minutes=minutes):
                shop.sweep()
    reached = [sum(to in pair for to in provider.took) for pair in everybody]
    begun = sum(any(to in provider.asked for to in pair) for pair in everybody)
    event = the_event(shop)
    assert set(reached) <= {0, 1}, "nobody twice"
    assert reached == [1] * begun + [0] * (7 - begun), "everybody whose turn it was, oldest first"
    assert event.told + event.held == begun, "one place each"
    assert begun == min(7, 2 * each * units), "two waves, both full"


def test_two_workers_that_claim_two_channels_of_a_person_at_once_tell_by_one(shop: Shop) -> None:
    """Text and email are both due: planned before the store chose an order."""
    pairs(shop, 8, channels="together")
    shop.stock("TEE-M", 9)
    shop.plan()
    shop.put("settings", {"channels": "in_order"})
    lanes = {channel: lane_of(shop, channel) for channel in ("sms", "email")}
    taken: list[int] = []

    def claims(channel: str) -> None:
        with inside(shop.app), transaction():
            taken.extend(outgoing.contact_id for outgoing in claim(lanes[channel], channel, 8, utcnow()).outgoing)

    together(lambda: claims("sms"), lambda: claims("email"))
    assert len(taken) == 8, "each of them once"
    by_status = sorted(message["status"] for message in shop.messages())
    assert by_status == ["claimed"] * 8 + ["held"] * 8, "the other waits for what becomes of it"


def test_two_workers_that_look_at_once_pass_a_failed_text_on_once(shop: Shop) -> None:
    ordered(shop, UNDELIVERED)
    restock(shop)
    assert look(shop, 0) == [("sms", "undelivered")]

    def sweep() -> None:
        with inside(shop.app):
            run_lives()

    with later(minutes=2):
        together(sweep, sweep)
        shop.work()
    assert [message["channel"] for message in shop.messages()] == ["sms", "email"]


@sqlite
def test_who_waits_for_the_other_channel_at_the_moment_of_sending_goes_when_that_fails(shop: Shop) -> None:
    pairs(shop, 1, channels="together")
    shop.stock("TEE-M", 9)
    shop.plan()
    shop.put("settings", {"channels": "in_order"})
    provider, lane_id = Picky({numbers(1)[0]}), lane_of(shop, "sms")
    with inside(shop.app), transaction():
        [text] = claim(lane_id, "elsewhere:1:1", 8, utcnow()).outgoing
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "open_gateway", provider.open)
        shop.send()
        assert [(m["status"], m["reason"]) for m in shop.messages()] == [
            ("claimed", None),
            ("held", "other_channel"),
        ]
        with inside(shop.app), transaction():
            settle([(text, Rejected("content"))], utcnow())
        with later(minutes=2):
            shop.work()
    assert provider.took == ["12123001000@mail.example"]


@sqlite
def test_the_first_channel_passed_over_for_a_reason_of_its_own_is_in_nobodys_way(shop: Shop) -> None:
    """No template for texts is in use: the email goes, and not before the waves are over."""
    pairs(shop, 1)
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Template).where(Template.channel == "sms").values(active=False))
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert look(shop) == [("email", "delivered")]
    assert (the_event(shop).told, the_event(shop).passed) == (1, 2)


@sqlite
def test_a_limit_by_staff_counts_people_and_not_messages(shop: Shop) -> None:
    everybody = pairs(shop, 3, waves=per_unit(2))
    provider = Picky({phone for phone, _ in everybody})
    shop.stock("TEE-M", 1)
    shop.plan()
    assert steer(shop, steering.cap, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "open_gateway", provider.open)
        shop.work()
        for minutes in (2, 62, 64):
            with later(minutes=minutes):
                shop.sweep()
    assert provider.took == [email for _, email in everybody]


@sqlite
def test_very_many_are_looked_at_in_a_few_statements(shop: Shop) -> None:
    """What one transaction of the sweep asks does not grow with the people it looks at."""
    pairs(shop, 6)
    provider = Picky(set(numbers(6)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "open_gateway", provider.open)
        shop.stock("TEE-M", 9)
        shop.work()
    asked = {count: _statements(shop, count) for count in (1, 5)}
    assert asked[5] <= asked[1] + 2


def _statements(shop: Shop, count: int) -> int:
    seen: list[str] = []
    with later(minutes=2), inside(shop.app), pytest.MonkeyPatch.context() as patch:
        patch.setattr(late, "BATCH", count)
        sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        with transaction():
            assert late.fail_over(db.session.get_one(Store, shop.store_id), utcnow()) == count
    return len(seen)


@sqlite
def test_the_email_goes_though_stock_has_moved_while_the_text_that_fails_was_on_its_way(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second restock finds the text of the first on its way, so what becomes of that one counts for both."""
    everybody = pairs(shop, 2)
    provider = Picky({phone for phone, _ in everybody})
    shop.stock("TEE-M", 5)
    shop.plan()
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.plan()
    monkeypatch.setattr(sending, "open_gateway", provider.open)
    shop.work()
    for minutes in (2, 4):
        with later(minutes=minutes):
            shop.sweep()
    assert sorted(message["to"] for message in shop.messages() if message["status"] == "accepted") == sorted(
        email for _, email in everybody
    )

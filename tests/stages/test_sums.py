"""Sums that are kept by day agree, number by number, with what anybody would count in the rows: in random histories."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine

from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import db, transaction
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.models import Alert, Message, Question, ShortLink
from nexnotify.ledger.suppression import stop
from nexnotify.orders.models import Order
from nexnotify.outcomes.models import Click, OrderMatch
from nexnotify.reports.metrics import metrics_of, span_until
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.workers.adding_up import run_outcomes
from tests.adding_up import add_up
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stages.test_random_histories import PEOPLE, SKUS, History
from tests.stages.test_rollups import ANN, BEN, NOON, agree, figures, told
from tests.web.test_short_links import PHONE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ENDS = ("undelivered", "rejected", "expired")


class Living(History):
    """The same, with email, links that people open, sales, returns, complaints, and a worker that adds up now and then."""

    def __init__(self, shop: Shop, seed: int) -> None:
        super().__init__(shop, seed)
        shop.put("settings", {"link_domain": "https://go.acme.example", "keep_place_minutes": 0})

    def act(self) -> None:
        super().act()
        with self.clock():
            self.random.choice([self.opens, self.opens, self.sells, self.returns, self.complains, self.mails])()
            if self.random.random() < 0.4:
                self.adds_up()

    def adds_up(self) -> None:
        with inside(self.shop.app):
            run_outcomes()

    def mails(self) -> None:
        answer = self.shop.client.post(
            f"/widget/v1/{self.shop.key}/requests",
            json={
                "sku": self.random.choice(SKUS),
                "email": f"p{self.random.randrange(4)}@mail.example",
                "channels": ["email"],
                "consent": True,
            },
        )
        assert answer.status_code in (202, 409)

    def opens(self) -> None:
        with inside(self.shop.app):
            codes = db.session.scalars(sa.select(ShortLink.code).order_by(ShortLink.id)).all()
        self.now += timedelta(minutes=1)  # nobody taps the moment it comes, or opens many people's links in one
        with self.clock():
            code = self.random.choice(codes[-3:]) if codes else "none"
            assert self.shop.client.get(f"/l/{code}", headers=PHONE).status_code in (200, 302, 404)

    def sells(self) -> None:
        self.shop.stock(self.random.choice(SKUS), self.random.randrange(4))

    def orders(self) -> None:
        line = {"sku": self.random.choice(SKUS), "quantity": 1, "price": "20.00"}
        self.order = {
            "id": self.now.isoformat(),
            "status": "new",
            "phone": self.random.choice(PEOPLE),
            "lines": [line],
            "total": self.random.choice(["20.00", "35.50"]),
            "currency": self.random.choice(["USD", "USD", "EUR"]),
            "notify": False,
        }
        assert self.shop.post("orders", {"orders": [self.order]})["errors"] == []

    def returns(self) -> None:
        if hasattr(self, "order") and self.random.random() < 0.5:
            self.shop.post("orders", {"orders": [self.order | {"status": "returned"}]})

    def complains(self) -> None:
        if self.random.random() < 0.6:
            return
        with inside(self.shop.app), transaction():
            contacts = db.session.scalars(sa.select(Contact).order_by(Contact.id)).all()
            if contacts:
                stop(self.random.choice(contacts), Proof("gateway"), utcnow())


def each(model: Any) -> list[Any]:
    return list(db.session.scalars(sa.select(model)))


def reckon(zone: str) -> tuple[dict[date, Counter[str]], dict[date, dict[str, Decimal]], list[float]]:
    """Everything counted by hand: by day, the money by day and currency, and the minutes from being told to each order."""

    def day(moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(zone)).date()

    counts: dict[date, Counter[str]] = defaultdict(Counter)
    money: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    questions = [question for question in each(Question) if question.cause == "sign_up"]
    for request in each(AlertRequest):
        mine = [question for question in questions if question.request_id == request.id]
        found = counts[day(request.created_at)]
        found["asked"] += 1
        found["specific"] += request.scope == "variant"
        found["questioned"] += bool(mine)
        found["confirmed"] += any(question.answered_at for question in mine)
    opened = {link.message_id for link in each(ShortLink) for click in each(Click) if (click.link_id, click.is_person) == (link.id, True)}  # fmt: skip
    messages = {message.id: message for message in each(Message)}
    for message in messages.values():
        found = counts[day(message.created_at)]
        found["written"] += 1
        found["taken"] += message.accepted_at is not None
        found["failed"] += message.status in ENDS
        found["not_sent"] += message.status in ("suppressed", "cancelled")
        found["clicked"] += message.id in opened
        for status in ("delivered", "held", "uncertain"):
            found[status] += message.status == status
    orders, minutes = {order.id: order for order in each(Order)}, []
    for match in (match for match in each(OrderMatch) if match.counts):
        order = orders[match.order_id]
        counts[day(match.at)]["won" if match.how == "click" else "assisted"] += 1
        money[day(match.at)][order.currency] += order.total
        moments = [messages[alert.message_id].accepted_at for alert in each(Alert) if alert.request_id == match.request_id and alert.message_id]  # fmt: skip
        minutes += [(match.at - max(at for at in moments if at and at <= match.at)).total_seconds() / 60]
    left = {
        (day(entry.at), entry.contact_id, entry.method) for entry in each(ConsentEntry) if entry.action == "revoked"
    }
    for on, _ in {(on, who) for on, who, _ in left}:
        counts[on]["opted_out"] += 1
    for on, _ in {(on, who) for on, who, how in left if how == "gateway"}:
        counts[on]["complained"] += 1
    for event, units, sold in restocks():
        counts[day(event.at)].update({"restocks": 1, "units": units, "units_sold": min(units, sold)})
    return counts, money, sorted(minutes)


def restocks() -> Iterator[tuple[RestockEvent, int, int]]:
    """Each with the units there were, and those by which stock fell in a week, or until the next."""
    events = each(RestockEvent)
    for event in events:
        ends = min([other.stock_change_id for other in events if other.variant_id == event.variant_id and other.id > event.id], default=2**40)  # fmt: skip
        falls = [
            change.available_before - change.available_after
            for change in each(StockChange)
            if change.variant_id == event.variant_id
            and event.stock_change_id < change.id < ends
            and change.cause == "level"
            and change.at < event.at + timedelta(days=7)
        ]
        yield event, max(event.available_after, 0), sum(fall for fall in falls if fall > 0)


@pytest.mark.parametrize("seed", [2, 11, 23])
def test_in_any_history_every_number_is_that_of_the_rows(shop: Shop, seed: int) -> None:
    history = Living(shop, seed)
    for _ in range(35):
        history.act()
    with history.clock():
        history.adds_up()
        with inside(shop.app):
            store = db.session.get_one(Store, shop.store_id)
            found = metrics_of(store, span_until(store, utcnow(), 60))
            counts, money, minutes = reckon(store.zone)
    for day, those in found.by_day.items():
        mine = {name: those.counts[name] for name in counts[day]}
        assert mine == dict(counts[day]), day
        assert {name: both for name, (both, _) in those.money.items()} == dict(money[day]), day
    for name, count in sum(counts.values(), Counter()).items():
        assert found.total.counts[name] == count, name
    assert {"asked", "taken", "opted_out", "restocks", "units_sold"} <= {
        name for name, count in found.total.counts.items() if count
    }, "a history in which something happened"
    span = found.total.time_to_purchase
    if minutes:
        assert span is not None
        assert span.after < minutes[(len(minutes) - 1) // 2] <= span.upto or minutes[0] == span.after == 0
    else:
        assert span is None
    # What is cut by channel or template adds up to the whole.
    for name in ("written", "taken", "clicked"):
        assert sum(row[3].counts[name] for row in found.by_template) == found.total.counts[name]
    for name in ("asked", "opted_out", "won", "assisted"):
        assert sum(those.counts[name] for those in found.by_channel.values()) == found.total.counts[name]


def test_revenue_and_opt_outs_stand_at_the_template_of_the_last_message_before(shop: Shop) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.put("settings", {"reminders": 1, "reminder_hours": 5})
        told(shop)
        clock.shift(timedelta(hours=1))
        shop.post("orders", {"orders": [_order("1001", ANN)]})
        clock.shift(timedelta(hours=5))
        shop.sweep()  # Ben is reminded
        clock.shift(timedelta(hours=1))
        shop.post("orders", {"orders": [_order("1002", BEN)]})
        with inside(shop.app), transaction():
            for contact in db.session.scalars(sa.select(Contact)):
                stop(contact, Proof("keyword"), utcnow())
        add_up(shop)
        agree(shop)
        rows = {kind: found for _, kind, _, found in figures(shop).by_template}
        assert {kind: (found.orders, found.counts["opted_out"]) for kind, found in rows.items()} == {
            "back_in_stock": (1, 1),
            "reminder": (1, 1),
        }
        assert [found.money["USD"][0] for found in rows.values()] == [20, 20]


def _order(number: str, phone: str) -> dict[str, Any]:
    line = {"sku": "TEE-M", "quantity": 1, "price": "20.00"}
    return {"id": number, "phone": phone, "status": "new", "lines": [line], "total": "20.00", "notify": False}


def test_what_a_restock_sold_ends_with_the_week_with_the_next_restock_and_with_its_units(shop: Shop) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.product("TEE-M")
        for units in (5, 3, 9, 2):  # sold 2; six more came, and sold 7: of the 5 there were, all
            shop.stock("TEE-M", units)
            shop.plan()
        shop.stock("TEE-M", 0)
        clock.shift(timedelta(days=2))
        shop.stock("TEE-M", 4)
        shop.plan()
        clock.shift(timedelta(days=6))
        shop.stock("TEE-M", 3)
        clock.shift(timedelta(days=2))
        shop.stock("TEE-M", 0)  # too late to be of it
        add_up(shop)
        agree(shop)
        sums = [(units, sold) for units, sold in _sold(shop) if units]
        assert sums == [(5, 5), (4, 1)]
        rows = [row["outcome"] for row in shop.get("restocks")["restocks"]]
        assert [(row["units"], row["units_sold"]) for row in rows] == [(4, 1), (5, 5)]


def _sold(shop: Shop) -> list[tuple[int, int]]:
    by_day = figures(shop).by_day
    return [(by_day[day].counts["units"], by_day[day].counts["units_sold"]) for day in sorted(by_day)]

"""Credits: put aside, settled, given back; the ledger always sums to the balance, whatever happens, and at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.content.models import Template, TemplateVersion
from nexnotify.credits.service import Entry, affordable, book, reserve_many
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.dispatch.claim import LEASE, claim
from nexnotify.dispatch.recover import end_leases, expire_late, release_held
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Accepted, Misconfigured, RateLimited, Receipt, Rejected, Transient, Unknown
from nexnotify.ledger.answers import queue_keyword_reply
from nexnotify.ledger.models import Message
from nexnotify.ledger.paying import give_back_unresolved, top_up
from nexnotify.ledger.receiving import apply_receipt
from nexnotify.ledger.suppression import stop
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_restock
from tests.credits import Account, account, assert_books_balance, entries, grant, with_credits
from tests.shop import Shop
from tests.stages.test_claims import (
    claim_now,
    inside,
    lane_of,
    numbers,
    queue_for,
    settle_now,
    statuses,
    together,
    wait_for_stock,
)
from tests.stages.test_hot_statements import watched
from tests.times import later


def test_a_planned_text_puts_its_credits_aside_and_an_accepted_one_has_spent_them(shop: Shop) -> None:
    with_credits(shop, 100)
    queue_for(shop, numbers(2))
    assert account(shop) == Account(100 - 24, 24)
    shop.send()
    assert account(shop) == Account(100 - 24, 0)
    assert [entry.kind for entry in entries(shop)] == ["opening", "reserve", "reserve", "settle", "settle"]
    assert_books_balance(shop)


def test_what_the_gateway_counted_is_what_is_charged(shop: Shop) -> None:
    with_credits(shop, 100)
    queue_for(shop, numbers(1))
    settle_now(shop, claim_now(shop), Accepted("SM1", segments=2))
    assert account(shop) == Account(100 - 24, 0)
    assert_books_balance(shop)


@pytest.mark.parametrize(
    "outcome, left",
    [
        (Rejected("content"), Account(100, 0)),
        (Transient("later"), Account(88, 12)),
        (RateLimited(1.0), Account(88, 12)),
        (Misconfigured("401"), Account(88, 12)),
        (Unknown("broke off"), Account(88, 12)),
    ],
)
def test_a_refused_text_costs_nothing_and_one_that_may_still_go_keeps_its_credits(
    shop: Shop, outcome: Any, left: Account
) -> None:
    with_credits(shop, 100)
    queue_for(shop, numbers(1))
    settle_now(shop, claim_now(shop), outcome)
    assert account(shop) == left
    assert_books_balance(shop)


def test_a_text_that_may_not_go_any_more_gives_its_credits_back(shop: Shop) -> None:
    with_credits(shop, 100)
    queue_for(shop, numbers(1))
    shop.stock("TEE-M", 0)
    shop.send()
    assert statuses(shop) == ["suppressed"]
    assert account(shop) == Account(100, 0)
    assert_books_balance(shop)


def test_an_uncertain_text_keeps_its_credits_until_it_is_worth_nothing(shop: Shop) -> None:
    with_credits(shop, 100)
    queue_for(shop, numbers(1))
    settle_now(shop, claim_now(shop), Unknown("broke off"))
    with inside(shop.app), transaction():
        assert give_back_unresolved(utcnow() + timedelta(hours=23)) == 0
    with inside(shop.app), transaction():
        assert give_back_unresolved(utcnow() + timedelta(hours=25)) == 1
    assert account(shop) == Account(100, 0)
    # The gateway says, late, that it had gone: it is paid then, once.
    for _ in range(2):
        receive(shop, 0, Receipt("delivered"))
    assert account(shop) == Account(88, 0)
    assert_books_balance(shop)


def test_without_credits_signups_are_collected_and_texts_wait_for_credits_oldest_first(shop: Shop) -> None:
    with_credits(shop, 30)
    people = numbers(5)
    queue_for(shop, people)
    assert statuses(shop) == ["queued"] * 2 + ["held"] * 3
    shop.send()
    [request] = shop.requests(status="waiting")[:1]
    assert "credits" in str(shop.trace(request["id"]))
    shop.ask(phone="+12123009999", status=409)  # in stock; the sign-up says so, as it does with credits
    grant(shop, 20)
    shop.work()
    assert statuses(shop) == ["delivered"] * 4 + ["held"]
    assert_books_balance(shop)


def test_a_text_that_waited_for_credits_is_decided_about_again(shop: Shop) -> None:
    with_credits(shop, 0)
    queue_for(shop, numbers(2))
    assert statuses(shop) == ["held", "held"]
    with later(days=3):
        shop.stock("TEE-M", 0)
        grant(shop, 100)
        shop.work()
    assert statuses(shop) == ["suppressed", "suppressed"]
    assert {item["status"] for item in shop.requests()} == {"waiting"}
    assert account(shop) == Account(100, 0)
    assert_books_balance(shop)


def test_a_text_that_waited_for_days_still_goes_when_credits_come(shop: Shop) -> None:
    with_credits(shop, 0)
    queue_for(shop, numbers(1))
    with later(days=3):
        shop.work()
        assert statuses(shop) == ["held"]
        grant(shop, 12)
        shop.work()
    assert statuses(shop) == ["delivered"]
    assert account(shop) == Account(0, 0)


def test_credits_that_come_back_go_to_those_who_wait_for_some(shop: Shop) -> None:
    with_credits(shop, 12)
    queue_for(shop, numbers(2))
    settle_now(shop, claim_now(shop), Rejected("content"))
    shop.work()
    assert statuses(shop) == ["rejected", "delivered"]
    assert_books_balance(shop)


def test_switching_credits_off_lets_everything_go(shop: Shop) -> None:
    with_credits(shop, 0)
    queue_for(shop, numbers(3))
    shop.put("settings", {"credits": False})
    shop.work()
    assert statuses(shop) == ["delivered"] * 3
    assert account(shop) == Account(0, 0)


def test_the_answer_to_a_stop_goes_even_into_the_negative_and_a_confirmation_does_not(shop: Shop) -> None:
    with_credits(shop, 0)
    shop.product()
    shop.ask()
    assert [m["status"] for m in shop.messages("confirmation")] == ["held"]
    with inside(shop.app), transaction():
        store = db.session.get_one(Store, shop.store_id)
        queue_keyword_reply(store, db.session.scalars(sa.select(Contact)).one(), "stop_reply", utcnow())
    shop.send()
    assert [m["status"] for m in shop.messages("keyword_reply")] == ["delivered"]
    assert account(shop).balance == -12
    with later(hours=2):
        shop.work()
    assert [m["status"] for m in shop.messages("confirmation")] == ["expired"]
    assert_books_balance(shop)


def test_emails_cost_no_credits(shop: Shop) -> None:
    with_credits(shop, 0)
    shop.product()
    shop.ask_by_email()
    shop.stock("TEE-M", 1)
    shop.work()
    assert statuses(shop) == ["delivered"]
    assert [entry.kind for entry in entries(shop)] == ["opening"]


def test_a_store_without_credits_pays_no_statement_for_them(shop: Shop) -> None:
    """From the restock to the settled text."""
    wait_for_stock(shop, numbers(3))
    shop.stock("TEE-M", 5)
    with inside(shop.app), watched() as seen:
        run_restock()
        settle_now(shop, claim_now(shop), Accepted("SM1"))
    assert [statement for statement in seen.statements if "credit_" in statement] == []
    assert len(seen.statements) > 5


def test_a_batch_is_paid_set_wise(shop: Shop) -> None:
    """Ten texts cost as many statements about credits as fifty."""
    with_credits(shop, 10_000)
    counts = []
    for first, count in ((0, 10), (100, 50)):
        sku = f"TEE-{count}"
        wait_for_stock(shop, numbers(count, first), sku)
        shop.stock(sku, 100)
        with inside(shop.app), counted() as seen:
            run_restock()
            claimed = claim_now(shop, limit=100)
            assert len(claimed.outgoing) == count
            settle_now(shop, claimed, Accepted(None))
        counts.append(len([statement for statement in seen if "credit" in statement]))
    assert counts[0] == counts[1] <= 12
    assert_books_balance(shop)


# --- at the same moment ----------------------------------------------------------------------------------------------


def test_many_who_spend_at_once_never_spend_more_than_there_is(shop: Shop) -> None:
    with_credits(shop, 12 * 20)
    queue_for(shop, numbers(1))  # a text to hang the entries on
    [text] = message_ids(shop)

    def spend() -> None:
        for _ in range(5):
            with inside(shop.app), transaction():
                if affordable(shop.store_id, [12, 12]) == 2:
                    reserve_many(shop.store_id, [(text, 12), (text, 12)], utcnow())

    def add_and_take() -> None:
        for _ in range(10):
            with inside(shop.app), transaction():
                book([Entry(shop.store_id, "correction", 12), Entry(shop.store_id, "correction", -12)], utcnow())

    together(spend, spend, spend, add_and_take)
    found = account(shop)
    assert found.balance == sum(entry.credits for entry in entries(shop)) == 12
    assert found.reserved == sum(entry.reserved for entry in entries(shop)) == 12 * 19


def test_planning_sending_and_buying_at_once_leave_the_books_balanced(shop: Shop) -> None:
    with_credits(shop, 12 * 30)
    for sku in ("A", "B"):
        wait_for_stock(shop, numbers(30, ord(sku) * 30), sku)
        shop.stock(sku, 100)

    def plan() -> None:
        with inside(shop.app):
            run_restock()

    def buy() -> None:
        for _ in range(5):
            grant(shop, 12, "purchase")

    together(plan, plan, buy, shop.send)
    shop.work()
    shop.work()
    assert_books_balance(shop)
    assert account(shop) == Account(0, 0)
    assert sorted(statuses(shop)) == ["delivered"] * 35 + ["held"] * 25


# --- any history -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_after_any_history_the_books_balance(shop: Shop, seed: int) -> None:
    """Plans, claims, outcomes, receipts, STOPs, dead workers, top-ups, time: in any order, some of them undone."""
    chance = random.Random(seed)
    with_credits(shop, 150)
    history = History(shop, chance)
    history.restock()
    history.restock()
    for _ in range(40):
        with suppress(Undone):
            chance.choice(history.deeds)()
        assert_books_balance(shop)
    assert len({entry.kind for entry in entries(shop)}) >= 4


class Undone(Exception):
    """The process died before its transaction ended."""


class History:
    """What may happen to a shop."""

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop, self.chance, self.people, self.products = shop, chance, 0, 0
        self.ahead = timedelta(0)
        self.claims: list[Any] = []
        self.lane_id = lane_of(shop)
        self.deeds: list[Callable[[], None]] = [
            self.restock, self.claim, self.claim, self.settle, self.settle, self.settle, self.receipt, self.receipt,
            self.stop, self.die, self.buy, self.time, self.release, self.release, self.sell_out, self.switch,
        ]  # fmt: skip

    def in_transaction(self, job: Callable[[], Any]) -> Any:
        """Some processes are killed before they commit."""
        with inside(self.shop.app), transaction():
            answer = job()
            if self.chance.random() < 0.2:
                raise Undone
            return answer

    @property
    def now(self) -> Any:
        return utcnow() + self.ahead

    def restock(self) -> None:
        self.products += 1
        count = self.chance.randint(1, 4)
        self.people += count
        wait_for_stock(self.shop, numbers(count, self.people), f"P{self.products}")
        self.shop.stock(f"P{self.products}", 5)
        self.shop.plan()

    def sell_out(self) -> None:
        if self.products:
            self.shop.stock(f"P{self.chance.randint(1, self.products)}", 0)

    def claim(self) -> None:
        taken = self.in_transaction(lambda: claim(self.lane_id, "here:1:1", self.chance.randint(1, 4), self.now))
        self.claims += taken.outgoing

    def settle(self) -> None:
        self.chance.shuffle(self.claims)
        batch, rest = self.claims[:3], self.claims[3:]
        outcomes = [
            Accepted("SM", segments=2),
            Rejected("content"),
            Rejected("opted_out"),
            Transient("x"),
            Unknown("x"),
        ]
        words = [self.chance.choice([Accepted("SM"), *outcomes]) for _ in batch]
        if batch:
            self.in_transaction(lambda: settle(list(zip(batch, words, strict=True)), self.now))
        self.claims = rest

    def receipt(self) -> None:
        ids = message_ids(self.shop)
        status = self.chance.choice(["accepted", "sent", "delivered", "undelivered", "rejected", "expired"])
        if ids:
            place = self.chance.randrange(len(ids))
            self.in_transaction(lambda: receive_in(ids[place], Receipt(status)))

    def stop(self) -> None:
        def job() -> None:
            contacts = db.session.scalars(sa.select(Contact).order_by(Contact.id)).all()
            if contacts:
                stop(self.chance.choice(contacts), Proof("gateway"), self.now)

        self.in_transaction(job)

    def die(self) -> None:
        self.in_transaction(lambda: end_leases(self.now + LEASE + timedelta(seconds=1)))

    def buy(self) -> None:
        credits = self.chance.choice([12, 30, 60])
        self.in_transaction(
            lambda: top_up(db.session.get_one(Store, self.shop.store_id), "purchase", credits, self.now)
        )

    def time(self) -> None:
        self.ahead += timedelta(hours=self.chance.randint(1, 30))
        self.in_transaction(lambda: expire_late(self.now))
        self.in_transaction(lambda: give_back_unresolved(self.now))

    def release(self) -> None:
        self.in_transaction(lambda: release_held(self.now))

    def switch(self) -> None:
        price = self.chance.choice([6, 12, 20])
        self.shop.put("settings", {"credits": self.chance.random() < 0.8, "credits_per_segment": price})


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement, as often as it is made."""
    found: list[str] = []

    def take(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", take)
    try:
        yield found
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", take)


def message_ids(shop: Shop) -> list[int]:
    with inside(shop.app):
        return list(db.session.scalars(sa.select(Message.id).order_by(Message.id)))


def receive(shop: Shop, place: int, receipt: Receipt) -> None:
    with inside(shop.app), transaction():
        receive_in(message_ids_in(shop)[place], receipt)


def message_ids_in(shop: Shop) -> list[int]:
    return list(db.session.scalars(sa.select(Message.id).where(Message.store_id == shop.store_id).order_by(Message.id)))


def receive_in(message_id: int, receipt: Receipt) -> None:
    message = db.session.get_one(Message, message_id, populate_existing=True, with_for_update=True)
    apply_receipt(message, receipt, utcnow())


def test_one_stores_broken_template_does_not_keep_another_from_being_told_of_low_credit(
    shop: Shop, other_shop: Shop
) -> None:
    for place in (shop, other_shop):
        place.staff(f"owner-{place.store_id}@acme.example")
        with_credits(place, 100, low_credit_below=50)
        grant(place, -80)
    with inside(shop.app), transaction():
        broken = sa.select(Template.id).where(
            Template.store_id == shop.store_id, Template.kind == "merchant_low_credit"
        )
        db.session.execute(
            sa.update(TemplateVersion).where(TemplateVersion.template_id.in_(broken)).values(body="[[no such token]]")
        )
    shop.work()
    assert shop.messages("merchant") == []
    assert len(other_shop.messages("merchant")) == 1

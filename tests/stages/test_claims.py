"""The step ``send``: claims, leases, pace and fairness, with several senders on one database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, is_postgresql, transaction
from nexnotify.dispatch import claim as claiming
from nexnotify.dispatch import recover
from nexnotify.dispatch.claim import LEASE, Claimed, claim
from nexnotify.dispatch.due import DUE
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Absent, Accepted, OutgoingMessage, Rejected, Transient
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.ledger.models import Attempt, Message
from nexnotify.ledger.planning import planner
from nexnotify.settings import ROOT
from nexnotify.workers import sender as sending
from nexnotify.workers.owners import this_owner
from nexnotify.workers.recovering import run_recovery
from nexnotify.workers.sender import Sender
from nexnotify.workers.steps import run_restock
from tests.shop import Shop


@dataclass
class Provider:
    """A provider that counts, and takes its time."""

    delay: float = 0.003
    #: (store, number), in the order in which it was called.
    calls: list[tuple[int, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def counts(self) -> Counter[str]:
        return Counter(to for _, to in self.calls)

    def open(self, instance: GatewayInstance) -> Any:
        """In place of opening the plugin of a configured gateway."""
        return _Line(self, instance.store_id)


@dataclass
class _Line:
    provider: Provider
    store_id: int

    def send(self, message: OutgoingMessage) -> Accepted:
        with self.provider._lock:
            self.provider.calls.append((self.store_id, message.to))
            gateway_id = f"SM{len(self.provider.calls)}"
        time.sleep(self.provider.delay)
        return Accepted(gateway_id)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    found = Provider()
    monkeypatch.setattr(sending, "open_gateway", found.open)
    return found


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"+1212300{1000 + number}" for number in range(first, first + count)]


def wait_for_stock(shop: Shop, people: list[str], sku: str = "TEE-M") -> None:
    """People who wait for a product that is sold out."""
    shop.put("settings", {"frequency_cap": None})
    shop.product(sku)
    rows = [{"sku": sku, "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in people]
    assert shop.post("requests", {"requests": rows})["errors"] == []


def queue_for(shop: Shop, people: list[str]) -> None:
    """The same people after the restock: their texts are planned and due."""
    wait_for_stock(shop, people)
    shop.stock("TEE-M", 100)
    shop.plan()


@contextmanager
def inside(app: Flask) -> Iterator[None]:
    """In the app, as a worker is."""
    with app.app_context():
        yield
        db.session.remove()


def lane_of(shop: Shop, channel: str = "sms") -> int:
    with inside(shop.app):
        statement = sa.select(Lane.id).join(GatewayInstance, Lane.gateway_id == GatewayInstance.id)
        statement = statement.where(
            GatewayInstance.store_id == shop.store_id, GatewayInstance.is_sender, GatewayInstance.channel == channel
        )
        return db.session.scalars(statement).one()


def claim_now(shop: Shop, owner: str = "elsewhere:1:1", limit: int = 10) -> Claimed:
    """What another worker takes and does not settle."""
    lane_id = lane_of(shop)
    with inside(shop.app), transaction():
        return claim(lane_id, owner, limit, utcnow())


def end_leases(shop: Shop) -> int:
    """The sweep, after all leases have ended."""
    with inside(shop.app), transaction():
        return recover.end_leases(utcnow() + LEASE + timedelta(seconds=1))


def settle_now(shop: Shop, claimed: Claimed, outcome: Any) -> None:
    with inside(shop.app), transaction():
        settle([(outgoing, outcome) for outgoing in claimed.outgoing], utcnow())


def statuses(shop: Shop) -> list[str]:
    return [message["status"] for message in shop.messages()]


def together(*jobs: Callable[[], None]) -> None:
    """Run at the same time; what one raises, the test raises."""
    failures: list[BaseException] = []
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        try:
            start.wait()
            job()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# --- several at once -------------------------------------------------------------------------------------------------


def test_two_senders_on_one_lane_send_every_text_once(shop: Shop, provider: Provider) -> None:
    people = numbers(150)
    queue_for(shop, people)
    senders = [Sender(shop.app, 8), Sender(shop.app, 8)]
    together(*(sender.drain for sender in senders))
    for sender in senders:
        sender.drain()  # one may have gone while the other held the last of them
        sender.stop_pool()
    assert provider.counts() == Counter(people)
    assert statuses(shop) == ["accepted"] * len(people)
    assert {request["status"] for request in shop.requests()} == {"alerted"}


def test_two_planners_and_two_restocks_at_once_tell_nobody_twice(
    shop: Shop, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "CHUNK", 10)
    people = numbers(60)
    wait_for_stock(shop, people)
    levels = [{"sku": "TEE-M", "on_hand": on_hand} for on_hand in (100, 0, 100, 0, 100)]
    shop.put("stock", {"levels": levels})

    def work() -> None:
        with inside(shop.app):
            run_restock()

    together(work, work, work)
    assert Counter(message["to"] for message in shop.messages()) == Counter(people)
    shop.send()
    assert provider.counts() == Counter(people)


# --- leases ----------------------------------------------------------------------------------------------------------


def test_a_text_whose_worker_was_lost_is_uncertain_and_not_sent_again(shop: Shop, provider: Provider) -> None:
    people = numbers(5)
    queue_for(shop, people)
    taken = claim_now(shop, limit=2)
    assert end_leases(shop) == 2
    assert Counter(statuses(shop)) == {"uncertain": 2, "queued": 3}
    lost = {outgoing.message.to for outgoing in taken.outgoing}
    assert {request["to"] for request in shop.requests(status="alerted")} == lost, "They count as told"
    shop.work()
    assert provider.counts() == Counter(set(people) - lost)
    assert Counter(statuses(shop)) == {"uncertain": 2, "accepted": 3}


def test_a_lease_that_still_runs_is_left_alone(shop: Shop) -> None:
    queue_for(shop, numbers(2))
    claim_now(shop)
    with inside(shop.app), transaction():
        assert recover.end_leases(utcnow() + LEASE - timedelta(seconds=5)) == 0
    assert statuses(shop) == ["claimed", "claimed"]


@pytest.mark.parametrize(
    "outcome,status",
    [
        (Accepted("SM1"), "accepted"),
        (Rejected("No.", reason="content"), "rejected"),
        (Transient("Surely not sent."), "queued"),
    ],
    ids=["accepted", "rejected", "not sent"],
)
def test_the_late_word_on_an_uncertain_text_is_used(shop: Shop, outcome: Any, status: str) -> None:
    queue_for(shop, numbers(1))
    taken = claim_now(shop)
    end_leases(shop)
    assert statuses(shop) == ["uncertain"]
    settle_now(shop, taken, outcome)
    assert statuses(shop) == [status]


def test_the_late_word_on_an_older_attempt_changes_nothing(shop: Shop) -> None:
    queue_for(shop, numbers(1))
    first = claim_now(shop)
    end_leases(shop)
    with inside(shop.app):
        [question] = recover.questions(utcnow() + timedelta(hours=1))
        with transaction():
            recover.resolve(question, Absent(), utcnow())
    assert statuses(shop) == ["queued"]
    second = claim_now(shop, owner="elsewhere:2:2")
    for outcome in (Rejected("No.", reason="invalid_number"), Transient("Busy."), Accepted("SM1")):
        settle_now(shop, first, outcome)
        [message] = shop.messages()
        assert (message["status"], message["gateway_id"]) == ("claimed", None)
    settle_now(shop, second, Accepted("SM2"))
    [message] = shop.messages()
    assert (message["status"], message["gateway_id"], message["attempts"]) == ("accepted", "SM2", 2)
    with inside(shop.app), transaction():
        recover.resolve(question, Absent(), utcnow())  # a look-up that was asked before the second attempt
    assert statuses(shop) == ["accepted"]


def test_every_claim_has_its_attempt_on_record_before_the_call(shop: Shop, provider: Provider) -> None:
    queue_for(shop, numbers(3))
    claim_now(shop)
    with inside(shop.app):
        rows = db.session.execute(
            sa.select(Attempt.number, Attempt.finished_at, Message.tries).join(
                Message, Message.id == Attempt.message_id
            )
        ).all()
    assert [tuple(row) for row in rows] == [(1, None, 1)] * 3


def test_a_dead_workers_claims_are_taken_over_at_once_and_only_they(shop: Shop) -> None:
    queue_for(shop, numbers(6))
    program = "from nexnotify.workers.owners import this_owner; print(this_owner(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        owner = worker.stdout.readline().strip()
        doomed = claim_now(shop, owner, limit=2)
        claim_now(shop, this_owner(), limit=2)
        claim_now(shop, f"another-host{owner[owner.index(':') :]}", limit=2)
        with inside(shop.app):
            run_recovery()
        assert Counter(statuses(shop)) == {"claimed": 6}, "All still live, or may"
        os.kill(worker.pid, signal.SIGKILL)
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # dead, but not yet buried
        with inside(shop.app):
            run_recovery()
    states = {message["to"]: message["status"] for message in shop.messages()}
    assert {to for to, status in states.items() if status == "uncertain"} == {
        outgoing.message.to for outgoing in doomed.outgoing
    }
    assert Counter(states.values()) == {"claimed": 4, "uncertain": 2}


# --- whose turn ------------------------------------------------------------------------------------------------------


def test_two_senders_keep_one_lanes_pace(shop: Shop, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    rate, texts = 20, 40
    queue_for(shop, numbers(texts))
    lane_id = lane_of(shop)
    with inside(shop.app), transaction():
        db.session.get_one(Lane, lane_id).rate = rate
    taken: list[datetime] = []
    reserve = claiming.reserve

    def recording(next_at: datetime | None, now: datetime, *more: Any) -> Any:
        found = reserve(next_at, now, *more)
        taken.extend([now] * found.count)
        return found

    monkeypatch.setattr(claiming, "reserve", recording)
    senders = [Sender(shop.app, 8), Sender(shop.app, 8)]
    begun = time.monotonic()
    for sender in senders:
        sender.start()
    while len(provider.calls) < texts and time.monotonic() < begun + 30:
        time.sleep(0.01)
    took = time.monotonic() - begun
    for sender in senders:
        sender.stop(10)

    assert len(provider.calls) == len(taken) == texts
    # dispatch.pacing: in any one second rate × 1.02 segments and one text more.
    most = max(sum(start <= other < start + timedelta(seconds=1) for other in taken) for start in taken)
    assert most <= rate * 1.02 + 1
    assert took >= (texts - 1) / rate - 0.02


def test_a_stores_few_texts_do_not_wait_for_anothers_many(shop: Shop, other_shop: Shop, provider: Provider) -> None:
    queue_for(shop, numbers(100))
    queue_for(other_shop, numbers(10, first=500))
    shop.send()
    assert len(provider.calls) == 110
    places = [place for place, (store_id, _) in enumerate(provider.calls) if store_id == other_shop.store_id]
    assert max(places) < 60, "Side by side, though the others were there first"


# --- the claim's query -----------------------------------------------------------------------------------------------


def test_the_claim_reads_its_partial_index_in_order(shop: Shop) -> None:
    lane_id = lane_of(shop)
    with inside(shop.app):
        fill(shop, lane_id)
        for express in (False, True):
            plan = explain(DUE[express].params(lane_id=lane_id, now=utcnow(), most=64))
            assert "ix_message_due" in plan, plan
            assert "TEMP B-TREE" not in plan, plan
            assert "Sort" not in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "SCAN" not in plan, plan


def fill(shop: Shop, lane_id: int) -> None:
    """A lane with 5,000 queued texts beside as many that have gone, and fresh statistics."""
    now = utcnow()
    contact = {"store_id": shop.store_id, "channel": "sms", "address": "+12123001000", "created_at": now}
    contacts = [{**contact, "address_hash": f"{index:064x}", "last4_hash": "0" * 64} for index in range(1000)]
    message = {"store_id": shop.store_id, "lane_id": lane_id, "kind": "back_in_stock", "channel": "sms", "body": "In!"}
    message |= {"encoding": "gsm7", "segments": 1, "express": False, "created_at": now, "due_at": now}
    message |= {"valid_until": now + timedelta(days=1), "attempts": 0, "tries": 0, "lookups": 0}
    with transaction():
        connection = db.session.connection()
        connection.execute(sa.insert(Contact.__table__), contacts)
        ids = db.session.scalars(sa.select(Contact.id)).all()
        rows = [
            {**message, "contact_id": ids[index % len(ids)], "status": status, "reference": f"{status[0]}{index:031x}"}
            for status in ("queued", "delivered")
            for index in range(5000)
        ]
        connection.execute(sa.insert(Message.__table__), rows)
        connection.exec_driver_sql("ANALYZE")


def explain(statement: sa.Select[Any]) -> str:
    text = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    words = "EXPLAIN" if is_postgresql() else "EXPLAIN QUERY PLAN"
    rows = db.session.connection().exec_driver_sql(f"{words} {text}").all()
    return "\n".join(str(row[-1]) for row in rows)

"""The check of stock against who waits: it finds the restocks that no event told of, and tells nobody twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, is_postgresql, transaction
from nexnotify.inventory.models import StockChange
from nexnotify.restock.models import RestockEvent
from nexnotify.restock.service import detect_restocks
from nexnotify.stores.models import Store
from nexnotify.waitlist import overlooked as checking
from nexnotify.waitlist.overlooked import OVERLOOKED, OVERLOOKED_OFFERS, overlooked, record_overlooked
from nexnotify.waitlist.queries import anyone_waits
from nexnotify.workers.steps import run_stock_check
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stages.test_hot_statements import GROWING
from tests.stages.test_races import at_the_same_moment

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"


def check(shop: Shop) -> None:
    """What a sweep does, and the work that follows from it."""
    with inside(shop.app):
        run_stock_check()
    shop.work()


def found(shop: Shop) -> list[bool]:
    """Of each restock, oldest first, whether the check found it."""
    return [row["by_check"] for row in reversed(shop.get("restocks")["restocks"])]


def told(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


@contextmanager
def lost_events(shop: Shop) -> Iterator[None]:
    """What is told in the block moves stock, and no event comes of it."""
    yield
    with inside(shop.app), transaction():
        db.session.execute(sa.update(StockChange).where(StockChange.looked_at.is_(None)).values(looked_at=utcnow()))


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """A tee that is sold out, and Ann waits for it."""
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M", ANN)
    shop.work()
    return shop


def test_a_restock_that_no_event_told_of_is_found_once(waiting: Shop) -> None:
    with lost_events(waiting):
        waiting.stock("TEE-M", 5)
    waiting.work()
    assert told(waiting) == []
    for _ in range(3):
        check(waiting)
    assert told(waiting) == [ANN]
    assert found(waiting) == [True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_events_tell_of_is_never_found(waiting: Shop) -> None:
    for level in (5, 0, 3, 9, 0, None):
        waiting.stock("TEE-M", level)
        check(waiting)
        waiting.work()
    assert set(found(waiting)) == {False}
    assert told(waiting) == [ANN]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(lambda shop: shop.put("settings", {"threshold": 6}), id="below the store's minimum"),
        pytest.param(lambda shop: shop.put("settings", {"threshold": 5}) and shop.stock("TEE-M", 4), id="one too few"),
        pytest.param(lambda shop: shop.product("TEE-M", on_hand=5, min_order_quantity=6), id="below the least order"),
        pytest.param(lambda shop: shop.product("TEE-M", on_hand=5, threshold=6), id="below its own minimum"),
        pytest.param(lambda shop: shop.product("TEE-M", on_hand=5, published=False), id="hidden"),
        pytest.param(lambda shop: shop.ask("TEE-M", ANN, quantity=6, status=202), id="fewer than wanted"),
        pytest.param(lambda shop: shop.stock("TEE-M", -1), id="less than nothing"),
    ],
)
def test_what_people_cannot_be_told_of_is_not_found(waiting: Shop, before: Callable[[Shop], object]) -> None:
    with lost_events(waiting):
        waiting.stock("TEE-M", 5)
        before(waiting)
    check(waiting)
    assert found(waiting) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_minimum_itself_and_unlimited_stock_are_enough(waiting: Shop) -> None:
    waiting.put("settings", {"threshold": 5})
    with lost_events(waiting):
        waiting.stock("TEE-M", 5)
    check(waiting)
    waiting.stock("TEE-M", 0)
    waiting.ask("TEE-M", BEN)
    with lost_events(waiting):
        waiting.stock("TEE-M", None)
    check(waiting)
    assert found(waiting) == [True, True]
    assert told(waiting) == [ANN, BEN]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_restock_that_was_missed_is_found_for_those_whom_the_first_passed_over(waiting: Shop) -> None:
    waiting.stock("TEE-M", 5)
    waiting.plan()
    waiting.stock("TEE-M", 0)  # gone before the text went
    waiting.work()
    assert told(waiting) == []
    with lost_events(waiting):
        waiting.stock("TEE-M", 5)
    check(waiting)
    assert told(waiting) == [ANN]
    assert found(waiting) == [False, True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_enough_for_somebody_who_wants_more_is_found_too(waiting: Shop) -> None:
    waiting.ask("TEE-M", BEN, quantity=8)
    waiting.stock("TEE-M", 5)
    waiting.work()
    with lost_events(waiting):
        waiting.stock("TEE-M", 8)
    for _ in range(2):
        check(waiting)
    assert told(waiting) == [ANN, BEN]
    assert found(waiting) == [False, True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_was_passed_over_for_another_reason_is_not_asked_about_again_and_again(waiting: Shop) -> None:
    waiting.put("settings", {"switches": {"sold_out": {"sms": False}}})
    waiting.stock("TEE-M", 5)
    for _ in range(3):
        check(waiting)
    assert found(waiting) == [False]


def test_the_check_and_an_event_at_the_same_moment_tell_once(waiting: Shop) -> None:
    """Stock comes, and the check looks, before, while and after detection makes the event of it."""
    waiting.stock("TEE-M", 5)

    def look(store: Store) -> None:
        variant_ids = [change.variant_id for change in db.session.scalars(sa.select(StockChange))]
        assert record_overlooked(store, variant_ids, utcnow()) == 0

    def detect(_: Store) -> None:
        detect_restocks(utcnow(), anyone_waits)

    at_the_same_moment(waiting, look, detect)
    at_the_same_moment(waiting, detect, look)
    with inside(waiting.app), transaction():
        look(db.session.get_one(Store, waiting.store_id))
    waiting.work()
    with inside(waiting.app), transaction():
        look(db.session.get_one(Store, waiting.store_id))
    assert told(waiting) == [ANN]
    assert found(waiting) == [False]


def test_two_workers_that_check_at_the_same_moment_find_it_once(waiting: Shop) -> None:
    with lost_events(waiting):
        waiting.stock("TEE-M", 5)
    counts: list[int] = []
    with inside(waiting.app):
        ids = overlooked(db.session.get_one(Store, waiting.store_id))
    assert len(ids) == 1

    def both(store: Store) -> None:
        counts.append(record_overlooked(store, ids, utcnow()))

    at_the_same_moment(waiting, both, both)
    waiting.work()
    assert sorted(counts) == [0, 1]
    assert told(waiting) == [ANN]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_more_than_a_batch_and_other_stores_are_looked_at(
    waiting: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "BATCH", 2)
    monkeypatch.setattr(checking, "OVERLOOKED", OVERLOOKED.limit(2))
    for shop in (waiting, other_shop):
        for sku in ("A", "B", "C", "D", "E"):
            shop.product(sku)
            shop.ask(sku, BEN)
        with lost_events(shop):
            for sku in ("A", "B", "C", "D", "E"):
                shop.stock(sku, 5)
    check(waiting)
    assert found(waiting) == [True] * 5
    assert found(other_shop) == [True] * 5


@pytest.mark.parametrize("asking", [OVERLOOKED, OVERLOOKED_OFFERS])
def test_the_check_reads_indexes_beside_many_old_rows(waiting: Shop, asking: sa.Select[Any]) -> None:
    at = utcnow() - timedelta(days=9)
    with inside(waiting.app), transaction():
        [event] = db.session.scalars(sa.select(RestockEvent)).all() or [None]
        assert event is None
        change = db.session.scalars(sa.select(StockChange)).first()
        assert change is not None
        row = {"store_id": change.store_id, "variant_id": change.variant_id, "cause": "level", "applied": True}
        db.session.execute(sa.insert(StockChange), [row | {"as_of": at, "at": at, "looked_at": at}] * 2000)
        db.session.connection().exec_driver_sql("ANALYZE")
    with inside(waiting.app):
        connection = db.session.connection()
        if is_postgresql():
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        words = "EXPLAIN" if is_postgresql() else "EXPLAIN QUERY PLAN"
        asked = asking.params(store_id=waiting.store_id, after=0, threshold=1)
        statement = asked.compile(connection, compile_kwargs={"literal_binds": True})
        lines = [str(row[-1]) for row in connection.exec_driver_sql(f"{words} {statement}").all()]
    # What detection has yet to look at is never the past.
    lines = [line for line in lines if "ix_stock_change_new" not in line]
    growing = "|".join((*GROWING, "stock_change", "restock_event"))
    assert not [line for line in lines if re.search(rf"(SCAN|Seq Scan on) ({growing})\b", line)], "\n".join(lines)

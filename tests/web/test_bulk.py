"""Bulk calls let others in between, and are not undone by somebody who locks the same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from nexnotify.db import transaction
from nexnotify.web import bulk
from nexnotify.web.storefront import requests, stock
from tests.shop import Shop

#: What a test is told of a bulk call, in its order: "begin", "end", or "pause".
Seen = list[Any]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found: Seen = []

    @contextmanager
    def watched() -> Iterator[None]:
        with transaction():
            found.append("begin")
            yield
        found.append("end")

    monkeypatch.setattr(bulk, "transaction", watched)
    monkeypatch.setattr(bulk, "let_others_write", lambda: found.append("pause"))
    monkeypatch.setattr(bulk, "time", SimpleNamespace(monotonic=time.monotonic))
    return found


def levels(count: int) -> Any:
    return {"levels": [{"sku": f"S{number:03}", "on_hand": number} for number in range(count)]}


def test_a_transaction_ends_after_a_hundred_rows_and_others_get_their_turn(
    shop: Shop, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "SECONDS_PER_TRANSACTION", 60)
    answer = shop.put("stock", levels(201))
    assert answer["accepted"] == 201
    assert answer["unknown"] == [f"S{number:03}" for number in range(201)]
    assert seen == ["begin", "end", "pause", "begin", "end", "pause", "begin", "end"]


def test_a_transaction_ends_when_its_time_is_over(shop: Shop, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000))  # a tenth of a second for each look
    monkeypatch.setattr(bulk.time, "monotonic", lambda: next(clock) / 10)
    answer = shop.put("stock", levels(5))
    assert (answer["accepted"], len(answer["unknown"])) == (5, 5)
    assert seen == ["begin", "end", "pause", "begin", "end", "pause", "begin", "end"]


def test_a_product_is_saved_in_one_piece_however_long_it_takes(
    shop: Shop, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "SECONDS_PER_TRANSACTION", 0)
    variants = [{"id": f"v{number}"} for number in range(500)]
    products = [{"id": name, "title": name, "variants": variants if name == "a" else []} for name in ("b", "a")]
    answer = shop.put("products", {"products": products})
    assert answer["products"] == [{"id": "b"}, {"id": "a"}]
    assert seen == ["begin", "end", "pause", "begin", "end"]
    many = {"id": "c", "title": "C", "variants": [{"id": f"c{number}"} for number in range(501)]}
    [problem] = shop.put("products", {"products": [many]})["errors"]
    assert "variants" in problem["fields"]


class Blocked:
    """Stands before a verb and, a few times, does as the database does when others locked the same rows."""

    def __init__(self, verb: Any, fault: Exception, times: int) -> None:
        self.verb, self.fault, self.times = verb, fault, times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.verb(*args, **kwargs)
        if self.times:
            self.times -= 1
            raise OperationalError("", {}, self.fault)
        return result


FAULTS = [psycopg.errors.DeadlockDetected(), psycopg.errors.SerializationFailure()]


@pytest.mark.parametrize("fault", FAULTS, ids=["deadlock", "serialization"])
def test_rows_that_others_had_locked_are_saved_at_the_second_go_and_answered_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    shop.product("TEE-M", on_hand=0)
    real, calls = requests.sign_up, []

    def sign_up(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        joined = real(*args, **kwargs)
        if len(calls) == 2:
            raise OperationalError("", {}, fault)
        return joined

    monkeypatch.setattr(requests, "sign_up", sign_up)
    rows = [{"sku": "TEE-M", "phone": f"+120155501{number:02}", "consent": True} for number in range(3)]
    answer = shop.post("requests", {"requests": rows})
    assert (answer["accepted"], answer["errors"], len(calls)) == (3, [], 5)
    assert [item["index"] for item in answer["requests"]] == [0, 1, 2]
    assert [item["id"] for item in answer["requests"]] == [request["id"] for request in shop.requests()]
    assert len(shop.messages("confirmation")) == 3


@pytest.mark.parametrize(
    "fault,times", [(FAULTS[0], 2), (psycopg.errors.AdminShutdown(), 1)], ids=["twice", "another fault"]
)
def test_what_goes_on_failing_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, fault: Exception, times: int
) -> None:
    monkeypatch.setattr(stock, "set_level", Blocked(stock.set_level, fault, times))
    assert shop.put("stock", levels(2), 503)["error"]["code"] == "unavailable"
    assert shop.put("stock", levels(2))["accepted"] == 2


def test_requests_are_locked_by_variant_and_then_by_address(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real, order = requests.sign_up, []

    def sign_up(store: Any, row: Any, addresses: dict[str, str], **kwargs: Any) -> Any:
        order.append((row.ref, *addresses.values()))
        return real(store, row, addresses, **kwargs)

    monkeypatch.setattr(requests, "sign_up", sign_up)
    for sku in ("A", "B"):
        shop.product(sku, on_hand=0)
    one, two, ann, ben = "+12015550101", "+12015550102", "ann@mail.example", "ben@mail.example"
    rows: list[dict[str, Any]] = [
        {"sku": "B", "phone": one, "consent": True},
        {"sku": "A", "phone": two, "consent": True},
        {"sku": "A", "phone": one, "email": ben, "channels": ["email", "sms"], "consent": True},
        {"sku": "A", "email": ben},
        {"sku": "A", "email": ann},
    ]
    answer = shop.post("requests", {"requests": rows})
    assert order == [("A", ann), ("A", ben), ("A", one, ben), ("A", two), ("B", one)]
    assert [item["index"] for item in answer["requests"]] == [0, 1, 2, 2, 3, 4]

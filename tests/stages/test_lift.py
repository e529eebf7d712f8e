"""What people bought who were told of a restock, and who by chance were not: both found in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from nexnotify.clock import isoformat, utcnow
from nexnotify.db import db
from nexnotify.outcomes.control_group.models import RestockLift
from nexnotify.workers.comparing import run_comparisons
from tests.shop import Shop
from tests.stages.test_claims import inside, numbers
from tests.stages.test_rollups import NOON
from tests.stages.test_waves import people, told
from tests.web.test_tracking import tell

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COUNT = 24


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def shop(app: Flask, clock: time_machine.Coordinates) -> Shop:
    return Shop.open(app)


def back(shop: Shop, units: int = 100) -> tuple[list[str], list[str]]:
    """It comes back: the numbers told, and those left out."""
    shop.stock("TEE-M", 0)
    before = set(told(shop))
    shop.stock("TEE-M", units)
    shop.work()
    now = set(told(shop))
    return sorted(now - before), [to for to in numbers(COUNT) if to not in now]


def order(shop: Shop, number: str, phone: str | None, price: str = "20.00", **more: Any) -> None:
    line = {"sku": "TEE-M", "quantity": 1, "price": price}
    body = {"id": number, "status": "new", "lines": [line], "total": price, **more}
    if phone is not None:
        body["phone"] = phone
    assert shop.post("orders", {"orders": [body]})["errors"] == []


def compare(shop: Shop) -> None:
    with inside(shop.app):
        run_comparisons()


def counted(shop: Shop, number: int = -1) -> RestockLift:
    compare(shop)
    with inside(shop.app):
        rows = db.session.scalars(sa.select(RestockLift).order_by(RestockLift.restock_id)).all()
        db.session.expunge_all()
    return rows[number]


def groups(row: RestockLift) -> dict[str, tuple[int, int, float, float]]:
    """Group → (people, buyers, revenue, squares)."""
    return {
        "told": (row.told, row.told_buyers, float(row.told_revenue), row.told_squares),
        "control": (row.control, row.control_buyers, float(row.control_revenue), row.control_squares),
    }


def test_both_groups_are_counted_with_what_they_bought_once_their_days_are_over(
    shop: Shop, clock: time_machine.Coordinates
) -> None:
    people(shop, COUNT, holdout=50)
    heard, out = back(shop)
    clock.shift(timedelta(hours=1))
    order(shop, "1", heard[0], "20.00")
    order(shop, "2", heard[0], "5.00")  # the same person again
    order(shop, "3", heard[1], "30.00")
    order(shop, "4", out[0], "7.00")
    order(shop, "5", heard[2], "50.00", status="cancelled")
    order(shop, "6", out[1], "9.00", currency="EUR")  # bought, for money that is not added
    row = counted(shop)
    assert (row.told, row.control, row.pending, row.share) == (0, 0, COUNT, 50)
    clock.shift(timedelta(days=10))
    row = counted(shop)
    assert row.pending == 0
    assert groups(row) == {
        "told": (len(heard), 2, 55.0, 25.0**2 + 30.0**2),
        "control": (len(out), 2, 7.0, 49.0),
    }
    assert (row.told_revenue, row.control_revenue) == (Decimal(55), Decimal(7))


@sqlite
def test_an_order_counts_within_its_days_and_only_with_the_product(shop: Shop, clock: time_machine.Coordinates) -> None:
    people(shop, COUNT, holdout=50)
    shop.product("MUG", title="Mug")
    begun = utcnow()
    heard, out = back(shop)
    clock.shift(timedelta(days=12))
    for number, (phone, days) in enumerate([(heard[0], -1), (heard[1], 9), (heard[2], 11), (out[0], 9), (out[1], 11)]):
        order(shop, str(number), phone, placed_at=isoformat(begun + timedelta(days=days)))
    mug = {"sku": "MUG", "quantity": 1, "price": "3.00"}
    order(shop, "9", heard[3], lines=[mug], placed_at=isoformat(begun + timedelta(days=1)))
    row = counted(shop)
    assert (row.told_buyers, row.control_buyers) == (1, 1)


@sqlite
def test_an_order_that_comes_back_later_is_none_after_all(shop: Shop, clock: time_machine.Coordinates) -> None:
    people(shop, COUNT, holdout=50)
    heard, _ = back(shop)
    order(shop, "1", heard[0])
    clock.shift(timedelta(days=11))
    assert counted(shop).told_buyers == 1
    clock.shift(timedelta(days=20))
    order(shop, "1", heard[0], status="returned")
    assert counted(shop).told_buyers == 0
    clock.shift(timedelta(days=30))
    assert counted(shop).count_at is None, "its figures are final"


@sqlite
def test_the_next_restock_ends_the_comparison_for_both(shop: Shop, clock: time_machine.Coordinates) -> None:
    people(shop, COUNT, holdout=50)
    heard, out = back(shop)
    clock.shift(timedelta(days=2))
    order(shop, "1", heard[0])
    clock.shift(timedelta(hours=1))
    later, _ = back(shop)
    assert sorted(later) == sorted(out), "they are told now"
    clock.shift(timedelta(days=1))
    order(shop, "2", out[0])
    order(shop, "3", heard[1])
    clock.shift(timedelta(days=1))
    row = counted(shop, 0)
    assert (row.told, row.told_buyers, row.control, row.control_buyers) == (len(heard), 1, len(out), 0)


@sqlite
def test_who_could_not_be_drawn_is_told_and_compared_with_nobody(shop: Shop, clock: time_machine.Coordinates) -> None:
    people(shop, COUNT, holdout=50)
    _, out = back(shop)
    clock.shift(timedelta(days=1))
    back(shop)
    clock.shift(timedelta(days=11))
    row = counted(shop)
    assert (row.told, row.control, row.pending) == (0, 0, 0)
    assert out


@sqlite
def test_a_message_that_waits_for_the_morning_counts_from_then_for_both(
    shop: Shop, clock: time_machine.Coordinates
) -> None:
    clock.shift(timedelta(hours=12))  # midnight
    people(shop, COUNT, holdout=50)
    asleep = utcnow()
    heard, out = back(shop)
    order(shop, "1", heard[0], placed_at=isoformat(asleep + timedelta(hours=1)))
    order(shop, "2", out[0], placed_at=isoformat(asleep + timedelta(hours=1)))
    clock.shift(timedelta(days=12))
    order(shop, "3", heard[1], placed_at=isoformat(asleep + timedelta(days=10, hours=7)))
    order(shop, "4", out[1], placed_at=isoformat(asleep + timedelta(days=10, hours=7)))
    row = counted(shop)
    assert (row.told, row.control) == (len(heard), len(out))
    assert (row.told_buyers, row.control_buyers) == (1, 1)


@sqlite
def test_a_shopper_with_number_and_email_address_is_one_person(shop: Shop, clock: time_machine.Coordinates) -> None:
    shop.put("settings", {"frequency_cap": None, "confirmations": False, "holdout": 50, "channels": "together"})
    shop.product("TEE-M")
    for number, to in enumerate(numbers(COUNT)):
        mail = f"ann{number}@mail.example"
        shop.widget({"sku": "TEE-M", "phone": to, "email": mail, "channels": ["sms", "email"], "consent": True})
    heard, out = back(shop)
    heard = [to for to in heard if to in numbers(COUNT)]
    for number, to in enumerate(numbers(COUNT)):
        if to in (heard[0], out[0]):
            order(shop, str(number), to, email=f"ann{number}@mail.example")
        elif to in (heard[1], out[1]):
            order(shop, str(number), None, email=f"ann{number}@mail.example")
    clock.shift(timedelta(days=11))
    row = counted(shop)
    assert row.told + row.control == COUNT
    assert (row.told_buyers, row.control_buyers) == (2, 2)
    assert (row.told_revenue, row.control_revenue) == (Decimal(40), Decimal(40))


@sqlite
def test_orders_that_only_a_page_told_count_in_both_groups_and_once(
    shop: Shop, clock: time_machine.Coordinates
) -> None:
    people(shop, COUNT, holdout=50)
    shop.product("MUG", title="Mug")
    heard, out = back(shop)
    lines = [{"sku": "TEE-M", "quantity": 1}]
    for number, phone, total in (("1", heard[0], "20.00"), ("2", out[0], "9.00"), ("3", out[1], "8.00")):
        tell(shop, "orders", order=number, total=total, lines=lines, phone=phone, consent=True)
    tell(shop, "orders", order="4", total="8.00", lines=[{"sku": "MUG", "quantity": 1}], phone=out[2], consent=True)
    order(shop, "#1", heard[0], "20.00")  # the storefront tells the same one
    order(shop, "3", None, "8.00", status="cancelled")
    clock.shift(timedelta(days=11))
    assert {name: sums[1:3] for name, sums in groups(counted(shop)).items()} == {
        "told": (1, 20.0),
        "control": (1, 9.0),
    }


@sqlite
def test_who_asked_for_any_of_several_products_is_not_compared(shop: Shop, clock: time_machine.Coordinates) -> None:
    people(shop, COUNT, holdout=50)
    for number in range(10):
        shop.ask("TEE-M", f"+120155501{30 + number}", any_variant=True)
    back(shop)
    clock.shift(timedelta(days=11))
    row = counted(shop)
    assert row.told + row.control == COUNT


@sqlite
def test_a_store_that_tells_everybody_leaves_nothing_to_count(shop: Shop, clock: time_machine.Coordinates) -> None:
    people(shop, 3)
    back(shop)
    with inside(shop.app):
        run_comparisons()
        assert db.session.scalar(sa.select(sa.func.count(RestockLift.id))) == 0
        shoppers = sa.text("SELECT count(*) FROM decision WHERE shopper IS NOT NULL")
        assert db.session.scalar(shoppers) == 0

"""The sums that the metrics are made of agree with the rows, whatever happened to these since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.db import db, insert_rows, transaction
from nexnotify.ledger.models import Message
from nexnotify.outcomes.marks import day_bounds, note_changes
from nexnotify.outcomes.models import OrderMatch, OutcomeCursor, OutcomeDay, OutcomeMark
from nexnotify.outcomes.page_orders import PageOrderData, forget_old_orders, take_page_order
from nexnotify.outcomes.rollups import SUMS, rows_of
from nexnotify.reports.metrics import metrics_of, products_of, span_until
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.workers.adding_up import run_recounts
from tests.adding_up import add_up
from tests.admin import Desk
from tests.shop import Shop
from tests.web.test_short_links import PHONE, path_of

#: A Monday in New York, at noon.
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)
ANN, BEN = "+12015550123", "+12015550124"


def row(values: Any) -> tuple[Any, ...]:
    names = ("day", "part", "channel", "variant_id", "kind", "template_id", "currency", "after", *SUMS, "whole")
    return tuple(str(values[name]) if name not in ("revenue", "revenue_won") else float(values[name]) for name in names)


def agree(shop: Shop) -> list[tuple[Any, ...]]:
    """The sums, once it is seen that they are those of the rows, of every day from the first to the last."""
    with shop.app.app_context():
        store = db.session.get_one(Store, shop.store_id)
        columns = OutcomeDay.__table__.c
        kept = db.session.execute(sa.select(*columns).where(OutcomeDay.store_id == store.id)).mappings().all()
        days = [date(2026, 2, 20) + timedelta(days=number) for number in range(40)]
        told = [line for day in days for line in rows_of(store, day)]
        db.session.remove()
    found, raw = sorted(map(row, kept)), sorted(map(row, told))
    assert found == raw
    return found


def figures(shop: Shop, days: int = 30) -> Any:
    with shop.app.app_context():
        store = db.session.get_one(Store, shop.store_id)
        found = metrics_of(store, span_until(store, utcnow(), days))
        db.session.remove()
    return found


def order(shop: Shop, number: str, status: str = "new", price: str = "20.00", **more: Any) -> None:
    line = {"sku": "TEE-M", "quantity": 1, "price": price}
    body = {"id": number, "customer_id": "c1", "status": status, "lines": [line], "total": price, **more}
    shop.post("orders", {"orders": [body]})


def told(shop: Shop) -> None:
    """Two wait, both are told; Ann's customer is known, so that her order can be hers."""
    shop.put("settings", {"link_domain": "https://go.acme.example", "confirmations": False})
    shop.product("TEE-M")
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN}]})
    shop.ask("TEE-M", ANN)
    shop.ask("TEE-M", BEN)
    shop.stock("TEE-M", 5)
    shop.work()


def open_link(shop: Shop, phone: str) -> None:
    path = path_of(shop.messages(to=phone)[0])
    assert shop.client.get(path, headers=PHONE).status_code == 302


def test_sums_follow_clicks_orders_and_refunds(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        add_up(shop)
        agree(shop)
        first = figures(shop)
        assert (first.total.counts["asked"], first.total.alerts, first.total.alerts_clicked) == (2, 2, 0)
        assert first.total.share("in_time", "taken") == 1
        clock.shift(timedelta(minutes=30))
        open_link(shop, ANN)
        order(shop, "1001")
        add_up(shop)
        agree(shop)
        bought = figures(shop)
        assert bought.total.alerts_clicked == 1
        assert (bought.total.orders, bought.total.counts["won"], bought.total.bought_within(60)) == (1, 1, 1)
        assert {name: float(both) for name, (both, _) in bought.total.money.items()} == {"USD": 20.0}
        assert bought.total.converted == 1
        # Days later it comes back: the day on which it was bought earned nothing after all.
        clock.shift(timedelta(days=3))
        order(shop, "1001", "returned")
        add_up(shop)
        agree(shop)
        assert figures(shop).total.orders == 0


def test_an_order_that_moves_to_another_day_leaves_the_first(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        clock.shift(timedelta(days=2))
        order(shop, "1001", placed_at="2026-03-03T12:00:00Z")
        add_up(shop)
        order(shop, "1001", "paid", placed_at="2026-03-04T12:00:00Z")
        add_up(shop)
        sums = agree(shop)
        assert [line[0] for line in sums if line[1] == "bought" and line[-1] == "True"] == ["2026-03-04"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_receipt_that_comes_the_next_day_changes_the_day_the_text_was_written_on(app: Flask) -> None:
    with time_machine.travel(NOON + timedelta(hours=11), tick=False) as clock:  # an hour before midnight
        shop = Shop.open(app, confirmations=False)
        shop.product("TEE-M")
        shop.ask("TEE-M", ANN)
        shop.stock("TEE-M", 5)
        shop.plan()
        add_up(shop)
        assert figures(shop).total.counts["taken"] == 0
        clock.shift(timedelta(hours=2))
        shop.work()
        add_up(shop)
        days = {line[0] for line in agree(shop) if line[1] == "sent" and line[-1] == "True"}
        found = figures(shop)
        assert days == {"2026-03-02"}
        assert found.total.counts["taken"] == found.total.counts["delivered"] == 1
        # Two hours late is not in time, and says so.
        assert found.total.share("in_time", "taken") == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_erasing_a_person_leaves_sums_and_rows_alike(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        clock.shift(timedelta(minutes=5))
        open_link(shop, ANN)
        add_up(shop)
        clock.shift(timedelta(hours=1))
        desk = Desk.of(shop)
        before = agree(shop)
        desk.post("/customers/1/erase", typed="Ann Lee")
        add_up(shop)
        assert agree(shop) != before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_days_are_those_of_the_stores_zone_and_as_long_as_its_clock_makes_them(app: Flask) -> None:
    # In New York the clock goes forward on 8 March 2026: the day has 23 hours.
    since, until = day_bounds(date(2026, 3, 8), "America/New_York")
    assert until - since == timedelta(hours=23)
    with time_machine.travel(datetime(2026, 3, 9, 3, 30, tzinfo=UTC), tick=False) as clock:  # 23:30 on the 8th
        shop = Shop.open(app)
        shop.product("TEE-M")
        shop.ask("TEE-M", ANN)
        clock.shift(timedelta(hours=1))
        shop.ask("TEE-M", BEN)
        add_up(shop)
        asked = [(line[0], line[1]) for line in agree(shop) if line[1] == "asked" and line[-1] == "True"]
        assert asked == [("2026-03-08", "asked"), ("2026-03-09", "asked")]
        # In another zone both belong to one day, and nothing is left of how it was cut before.
        shop.put("settings", {"zone": "Europe/Berlin"})
        add_up(shop)
        assert [(line[0], line[1]) for line in agree(shop) if line[1] == "asked" and line[-1] == "True"] == [
            ("2026-03-09", "asked")
        ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_killed_between_marking_and_adding_up_loses_nothing(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        with app.app_context():
            with transaction():
                note_changes(utcnow())
            db.session.remove()
        clock.shift(timedelta(hours=1))
        add_up(shop)
        agree(shop)
        add_up(shop)
        agree(shop)
        with app.app_context():
            assert db.session.scalar(sa.select(sa.func.count()).select_from(OutcomeMark)) == 0
            db.session.remove()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_sign_up_that_commits_after_an_import_of_long_ago_is_added_up(app: Flask) -> None:
    """Its row has the lower number; those of the import, which are old by their moments, are there first."""
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        shop.product("TEE-M")
        shop.ask("TEE-M", ANN)
        add_up(shop)
        clock.shift(timedelta(minutes=10))
        add_up(shop)
        with app.app_context(), db.engine.connect() as slow:
            slow.execute(another_request(created_at=utcnow()))
            with db.engine.begin() as quick:
                quick.execute(another_request(created_at=NOON - timedelta(days=20)))
            for _ in range(3):
                clock.shift(timedelta(minutes=10))
                add_up(shop)
            slow.commit()
        for _ in range(3):
            clock.shift(timedelta(minutes=10))
            add_up(shop)
        assert figures(shop).total.counts["asked"] == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_sign_up_that_commits_while_changes_are_looked_for_is_added_up(app: Flask) -> None:
    """It is over right after the rows were read, and before anybody asks again what is over."""
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        shop.product("TEE-M")
        shop.ask("TEE-M", ANN)
        add_up(shop)
        clock.shift(timedelta(minutes=10))
        add_up(shop)
        with app.app_context(), db.engine.connect() as slow:
            slow.execute(another_request(created_at=NOON - timedelta(days=3)))
            shop.ask("TEE-M", BEN)
            for _ in range(2):  # its number is passed, and waits for its transaction
                clock.shift(timedelta(minutes=10))
                add_up(shop)

            were_read: list[str] = []

            def commits(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
                if "alert_request.id >" in statement:
                    were_read.append(statement)
                if were_read and "pg_snapshot_xmin" in statement and slow.in_transaction():
                    slow.commit()

            with listening(db.engine, "before_cursor_execute", commits):
                clock.shift(timedelta(minutes=10))
                add_up(shop)
            assert not slow.in_transaction()
        add_up(shop)
        assert figures(shop).total.counts["asked"] == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_restored_into_a_younger_server_does_not_read_the_same_rows_for_ever(app: Flask) -> None:
    """Transactions are numbered by the server, and go on from its own number."""
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        shop.product("TEE-M")
        add_up(shop)
        with app.app_context(), transaction():
            db.session.execute(sa.update(OutcomeCursor).values(seen_before=2**60))
        shop.ask("TEE-M", ANN)
        for _ in range(3):
            clock.shift(timedelta(minutes=10))
            add_up(shop)
        assert figures(shop).total.counts["asked"] == 1
        with app.app_context():
            last, newest = db.session.execute(
                sa.select(OutcomeCursor.last_id, sa.select(sa.func.max(AlertRequest.id)).scalar_subquery()).where(
                    OutcomeCursor.name == "alert_request"
                )
            ).one()
        assert last == newest


@contextmanager
def listening(engine: Any, event: str, listener: Any) -> Iterator[None]:
    sa.event.listen(engine, event, listener)
    try:
        yield
    finally:
        sa.event.remove(engine, event, listener)


def another_request(**values: Any) -> Any:
    """A copy of the one request there is, told long ago."""
    table = AlertRequest.__table__
    changed = {"status": "alerted", **values}
    columns = [column for column in table.c if column.name != "id"]
    copied = [sa.literal(changed[c.name], c.type).label(c.name) if c.name in changed else c for c in columns]
    return sa.insert(table).from_select(columns, sa.select(*copied).order_by(table.c.id).limit(1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_quiet_store_is_not_added_up_again_and_again(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        add_up(shop)
        clock.shift(timedelta(minutes=10))
        add_up(shop)
        with app.app_context():
            with transaction():
                assert note_changes(utcnow()) == 0
            db.session.remove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_stores_see_their_own_figures_only(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False):
        mine, other = Shop.open(app), Shop.open(app, "Bell")
        told(mine)
        other.product("TEE-M")
        add_up(mine)
        assert figures(mine).total.alerts == 2
        assert figures(other).total.counts["written"] == 0
        with app.app_context():
            store = db.session.get_one(Store, other.store_id)
            assert products_of(store, span_until(store, utcnow(), 7)) == []
            assert db.session.scalar(sa.select(sa.func.count()).select_from(OrderMatch)) == 0
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) is not None
            db.session.remove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("bought", [3, 25])
def test_products_are_ranked_by_orders_and_those_nobody_bought_by_messages(app: Flask, bought: int) -> None:
    """Of the 30 products number 29 was told of most. Orders: 3 has most; of the others, as many, number 2 after clicks."""
    with time_machine.travel(NOON, tick=False):
        shop = Shop.open(app)
        variants = [{"id": f"v{number:02}", "sku": f"SKU-{number:02}"} for number in range(30)]
        rows = [
            {"id": variant["id"], "title": variant["sku"], "url": "https://acme.example", "variants": [variant]}
            for variant in variants
        ]
        assert shop.put("products", {"products": rows})["errors"] == []
        with app.app_context():
            store = db.session.get_one(Store, shop.store_id)
            span = span_until(store, utcnow(), 7)
            ids = list(db.session.scalars(sa.select(Variant.id).order_by(Variant.id)))
            same = {"store_id": store.id, "day": span.last, "channel": "sms", "whole": False}
            orders = [
                same | {"part": "bought", "variant_id": ids[number]} | {"won": int(number == 2), "assisted": assisted}
                for number, assisted in zip(range(1, bought + 1), [2, 1, 5, *[2] * bought], strict=False)
            ]
            messages = [same | {"part": "sent", "variant_id": ids[number], "taken": number} for number in range(30)]
            with transaction():
                insert_rows(OutcomeDay, orders)
                insert_rows(OutcomeDay, messages)
            found = [product.title for product, _ in products_of(store, span)]
        most = [3, 2, 1] if bought == 3 else [3, 2, 1, *range(4, 21)]
        told = range(29, 12, -1) if bought == 3 else ()
        assert found == [f"SKU-{number:02}" for number in (*most, *told)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_orders_are_counted_anew_when_the_days_within_which_they_count_change(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        clock.shift(timedelta(days=5))
        order(shop, "1001")
        clock.shift(timedelta(days=1))
        order(shop, "1002", price="30.00")
        add_up(shop)
        assert earned(shop) == (1, 20.0)
        for days, expected in ((4, (0, 0.0)), (30, (1, 20.0))):
            shop.put("settings", {"attribution_days": days})
            recount(shop)
            add_up(shop)
            agree(shop)
            assert earned(shop) == expected
        # With nothing changed there is nothing to do.
        with app.app_context():
            run_recounts()
            with transaction():
                clock.shift(timedelta(minutes=10))
                note_changes(utcnow())
            add_up(shop)
            with transaction():
                assert note_changes(utcnow()) == 0
            db.session.remove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_counting_anew_takes_an_order_that_a_page_told_too(app: Flask) -> None:
    """The page knows the browser, the storefront's order nobody that was told: it counts by the page's word, as before."""
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        told(shop)
        clock.shift(timedelta(days=1))
        with app.app_context():
            with transaction():
                store = db.session.get_one(Store, shop.store_id)
                take_page_order(store, PageOrderData("1001", "USD", Decimal(20), phone=BEN), utcnow())
            db.session.remove()
        order(shop, "1001", customer_id="c2")
        add_up(shop)
        before = agree(shop)
        assert earned(shop) == (1, 20.0)
        shop.put("settings", {"attribution_days": 20})
        recount(shop)
        add_up(shop)
        assert agree(shop) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_orders_of_pages_that_are_forgotten_leave_the_sums_too(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False):
        shop = Shop.open(app)
        told(shop)
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        with app.app_context():
            with transaction():
                store = db.session.get_one(Store, shop.store_id)
                take_page_order(store, PageOrderData("1001", "USD", Decimal(20), phone=BEN), utcnow())
            db.session.remove()
        add_up(shop)
        assert [line for line in agree(shop) if line[1] == "bought"]
    with time_machine.travel(NOON + timedelta(days=402), tick=False):
        with app.app_context():
            with transaction():
                forget_old_orders(utcnow())
            db.session.remove()
        add_up(shop)
        assert not [line for line in agree(shop) if line[1] == "bought"]


def earned(shop: Shop) -> tuple[int, float]:
    """Orders, and their money."""
    total = figures(shop).total
    return total.orders, sum(float(both) for both, _ in total.money.values())


def recount(shop: Shop) -> None:
    with shop.app.app_context():
        run_recounts()
        db.session.remove()

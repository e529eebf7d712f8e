"""Demand: what people wait for, ranked, in units and money; on its page, as a file, and through the API."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.reports.dashboard.wanted import most_wanted as wanted_most
from nexnotify.reports.demand import most_wanted
from nexnotify.reports.worth import demand_of
from nexnotify.stores.models import Store
from tests.adding_up import add_up
from tests.admin import Desk
from tests.holding import stop
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stages.test_hot_statements import watched

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"


@pytest.fixture
def wanted(shop: Shop) -> Shop:
    """Two want the tee at 20, one of them three; one wants the coat at 90; one a lamp that has no price in dollars."""
    shop.put("settings", {"confirmations": False, "ask_quantity": True})
    shop.product("TEE-M", price="20.00")
    shop.product("COAT", price="90.00")
    shop.product("LAMP", price="500.00", currency="EUR")
    shop.ask("TEE-M", ANN, quantity=3)
    shop.ask("TEE-M", BEN)
    shop.ask("COAT", CAT)
    shop.ask("LAMP", ANN)
    return shop


def skus(report: dict[str, Any]) -> list[str]:
    return [row["sku"] for row in report["wanted"]]


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_what_is_left_on_the_table_is_units_times_price(wanted: Shop) -> None:
    report = wanted.get("reports/demand")
    assert (report["currency"], report["waiting"], report["units"], report["worth"]) == ("USD", 4, 6, "170.00")
    assert report["unpriced"] == 1, "the lamp is in no sum"
    tee, coat, lamp = sorted(report["wanted"], key=lambda row: ["TEE-M", "COAT", "LAMP"].index(row["sku"]))
    assert (tee["waiting"], tee["units"], tee["price"], tee["worth"]) == (2, 4, "20.00", "80.00")
    assert (coat["waiting"], coat["units"], coat["worth"]) == (1, 1, "90.00")
    assert (lamp["units"], lamp["price"], lamp["worth"]) == (1, None, None)


@pytest.mark.parametrize(
    "sort, order",
    [("money", ["COAT", "TEE-M", "LAMP"]), ("units", ["TEE-M", "COAT", "LAMP"]), ("people", ["TEE-M", "COAT", "LAMP"])],
)
def test_it_is_ranked_by_money_units_or_people(wanted: Shop, sort: str, order: list[str]) -> None:
    assert skus(wanted.get(f"reports/demand?sort={sort}")) == order
    page = Desk.of(wanted).page(f"/metrics/demand?sort={sort}")
    assert sorted(order, key=page.index) == order


def test_another_way_to_rank_is_refused_with_what_there_is(wanted: Shop) -> None:
    for wrong in ("price", "", "money,units"):
        assert "money, units, people" in str(wanted.get(f"reports/demand?sort={wrong}", 422)["error"]["fields"]["sort"])
    assert "days" in wanted.get("reports/demand?days=7", 422)["error"]["fields"]


def test_who_was_told_or_has_gone_is_no_demand(wanted: Shop) -> None:
    wanted.stock("COAT", 1)
    wanted.work()
    stop(wanted, ANN)
    report = wanted.get("reports/demand")
    assert (report["waiting"], report["units"]) == (1, 1)
    assert skus(report) == ["TEE-M"]


def test_the_likely_worth_is_told_once_thirty_alerts_say_how_many_buy(wanted: Shop) -> None:
    assert wanted.get("reports/demand")["expected"] is None
    wanted.product("HAT", price="10.00")
    people = [f"+12125550{number}" for number in range(100, 130)]
    rows = [{"sku": "HAT", "phone": to, "consent": True, "confirm": False} for to in people]
    assert wanted.post("requests", {"requests": rows})["errors"] == []
    wanted.stock("HAT", 100)
    wanted.work()
    orders = [
        {"id": to, "status": "new", "phone": to, "total": "10.00", "lines": [{"sku": "HAT"}]} for to in people[:6]
    ]
    assert wanted.post("orders", {"orders": orders})["errors"] == []
    add_up(wanted)
    report = wanted.get("reports/demand")
    assert report["bought_of_told"] == 0.2
    assert report["expected"] == "34.00", "a fifth of 170.00"


def test_another_store_s_demand_is_not_in_it(wanted: Shop, other_shop: Shop) -> None:
    other_shop.product("TEE-M", price="1000.00")
    other_shop.ask("TEE-M", BEN)
    assert wanted.get("reports/demand")["worth"] == "170.00"
    assert other_shop.get("reports/demand")["worth"] == "1000.00"
    desk = Desk.of(other_shop)
    page = desk.page("/metrics/demand")
    assert "COAT" not in page
    assert "LAMP" not in page
    _, *rows = rows_of(desk.browser.get("/admin/metrics/demand/demand.csv").data)
    assert [(row[2], row[3], row[7]) for row in rows] == [("TEE-M", "1", "1000.00")]


def test_an_error_says_what_is_wrong_in_the_shape_of_every_error(wanted: Shop) -> None:
    for query, field in (("sort=price", "sort"), ("days=7", "days"), ("sort=money&limit=5", "limit")):
        answer = wanted.get(f"reports/demand?{query}", 422)
        assert answer.keys() == {"error"}
        assert {"code", "message", "fields"} <= answer["error"].keys()
        assert list(answer["error"]["fields"]) == [field]


def test_the_page_and_its_file_rank_by_money_where_the_address_says_nothing_they_know(wanted: Shop) -> None:
    desk, order = Desk.of(wanted), ["COAT", "TEE-M", "LAMP"]
    for sort in ("price", "", "money'--"):
        page = desk.page(f"/metrics/demand?sort={sort}")
        assert sorted(order, key=page.index) == order
        _, *rows = rows_of(desk.browser.get(f"/admin/metrics/demand/demand.csv?sort={sort}").data)
        assert [row[2] for row in rows] == order


def test_whoever_is_not_signed_in_gets_neither_page_nor_file_nor_report(wanted: Shop) -> None:
    browser = wanted.app.test_client()
    for path in ("/admin/metrics/demand", "/admin/metrics/demand/demand.csv"):
        answer = browser.get(path, follow_redirects=True)
        assert 'type="password"' in answer.text
        assert "COAT" not in answer.text
    assert browser.get("/api/v1/reports/demand").status_code == 401


def test_the_file_opens_in_a_spreadsheet_and_works_nothing_out(wanted: Shop) -> None:
    formula = "=HYPERLINK(1)"
    wanted.product("GLOVE", title=formula, price="15.00")
    wanted.ask("GLOVE", BEN)
    desk = Desk.of(wanted)
    answer = desk.browser.get("/admin/metrics/demand/demand.csv?sort=units")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf"), "the mark by which Excel knows UTF-8"
    title, *rows = rows_of(answer.data)
    by_sku = {row[2]: dict(zip(title, row, strict=True)) for row in rows}
    assert [row[2] for row in rows][0] == "TEE-M"
    assert (by_sku["TEE-M"]["Units"], by_sku["TEE-M"]["Left on the table"]) == ("4", "80.00")
    assert by_sku["LAMP"]["Left on the table"] == ""
    assert by_sku["GLOVE"]["Product"] == f"'{formula}"
    assert "Demand exported" in desk.page("/settings/audit")
    Desk.of(wanted, "staff").page("/metrics/demand/demand.csv", 403)


def test_the_metrics_come_as_text_too(wanted: Shop) -> None:
    add_up(wanted)
    answer = Desk.of(wanted).browser.get("/admin/metrics/metrics.csv?days=7")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    title, *rows = rows_of(answer.data)
    tee = dict(zip(title, next(row for row in rows if row[:2] == ["Product", "Tee"]), strict=True))
    assert tee["Requests"] == "2"


def test_nobody_waits_is_said(shop: Shop) -> None:
    assert shop.get("reports/demand")["wanted"] == []
    page = Desk.of(shop).page("/metrics/demand")
    assert "Nobody waits" in page


ASKED = {
    "most wanted": lambda store: most_wanted(store, "", None, 20),
    "dashboard": lambda store: wanted_most(store.id, 5),
    "worth": lambda store: demand_of(store, "money", utcnow()),
}


@pytest.mark.parametrize("where", ASKED)
def test_requests_that_ended_are_not_read(wanted: Shop, where: str) -> None:
    with inside(wanted.app):
        store = db.session.get_one(Store, wanted.store_id)
        with watched() as seen:
            ASKED[where](store)
        [(words, values)] = [
            (words, values)
            for words, values in seen.statements.items()
            if "GROUP BY alert_request.variant_id" in words and "LIMIT" in words and "contact" not in words
        ]
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values).all()
    [read] = [row[-1] for row in plan if "alert_request" in row[-1]]
    assert "ix_alert_request_waiting" in read

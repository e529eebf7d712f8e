"""The metrics as people and programs see them."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from flask import Flask
from openpyxl import load_workbook

from tests.adding_up import add_up
from tests.admin import Desk
from tests.shop import Shop
from tests.stages.test_rollups import ANN, NOON, open_link, order, told

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def value_of(page: str, measure: str) -> str:
    """What stands beside a measure in the table of definitions."""
    found = re.search(rf'<td class="nx-lead">{measure}<small>[^<]+</small></td><td[^>]*>(.*?)</td>', page, re.DOTALL)
    assert found is not None, measure
    return found.group(1).strip().replace("\xa0", " ").replace("&nbsp;", " ")


def lived(shop: Shop, clock: time_machine.Coordinates) -> None:
    """Two are told, one of them opens the link and buys for 20 dollars half an hour later."""
    told(shop)
    clock.shift(timedelta(minutes=30))
    open_link(shop, ANN)
    order(shop, "1001")
    add_up(shop)


def test_the_page_tells_each_measure_and_what_it_is_of(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        lived(shop, clock)
        page = Desk.of(shop).page("/metrics")
        assert value_of(page, "Click-through rate") == "50.0 %"
        assert value_of(page, "Conversion from click") == "100.0 %"
        assert value_of(page, "Variant specificity") == "100.0 %"
        assert value_of(page, "Won and assisted") == "1 / 0"
        assert value_of(page, "Revenue") == "20.00 USD"
        assert value_of(page, "Revenue per request") == "10.00 USD"
        assert value_of(page, "Time to purchase") == "100.0 % / 100.0 %"
        assert value_of(page, "Taken within 10 seconds") == "100.0 %"
        assert value_of(page, "Opt-outs per 1,000") == "0.0"


def test_money_of_two_currencies_is_not_added(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        lived(shop, clock)
        phone = "+12015550124"
        line = {"sku": "TEE-M", "quantity": 1, "price": "30.00"}
        body = {"id": "1002", "phone": phone, "status": "new", "lines": [line], "total": "30.00", "currency": "EUR"}
        assert shop.post("orders", {"orders": [body]})["errors"] == []
        add_up(shop)
        assert value_of(Desk.of(shop).page("/metrics"), "Revenue") == "30.00 EUR<br>20.00 USD"
        money = shop.get("reports/outcomes?days=7")["total"]["revenue"]
        assert [(item["currency"], item["revenue"]) for item in money] == [("EUR", "30.00"), ("USD", "20.00")]


def test_a_store_in_which_nothing_happened_is_told_what_comes_here(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert "Nothing happened in these days" in desk.page("/metrics")
    report = shop.get("reports/outcomes")
    assert report["total"]["sent"] == 0
    assert report["total"]["click_rate"] is None
    assert len(report["by_day"]) == 30


def test_a_product_has_figures_of_its_own(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        shop.product("MUG", title="Mug")
        lived(shop, clock)
        desk = Desk.of(shop)
        link = re.search(r"[?;&]product=(\d+)[^>]*>Tee<", desk.page("/metrics"))
        assert link is not None
        assert value_of(desk.page(f"/metrics?product={link.group(1)}"), "Requests") == "2"
        assert shop.get("reports/outcomes?product_id=tee-m")["total"]["won"] == 1
        assert shop.get("reports/outcomes?product_id=mug")["total"]["won"] == 0
        assert shop.get("reports/outcomes?product_id=cup", 422)["error"]["fields"] == {"product_id": "Unknown."}
        # Another store's product is not there.
        other = Shop.open(app, "Bell")
        Desk.of(other).page(f"/metrics?product={link.group(1)}", 404)


def test_days_that_are_not_offered_are_refused_by_the_api(shop: Shop) -> None:
    for days in ("0", "401", "x", "-1", "1e2", "²"):
        shop.get(f"reports/outcomes?days={days}", 422)


def test_the_workbook_holds_what_the_page_shows_and_is_written_down(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        lived(shop, clock)
        desk = Desk.of(shop)
        answer = desk.browser.get("/admin/metrics/metrics.xlsx?days=7")
        assert answer.status_code == 200
        rows = list(load_workbook(BytesIO(answer.data)).worksheets[0].iter_rows(values_only=True))
        answer.close()
        title = rows[0]
        product = dict(zip(title, next(row for row in rows if row[:2] == ("Product", "Tee")), strict=True))
        assert (product["Requests"], product["Clicked"], product["Orders won"], product["Revenue"]) == (2, 1, 1, 20)
        assert sum(row[0] == "Day" for row in rows) == 7
        assert "Metrics exported" in desk.page("/settings/audit")
        Desk.of(shop, "staff").page("/metrics/metrics.xlsx", 403)


def test_a_monitoring_program_sees_the_share_of_texts_taken_in_time(app: Flask) -> None:
    name = "nexnotify_texts_taken_within_10_seconds_ratio"
    with time_machine.travel(NOON, tick=False) as clock:
        shop = Shop.open(app)
        assert f"{name} NaN" in shop.client.get("/metrics").get_data(as_text=True)
        lived(shop, clock)
        assert f"{name} 1.0" in shop.client.get("/metrics").get_data(as_text=True)

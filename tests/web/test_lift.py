"""What telling adds, as people and programs see it."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.outcomes.control_group.models import RestockLift
from nexnotify.restock.models import RestockEvent
from tests.adding_up import add_up
from tests.admin import Desk
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.web.test_metrics import value_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: 5 percent of 9,000 people against 3 percent of 1,000; each buyer paid about 21, or 20 dollars.
ENOUGH: dict[str, Any] = {
    "told": 9000,
    "told_buyers": 450,
    "told_revenue": 9450,
    "told_squares": 240_000.0,
    "control": 1000,
    "control_buyers": 30,
    "control_revenue": 600,
    "control_squares": 14_400.0,
}
SOME = ENOUGH | {"told": 90, "told_buyers": 5, "control": 10, "control_buyers": 0}


def restocked(shop: Shop, sku: str = "TEE-M", sums: dict[str, Any] = ENOUGH, share: int = 10, **more: Any) -> int:
    """A restock of which so much is known."""
    shop.product(sku, title=sku)
    shop.ask(sku)
    shop.stock(sku, 5)
    shop.work()
    with inside(shop.app), transaction():
        event = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id.desc())).first()
        assert event is not None
        event.holdout, now = share, utcnow()
        row = {"at": event.at, "share": share, "pending": 0, "counted_at": now, "count_at": None} | sums | more
        ids = {"store_id": shop.store_id, "restock_id": event.id, "variant_id": event.variant_id}
        db.session.add(RestockLift(**ids, **row))
        restock_id = event.id
    add_up(shop)
    return restock_id


def test_the_page_says_what_telling_adds_and_how_sure_that_is(shop: Shop) -> None:
    restocked(shop)
    page = Desk.of(shop).page("/metrics")
    assert "People bought more often when they were told" in page
    assert re.sub(r"<.*?>", "", value_of(page, "Lift in conversion")) == "2.00 points 0.68 to 3.01"
    assert re.sub(r"<.*?>", "", value_of(page, "Relative lift")) == "66.7 % 16.3 % to 139.7 %"
    added = re.sub(r"<.*?>", "", value_of(page, "Revenue added per restock"))
    assert added.startswith("4,050.00 USD 1,")
    assert value_of(page, "What the control group cost").startswith("450.00 USD")
    assert "an order with the product that was not called off, within 10 days" in page


def test_the_workbook_of_the_metrics_has_it_on_a_sheet_of_its_own(shop: Shop) -> None:
    restocked(shop)
    with Desk.of(shop).browser.get("/admin/metrics/metrics.xlsx") as answer:
        sheet = load_workbook(BytesIO(answer.data))["What telling adds"]
    _, *rows = sheet.iter_rows(values_only=True)
    values = {(measure, group): tuple(row) for measure, group, *row in rows}
    assert values["People", "Told"] == (9000, None, None)
    assert values["Conversion", "Control group"] == (0.03, None, None)
    assert values["Revenue per person", "Told"][0] == pytest.approx(1.05)
    for measure, expected in (
        ("Lift in conversion", 0.02),
        ("Relative lift", 2 / 3),
        ("Revenue added per restock", 4050),
        ("What the control group cost", 450),
    ):
        value, low, high = values[measure, None]
        assert value == pytest.approx(expected)
        assert 0 < low < value < high


def test_of_too_few_data_the_sheet_has_the_groups_and_no_estimate(shop: Shop) -> None:
    restocked(shop, sums=SOME)
    with Desk.of(shop).browser.get("/admin/metrics/metrics.xlsx") as answer:
        sheet = load_workbook(BytesIO(answer.data))["What telling adds"]
    rows = list(sheet.iter_rows(values_only=True))
    assert ("Bought", "Told", 5, None, None) in rows
    assert ("Lift in conversion", None, None, None, None) in rows


def test_with_too_few_data_it_says_so_and_what_it_takes(shop: Shop) -> None:
    restock_id = restocked(shop, sums=SOME)
    desk = Desk.of(shop)
    for page in (desk.page("/metrics"), desk.page(f"/restocks/{restock_id}")):
        assert "Too few data: it takes 100 people in each group, and 10 buyers in both together." in page
        assert value_of(page, "Lift in conversion") == value_of(page, "Revenue added") == "–"
    report = shop.get("reports/lift")
    assert report["verdict"] == "too_few"
    assert report["told"]["people"] == 90
    assert report["conversion_lift"] is report["relative_lift"] is report["revenue_added_per_restock"] is None


def test_before_the_days_are_over_it_is_too_early(shop: Shop) -> None:
    restock_id = restocked(shop, sums=dict.fromkeys(ENOUGH, 0), pending=1200)
    page = Desk.of(shop).page(f"/restocks/{restock_id}")
    assert "Too early: the days in which they may buy are not over." in page
    assert "People whose days for buying are not over: 1,200." in page


def test_a_store_that_leaves_nobody_out_is_told_how_and_what_it_costs(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 5)
    shop.work()
    add_up(shop)
    desk = Desk.of(shop)
    page = desk.page("/metrics")
    assert "Nobody was left out, so there is nothing to compare with." in page
    assert "Leaving people out costs sales" in page
    assert "This costs sales" in desk.page("/settings")
    assert "What telling adds" not in desk.page("/restocks/1")
    assert shop.get("reports/lift")["verdict"] == "nobody"


def test_a_product_a_period_and_a_restock_have_figures_of_their_own(shop: Shop) -> None:
    tee = restocked(shop)
    restocked(shop, "MUG", SOME)
    restocked(shop, "CAP", at=utcnow() - timedelta(days=40))
    assert shop.get("reports/lift")["told"]["people"] == 9090
    assert shop.get("reports/lift?days=90")["told"]["people"] == 18_090
    assert shop.get("reports/lift?product_id=mug")["told"]["people"] == 90
    alone = shop.get(f"reports/lift?restock_id={tee}")
    assert (alone["told"]["people"], alone["restocks"], alone["first_day"]) == (9000, 1, None)
    assert alone["revenue_added_per_restock"] == alone["revenue_added"]
    assert alone["revenue_added"]["value"] == "4050.00"
    shop.get(f"reports/lift?restock_id={tee}&days=7", 422)
    for unknown in ("99", "x", "9" * 30, "-1"):
        assert shop.get(f"reports/lift?restock_id={unknown}", 422)["error"]["fields"] == {"restock_id": "Unknown."}
    other = Shop.open(shop.app, "Bell")
    other.get(f"reports/lift?restock_id={tee}", 422)
    assert other.get("reports/lift?days=90")["verdict"] == "nobody"


def test_nothing_is_made_of_a_difference_that_chance_explains(shop: Shop) -> None:
    restocked(shop, sums=ENOUGH | {"control_buyers": 45, "control_revenue": 945})
    assert "Not told apart from chance" in Desk.of(shop).page("/metrics")
    assert shop.get("reports/lift")["verdict"] == "unclear"


@pytest.mark.parametrize("report", ["lift", "outcomes", "demand"])
def test_a_report_has_no_pages_and_says_so(shop: Shop, report: str) -> None:
    error = shop.get(f"reports/{report}?limit=5&after=2", 422)["error"]
    assert error["fields"] == dict.fromkeys(("limit", "after"), "There is no such filter.")

"""Orders and tickets through the storefront API: bulk, the same again harmless, listed page by page."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from nexnotify.cli import cli
from nexnotify.db import db
from nexnotify.orders.models import OrderEvent
from nexnotify.settings import Settings
from tests.shop import Shop

LINES = [{"sku": "TEE-M", "quantity": 2, "price": "20.00"}, {"sku": "GONE", "title": "Gone", "price": "1.50"}]


def put(shop: Shop, status: str = "new", **fields: Any) -> Any:
    row = {"id": "1001", "status": status, "placed_at": "2026-01-05T10:00:00Z", "lines": LINES, **fields}
    return shop.post("orders", {"orders": [row]})


def statuses(app: Flask) -> list[str]:
    """The statuses that orders have come to, in the order of writing."""
    with app.app_context():
        found = db.session.scalars(sa.select(OrderEvent.status).order_by(OrderEvent.id)).all()
        db.session.remove()
    return list(found)


def test_the_same_order_again_gives_the_same_answer_and_changes_nothing(shop: Shop, app: Flask) -> None:
    shop.product("TEE-M")
    first = put(shop)
    before = shop.get("orders")
    assert put(shop) == first
    assert first == {"accepted": 1, "errors": [], "orders": [{"index": 0, "id": "1001", "status": "new"}]}
    assert shop.get("orders") == before
    assert statuses(app) == ["new"]


def test_each_status_is_recorded_once_however_often_it_is_told(shop: Shop, app: Flask) -> None:
    for status in ("new", "paid", "paid", "sent", "paid", "sent", "returned"):
        put(shop, status)
    assert statuses(app) == ["new", "paid", "sent", "returned"]


def test_a_status_that_comes_late_does_not_set_an_order_back(shop: Shop) -> None:
    put(shop, "paid", status_at="2026-01-05T11:00:00Z")
    put(shop, "sent", status_at="2026-01-06T09:00:00Z")
    for told in ({"status": "paid"}, {"status": "new", "status_at": "2026-01-05T10:00:00Z"}):
        answer = put(shop, **told)
        assert [item["status"] for item in answer["orders"]] == ["sent"], "the answer says where it stands"
    assert shop.get("orders")["orders"][0]["status"] == "sent"
    put(shop, "cancelled")
    put(shop, "sent")
    assert shop.get("orders")["orders"][0]["status"] == "cancelled", "an end"


def test_an_order_goes_back_when_its_storefront_says_when(shop: Shop) -> None:
    """Sent by mistake, or cancelled and taken up again."""
    put(shop, "sent", status_at="2026-01-06T09:00:00Z")
    put(shop, "paid", status_at="2026-01-06T10:00:00Z")
    assert shop.get("orders")["orders"][0]["status"] == "paid"


def test_an_order_that_is_paid_at_once_has_been_placed_too(shop: Shop, app: Flask) -> None:
    put(shop, "paid")
    assert statuses(app) == ["new", "paid"]


def test_an_order_comes_back_as_it_was_told_with_unknown_skus_kept(shop: Shop) -> None:
    shop.product("TEE-M")
    put(shop, first_name="Ann", email="ann@mail.example")
    assert shop.get("orders") == {
        "orders": [
            {
                "id": "1001",
                "status": "new",
                "customer_id": None,
                "first_name": "Ann",
                "last_name": None,
                "phone": None,
                "email": "ann@mail.example",
                "placed_at": "2026-01-05T10:00:00Z",
                "currency": "USD",
                "total": "41.50",
                "lines": [
                    {"sku": "TEE-M", "variant_id": "tee-m-v", "title": None, "quantity": 2, "price": "20.00"},
                    {"sku": "GONE", "variant_id": None, "title": "Gone", "quantity": 1, "price": "1.50"},
                ],
            }
        ],
        "next": None,
    }


def test_lines_that_are_left_out_stay_and_others_replace_them(shop: Shop) -> None:
    put(shop)
    shop.post("orders", {"orders": [{"id": "1001", "status": "paid"}]})
    assert len(shop.get("orders")["orders"][0]["lines"]) == 2
    put(shop, lines=LINES[:1])
    (order,) = shop.get("orders")["orders"]
    assert (len(order["lines"]), order["total"]) == (1, "40.00")


def test_good_orders_are_kept_and_bad_ones_named(shop: Shop) -> None:
    rows = [
        {"id": "1", "status": "new"},
        {"id": "2", "status": "lost"},
        {"id": "3", "status": "new", "phone": "12"},
        {"id": "4", "status": "new", "lines": [{"quantity": 1}]},
    ]
    answer = shop.post("orders", {"orders": rows})
    assert answer["accepted"] == 1
    assert [(error["index"], sorted(error["fields"])) for error in answer["errors"]] == [
        (1, ["status"]),
        (2, ["phone"]),
        (3, ["lines.0"]),
    ]
    assert [order["id"] for order in shop.get("orders")["orders"]] == ["1"]


def test_a_moment_in_which_nothing_can_have_happened_is_refused_and_the_others_kept(shop: Shop) -> None:
    """Systems that have no date write the year 1; no clock of any zone can show it."""
    rows = [{"id": "1", "status": "new", "placed_at": "0001-01-01T00:00:00Z"}, {"id": "2", "status": "new"}]
    answer = shop.post("orders", {"orders": rows})
    [error] = answer["errors"]
    assert (answer["accepted"], error["index"], list(error["fields"])) == (1, 0, ["placed_at"])


def test_orders_are_listed_page_by_page_and_filtered(shop: Shop) -> None:
    rows = [{"id": str(n), "status": "paid" if n % 2 else "new", "customer_id": f"c{n}"} for n in range(5)]
    shop.post("orders", {"orders": rows})
    page = shop.get("orders?limit=2")
    seen = [order["id"] for order in page["orders"]]
    while page["next"]:
        page = shop.get(page["next"])
        seen += [order["id"] for order in page["orders"]]
    assert sorted(seen) == ["0", "1", "2", "3", "4"]
    assert len(shop.get("orders?status=paid")["orders"]) == 2
    assert [order["id"] for order in shop.get("orders?customer_id=c3")["orders"]] == ["3"]
    shop.get("orders?status=lost", status=422)
    shop.get("orders?sku=TEE-M", status=422)


def test_another_stores_orders_and_tickets_are_not_seen(shop: Shop, other_shop: Shop) -> None:
    put(shop)
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Where?"}]})
    assert other_shop.get("orders")["orders"] == other_shop.get("tickets")["tickets"] == []
    put(other_shop)
    assert len(other_shop.get("orders")["orders"]) == len(shop.get("orders")["orders"]) == 1


def test_a_ticket_grows_by_its_messages_each_once(shop: Shop) -> None:
    asked = {"id": "m1", "from": "customer", "text": "Where?", "at": "2026-01-05T10:00:00Z"}
    told = {"id": "m2", "from": "merchant", "text": "On its way.", "at": "2026-01-05T11:00:00Z"}
    for messages in ([asked], [asked, told], [told]):
        answer = shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Where is it?", "messages": messages}]})
        assert answer == {"accepted": 1, "errors": [], "tickets": [{"index": 0, "id": "t1"}]}
    (ticket,) = shop.get("tickets")["tickets"]
    assert (ticket["subject"], ticket["messages"]) == ("Where is it?", [asked, told])


@pytest.mark.parametrize(
    "row, field",
    [
        ({"id": "t1"}, "subject"),
        ({"id": "t1", "subject": "S", "messages": [{"id": "m", "from": "robot", "text": "x"}]}, "messages.0.from"),
        ({"id": "t1", "subject": "S", "messages": [{"id": "m", "from": "customer"}]}, "messages.0.text"),
    ],
)
def test_a_ticket_that_is_not_right_is_refused_by_field(shop: Shop, row: dict[str, Any], field: str) -> None:
    answer = shop.post("tickets", {"tickets": [row]})
    assert (answer["accepted"], list(answer["errors"][0]["fields"])) == (0, [field])


# --- files ------------------------------------------------------------------------------------------------------------


def test_an_imported_file_is_history_and_texts_nobody(
    app: Flask, shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("instance", "database_url", "secret_keys"):
        monkeypatch.setenv(f"NEXNOTIFY_{name.upper()}", str(getattr(settings, name)))
    file = tmp_path / "orders.csv"
    file.write_text("order_id,status,phone,sku,price\n1001,sent,+12015550123,TEE-M,20.00\n1002,lost,,,\n")
    for more, kept in ((["--dry-run"], 0), ([], 1), ([], 1)):
        words = ["import", "orders", "--store", shop.key, *more, "--json", str(file)]
        done = CliRunner().invoke(cli, words, catch_exceptions=False)
        answer = json.loads(done.output.splitlines()[-1])
        assert (done.exit_code, answer["orders"]) == (0, 1)
        assert [(row["line"], row["column"]) for row in answer["refused"]] == [(3, "status")]
        assert len(shop.get("orders")["orders"]) == kept
    put(shop, "sent")
    shop.work()
    assert shop.messages(None) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_report_of_refused_rows_holds_no_formula(
    app: Flask, shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("instance", "database_url", "secret_keys"):
        monkeypatch.setenv(f"NEXNOTIFY_{name.upper()}", str(getattr(settings, name)))
    file, report = tmp_path / "orders.csv", tmp_path / "report.csv"
    file.write_text("order_id,status\n1001,\"=cmd|' /C calc'!A0\"\n")
    words = ["import", "orders", "--store", shop.key, "--dry-run", "--report", str(report), str(file)]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    [head, row] = csv.reader(report.read_text().splitlines())
    assert dict(zip(head, row, strict=True))["value"] == "'=cmd|' /C calc'!A0"

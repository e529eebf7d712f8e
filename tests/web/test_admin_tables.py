"""Customers, orders, messages and the consent ledger as Excel workbooks."""

from __future__ import annotations

import gc
import io
import tempfile
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook

from nexnotify.campaigns.models import Send
from nexnotify.clock import utcnow
from nexnotify.customers.models import Customer
from nexnotify.db import db, insert_rows, transaction
from nexnotify.orders.models import Order
from nexnotify.reports.exports import EXPORTS
from nexnotify.reports.exports import table as reading
from nexnotify.reports.xlsx import write_book
from nexnotify.stores.models import Store
from tests.admin import Desk
from tests.credits import account, with_credits
from tests.sends import confirmed_and_draft
from tests.shop import Shop

NAMES = sorted(EXPORTS)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An admin's browser."""
    return Desk.of(shop, "admin")


@pytest.fixture
def busy(app: Flask, shop: Shop, desk: Desk) -> Shop:
    """A store with customers, orders, people who wait, messages and consent."""
    desk.post("/customers/fields", name="Shoe size", type="number")
    desk.post("/customers/fields", name="Born", type="date")
    desk.post("/customers/fields", name="=1+1", type="text")
    desk.post("/customers/fields", name="Subscribed", type="yes_no")
    shop.product("TEE-M", title="Tee", options={"size": "M"})
    shop.product("HAT-L", title="Hat")
    shop.put(
        "customers",
        {
            "customers": [
                {
                    "id": "c1",
                    "first_name": "Ann",
                    "last_name": "Lee",
                    "phone": "+12015550123",
                    "email": "ann@mail.example",
                    "fields": {
                        "I would like to receive SMS messages": True,
                        "Shoe size": 42.5,
                        "Born": "1990-05-31",
                        "=1+1": "_x0041_",
                        "Subscribed": False,
                    },
                },
                {"id": "c2", "first_name": "=cmd|' /C calc'!A0", "phone": "+12015550124"},
            ]
        },
    )
    lines = [{"sku": "TEE-M", "quantity": 2, "price": "20.00"}, {"sku": "GONE", "title": "Old", "price": "1.5"}]
    shop.post(
        "orders",
        {
            "orders": [
                {
                    "id": "1001",
                    "status": "paid",
                    "customer_id": "c1",
                    "lines": lines,
                    "notify": False,
                    "placed_at": "2026-01-05T10:00:00Z",
                },
                {"id": "1002", "status": "new", "email": "ben@mail.example", "notify": False},
            ]
        },
    )
    shop.ask("TEE-M", "+12015550123")
    shop.ask("TEE-M", "+12015550125")
    shop.ask_by_email("TEE-M", "ben@mail.example")
    shop.stock("HAT-L", 0)
    shop.work()
    return shop


def book(desk: Desk, name: str, query: str = "") -> dict[str, list[dict[str, Any]]]:
    """The exported workbook: sheet → rows by their titles."""
    with desk.browser.get(f"/admin/export/{name}.xlsx{query}") as answer:
        assert answer.status_code == 200, answer.get_data(as_text=True)[-500:]
        read = load_workbook(io.BytesIO(answer.data))
    found = {}
    for sheet in read.worksheets:
        titles, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(titles, row, strict=True)) for row in rows]
    return found


def here(moment: datetime) -> bool:
    """Whether a cell's moment is about now in the store's zone."""
    now = utcnow().astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
    return abs(now - moment) < timedelta(minutes=5)


def test_customers_have_a_typed_column_for_each_field(busy: Shop, desk: Desk) -> None:
    ann, stranger = book(desk, "customers")["Customers"]
    assert (ann["Id in the shop"], ann["First name"], ann["Last name"]) == ("c1", "Ann", "Lee")
    assert (ann["Number"], ann["Email"]) == ("+12015550123", "ann@mail.example")
    assert (ann["Shoe size"], ann["Born"], ann["Subscribed"]) == (42.5, datetime(1990, 5, 31), False)
    assert (ann["I would like to receive SMS messages"], ann["May be sent marketing texts"]) == (True, True)
    assert ann["=1+1"] == "_x005F_x0041_", "which Excel shows as _x0041_, as it was typed"
    assert here(ann["Known since"])
    assert stranger["First name"] == "=cmd|' /C calc'!A0"
    assert (stranger["Email"], stranger["Shoe size"], stranger["May be sent marketing texts"]) == (None, None, False)


def test_orders_and_their_lines_are_a_sheet_each(busy: Shop, desk: Desk) -> None:
    sheets = book(desk, "orders")
    assert list(sheets) == ["Orders", "Lines"]
    paid, new = sheets["Orders"]
    assert (paid["Order"], paid["Status"], paid["Total"], paid["Currency"]) == ("1001", "Paid", 41.5, "USD")
    assert (paid["First name"], paid["Number"], paid["Customer id in the shop"]) == ("Ann", "+12015550123", "c1")
    assert (new["Order"], new["Email"], new["Total"]) == ("1002", "ben@mail.example", None)
    assert paid["Placed"] == datetime(2026, 1, 5, 5), "ten o'clock in Greenwich, by the store's clock"
    assert here(new["Placed"])
    tee, old = sheets["Lines"]
    assert (tee["Order"], tee["Line"], tee["SKU or id"], tee["Product"], tee["Variant"]) == (
        "1001",
        1,
        "TEE-M",
        "Tee",
        "M",
    )
    assert (tee["Quantity"], tee["Price"], tee["Amount"]) == (2, 20, 40)
    assert (old["Title"], old["Product"], old["Amount"]) == ("Old", None, 1.5)


def test_the_people_icons_counts_stand_in_the_export_as_on_the_page(busy: Shop, desk: Desk) -> None:
    paid, new = book(desk, "orders")["Orders"]
    with busy.app.app_context():
        waiting = dict(
            db.session.execute(
                sa.text(
                    "SELECT contact.channel, count(*) FROM alert_request r JOIN contact ON contact.id = r.contact_id "
                    "JOIN variant ON variant.id = r.variant_id WHERE variant.sku = 'TEE-M' AND r.status = 'waiting' "
                    "GROUP BY contact.channel"
                )
            ).all()
        )
        db.session.remove()
    counts = (paid["Requested by text message"], paid["Requested by email"])
    assert counts == (waiting["sms"], waiting["email"]) == (2, 1)
    assert new["Requested by text message"] == 0
    assert f"{sum(counts)} people waiting" in desk.page("/orders")


def test_messages_say_to_whom_what_and_what_became_of_it_without_the_stop_links_key(busy: Shop, desk: Desk) -> None:
    busy.stock("TEE-M", 5)
    busy.work()
    rows = book(desk, "messages")["Messages"]
    told = [row for row in rows if row["Kind"] == "Back in stock"]
    assert {row["To"] for row in told} >= {"+12015550123", "+12015550125"}
    assert {row["Status"] for row in told} == {"Delivered"}
    assert {(row["Product"], row["SKU"]) for row in told} == {("Tee", "TEE-M")}
    assert all(isinstance(row["Segments"], int) and here(row["Delivered"]) for row in told)
    assert len(rows) == len(busy.messages(None))
    links = [row["Text"].partition("/s/")[2] for row in rows]
    assert any(links), "some text has a stop link"
    assert {link[:3] for link in links} <= {"", "•••"}


def test_the_consent_ledger_says_who_agreed_to_what_when_and_how(busy: Shop, desk: Desk) -> None:
    rows = book(desk, "consent")["Consent"]
    marketing = [row for row in rows if row["To"] == "Marketing"]
    assert [(row["Address"], row["Said"], row["How"]) for row in marketing] == [("+12015550123", "Yes", "api")]
    asked = [row for row in rows if row["To"] == "What was asked for" and row["Channel"] == "Text message"]
    assert {row["Address"] for row in asked} == {"+12015550123", "+12015550125"}
    assert all(row["How"] == "widget" and "STOP" in row["Wording"] and here(row["At"]) for row in asked)


FILTERS = (
    ("customers", "?q=ann", 1),
    ("customers", "?opt_in=yes", 1),
    ("customers", "?opt_in=unknown", 1),
    ("customers", "?q=%2B12015550124", 1),
    ("customers", "?q=nobody", 0),
    ("orders", "?status=paid", 1),
    ("orders", "?q=1002", 1),
    ("orders", "?q=%2B12015550123&status=new", 0),
    ("messages", "?kind=confirmation", 3),
    ("messages", "?q=%2B12015550125&kind=confirmation", 1),
    ("messages", "?status=failed", 0),
    ("messages", "?status=delivered&kind=confirmation", 3),
    ("messages", "?status=waiting", 0),
    ("messages", "?kind=confirmation&made=7d", 3),
    ("orders", "?placed=today", 1),
    ("orders", "?status=paid&placed=90d", 0),
)


def test_a_lists_export_button_takes_what_its_filter_matches(busy: Shop, desk: Desk) -> None:
    for name, query, found in FILTERS:
        assert f'href="/admin/export/{name}{query}"' in desk.page(f"/{name}{query}")
        unit = EXPORTS[name].unit[0 if found == 1 else 1]
        assert f"<b>{found}</b> {unit}" in desk.page(f"/export/{name}{query}"), query
        assert len(book(desk, name, query)[EXPORTS[name].title]) == found, query


def test_a_filter_that_the_list_does_not_offer_is_passed_over_by_both(busy: Shop, desk: Desk) -> None:
    page = desk.page("/export/orders?status=lost&placed=ever&nothing=1")
    assert "As the list was filtered" not in page
    assert "<b>2</b> orders" in page
    assert "/admin/export/orders.xlsx?" not in page


def test_the_messages_of_one_send_are_exported_alone(busy: Shop, other_shop: Shop, desk: Desk) -> None:
    confirmed_and_draft(busy.app, busy.key, "Hello {firstname}")
    with busy.app.app_context():
        send = db.session.scalars(sa.select(Send.id).order_by(Send.id)).first()
        with transaction():
            db.session.execute(sa.update(Send).values(starts_at=utcnow() - timedelta(minutes=1)))
        db.session.remove()
    busy.work()
    assert f'href="/admin/export/messages?send={send}"' in desk.page(f"/messages?send={send}")
    assert [row["To"] for row in book(desk, "messages", f"?send={send}")["Messages"]] == ["+12015550123"]
    for query in (f"?send={send}&status=failed", "?send=x", f"?send={10**30}", f"?send={send + 1}"):
        assert book(desk, "messages", query)["Messages"] == [], query
    theirs = Desk.of(other_shop, "owner")
    assert book(theirs, "messages", f"?send={send}")["Messages"] == []


def test_the_credits_ledger_adds_up_to_the_balance(busy: Shop, desk: Desk) -> None:
    with_credits(busy, 500)
    busy.ask("TEE-M", "+12015550126")
    busy.work()
    rows = book(desk, "credits")["Credits"]
    assert sum(row["Credits"] for row in rows) == account(busy).balance < 500
    assert sum(row["Put aside"] for row in rows) == account(busy).reserved == 0
    assert [row["What"] for row in rows] == ["Granted", "Put aside", "Spent"]
    [told] = [row for row in book(desk, "messages")["Messages"] if row["To"] == "+12015550126"]
    assert told["Credits"] == 500 - account(busy).balance == -rows[1]["Credits"]
    assert rows[1]["Message"] == told["Message"]
    assert 'href="/admin/export/credits?kind=opening"' in desk.page("/settings/credits?kind=opening")
    assert len(book(desk, "credits", "?kind=opening")["Credits"]) == 1
    assert "/admin/export/" not in Desk.of(busy, "staff").page("/settings/credits")


def test_a_search_that_is_no_number_is_said_so_and_exports_nothing(busy: Shop, desk: Desk) -> None:
    page = desk.page("/export/messages?q=12")
    assert "Nothing to export" in page
    desk.page("/export/messages.xlsx?q=12", 422)


def test_exporting_is_a_permission_of_its_own_asks_for_the_password_and_is_written_down(busy: Shop, desk: Desk) -> None:
    for role in ("viewer", "staff"):
        other = Desk.of(busy, role)
        for name in NAMES:
            other.page(f"/export/{name}", 403)
            other.page(f"/export/{name}.xlsx", 403)
            if name not in ("activities", "consent", "credits"):
                assert "/admin/export/" not in other.page(f"/{name}")
    rows = {
        name: len(next(iter(book(desk, name).values()))) for name in NAMES
    }  # of the first sheet, where there are two
    trail = desk.page("/settings/audit")
    for name in NAMES:
        assert f"{EXPORTS[name].title} exported" in trail
        assert f"rows: {rows[name]}" in trail
    with desk.browser.session_transaction() as session:
        session["fs_paa"] = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
        session["fs_gexp"] = 0
    for name in NAMES:
        for path in (f"/export/{name}", f"/export/{name}.xlsx"):
            assert "verify" in desk.browser.get(f"/admin{path}").headers["Location"]


def test_a_store_exports_its_own_alone(busy: Shop, other_shop: Shop) -> None:
    theirs = Desk.of(other_shop, "owner")
    for name in NAMES:
        assert all(rows == [] for rows in book(theirs, name).values()), name


def test_an_erased_customer_is_in_no_export(busy: Shop, desk: Desk) -> None:
    customer = desk.id_in("/customers?q=ann", r'"/admin/customers/(\d+)"')
    desk.post(f"/customers/{customer}/erase", typed="Ann Lee")
    for name in NAMES:
        for rows in book(desk, name).values():
            assert "+12015550123" not in str(rows)
            assert "ann@mail.example" not in str(rows)


def test_a_long_table_is_read_in_pieces_and_none_is_lost_or_doubled(
    busy: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {name: book(desk, name) for name in NAMES}
    monkeypatch.setattr(reading, "BATCH", 1)
    assert {name: book(desk, name) for name in NAMES} == whole


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_longer_table_takes_no_more_memory(app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH", 100)
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # what nobody needs is no memory of the table's
    with app.app_context():
        now, store = utcnow(), db.session.get_one(Store, shop.store_id)
        keys = {"store_id": store.id, "created_at": now, "updated_at": now}
        with transaction():
            for start in range(0, 1500, 500):
                ids = range(start, start + 500)
                insert_rows(
                    Customer,
                    [
                        {**keys, "external_id": f"c{n}", "first_name": f"Ann {n}", "name_key": "", "last_name_key": ""}
                        for n in ids
                    ],
                )
                insert_rows(
                    Order,
                    [
                        {**keys, "external_id": str(n), "status": "new", "placed_at": now, "currency": "USD"}
                        | {"customer_ref": f"c{n}", "total": None}
                        for n in ids
                    ],
                )
        peaks, orders = [], EXPORTS["orders"]
        for last in (100, 100, 1500):  # the first pays for what is made once
            sheets = orders.sheets(store, orders.chosen(store, {}).where(orders.key <= last))
            gc.collect()
            tracemalloc.start()
            with tempfile.TemporaryFile() as file:
                assert write_book(file, sheets, store.zone)[0] == last
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        db.session.remove()
    gc.set_threshold(*thresholds)
    assert peaks[2] < peaks[1] * 1.5, f"15 times the rows took {peaks[2] / peaks[1]:.2f} times the memory"

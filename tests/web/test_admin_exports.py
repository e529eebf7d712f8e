"""Products / Export Traffic Tools / Instock Notification / Excel."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from nexnotify.clock import utcnow
from nexnotify.reports.exports import table as reading
from tests.admin import Desk
from tests.shop import Shop
from tests.times import at

FILE = "/products/export/instock-notification.xlsx"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """No midnight of the store comes between what a test does and what it looks at."""
    with at("2030-01-15 12:00"):
        yield


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An admin's browser."""
    return Desk.of(shop, "admin")


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """Three requests: two by text for one product, one by email for another."""
    shop.product("TEE-M", title="Tee", options={"size": "M"})
    shop.product("HAT-L", title="Hat", unavailable_as="preordered")
    shop.put("settings", {"switches": {"preordered": {"sms": True, "email": True}}})
    shop.ask("TEE-M", "+12015550123", page_url="https://acme.example/tee")
    shop.ask("TEE-M", "+12015550124", first_name="=cmd|' /C calc'!A0")
    shop.ask_by_email("HAT-L", "ann@mail.example")
    return shop


def table(desk: Desk, query: str = "") -> list[dict[str, Any]]:
    """The exported sheet, each row by its titles."""
    answer = desk.browser.get(f"/admin{FILE}{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)[-500:]
    assert "attachment" in answer.headers["Content-Disposition"]
    titles, *rows = load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)
    answer.close()
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_the_way_there_is_products_export_instock_excel(asked: Shop, desk: Desk) -> None:
    assert 'href="/admin/products/export"' in desk.page("/products")
    page = desk.page("/products/export")
    assert "Instock Notification" in page
    link = re.search(r'href="(/admin[^"]+\.xlsx)"[^>]*>.*?Excel', page, re.DOTALL)
    assert link
    assert link.group(1) == f"/admin{FILE}"


def test_a_row_says_who_asked_for_what_and_what_became_of_it(asked: Shop, desk: Desk) -> None:
    asked.stock("TEE-M", 5)
    asked.work()
    first, second, third = table(desk)
    assert (first["Product"], first["Variant"], first["SKU"]) == ("Tee", "M", "TEE-M")
    assert (first["Status"], first["Channel"], first["Address"]) == ("Sold Out", "Text message", "+12015550123")
    assert (first["First name"], first["Request status"], first["Source"]) == ("Ann", "alerted", "widget")
    assert first["Page"] == "https://acme.example/tee"
    assert isinstance(first["Request"], int)
    assert isinstance(first["Alerted at"], datetime)
    here = utcnow().astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
    assert abs(here - first["Asked at"]) < timedelta(minutes=5)
    assert second["First name"] == "=cmd|' /C calc'!A0"
    assert (third["Status"], third["Channel"], third["Address"]) == ("Preordered", "Email", "ann@mail.example")
    assert (third["Alerted at"], third["Request status"]) == (None, "waiting")


@pytest.mark.parametrize(
    "query,addresses",
    [
        ("", 3),
        ("?q=hat", 1),
        ("?q=tee-m", 2),
        ("?q=%25", 0),
        ("?channel=email", 1),
        ("?channel=sms&q=hat", 0),
        ("?channel=pigeon", 3),
        ("?status=waiting", 3),
        ("?status=alerted", 0),
        ("?from={today}&to={today}", 3),
        ("?to={yesterday}", 0),
        ("?from={tomorrow}", 0),
    ],
)
def test_filters_stand_in_the_address_of_page_and_file_alike(
    asked: Shop, desk: Desk, query: str, addresses: int
) -> None:
    now = utcnow().astimezone(ZoneInfo("America/New_York"))
    days = {
        name: f"{now + timedelta(days=n):%Y-%m-%d}" for name, n in (("today", 0), ("yesterday", -1), ("tomorrow", 1))
    }
    query = query.format(**days)
    assert f"{addresses} request" in desk.page(f"/products/export{query}")
    assert len(table(desk, query)) == addresses


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "query", ["?from=yesterday", "?to=2026-13-01", "?from=2026-02-02&to=2026-02-01", "?to=9999-12-31"]
)
def test_days_that_make_no_sense_are_said_to_beside_their_field(asked: Shop, desk: Desk, query: str) -> None:
    assert 'id="dates-error"' in desk.page(f"/products/export{query}")
    desk.page(f"{FILE}{query}", 422)


def test_a_long_list_is_read_in_batches_and_none_is_lost_or_doubled(
    asked: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"sku": "TEE-M", "phone": f"+120155511{n:02}", "consent": True, "confirm": False} for n in range(20)]
    asked.post("requests", {"requests": rows})
    monkeypatch.setattr(reading, "BATCH", 5)
    numbers = [row["Request"] for row in table(desk)]
    assert len(numbers) == 23
    assert numbers == sorted(set(numbers))


def test_names_of_every_kind_come_back_as_they_are(shop: Shop, desk: Desk) -> None:
    title = "قميص 👕 <b>x</b> " + "long" * 45
    shop.product("TEE-M", title=title)
    shop.ask("TEE-M", first_name="Zoë 🌊")
    [row] = table(desk)
    assert row["Product"] == title
    assert row["First name"] == "Zoë 🌊"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role,status", [("viewer", 403), ("staff", 403), ("admin", 200), ("owner", 200)])
def test_only_owners_and_admins_take_addresses_away(asked: Shop, role: str, status: int) -> None:
    desk = Desk.of(asked, role)
    desk.page("/products/export", status)
    with desk.browser.get(f"/admin{FILE}") as answer:
        assert answer.status_code == status
    assert ("Export Traffic Tools" in desk.page("/products")) is (status == 200)


def test_every_export_is_in_the_audit_trail(asked: Shop, desk: Desk) -> None:
    table(desk, f"?q={quote('tee')}&channel=sms")
    trail = desk.page("/settings/audit")
    assert "Instock Notification exported" in trail
    assert "rows: 2" in trail
    assert "q tee" in trail


def test_the_password_is_asked_again_when_it_was_typed_long_ago(asked: Shop, desk: Desk) -> None:
    with desk.browser.session_transaction() as session:
        session["fs_paa"] = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
        session["fs_gexp"] = 0
    for path in ("/products/export", FILE):
        answer = desk.browser.get(f"/admin{path}")
        assert answer.status_code == 302, path
        assert "verify" in answer.headers["Location"]


def test_a_store_exports_its_own_alone(asked: Shop, other_shop: Shop) -> None:
    assert table(Desk.of(other_shop, "owner")) == []

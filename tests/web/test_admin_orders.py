"""The order and ticket pages, the people icon's counts, and the eye of a template."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.db import db
from tests.admin import Desk
from tests.shop import Shop

ANN = "+12015550123"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An owner's browser."""
    return Desk.of(shop)


def order(shop: Shop, number: str = "1001", status: str = "new", **fields: Any) -> None:
    shop.post("orders", {"orders": [{"id": number, "status": status, "notify": False, **fields}]})


def shown(desk: Desk, path: str = "/orders") -> list[str]:
    """The numbers of the orders on the page."""
    return re.findall(r'href="/admin/orders/\d+">([^<]+)<', desk.page(path))


def icons(desk: Desk) -> dict[str, tuple[int, int]]:
    """Order number → what its people icon tells: emails, texts."""
    page, found = desk.page("/orders"), {}
    for row in page.split("<tr>")[2:]:
        number = re.search(r'href="/admin/orders/\d+">([^<]+)<', row)
        told = re.search(r"(\d+) by email, (\d+) by text message", row)
        assert number is not None
        found[number.group(1)] = (int(told.group(1)), int(told.group(2))) if told else (0, 0)
    return found


def test_the_people_icons_counts_agree_with_the_database(app: Flask, shop: Shop, other_shop: Shop, desk: Desk) -> None:
    for store in (shop, other_shop):
        for sku in ("TEE-M", "HAT-L", "MUG-1", "CAP-9"):
            store.product(sku)
        for number in range(3):
            store.ask("TEE-M", f"+1201555012{number}")
        store.ask_by_email("TEE-M")
        store.ask("HAT-L", ANN)
        store.ask_by_email("HAT-L", "ann@mail.example")
        store.ask_by_email("HAT-L", "ben@mail.example")
        store.ask("MUG-1", ANN)
    shop.stock("MUG-1", 5)  # whoever has been told waits no more
    shop.work()
    order(shop, "both", lines=[{"sku": "TEE-M"}, {"sku": "HAT-L"}, {"sku": "TEE-M", "quantity": 3}, {"sku": "GONE"}])
    order(shop, "hat", lines=[{"variant_id": "hat-l-v"}])
    order(shop, "told", lines=[{"sku": "MUG-1"}])
    order(shop, "nobody", lines=[{"sku": "CAP-9"}])
    order(shop, "empty")
    assert icons(desk) == {"both": (3, 4), "hat": (2, 1), "told": (0, 0), "nobody": (0, 0), "empty": (0, 0)}
    with app.app_context():
        counted = db.session.execute(
            sa.text(
                "SELECT o.external_id, c.channel, count(DISTINCT r.id) FROM customer_order o"
                " JOIN order_line l ON l.order_id = o.id JOIN alert_request r ON r.variant_id = l.variant_id"
                " JOIN contact c ON c.id = r.contact_id"
                " WHERE o.store_id = :store AND r.status = 'waiting' GROUP BY 1, 2"
            ),
            {"store": shop.store_id},
        ).all()
        db.session.remove()
    assert {(number, channel): count for number, channel, count in counted} == {
        ("both", "email"): 3,
        ("both", "sms"): 4,
        ("hat", "email"): 2,
        ("hat", "sms"): 1,
    }


def test_a_page_of_orders_asks_for_the_counts_once(app: Flask, shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN)
    rows = [{"id": str(n), "status": "new", "lines": [{"sku": "TEE-M"}]} for n in range(30)]
    shop.post("orders", {"orders": rows})
    asked = 0

    def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal asked
        asked += "alert_request" in statement

    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", count)
        desk.page("/orders")
        sa.event.remove(db.engine, "before_cursor_execute", count)
    assert asked == 1


def test_orders_are_filtered_by_status_and_searched_by_number_and_address(shop: Shop, desk: Desk) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "email": "ann@mail.example", "phone": ANN}]})
    order(shop, "1001", "paid", phone="+12015550144")
    order(shop, "1002", customer_id="c1")
    order(shop, "1003", email="ben@mail.example")
    assert shown(desk) == ["1003", "1002", "1001"]
    assert shown(desk, "/orders?status=paid") == ["1001"]
    assert shown(desk, "/orders?q=%231002") == ["1002"]
    assert shown(desk, "/orders?q=ann@mail.example") == ["1002"]
    assert shown(desk, "/orders?q=0144") == ["1001"]
    assert shown(desk, "/orders?q=ben@mail.example&status=paid") == []
    assert shown(desk, "/orders?q=no+such+number") == []


def test_orders_go_on_page_by_page_with_the_filter_in_the_address(shop: Shop, desk: Desk) -> None:
    shop.post("orders", {"orders": [{"id": f"n{n:03d}", "status": "paid"} for n in range(60)]})
    order(shop, "other")
    first = desk.page("/orders?status=paid")
    following = re.search(r'name="go" value="/admin(/orders\?[^"]+after=[^"]+)"', first)
    assert following is not None
    numbers = shown(desk, "/orders?status=paid") + shown(desk, following.group(1))
    assert sorted(numbers) == [f"n{n:03d}" for n in range(60)]


def test_an_order_page_tells_lines_customer_events_and_messages(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M", title="Blue tee")
    lines = [{"sku": "TEE-M", "quantity": 7, "price": "20.00"}, {"sku": "GONE-1", "title": "Old hat"}]
    row = {"id": "1001", "status": "paid", "phone": ANN, "first_name": "Ann", "last_name": "Lee", "lines": lines}
    shop.post("orders", {"orders": [row]})
    shop.work()
    page = desk.page(f"/orders/{desk.id_of('/orders', 'orders')}")
    for words in ("Blue tee", "Old hat", "GONE-1", "Not in your catalogue", "Ann Lee", "+1 201 ••• 0123", "Delivered"):
        assert words in page
    assert "we have received your order 1001" in page
    assert ANN not in page
    assert page.index("Placed, not paid yet.") < page.index("Paid, not sent yet.")


def test_an_order_leads_to_its_customer(shop: Shop, desk: Desk) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN}]})
    order(shop, customer_id="c1")
    address = f"/customers/{desk.id_of('/customers', 'customers')}"
    assert f'href="/admin{address}">Ann Lee</a>' in desk.raw(f"/orders/{desk.id_of('/orders', 'orders')}")


def test_a_ticket_page_tells_what_both_sides_wrote(shop: Shop, desk: Desk) -> None:
    messages = [
        {"id": "m1", "from": "customer", "text": "Where is <b>it</b>?", "at": "2026-01-05T10:00:00Z"},
        {"id": "m2", "from": "merchant", "text": "It left today.", "at": "2026-01-05T11:00:00Z"},
    ]
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Parcel", "first_name": "Ann", "messages": messages}]})
    number = desk.id_of("/tickets", "tickets")
    assert "Parcel" in desk.page("/tickets")
    assert "Where is &lt;b&gt;it&lt;/b&gt;?" in desk.raw(f"/tickets/{number}")
    page = desk.page(f"/tickets/{number}")
    assert page.index("Where is") < page.index("It left today.")


def test_pages_of_another_stores_orders_and_tickets_are_not_found(shop: Shop, other_shop: Shop, desk: Desk) -> None:
    order(shop)
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Parcel"}]})
    other = Desk.of(other_shop)
    other.page(f"/orders/{desk.id_of('/orders', 'orders')}", 404)
    other.page(f"/tickets/{desk.id_of('/tickets', 'tickets')}", 404)
    assert "No orders yet" in other.page("/orders")
    assert "No tickets yet" in other.page("/tickets")


def test_emails_about_orders_and_tickets_go_out_once_they_are_switched_on(shop: Shop, desk: Desk) -> None:
    row = {"id": "1001", "status": "new", "email": "ann@shop.example", "first_name": "Ann"}
    shop.post("orders", {"orders": [row]})
    shop.work()
    assert shop.messages(None) == []
    page = desk.page("/templates")
    [email] = re.findall(r"/templates/(\d+)/switch(?:(?!<form).)*Order received, email, is off", page, re.DOTALL)
    desk.post(f"/templates/{email}/switch", active="1")
    shop.post("orders", {"orders": [row | {"id": "1002"}]})
    shop.work()
    [told] = shop.messages(None)
    assert (told["channel"], told["to"]) == ("email", "ann@shop.example")
    assert "we have received your order 1002" in told["body"]


def test_the_merchants_number_is_read_in_the_stores_country_and_seen_whole_by_admins_alone(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post("/settings/texts", order_texts="y", merchant_number="201 555 0150")
    assert shop.get("settings")["merchant_number"] == "+12015550150"
    assert "+12015550150" in desk.page("/settings/texts")
    assert "+12015550150" not in Desk.of(shop, "staff").page("/settings/texts")

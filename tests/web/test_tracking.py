"""What the codes on the shop's pages tell: counted, kept apart, and never acted upon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import to_local, utcnow
from nexnotify.customers.models import ConsentEntry, Contact, Customer
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Message
from nexnotify.orders.models import Order, OrderEvent
from nexnotify.outcomes.models import OrderMatch, PageOrder, ProductView, VisitorRequest
from nexnotify.outcomes.page_orders import forget_old_orders
from nexnotify.outcomes.views import forget_old_views
from nexnotify.reports.storefront_code import Recovered, Views, recovered_since, sightings, views_since
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.web.tracking import ORDERS_PER_IP, read_amount
from tests.admin import Desk
from tests.shop import Shop
from tests.times import at

ANN, VISITOR = "+12015550123", "0123456789abcdef"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """No midnight of the store comes between what a test does and what it looks at."""
    with at("2030-01-15 12:00"):
        yield


def tell(shop: Shop, path: str, status: int = 204, headers: dict[str, str] | None = None, **body: Any) -> None:
    """One page of the shop tells something."""
    answer = shop.client.post(f"/widget/v1/{shop.key}/{path}", json=body, headers=headers or {})
    assert answer.status_code == status, answer.get_data(as_text=True)
    if status == 204:
        assert answer.get_data() == b""


def view(shop: Shop, sku: str = "TEE-M", status: int = 204, **more: Any) -> None:
    tell(shop, "views", status, products=[{"sku": sku}], **more)


def views(shop: Shop) -> Views:
    with shop.app.app_context():
        store = db.session.get_one(Store, shop.store_id)
        return views_since(store, to_local(utcnow(), store.zone).date())


def recovered(shop: Shop) -> Recovered:
    with shop.app.app_context():
        return recovered_since(db.session.get_one(Store, shop.store_id), utcnow() - timedelta(days=1))


def missing(shop: Shop) -> dict[str, str]:
    """Code → what was missing when it last came."""
    with shop.app.app_context():
        return {code: seen.missing for code, seen in sightings(db.session.get_one(Store, shop.store_id)).items()}


def rows(shop: Shop, model: Any) -> int:
    with shop.app.app_context():
        statement = sa.select(sa.func.count()).select_from(model).where(model.store_id == shop.store_id)
        return db.session.scalar(statement) or 0


def told_of_the_tee(shop: Shop, **ask: Any) -> None:
    """Ann asked, and has been told that the tee is back."""
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN, **ask)
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.requests()[0]["status"] == "alerted"


# --- views -----------------------------------------------------------------------------------------------------------


def test_views_are_one_row_for_a_product_and_a_day(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("MUG", on_hand=3)
    for _ in range(3):
        view(shop, "TEE-M")
    view(shop, "MUG")
    assert views(shop) == Views(views=4, unavailable=3, signups=0)
    assert rows(shop, ProductView) == 2


def test_the_sign_up_rate_is_of_views_in_which_it_could_not_be_bought(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("MUG", on_hand=3)
    for _ in range(4):
        view(shop, "TEE-M")
        view(shop, "MUG")
    view(shop, "TEE-M", what="signup")
    assert views(shop).signup_rate == 25
    assert views(shop).views == 8


def test_without_views_there_is_no_rate(shop: Shop) -> None:
    assert views(shop).signup_rate is None


def test_a_product_that_nobody_knows_is_answered_alike_and_not_counted(shop: Shop, other_shop: Shop) -> None:
    other_shop.product("SECRET")
    view(shop, "SECRET")
    assert views(shop).views == views(other_shop).views == 0
    assert missing(shop) == {"view": "product"}


#: Who does not want to be counted, what was fetched ahead, and robots.
NOBODY = (
    {"Sec-GPC": "1"},
    {"DNT": "1"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"User-Agent": "Mozilla/5.0 (compatible; Somebot/2.1; +https://robots.example/bot.html)"},
    {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0"},
)


def test_who_does_not_want_to_be_counted_or_is_nobody_is_not(shop: Shop) -> None:
    shop.product("TEE-M")
    for headers in NOBODY:
        tell(shop, "views", headers=headers, products=[{"sku": "TEE-M"}])
        tell(shop, "orders", headers=headers, order="1001", consent=True)
    assert views(shop).views == rows(shop, PageOrder) == 0
    assert missing(shop) == {}


def test_where_the_shop_waits_for_consent_only_a_yes_is_counted(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"storefront_code": {"require_consent": True}})
    view(shop)
    tell(shop, "orders", order="1001")
    assert views(shop).views == rows(shop, PageOrder) == 0
    view(shop, consent=True)
    tell(shop, "orders", order="1001", consent=True)
    assert views(shop).views == rows(shop, PageOrder) == 1


def test_pages_of_other_domains_tell_nothing(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"domains": ["https://shop.example"]})
    for path, body in (("views", {"products": [{"sku": "TEE-M"}]}), ("orders", {"order": "1001"})):
        tell(shop, path, 403, {"Origin": "https://thief.example"}, **body)
        tell(shop, path, 204, {"Origin": "https://shop.example"}, **body)
    assert (views(shop).views, rows(shop, PageOrder)) == (1, 1)


def test_it_comes_as_plain_text_so_that_browsers_need_no_preflight(shop: Shop) -> None:
    shop.product("TEE-M")
    answer = shop.client.post(
        f"/widget/v1/{shop.key}/views", data='{"products": [{"sku": "TEE-M"}]}', content_type="text/plain"
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    assert views(shop).views == 1


def test_what_is_no_view_is_refused(shop: Shop) -> None:
    bodies: list[Any] = [None, [], [{"sku": "x"}] * 21, [{"sku": 5}], "TEE-M"]
    for products in bodies:
        tell(shop, "views", 422, products=products)


def test_one_address_tells_only_so_much(shop: Shop) -> None:
    for number in range(ORDERS_PER_IP):
        tell(shop, "orders", order=str(number))
    tell(shop, "orders", 429, order="one more")
    assert rows(shop, PageOrder) == ORDERS_PER_IP


# --- orders ----------------------------------------------------------------------------------------------------------


def test_the_same_order_counts_once_however_often_its_page_is_loaded(shop: Shop) -> None:
    for _ in range(3):
        tell(shop, "orders", order="1001", total="20.00")
    assert rows(shop, PageOrder) == 1


def test_who_agrees_after_the_order_was_told_is_joined_with_it_once(shop: Shop) -> None:
    told_of_the_tee(shop, visitor=VISITOR)
    tell(shop, "orders", order="1001", total="20.00")
    assert recovered(shop).orders == 0
    tell(shop, "orders", order="1001", total="9999", visitor=VISITOR, consent=True)
    tell(shop, "orders", order="1001", total="9999", visitor="another-browser-0", consent=True)
    assert rows(shop, PageOrder) == 1
    assert recovered(shop) == Recovered(orders=1, by_page=1, revenue=Decimal("20.00"), assisted=1)


def test_an_order_of_a_page_touches_nothing_that_the_shop_s_system_told(shop: Shop) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    shop.post("orders", {"orders": [{"id": "1001", "status": "new", "total": "20.00", "customer_id": "c1"}]})
    shop.work()
    before = [rows(shop, model) for model in (Customer, Contact, ConsentEntry, Order, OrderEvent, Message)]
    tell(shop, "orders", order="1001", total="9999", phone=ANN, email="new@mail.example", consent=True)
    tell(shop, "orders", order="1002", total="9999", phone="+12015550177", consent=True)
    shop.work()
    assert [rows(shop, model) for model in (Customer, Contact, ConsentEntry, Order, OrderEvent, Message)] == before
    [order] = shop.get("orders")["orders"]
    assert (order["id"], order["total"], order["email"]) == ("1001", "20.00", None)


def test_an_order_without_its_number_is_one_a_day_of_a_visitor_who_agreed(shop: Shop) -> None:
    for visitor in (VISITOR, VISITOR, "another-browser-0"):
        tell(shop, "orders", total="20.00", visitor=visitor, consent=True)
    assert rows(shop, PageOrder) == 2
    assert missing(shop) == {"order": "number"}


def test_an_order_that_nothing_tells_from_another_is_seen_and_not_counted(shop: Shop) -> None:
    tell(shop, "orders", total="20.00")
    tell(shop, "orders", order="[[ordernumber]]", total="%%TOTAL%%", visitor=VISITOR)
    assert rows(shop, PageOrder) == 0
    assert missing(shop) == {"order": "number"}


@pytest.mark.parametrize(
    "written, amount",
    [
        ("20.00", "20.00"),
        ("$1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("1 234,5", "1234.5"),
        ("1,234", "1234"),
        ("15", "15"),
        (19.9, "19.9"),
        ("", None),
        ("free", None),
        ("%%ORDER_AMOUNT%%", None),
        ("1,2,3", None),
        ("9" * 30, None),
        (None, None),
        ([], None),
    ],
)
def test_amounts_are_read_as_shops_write_them(written: Any, amount: str | None) -> None:
    assert read_amount(written) == (None if amount is None else Decimal(amount))


# --- who had been told -------------------------------------------------------------------------------------------------


def test_an_order_of_a_number_that_was_told_may_have_been_recovered(shop: Shop) -> None:
    told_of_the_tee(shop)
    tell(shop, "orders", order="1001", total="20.00", phone="(201) 555-0123", consent=True)
    assert recovered(shop) == Recovered(orders=1, by_page=1, revenue=Decimal("20.00"), assisted=1)


def test_without_consent_nobody_looks_whose_order_it_is(shop: Shop) -> None:
    told_of_the_tee(shop)
    tell(shop, "orders", order="1001", phone=ANN)
    assert rows(shop, PageOrder) == 1
    assert recovered(shop).orders == 0


def test_an_order_from_the_browser_that_asked_may_have_been_recovered(shop: Shop) -> None:
    told_of_the_tee(shop, visitor=VISITOR)
    tell(shop, "orders", order="1001", total="20.00", visitor="another-browser-0", consent=True)
    assert recovered(shop).orders == 0
    tell(shop, "orders", order="1002", total="20.00", visitor=VISITOR, consent=True)
    assert recovered(shop).orders == 1


def test_an_order_of_something_else_was_not_recovered(shop: Shop) -> None:
    told_of_the_tee(shop)
    shop.product("MUG", on_hand=3)
    tell(shop, "orders", order="1001", phone=ANN, lines=[{"sku": "MUG"}], consent=True)
    assert recovered(shop).orders == 0
    tell(shop, "orders", order="1002", phone=ANN, lines=[{"sku": "MUG"}, {"sku": "TEE-M"}], consent=True)
    assert recovered(shop).orders == 1


def test_an_order_before_the_alert_or_long_after_it_was_not_recovered(shop: Shop) -> None:
    told_of_the_tee(shop)
    for number, away in enumerate((timedelta(hours=1), timedelta(days=-11))):
        with shop.app.app_context(), transaction():
            db.session.execute(sa.update(AlertRequest).values(alerted_at=utcnow() + away))
        tell(shop, "orders", order=f"100{number}", phone=ANN, consent=True)
    assert rows(shop, PageOrder) == 2
    assert recovered(shop).orders == 0


@pytest.mark.parametrize("first,number", [("api", "1001"), ("page", "1001"), ("api", "#1001"), ("page", "#1001")])
def test_an_order_that_both_tell_is_one_and_the_api_s_word_counts(shop: Shop, first: str, number: str) -> None:
    told_of_the_tee(shop)

    def by_api() -> None:
        line = {"sku": "TEE-M", "price": "20.00"}
        shop.post("orders", {"orders": [{"id": "1001", "status": "paid", "phone": ANN, "lines": [line]}]})

    def by_page() -> None:
        tell(shop, "orders", order=number, total="9999", phone=ANN, consent=True)

    for act in (by_api, by_page) if first == "api" else (by_page, by_api):
        act()
    assert recovered(shop) == Recovered(orders=1, by_page=0, revenue=Decimal("20.00"), assisted=1)
    assert rows(shop, OrderMatch) == 1


def test_a_page_s_word_about_an_order_of_the_api_stays_a_page_s_word(shop: Shop) -> None:
    told_of_the_tee(shop)
    shop.post("orders", {"orders": [{"id": "1001", "status": "paid", "total": "20.00"}]})
    tell(shop, "orders", order="#1001", total="9999", phone=ANN, consent=True)
    assert recovered(shop) == Recovered(orders=1, by_page=1, revenue=Decimal("20.00"), assisted=1)


def test_an_order_that_was_cancelled_is_not_recovered(shop: Shop) -> None:
    told_of_the_tee(shop)
    order = {"id": "1001", "phone": ANN, "lines": [{"sku": "TEE-M", "price": "20.00"}]}
    shop.post("orders", {"orders": [{**order, "status": "paid"}]})
    assert recovered(shop).orders == 1
    shop.post("orders", {"orders": [{**order, "status": "cancelled"}]})
    assert recovered(shop).orders == 0


def test_another_store_s_alert_recovers_nothing_here(shop: Shop, other_shop: Shop) -> None:
    told_of_the_tee(other_shop, visitor=VISITOR)
    tell(shop, "orders", order="1001", phone=ANN, visitor=VISITOR, consent=True)
    assert recovered(shop).orders == recovered(other_shop).orders == 0


# --- forgetting ------------------------------------------------------------------------------------------------------


def test_what_is_erased_leaves_no_visitor_behind(shop: Shop) -> None:
    told_of_the_tee(shop, visitor=VISITOR)
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    tell(shop, "orders", order="1001", phone=ANN, visitor=VISITOR, consent=True)
    with shop.app.app_context():
        number = db.session.scalars(sa.select(Customer.id)).one()
    Desk.of(shop).post(f"/customers/{number}/erase", typed="Ann")
    assert rows(shop, VisitorRequest) == 0
    with shop.app.app_context():
        order = db.session.scalars(sa.select(PageOrder)).one()
        assert (order.visitor, order.sms_contact_id) == (None, None)


def test_what_is_over_a_year_old_is_swept_away(app: Flask, shop: Shop) -> None:
    told_of_the_tee(shop, visitor=VISITOR)
    view(shop)
    tell(shop, "orders", order="1001", phone=ANN, visitor=VISITOR, consent=True)
    counted = (ProductView, PageOrder, OrderMatch, VisitorRequest)
    for away, left in ((timedelta(days=399), [1, 1, 1, 1]), (timedelta(days=402), [0, 0, 0, 0])):
        with app.app_context(), transaction():
            forget_old_views(utcnow() + away)
            forget_old_orders(utcnow() + away)
        assert [rows(shop, model) for model in counted] == left

"""Somebody who waits and is nobody's customer has a right to be forgotten too."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nexnotify.customers.models import Contact, Customer
from nexnotify.db import db
from nexnotify.orders.models import Order
from tests.admin import Desk
from tests.shop import Shop
from tests.stages.test_claims import inside

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ANN, BEN = "+12015550123", "+12015550124"


def order(number: str, **more: str) -> dict[str, object]:
    return {"id": number, "status": "new", "lines": [{"sku": "MUG"}], "notify": False, **more}


@pytest.fixture
def waited(shop: Shop) -> Shop:
    """Ann and Ben wait; each has ordered as a guest, and somebody has who told no address."""
    shop.product("TEE-M")
    for phone, name in ((ANN, "Ann"), (BEN, "Ben")):
        shop.ask("TEE-M", phone, first_name=name)
    orders = [
        order("1", phone=ANN, first_name="Ann"),
        order("2", phone=BEN, first_name="Ben"),
        order("3", first_name="Cat"),
    ]
    assert shop.post("orders", {"orders": orders})["errors"] == []
    shop.work()
    return shop


def test_nothing_is_left_of_who_it_was_and_nothing_goes_there_any_more(waited: Shop) -> None:
    desk = Desk.of(waited)
    assert "Erase this person" in desk.page("/waitlist/requests/1")
    assert "cannot be undone" in desk.page("/waitlist/requests/1/erase")
    assert "This is not the same" in desk.post("/waitlist/requests/1/erase", 422, typed="Ann")
    desk.post("/waitlist/requests/1/erase", typed="1")
    page = desk.page("/waitlist/requests/1")
    assert "Erase this person" not in page
    assert ANN not in str(waited.requests()) + str(waited.messages(None))
    waited.stock("TEE-M", 5)
    waited.work()
    assert [m["to"] for m in waited.messages()] == [BEN]
    assert "Shopper erased" in desk.page("/settings/audit")


def test_orders_that_came_with_the_address_forget_it_and_no_other_order_does(waited: Shop) -> None:
    Desk.of(waited).post("/waitlist/requests/1/erase", typed="1")
    with inside(waited.app):
        known = dict(db.session.execute(sa.select(Order.external_id, Order.first_name)).all())
        assert known == {"1": None, "2": "Ben", "3": "Cat"}
        assert db.session.scalars(sa.select(Customer.erased_at)).all().count(None) == 0
        left = db.session.scalars(sa.select(Contact.unreachable_reason).order_by(Contact.id)).all()
        assert left == ["erased", None]
    assert waited.get("customers")["customers"] == []


def test_a_customer_is_erased_on_the_customers_own_page(waited: Shop) -> None:
    waited.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN}]})
    answer = Desk.of(waited).browser.get("/admin/waitlist/requests/1/erase")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/erase")
    assert "/customers/" in answer.headers["Location"]


def test_only_an_admin_of_the_same_store_may(waited: Shop, other_shop: Shop) -> None:
    Desk.of(waited, "staff").page("/waitlist/requests/1/erase", 403)
    Desk(other_shop.sign_in("owner@other.example")).page("/waitlist/requests/1/erase", 404)


def test_a_browser_that_asked_alone_can_be_forgotten(waited: Shop) -> None:
    with inside(waited.app):
        contact = db.session.get_one(Contact, 1)
        contact.channel = "push"
        db.session.commit()
    Desk.of(waited).post("/waitlist/requests/1/erase", typed="1")
    with inside(waited.app):
        assert db.session.get_one(Contact, 1).unreachable_reason == "erased"


def test_what_was_named_in_the_same_form_is_told_of_and_stays(shop: Shop) -> None:
    """A number of somebody's, beside another's email: nobody loses a place because a stranger wrote it down."""
    shop.product("TEE-M")
    both = {"sku": "TEE-M", "phone": ANN, "email": "ann@mail.example", "consent": True, "channels": ["sms", "email"]}
    shop.widget(both)
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "email": "ann@mail.example"}]})
    desk = Desk.of(shop)
    number = desk.id_in("/customers", r"/admin/customers/(\d+)")
    page = desk.page(f"/customers/{number}/erase")
    assert "Named in the same form" in page
    assert page.count("/admin/waitlist/requests/") == 1
    desk.post(f"/customers/{number}/erase", typed="Ann")
    assert [row["channel"] for row in shop.requests() if row["status"] in ("waiting", "unconfirmed")] == ["sms"]
    shop.ask("TEE-M", BEN)
    last = desk.id_in("/waitlist/variants/1", r"/admin/waitlist/requests/(\d+)")
    assert "Named in the same form" not in desk.page(f"/waitlist/requests/{last}/erase")

"""Minimums, exclusion, units wanted and what the check found, as a merchant works with them."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.inventory.available import STATUSES
from nexnotify.inventory.models import StockChange
from nexnotify.stores.settings import NEWS
from nexnotify.workers.steps import run_stock_check
from tests.admin import Desk
from tests.shop import Shop
from tests.stages.test_claims import inside

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

AS_THE_STORE = {f"{status}_{channel}": "" for status in (*STATUSES, *NEWS) for channel in ("sms", "email", "push")}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Somebody of the staff; a tee that is sold out, and one who waits for it."""
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M")
    shop.work()
    return Desk.of(shop, "staff")


def product_path(desk: Desk) -> str:
    return f"/products/{desk.id_of('/products', 'products')}"


def variant_path(desk: Desk) -> str:
    return f"/products/variants/{desk.id_of('/products', 'products/variants')}"


def told(shop: Shop) -> int:
    shop.work()
    return len([message for message in shop.messages() if message["status"] == "delivered"])


def test_a_variants_minimum_is_set_on_its_page_and_taken_back(shop: Shop, desk: Desk) -> None:
    page = desk.post(f"{variant_path(desk)}/minimum", threshold="5", min_order_quantity="1")
    assert "5 units on" in " ".join(page.split())
    shop.stock("TEE-M", 4)
    assert told(shop) == 0
    page = desk.post(f"{variant_path(desk)}/minimum", threshold="", min_order_quantity="1")
    assert "1 unit on" in " ".join(page.split())
    assert told(shop) == 1
    assert "The minimum was changed" in desk.page(variant_path(desk))


def test_a_product_is_excluded_on_its_page_and_taken_back(shop: Shop, desk: Desk) -> None:
    page = desk.post(f"{product_path(desk)}/alerts", threshold="", **AS_THE_STORE)
    assert "Shoppers are not asked about it" in page
    assert "Alerts of <a" in desk.page(variant_path(desk))
    shop.stock("TEE-M", 4)
    assert told(shop) == 0
    desk.post(f"{product_path(desk)}/alerts", alerts="y", threshold="", **AS_THE_STORE)
    assert told(shop) == 1


def test_a_product_has_switches_of_its_own(shop: Shop, desk: Desk) -> None:
    chosen = AS_THE_STORE | {"sold_out_email": "off", "preordered_sms": "on", "sold_out_push": "on"}
    desk.post(f"{product_path(desk)}/alerts", alerts="y", threshold="3", **chosen)
    [product] = shop.get("products")["products"]
    assert product["switches"] == {"preordered": {"sms": True}, "sold_out": {"email": False, "push": True}}
    assert product["threshold"] == 3
    assert shop.offered("TEE-M")["channels"] == ["sms"]
    assert "nothing was changed" in desk.post(f"{product_path(desk)}/alerts", alerts="y", threshold="3", **chosen)


def test_switches_that_the_storefront_told_stand_on_the_page(shop: Shop, desk: Desk) -> None:
    row = {"id": "tee-m", "title": "Tee", "switches": {"sold_out": {"push": True, "sms": False}}}
    shop.put("products", {"products": [row]})
    page = desk.page(product_path(desk))
    for name, chosen in (("sold_out_push", "on"), ("sold_out_sms", "off")):
        field = re.search(rf'<select [^>]*name="{name}".*?</select>', page, re.DOTALL)
        assert field is not None
        assert re.findall(r'selected value="(\w*)"', field[0]) == [chosen], name
    desk.post(f"{product_path(desk)}/alerts", alerts="y", threshold="", **AS_THE_STORE)
    assert shop.get("products")["products"][0]["switches"] is None


@pytest.mark.parametrize("typed", ["0", "-1", "1000001", "many"])
def test_a_minimum_that_is_none_is_refused_beside_its_field(desk: Desk, typed: str) -> None:
    page = desk.post(f"{product_path(desk)}/alerts", 422, alerts="y", threshold=typed, **AS_THE_STORE)
    assert "field-error" in page
    page = desk.post(f"{variant_path(desk)}/minimum", 422, threshold="", min_order_quantity=typed)
    assert "field-error" in page


def test_a_viewer_sees_the_minimum_and_no_form(shop: Shop, desk: Desk) -> None:
    viewer = Desk.of(shop, "viewer")
    assert "1, as the store" in viewer.page(product_path(desk))
    assert "/alerts" not in viewer.page(product_path(desk))
    viewer.post(f"{product_path(desk)}/alerts", 403, threshold="5")
    viewer.post(f"{variant_path(desk)}/minimum", 403, threshold="5", min_order_quantity="1")


def test_another_stores_products_are_not_found(shop: Shop, desk: Desk, other_shop: Shop) -> None:
    stranger = Desk.of(other_shop, "owner")
    stranger.post(f"{product_path(desk)}/alerts", 404, alerts="y", threshold="5")
    stranger.post(f"{variant_path(desk)}/minimum", 404, threshold="5", min_order_quantity="1")


def test_units_wanted_stand_beside_the_people(shop: Shop, desk: Desk) -> None:
    shop.ask("TEE-M", "+12015550124", quantity=41)
    page = desk.page("/waitlist")
    assert 'data-label="Units wanted">42</td>' in page
    request = shop.requests()[-1]
    assert ">41</dd>" in desk.page(f"/waitlist/requests/{request['id']}")
    assert "Wants 41 units." in shop.trace(request["id"])["events"][0]["words"]


def test_what_the_check_found_is_counted_where_a_merchant_looks(shop: Shop, desk: Desk) -> None:
    assert "found by the check" not in desk.page("/restocks") + desk.page("")
    assert "nexnotify_restocks_found_by_check_total 0" in shop.client.get("/metrics").get_data(as_text=True)
    shop.stock("TEE-M", 5)
    with inside(shop.app):
        with transaction():
            db.session.execute(sa.update(StockChange).values(looked_at=utcnow()))  # as if it had been lost
        run_stock_check()
    assert told(shop) == 1
    page = desk.page("/restocks")
    assert "1 restock of the last 30 days was found by the check, not by an event" in page
    assert "By the check" in page
    assert "Restocks were found by the check, not by an event" in desk.page("")
    assert "Found by the check" in desk.page(f"/restocks/{desk.id_of('/restocks', 'restocks')}")
    assert "nexnotify_restocks_found_by_check_total 1" in shop.client.get("/metrics").get_data(as_text=True)

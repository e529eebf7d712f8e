"""The people icon of the order list: pointing, pressing and tapping all tell who waits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk import Desk
from tests.browser.house import House

EMAIL, PASSWORD = "icon@orders.example", "correct horse battery"


@pytest.fixture(scope="module")
def key(house: House) -> str:
    """A store with an order for whose thing one waits by text and two by email."""
    made = house.command("store", "create", "--name", "Orders")
    house.user(EMAIL, PASSWORD, store=made["store_key"])
    secret = made["api_key"]
    products = [{"id": "tee", "title": "Tee", "variants": [{"id": "tee-m", "sku": "TEE-M"}]}]
    house.call("PUT", "products", {"products": products}, secret)
    asks = [{"email": "ann@mail.example"}, {"email": "ben@mail.example"}, {"phone": "+12015550123", "consent": True}]
    house.call("POST", "requests", {"requests": [{"sku": "TEE-M", **ask} for ask in asks]}, secret)
    house.call("POST", "orders", {"orders": [{"id": "1", "status": "new", "lines": [{"sku": "TEE-M"}]}]}, secret)
    return str(made["store_key"])


def told(page: Page) -> None:
    """The popover is open and tells."""
    expect(page.locator(".nx-pop:popover-open")).to_contain_text("3 people waiting")
    assert page.locator(".nx-pop:popover-open dl").inner_text().split() == ["Email", "2", "Text", "message", "1"]


def test_pointing_at_it_pressing_it_and_tapping_it_tell_who_waits(browser: Browser, house: House, key: str) -> None:
    with Desk(browser, house).sign_in(EMAIL, PASSWORD) as desk:
        page, icon = desk.page, desk.page.locator(".nx-people")
        page.goto(house.url + "/admin/orders")
        icon.hover()
        told(page)
        icon.click()
        told(page)
        page.locator(".nx-pop:popover-open").hover()
        page.wait_for_timeout(300)  # longer than it takes to close when the pointer has left both
        told(page)
        page.keyboard.press("Escape")
        expect(page.locator(".nx-pop:popover-open")).to_have_count(0)
        page.mouse.move(0, 0)
        icon.focus()
        page.keyboard.press("Enter")
        told(page)
        finger = browser.new_context(has_touch=True, storage_state=desk.context.storage_state())
        tapped = finger.new_page()
        tapped.goto(house.url + "/admin/orders")
        tapped.locator(".nx-people").tap()
        tapped.wait_for_timeout(300)
        told(tapped)
        finger.close()
        assert desk.faults == []

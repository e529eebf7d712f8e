"""What the document "CartStack for Nexternal" says the system does, in its order; without push and cart recovery."""

from __future__ import annotations

import html
import re

import pytest

from tests.documents.conftest import Admin
from tests.shop import Shop

PAGE = "/admin/storefront-code"


@pytest.fixture
def admin(shop: Shop) -> Admin:
    """An administrator of the store, signed in."""
    return Admin(shop.sign_in(role="admin"))


def set_up(admin: Admin) -> str:
    """The page, once Nexternal's store is named."""
    answer = admin.fill_in(PAGE, {"platform": "nexternal", "confirmation_url": "/nexternal"})
    assert answer.status_code == 302
    return admin.page(PAGE)


def card(page: str, heading: str) -> str:
    """What a person reads under a heading, the code in it among it."""
    found = re.search(rf"<h2>{heading}.*?</section>", page, re.DOTALL)
    assert found, heading
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def code(page: str, name: str) -> str:
    """A code as it is copied from the page."""
    found = re.search(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)
    assert found, name
    return html.unescape(found[1])


def on_page(shop: Shop, pasted: str, path: str, body: dict[str, object]) -> None:
    """What a browser sends that runs the pasted code: to the address and with the key that stand in it."""
    server, key = re.search(r'src="([^"]+)/widget/v1/track.js"[^>]* data-store="([^"]+)"', pasted).groups()  # type: ignore[union-attr]
    assert server == "http://127.0.0.1:8000"
    assert shop.client.post(f"/widget/v1/{key}/{path}", json=body).status_code == 204


# --- the two places ------------------------------------------------------------------------------------------------------


def test_the_code_is_for_two_places_and_unique_to_the_store(admin: Admin, shop: Shop, other_shop: Shop) -> None:
    page = set_up(admin)
    codes = [code(page, "tracking-code"), code(page, "order-code")]
    assert codes[0] != codes[1]
    assert all(shop.key in text and other_shop.key not in text for text in codes)


def test_nexternal_is_chosen_from_the_website_platform_drop_down(admin: Admin) -> None:
    page = admin.page(PAGE)
    label = re.search(r'<label[^>]* for="platform">([^<]+)', page)
    choices = re.findall(r'<option[^>]*value="(\w+)"[^>]*>([^<]+)', page)
    assert label
    assert label[1].strip() == "Website Platform"
    assert choices[0] == ("nexternal", "Nexternal")
    assert len(choices) > 5
    assert choices[-1] == ("other", "Any other")


def test_nexternal_is_entered_as_the_confirmation_page_url(admin: Admin, shop: Shop) -> None:
    assert ">Confirmation Page URL" in admin.page(PAGE)
    refused = admin.fill_in(PAGE, {"platform": "nexternal", "confirmation_url": "/thank-you"})
    assert refused.status_code == 422
    assert "For Nexternal this is /nexternal." in refused.get_data(as_text=True)
    set_up(admin)
    kept = shop.get("settings")["storefront_code"]
    assert (kept["platform"], kept["confirmation_url"]) == ("nexternal", "/nexternal")


def test_review_my_integration_brings_the_codes_at_once(admin: Admin) -> None:
    before = admin.page(PAGE)
    assert re.search(r"<button[^>]*>\s*Review My Integration\s*</button>", before)
    assert "tracking-code" not in before
    after = set_up(admin)
    assert "<script async" in code(after, "tracking-code")
    assert "<script async" in code(after, "order-code")
    assert "No view has come yet" in card(after, "Your integration")


# --- pasting them ----------------------------------------------------------------------------------------------------------


def test_the_tracking_code_goes_to_the_end_of_the_head(admin: Admin, shop: Shop) -> None:
    page = set_up(admin)
    words = card(page, "Step 1: the tracking code")
    assert "Settings / Policies, Addenda and Disclaimers > Edit / Tracking Code" in words
    assert "Tracking Code Position to End of Head" in words
    assert 'data-nx-copy="#tracking-code"' in page

    shop.product("TEE-M")
    on_page(shop, code(page, "tracking-code"), "views", {"products": [{"sku": "TEE-M"}]})
    assert "The last view came" in card(admin.page(PAGE), "Your integration")


def test_the_confirmation_code_goes_to_the_order_affiliate_addendum(admin: Admin, shop: Shop) -> None:
    page = set_up(admin)
    words = card(page, "Step 2: the order-confirmation code")
    assert "Settings / Policies, Addenda and Disclaimers > Edit / Order/Affiliate Addendum" in words
    assert "End of Head" in words
    assert "Finish" in words
    assert 'data-nx-copy="#order-code"' in page

    on_page(shop, code(page, "order-code"), "orders", {"order": "1001"})
    assert "The last order came" in card(admin.page(PAGE), "Your integration")


def test_both_codes_are_found_where_they_were_pasted(admin: Admin) -> None:
    page = set_up(admin)
    for name, which in (("tracking-code", "tracking"), ("order-code", "order")):
        found = admin.fill_in(PAGE, {"code": which, "source": f"<html><head>{code(page, name)}</head>"})
        assert "The code is there." in found.get_data(as_text=True)
    other = admin.fill_in(PAGE, {"code": "order", "source": f"<html><head>{code(page, 'tracking-code')}</head>"})
    assert "The order-confirmation code is not in this page." in other.get_data(as_text=True)


# --- SMS set-up ------------------------------------------------------------------------------------------------------------


def test_the_way_to_the_customer_custom_fields_is_told(admin: Admin) -> None:
    words = card(set_up(admin), "Step 3: the customers’ opt-in")
    assert "Customers / Preferences / Customer Custom Fields" in words
    assert "In the first field that is free" in words
    assert "click Finish at the bottom" in words


def test_the_field_is_yes_or_no_and_called_as_the_document_says(admin: Admin, shop: Shop) -> None:
    page = set_up(admin)
    assert code(page, "opt-in-name") == "I would like to receive SMS messages"
    assert "a yes/no field" in card(page, "Step 3: the customers’ opt-in")


def test_that_the_field_is_there_enables_opting_in_and_nobody_has_to_be_told(admin: Admin, shop: Shop) -> None:
    field = {"I would like to receive SMS messages": True}
    shop.put("customers", {"customers": [{"id": "c1", "phone": "+12015550123", "fields": field}]})
    [ann] = shop.get("customers")["customers"]
    assert ann["fields"]["I would like to receive SMS messages"] is True
    assert "1 customer said yes" in card(set_up(admin), "Step 3: the customers’ opt-in")

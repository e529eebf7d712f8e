"""Switches, policy, keys, and who changed them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.admin import Desk
from tests.shop import Shop

#: The form as a new store's is, quiet hours off.
FORM = {
    "sold_out_sms": "y",
    "sold_out_email": "y",
    "backordered_sms": "y",
    "backordered_email": "y",
    "threshold": "1",
    "cap": "y",
    "cap_texts": "3",
    "cap_hours": "168",
    "told_hours": "0",
    "bought": "y",
    "bought_days": "3",
    "confirmations": "y",
    "confirm_hours": "72",
    "request_days": "90",
    "renewal_days": "10",
    "reminders": "0",
    "reminder_hours": "24",
    "send_undo_seconds": "15",
    "settle_seconds": "0",
    "undo_seconds": "0",
    "waves": "all",
    "alert_order": "oldest",
    "priority_field": "",
    "keep_place_minutes": "0",
    "holdout": "0",
    "channels": "together",
    "channel_order": "sms email push",
    "failover_minutes": "",
    "bundle_minutes": "0",
    "short_links": "y",
    "utm": "y",
    "utm_source": "nexnotify",
    "utm_campaign": "back_in_stock",
    "attribution_days": "10",
    "country": "US",
    "zone": "America/New_York",
    "locale": "en",
    "currency": "USD",
    "quiet_from": "20:00",
    "quiet_to": "09:00",
}


def form(**changes: str | None) -> dict[str, Any]:
    """What the browser would send; None is a box that is not ticked."""
    return {name: value for name, value in {**FORM, **changes}.items() if value is not None}


def test_saving_the_form_as_it_is_changes_nothing(shop: Shop) -> None:
    before = shop.get("settings")
    assert "nothing was changed" in Desk.of(shop).post("/settings", **form())
    assert shop.get("settings") == before


def test_each_status_and_channel_has_its_own_switch(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post(
        "/settings", **form(preordered_sms="y", backordered_email=None, sold_out_sms=None, can_backorder_email="y")
    )
    assert shop.get("settings")["switches"] == {
        "sold_out": {"sms": False, "email": True, "push": False},
        "backordered": {"sms": True, "email": False, "push": False},
        "preordered": {"sms": True, "email": False, "push": False},
        "can_preorder": {"sms": False, "email": False, "push": False},
        "can_backorder": {"sms": False, "email": True, "push": False},
    }
    page = desk.page("/settings/audit")
    assert "switches, Preordered, text message: off → on" in page
    assert "switches, Can be backordered, email: off → on" in page
    assert "owner-" in page


def test_the_rest_of_the_form_is_saved(shop: Shop) -> None:
    typed = form(
        threshold="4",
        quiet="y",
        quiet_from="21:30",
        quiet_to="08:00",
        cap=None,
        confirmations=None,
        told_hours="24",
        bought=None,
        check_page="y",
        resend_uncertain="y",
        domains="https://Shop.example/\r\n\r\nshop2.example",
        country="de",
        zone="Europe/Berlin",
        locale="de",
        currency="eur",
        short_links=None,
        link_domain="Go.shop.example",
        variant_parameter="v={sku}",
        utm_source="",
        utm_campaign="restock",
        attribution_days="5",
    )
    Desk.of(shop).post("/settings", **typed)
    saved = shop.get("settings")
    assert saved["quiet_hours"] == {"from": "21:30", "to": "08:00"}
    assert saved["domains"] == ["https://shop.example", "https://shop2.example"]
    assert (saved["threshold"], saved["frequency_cap"], saved["confirmations"]) == (4, None, False)
    assert (saved["told_hours"], saved["bought_days"], saved["check_page"]) == (24, None, True)
    assert (saved["resend_uncertain"], saved["country"], saved["zone"]) == (True, "DE", "Europe/Berlin")
    assert (saved["locale"], saved["currency"]) == ("de", "EUR")
    assert (saved["short_links"], saved["link_domain"]) == (False, "https://go.shop.example")
    assert (saved["variant_parameter"], saved["attribution_days"]) == ("v={sku}", 5)
    assert saved["utm"] == {"source": "nexnotify", "campaign": "restock"}


def test_quiet_hours_are_switched_off_with_a_warning_that_is_kept(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post("/settings", **form(quiet="y"))
    assert "alerts go out at any hour" in desk.post("/settings", **form())
    assert shop.get("settings")["quiet_hours"] is None
    assert "quiet hours: from 20:00, to 09:00 → off" in desk.page("/settings/audit")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": "0"},
        {"threshold": ""},
        {"quiet": "y", "quiet_from": ""},
        {"quiet": "y", "quiet_to": "25:00"},
        {"quiet": "y", "quiet_to": "20:00"},
        {"cap_texts": ""},
        {"cap_hours": "0"},
        {"told_hours": ""},
        {"told_hours": "8785"},
        {"bought_days": ""},
        {"bought_days": "366"},
        {"domains": "not an origin"},
        {"country": "XX"},
        {"country": "Germany"},
        {"zone": "Atlantis/Capital"},
        {"locale": "xx-made-up"},
        {"currency": "QQQ"},
        {"currency": "euro"},
        {"link_domain": "https://shop.example/with/a/path"},
        {"link_domain": "javascript:alert(1)"},
        {"link_domain": "https://www.bit.ly"},
        {"variant_parameter": "variant"},
        {"variant_parameter": "a=1&b={id}"},
        {"utm_source": "a b"},
        {"attribution_days": "0"},
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(shop: Shop, changes: dict[str, str]) -> None:
    before = shop.get("settings")
    page = Desk.of(shop).post("/settings", 422, **form(**changes))
    assert "nx-field-error" in page
    assert shop.get("settings") == before


def test_a_key_is_shown_once_works_and_is_revoked(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    answer = desk.browser.post("/admin/settings/keys", data={"csrf_token": desk.token(), "name": "Warehouse"})
    found = re.search(r"nnk_[\w-]{30,}", answer.get_data(as_text=True))
    assert found is not None
    assert answer.headers["Cache-Control"] == "no-store"
    secret = found.group()
    for path in ("/settings/keys", "/settings/audit", "/settings"):
        assert secret not in desk.page(path)
    headers = {"Authorization": f"Bearer {secret}"}
    assert shop.client.get("/api/v1/settings", headers=headers).status_code == 200
    number = re.findall(r"/settings/keys/(\d+)/revoke", desk.page("/settings/keys"))[0]
    assert "Warehouse is revoked" in desk.post(f"/settings/keys/{number}/revoke")
    assert shop.client.get("/api/v1/settings", headers=headers).status_code == 401
    page = desk.page("/settings/audit")
    assert "API key created" in page
    assert "API key revoked" in page


def test_a_key_needs_a_name(shop: Shop) -> None:
    assert "Write a name." in Desk.of(shop).post("/settings/keys", 422, name=" ")


def test_times_are_told_in_the_stores_zone(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post("/settings", **form(zone="Asia/Tokyo"))
    assert "Asia/Tokyo" in desk.page("/waitlist")
    assert re.search(r'title="[^"]*Asia/Tokyo"', desk.page("/settings/audit"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "typed, waves",
    [
        (
            {"waves": "per_unit", "waves_people": "3", "waves_percent": "9"},
            {"kind": "per_unit", "people": 3, "minutes": 60},
        ),
        (
            {"waves": "paced", "waves_people": "50", "waves_minutes": "10"},
            {"kind": "paced", "people": 50, "minutes": 10},
        ),
        ({"waves": "staged"}, {"kind": "staged", "percent": 30, "minutes": 30}),
        ({"waves": "automatic", "waves_minutes": "5"}, {"kind": "automatic", "minutes": 5}),
    ],
)
def test_each_kind_of_waves_is_set_on_the_page_and_shown_again(shop: Shop, typed: dict[str, str], waves: Any) -> None:
    desk = Desk.of(shop)
    desk.post("/settings", **{**FORM, **typed})
    assert shop.get("settings")["waves"] == waves
    assert f'<option selected value="{waves["kind"]}">' in desk.page("/settings")
    desk.post("/settings", **{**FORM, "waves": "all"})
    assert shop.get("settings")["waves"] == "all"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_waves_that_lack_a_number_say_so_beside_it(shop: Shop) -> None:
    desk = Desk.of(shop)
    page = desk.post("/settings", 422, **{**FORM, "waves": "paced", "waves_people": "20"})
    assert "Write how many people, and in how many minutes." in page
    assert 'value="20"' in page
    assert "Write a number from 1 to 100." in desk.post(
        "/settings", 422, **{**FORM, "waves": "per_unit", "waves_people": "300"}
    )


def test_a_store_opened_in_a_language_that_we_do_not_have_can_be_saved_as_it_is(shop: Shop) -> None:
    shop.call("PUT", "settings", {"locale": "fr-CA"})
    Desk.of(shop).post("/settings", **form(locale="fr-CA", threshold="3"))
    assert (shop.get("settings")["locale"], shop.get("settings")["threshold"]) == ("fr-CA", 3)


def test_prices_without_a_currency_are_in_the_store_s(shop: Shop) -> None:
    shop.call("PUT", "settings", {"currency": "EUR"})
    shop.product("TEE-M", price="20.00")
    assert shop.get("products")["products"][0]["variants"][0]["currency"] == "EUR"

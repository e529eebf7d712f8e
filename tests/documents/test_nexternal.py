"""What the document "Nexternal: SMS In-Stock Notifications" says the system does, in its order."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from openpyxl import load_workbook

from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof, opt_out
from nexnotify.customers.service import find_contact
from nexnotify.db import db, transaction
from nexnotify.gateways.testkit import Answer, ScriptedServer
from nexnotify.stores.models import Store
from nexnotify.waitlist.service import close_all
from tests.admin import Desk
from tests.documents.conftest import Admin
from tests.shop import Shop
from tests.stubs.cdyne_stub import Cdyne

STATUSES = ("preordered", "backordered", "sold_out")
CHANNELS = ("sms", "email")
LICENCE = "2f1c6a52-0000-4000-8000-5ec8e7000001"


@pytest.fixture
def admin(shop: Shop) -> Admin:
    """An administrator of the store, signed in."""
    return Admin(shop.sign_in(role="admin"))


def switches(**on: tuple[str, ...]) -> dict[str, Any]:
    """Switches with everything off but the channels named for a status."""
    return {
        "switches": {status: {channel: channel in on.get(status, ()) for channel in CHANNELS} for status in STATUSES}
    }


# --- in addition to email, text ------------------------------------------------------------------------------------


def test_a_shopper_is_told_by_email_and_by_text_alike(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.widget(
        {
            "sku": "TEE-M",
            "phone": "+12015550123",
            "email": "ann@mail.example",
            "channels": ["sms", "email"],
            "consent": True,
        }
    )
    shop.stock("TEE-M", 5)
    shop.work()
    told = {message["channel"]: message for message in shop.messages()}
    assert {channel: message["status"] for channel, message in told.items()} == {
        "sms": "delivered",
        "email": "delivered",
    }
    assert told["email"]["to"] == "ann@mail.example"
    assert told["email"]["subject"]
    assert told["sms"]["to"] == "+12015550123"


# --- an account with a provider, and a number that sends 10 messages a second ---------------------------------------


def test_a_number_that_may_send_ten_a_second_sends_no_more(shop: Shop, admin: Admin) -> None:
    """600 a minute are 10 in any second, and one more at the edge."""
    outbox = re.search(r"/admin/gateways/(\d+)", admin.page("/admin/gateways"))
    assert outbox
    assert admin.fill_in(f"/admin/gateways/{outbox.group(1)}", {"rate": "10"}).status_code == 302
    shop.product("TEE-M")
    rows = [
        {"sku": "TEE-M", "phone": f"+120155501{number:02}", "consent": True, "confirm": False} for number in range(25)
    ]
    assert shop.post("requests", {"requests": rows})["accepted"] == 25
    shop.stock("TEE-M", 100)
    shop.plan()
    while shop.messages(status="queued"):
        shop.send()
    accepted = sorted(datetime.fromisoformat(message["accepted_at"]) for message in shop.messages())
    assert len(accepted) == 25
    # Acceptance is written down a moment after the call, hence the two more.
    for first in accepted:
        assert sum(first <= moment < first + timedelta(seconds=1) for moment in accepted) <= 10 + 1 + 2
    assert accepted[-1] - accepted[0] >= timedelta(seconds=2)


def test_an_account_may_wait_for_its_number_and_loses_no_text_meanwhile(shop: Shop, admin: Admin) -> None:
    """ "About 2-3 business days": the account is entered at once, the number when the provider's email names it."""
    service = Cdyne(LICENCE)
    with ScriptedServer(service) as provider:
        fields: dict[str, str | bool] = {"license_key": LICENCE, "from_number": "", "api_base": provider.url}
        address = admin.fill_in("/admin/gateways/add/cdyne", fields).headers["Location"]
        for page in (address, "/admin/gateways"):
            assert "Awaiting number" in admin.page(page)
        _text_somebody(shop)
        assert (service.texts, [message["status"] for message in shop.messages()]) == ([], ["queued"])
        assert admin.fill_in(address, {"from_number": "1 (555) 000-1111"}).status_code == 302
        assert "Awaiting number" not in admin.page(address)
        shop.work()
    assert [text["from"] for text in service.texts] == ["15550001111"]
    assert [message["status"] for message in shop.messages()] == ["accepted"]


def test_a_ten_digit_number_begins_with_ten_a_second(admin: Admin) -> None:
    page = admin.page("/admin/gateways/add/cdyne")
    box = re.search(r'<input[^>]*name="rate"[^>]*>', page)
    assert box
    assert 'value="10.0"' in box.group()
    assert "600 a minute" in page


def test_the_providers_fees_give_the_months_estimate(admin: Admin) -> None:
    """$10 a month, $1 for each number, $0.0075 a text; the document's own totals hold other fees besides."""
    fields: dict[str, str | bool] = {"license_key": LICENCE, "api_base": "http://127.0.0.1:9"}
    address = admin.fill_in("/admin/gateways/add/cdyne", fields).headers["Location"]
    for name, shown in (("price_month", "10"), ("price_number", "1"), ("price_text", "0.0075")):
        box = re.search(rf'<input[^>]*name="{name}"[^>]*>', admin.page(address))
        assert box
        assert f'value="{shown}"' in box.group()
    assert "$18.50" in admin.page(f"{address}?texts=1000")
    assert "$48.50" in admin.page(f"{address}?texts=5000")
    assert "Check with CDYNE" in admin.page(address), "fees subject to update"
    assert admin.fill_in(address, {"price_text": "0.01"}).status_code == 302
    assert "$21.00" in admin.page(f"{address}?texts=1000")


# --- setup: the tenant id in Settings / Compatible Software ----------------------------------------------------------


def test_the_tenant_id_is_entered_under_compatible_software(shop: Shop, admin: Admin) -> None:
    assert "Compatible Software" in admin.page("/admin/settings")
    assert "Foundry Tenant ID" in admin.page("/admin/settings/compatible")
    assert admin.fill_in("/admin/settings/compatible", {"platform_tenant_id": "12345"}).status_code == 302
    assert 'value="12345"' in admin.page("/admin/settings/compatible")
    assert shop.get("settings")["platform_tenant_id"] == "12345"


# --- setup: which statuses, which channels -------------------------------------------------------------------------

CHOICES = list(product(STATUSES, ((), ("sms",), ("email",), CHANNELS)))


@pytest.mark.parametrize("status,channels", CHOICES, ids=[f"{s}-{'+'.join(c) or 'none'}" for s, c in CHOICES])
def test_each_status_has_its_own_switch_for_email_and_for_text(
    shop: Shop, status: str, channels: tuple[str, ...]
) -> None:
    shop.put("settings", switches(**{status: channels}))
    for other in STATUSES:
        shop.product(other.upper(), unavailable_as=other)
        assert shop.offered(other.upper())["status"] == other
        assert shop.offered(other.upper())["channels"] == (list(channels) if other == status else [])
    shop.ask(status.upper(), status=202 if "sms" in channels else 422)
    shop.ask_by_email(status.upper(), status=202 if "email" in channels else 422)
    shop.stock(status.upper(), 5)
    shop.work()
    assert {message["channel"] for message in shop.messages()} == set(channels)


def test_the_merchant_sets_these_switches_on_the_settings_page(shop: Shop, admin: Admin) -> None:
    for status, channels in CHOICES:
        boxes: dict[str, str | bool] = {
            f"{each}_{channel}": each == status and channel in channels for each in STATUSES for channel in CHANNELS
        }
        assert admin.fill_in("/admin/settings", boxes).status_code == 302
        kept = shop.get("settings")["switches"]
        assert {f"{each}_{channel}": kept[each][channel] for each in STATUSES for channel in CHANNELS} == boxes
        page = admin.page("/admin/settings")
        for name, on in boxes.items():
            box = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
            assert box
            assert ("checked" in box.group()) is on


def test_a_switch_that_is_turned_off_holds_for_those_who_wait_already(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.put("settings", switches(sold_out=("email",)))
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    story = shop.trace(shop.requests()[0]["id"])
    assert "switched_off" in {event.get("reason") for event in story["events"]}
    assert story["status"] == "waiting"


# --- setup: only an administrator goes on; the gateway's licence -----------------------------------------------------


@pytest.mark.parametrize("role,status", [("viewer", 403), ("staff", 403), ("admin", 200), ("owner", 200)])
@pytest.mark.parametrize("page", ["gateways/add/twilio", "settings/compatible", "settings/alerts/new"])
def test_only_an_administrator_sets_up_gateway_and_alert(shop: Shop, page: str, role: str, status: int) -> None:
    browser = Admin(shop.sign_in(f"{role}@acme.example", role))
    browser.page(f"/admin/{page}", status)


def test_the_sms_gateway_license_is_entered_beside_the_tenant_and_used(shop: Shop, admin: Admin) -> None:
    assert admin.fill_in("/admin/settings/compatible", {"licence": LICENCE}).status_code == 302
    page = admin.page("/admin/settings/compatible")
    assert LICENCE not in page
    gateway = re.search(r'href="(/admin/gateways/\d+)"', page)
    assert gateway
    service = Cdyne(LICENCE)
    with ScriptedServer(service) as provider:
        fields: dict[str, str | bool] = {"from_number": "15550001111", "api_base": provider.url}
        assert admin.fill_in(gateway.group(1), fields).status_code == 302
        _text_somebody(shop)
    assert [text["to"] for text in service.texts] == ["12015550123"]


def test_the_gateways_licence_is_entered_saved_and_used(shop: Shop, admin: Admin) -> None:
    known = Answer(200, '{"status": "active", "friendly_name": "Acme"}')
    taken = Answer(201, '{"sid": "SM1", "status": "queued", "num_segments": "1"}')
    with ScriptedServer(known, taken) as provider:
        fields: dict[str, str | bool] = {
            "account_sid": "AC00000000000000000000000000000001",
            "auth_token": "a-licence-of-ours",
            "from_number": "+12015550100",
            "api_base": provider.url,
            "rate": "10",
        }
        saved = admin.fill_in("/admin/gateways/add/twilio", fields)
        assert saved.status_code == 302
        page = admin.page(saved.headers["Location"])
        assert "Twilio knows the account “Acme”" in page
        assert "a-licence-of-ours" not in page
        shop.product("TEE-M")
        shop.post(
            "requests", {"requests": [{"sku": "TEE-M", "phone": "+12015550123", "consent": True, "confirm": False}]}
        )
        shop.stock("TEE-M", 5)
        shop.work()
        text = provider.asked[1]
    assert text.fields["To"] == "+12015550123"
    assert text.fields["From"] == "+12015550100"
    (message,) = shop.messages()
    assert (message["status"], message["gateway"], message["gateway_id"]) == ("accepted", "Twilio", "SM1")


# --- setup: the SMS alert, step by step ------------------------------------------------------------------------------


def test_the_alert_is_set_up_with_to_phone_message_and_its_name(shop: Shop, admin: Admin) -> None:
    shop.put("settings", switches())
    guide = "/admin/settings/alerts/new"
    first: dict[str, str | bool] = {"sold_out_sms": True, "sold_out_email": True, "go": "next"}
    second = admin.fill_in(guide, first).get_data(as_text=True)
    assert re.search(r'<option selected value="ToPhone">', second)
    assert re.search(r'<option selected value="Message">', second)
    assert "is back in stock" in second, "the message is shown before it is chosen"
    third = admin.send_form(guide, second, {"to_phone": "ToPhone", "go": "next"}).get_data(as_text=True)
    assert 'value="SMS InStock Notifications"' in third
    done = admin.send_form(guide, third, {"name": "SMS InStock Notifications", "go": "finish"})
    assert done.status_code == 302
    page = admin.page(done.headers["Location"])
    assert "SMS InStock Notifications" in page
    assert "Active" in page
    assert shop.get("settings")["switches"]["sold_out"] == {"sms": True, "email": True, "push": False}
    _text_somebody(shop)
    assert [(message["to"], message["status"]) for message in shop.messages()] == [("+12015550123", "delivered")]


# --- setup: the alert is the shopper's number and the message --------------------------------------------------------


def test_the_message_goes_to_the_number_that_was_left_and_says_what_the_template_says(shop: Shop, admin: Admin) -> None:
    address = _template(admin, "[[store]]: [[product]] [[variant]] is back in stock.")
    assert admin.fill_in(address, {"body": "[[store]]: [[product]] [[variant]] for you! [[url]]"}).status_code == 302
    shop.product("TEE-M", title="Tee", options={"size": "M"})
    shop.ask("TEE-M", "(201) 555-0123")
    shop.stock("TEE-M", 5)
    shop.work()
    (message,) = shop.messages()
    assert message["to"] == "+12015550123"
    assert message["body"] == "Acme: Tee M for you! https://acme.example/tee-m"


def test_each_status_has_words_of_its_own(shop: Shop) -> None:
    shop.put("settings", switches(**dict.fromkeys(STATUSES, ("sms",))))
    for number, status in enumerate(STATUSES):
        shop.product(status.upper(), unavailable_as=status)
        shop.ask(status.upper(), f"+1201555012{number}")
        shop.stock(status.upper(), 5)
    shop.work()
    texts = {message["sku"]: message["body"] for message in shop.messages()}
    assert set(texts) == {status.upper() for status in STATUSES}
    assert "released" in texts["PREORDERED"]
    assert "backorder" in texts["BACKORDERED"]
    assert "back in stock" in texts["SOLD_OUT"]


def test_the_text_names_the_product_it_is_about(shop: Shop) -> None:
    for sku, title in (("TEE-M", "Tee"), ("HAT-L", "Hat")):
        shop.product(sku, title=title)
        shop.ask(sku)
        shop.stock(sku, 5)
    shop.work()
    texts = {message["sku"]: message["body"] for message in shop.messages()}
    assert texts["TEE-M"].startswith("Acme: Tee is back in stock. https://acme.example/tee-m")
    assert texts["HAT-L"].startswith("Acme: Hat is back in stock. https://acme.example/hat-l")


# --- customer experience -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
def test_a_customer_may_enter_a_mobile_number_for_any_out_of_stock_item_with_texts_on(shop: Shop, status: str) -> None:
    shop.put("settings", switches(**{status: ("sms",)}))
    shop.product("TEE-M", unavailable_as=status)
    assert shop.offered("TEE-M") == {"sku": "TEE-M", "variant_id": "tee-m-v", "status": status, "channels": ["sms"]}
    assert shop.ask("TEE-M", "201-555-0123") == {"status": "waiting"}
    (request,) = shop.requests()
    assert (request["to"], request["channel"], request["status"]) == ("+12015550123", "sms", "waiting")


def test_there_is_nothing_to_enter_for_an_item_in_stock(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=3)
    assert shop.offered("TEE-M")["channels"] == []
    assert shop.ask("TEE-M", status=409)["error"]["code"] == "in_stock"


def test_there_is_no_number_to_enter_where_texts_are_off(shop: Shop) -> None:
    shop.put("settings", switches(sold_out=("email",)))
    shop.product("TEE-M")
    assert shop.offered("TEE-M")["channels"] == ["email"]
    assert shop.ask("TEE-M", status=422)["error"]["code"] == "channel_off"


def test_once_the_merchant_adds_inventory_the_customer_receives_one_text(shop: Shop) -> None:
    shop.product("TEE-M", title="Tee")
    shop.ask("TEE-M")
    shop.work()
    assert shop.messages() == []
    shop.stock("TEE-M", 5)
    shop.work()
    (message,) = shop.messages()
    assert message["status"] == "delivered"
    assert message["body"] == "Acme: Tee is back in stock. https://acme.example/tee-m Reply STOP to end."
    shop.stock("TEE-M", 9)
    shop.work()
    assert len(shop.messages()) == 1


# --- merchant experience -------------------------------------------------------------------------------------------


@pytest.fixture
def asked(shop: Shop) -> Shop:
    """A store in which three ask by text and two by email."""
    shop.product("TEE-M", title="Tee")
    for number in range(3):
        shop.ask("TEE-M", f"+1201555012{number}")
    for name in ("ann", "ben"):
        shop.ask_by_email("TEE-M", f"{name}@mail.example")
    return shop


def test_the_merchant_sees_how_many_emails_and_texts_were_requested(asked: Shop, admin: Admin) -> None:
    page = admin.page("/admin/waitlist")
    assert "TEE-M" in page
    counts = dict(re.findall(r'data-label="(By text message|By email)">(\d+)<', page))
    assert counts == {"By text message": "3", "By email": "2"}
    assert asked.get("products?sku=TEE-M")["products"][0]["variants"][0]["waiting"] == 5


def test_the_people_icon_on_the_order_list_tells_how_many_emails_and_texts_were_requested(
    asked: Shop, admin: Admin
) -> None:
    asked.post("orders", {"orders": [{"id": "1001", "status": "new", "lines": [{"sku": "TEE-M"}]}]})
    page = admin.page("/admin/orders")
    icon = re.search(r'<button type="button"[^>]*popovertarget="([^"]+)">(.*?)</button>', page, re.DOTALL)
    assert icon
    assert "5 people waiting: 2 by email, 3 by text message" in icon.group(2)
    shown = page.split(f'<div popover id="{icon.group(1)}"')[1].split("</dl>")[0]
    assert re.findall(r"</svg> (\w[\w ]+)</dt><dd>(\d+)</dd>", shown) == [("Email", "2"), ("Text message", "3")]


def test_the_merchant_sees_who_has_requested(asked: Shop, admin: Admin) -> None:
    wanted = [f"+1201555012{number}" for number in range(3)] + ["ann@mail.example", "ben@mail.example"]
    assert [request["to"] for request in asked.requests(sku="TEE-M")] == wanted
    link = re.search(r'href="(/admin/waitlist/variants/\d+)"', admin.page("/admin/waitlist"))
    assert link
    page = admin.page(link.group(1))
    for shown in ("+1 201 ••• 0120", "+1 201 ••• 0121", "+1 201 ••• 0122", "a•••@mail.example", "b•••@mail.example"):
        assert shown in page


def test_the_list_is_exported_to_excel_from_products_export_traffic_tools(asked: Shop, admin: Admin) -> None:
    products = admin.page("/admin/products")
    tools = re.search(r'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?Export Traffic Tools<', products)
    assert tools
    page = admin.page(tools.group(1))
    assert "Instock Notification" in page
    excel = re.search(r'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?Excel<', page)
    assert excel
    titles, *rows = load_workbook(io.BytesIO(admin.file(excel.group(1)))).active.iter_rows(values_only=True)
    told = [dict(zip(titles, row, strict=True)) for row in rows]
    assert [(row["SKU"], row["Channel"], row["Address"]) for row in told] == [
        *(("TEE-M", "Text message", f"+1201555012{number}") for number in range(3)),
        ("TEE-M", "Email", "ann@mail.example"),
        ("TEE-M", "Email", "ben@mail.example"),
    ]
    assert {row["Product"] for row in told} == {"Tee"}


def test_the_excel_export_agrees_with_the_database_on_a_store_with_mixed_requests(shop: Shop, admin: Admin) -> None:
    """Requests of every status, on both channels, told, failed, stopped and passed over."""
    both = {"sms": True, "email": True}
    shop.put("settings", {"switches": {"preordered": both, "backordered": both, "sold_out": both}})
    for sku, status in (("TEE-M", "sold_out"), ("HAT-L", "preordered"), ("MUG-1", "backordered")):
        shop.product(sku, title=sku.lower(), unavailable_as=status)
        for number in range(4):
            shop.ask(sku, f"+1201555012{number}")
        shop.ask_by_email(sku, "ann@mail.example")
    _stop(shop, "+12015550123")
    Desk(shop.sign_in("ann@acme.example")).post(f"/waitlist/requests/{shop.requests(sku='HAT-L')[0]['id']}/cancel")
    shop.stock("TEE-M", 5)
    shop.work()
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", "+12015550121")

    page = admin.page("/admin/products/export")
    excel = re.search(r'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?Excel<', page)
    assert excel
    titles, *rows = load_workbook(io.BytesIO(admin.file(excel.group(1)))).active.iter_rows(values_only=True)
    told = [dict(zip(titles, row, strict=True)) for row in rows]
    kept, delivered = shop.requests(), {message["to"] for message in shop.messages(status="delivered")}
    assert delivered == {"+12015550120", "+12015550121", "+12015550122", "ann@mail.example"}
    assert len(told) == len(kept) == 16
    assert {row["Request status"] for row in told} == {"waiting", "alerted", "cancelled"}
    for row, request in zip(told, kept, strict=True):
        channel = {"sms": "Text message", "email": "Email"}[request["channel"]]
        assert (row["Request"], row["SKU"], row["Channel"]) == (request["id"], request["sku"], channel)
        assert (row["Address"], row["Request status"]) == (request["to"], request["status"])
        assert row["Status"].lower().replace(" ", "_") == request["asked_status"]
        assert (row["Alerted at"] is None) is (request["alerted_at"] is None)
        assert row["Ended because"] == request["closed_reason"]
        was_told = request["status"] == "alerted" and request["to"] in delivered
        assert (row["Message status"], row["Delivered at"] is not None) == ("Delivered" if was_told else None, was_told)
        assert (row["STOP at"] is not None) is (request["to"] == "+12015550123")


def _stop(shop: Shop, number: str) -> None:
    """The number says STOP."""
    with shop.app.app_context():
        with transaction():
            contact, now = find_contact(db.session.get_one(Store, shop.store_id), "sms", number), utcnow()
            assert contact is not None
            opt_out(contact, Proof("keyword", evidence={"text": "STOP"}), now)
            close_all(contact, "stop", now)
        db.session.remove()


def _text_somebody(shop: Shop) -> None:
    """Somebody asks for a product by text, and it is back."""
    shop.product("TEE-M", title="Tee")
    shop.post("requests", {"requests": [{"sku": "TEE-M", "phone": "+12015550123", "consent": True, "confirm": False}]})
    shop.stock("TEE-M", 5)
    shop.work()


def _template(admin: Admin, beginning: str) -> str:
    """The address of the template whose text begins so."""
    row = next(row for row in admin.page("/admin/templates").split("<tr>") if f">{beginning}" in row)
    found = re.search(r'href="(/admin/templates/\d+)"', row)
    assert found is not None
    return found.group(1)

"""What the document "Using ecommerce stock activities" says the system does, in its order."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.documents.conftest import Admin
from tests.journeys.test_push import add_push
from tests.shop import Shop
from tests.stubs.push_stub import Browser, PushService
from tests.times import later

WAITING, BACK = "waiting_on_stock", "back_in_stock"
ANN, BEN = "+12015550123", "+12015550124"


@pytest.fixture
def admin(shop: Shop) -> Admin:
    """An administrator of the store, signed in."""
    return Admin(shop.sign_in(role="admin"))


def again(shop: Shop) -> Admin:
    """Another administrator, who signs in so much later that the first one's session is over."""
    return Admin(shop.sign_in("ben@acme.example", role="admin"))


def activities(shop: Shop, name: str = WAITING, query: str = "") -> list[dict[str, Any]]:
    return list(shop.get(f"activities?activity={name}{query}")["activities"])


def make_journey(admin: Admin, name: str = "Mine", **fields: str | bool) -> str:
    """A journey as its form is filled in, switched on; its address."""
    trigger = str(fields.get("trigger", BACK))
    answer = admin.fill_in(f"/admin/journeys/new?trigger={trigger}", {"name": name, "unit": "minutes", **fields})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    address = answer.headers["Location"]
    press(admin, f"{address}/on")
    return str(address)


def press(admin: Admin, action: str) -> None:
    """Press the button of a page of a journey that leads to ``action``."""
    page = admin.page(action.rpartition("/")[0])
    found = re.search(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)
    assert found, action
    assert admin.send_form(action, found[0], {"csrf_token": token(page)}).status_code == 302


def token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found[1]


def own_alert_off(admin: Admin) -> None:
    """Switch the store's own alerts off, so that the journeys speak in their place."""
    page = admin.page("/admin/journeys").split("Customer: back in stock")[1].split("</tr>")[0]
    for number in re.findall(r"/admin/templates/(\d+)", page):
        answer = admin.send_form(
            f"/admin/templates/{number}/switch",
            f'<form action="/admin/templates/{number}/switch"><input name="csrf_token"></form>',
            {"csrf_token": token(admin.page("/admin/journeys")), "active": ""},
        )
        assert answer.status_code == 302


def texts(shop: Shop, to: str = ANN) -> list[str]:
    """What a shopper was texted, but for the confirmation."""
    return [item["body"] for item in shop.messages(None, to=to) if item["kind"] != "confirmation"]


# --- the activities ------------------------------------------------------------------------------------------------------


def test_both_activities_are_there_as_soon_as_a_shop_is_connected(shop: Shop) -> None:
    assert activities(shop, WAITING) == []
    assert activities(shop, BACK) == []


def test_a_contact_has_the_activity_when_it_asks_through_the_widget(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    [waits] = activities(shop)
    assert (waits["activity"], waits["to"], waits["sku"], waits["source"]) == (WAITING, ANN, "TEE-M", "widget")


def test_a_restock_gives_the_activity_to_those_who_wait_and_nobody_else(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("HAT", title="Hat")
    shop.ask()
    shop.ask("HAT", BEN)
    shop.stock("TEE-M", 3)
    [back] = activities(shop, BACK)
    assert (back["to"], back["sku"], back["available"], back["location"]) == (ANN, "TEE-M", 3, "main")


def test_the_activities_are_on_the_customers_page_and_can_be_taken_away(shop: Shop, admin: Admin) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 3)
    customer = re.search(r"/admin/customers/\d+", admin.page("/admin/customers"))
    assert customer
    page = admin.page(customer[0])
    assert page.index("Back in stock") < page.index("Waiting on stock")
    book = load_workbook(io.BytesIO(admin.file("/admin/export/activities.xlsx")))
    assert [sheet.title for sheet in book] == ["Waiting on stock", "Back in stock"]
    assert [sheet.max_row for sheet in book] == [2, 2]


@pytest.mark.parametrize(
    "before, after, times", [(0, 1, 1), (0, 50, 1), (0, None, 1), (2, 7, 0)], ids=["1", "50", "unlimited", "more"]
)
def test_back_in_stock_is_from_none_to_at_least_one(shop: Shop, before: int, after: int | None, times: int) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"threshold": 100})
    shop.ask(quantity=5)
    shop.stock("TEE-M", before)
    already = len(activities(shop, BACK))
    shop.stock("TEE-M", after)
    assert len(activities(shop, BACK)) - already == times


def test_a_playbook_for_back_in_stock_begins_to_send_with_the_shops_data(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    make_journey(admin, sms_body="Playbook: [[product]]")
    shop.ask()
    shop.work()
    assert texts(shop) == []
    shop.stock("TEE-M", 3)
    shop.work()
    assert texts(shop) == ["Playbook: Tee"]


# --- retention -----------------------------------------------------------------------------------------------------------


def test_waiting_on_stock_is_kept_for_ninety_days(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 1)
    shop.work()
    with later(days=89):
        assert len(activities(shop)) == len(activities(shop, BACK)) == 1
    with later(days=91):
        assert activities(shop) == activities(shop, BACK) == []


def test_a_store_that_keeps_longer_has_as_much_as_there_is(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 1)
    shop.work()
    shop.put("settings", {"request_days": 730})
    with later(days=400):
        assert len(activities(shop)) == len(activities(shop, BACK)) == 1


def test_for_a_seasonal_product_people_wait_as_long_as_the_store_keeps_them(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"request_days": 400})
    shop.ask()
    with later(days=300):
        shop.sweep()
        shop.stock("TEE-M", 1)
        assert len(activities(shop, BACK)) == 1


def test_who_has_aged_out_is_not_told_and_the_merchant_was_warned_before(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    with later(days=82):
        shop.sweep()
        page = again(shop).page("/admin")
        assert "One person’s request ends within 10 days" in page
        assert "Settings can keep them for longer" in page
    with later(days=95):
        shop.sweep()
        shop.stock("TEE-M", 1)
        shop.work()
        assert activities(shop, BACK) == []
        assert [item["kind"] for item in shop.messages(None)] == ["confirmation", "renewal"]


# --- journeys ------------------------------------------------------------------------------------------------------------


def test_the_confirmation_is_a_journey_that_every_store_has(shop: Shop, admin: Admin) -> None:
    row = admin.page("/admin/journeys").split("Customer: waiting on stock")[1].split("</tr>")[0]
    assert "Waiting on stock occurs" in row
    assert "/admin/templates/" in row
    assert "/admin/settings" in row
    shop.product("TEE-M")
    shop.ask()
    shop.work()
    assert [item["kind"] for item in shop.messages(None)] == ["confirmation"]


def test_a_journey_of_ones_own_confirms_by_email_and_sms(shop: Shop, admin: Admin) -> None:
    shop.put("settings", {"confirmations": False})
    make_journey(admin, trigger=WAITING, sms_body="We tell you: [[product]]", email_body="We tell you: [[product]]")
    shop.product("TEE-M")
    shop.ask()
    shop.ask_by_email()
    shop.work()
    shop.work()
    found = {item["channel"]: item["body"] for item in shop.messages("journey")}
    assert found == {"sms": "We tell you: Tee", "email": "We tell you: Tee"}
    assert len(shop.messages(None)) == 2


def test_people_enter_when_back_in_stock_occurs(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    shop.ask()
    address = make_journey(admin, sms_body="It is back.")
    assert "Nobody has entered yet" in admin.page(address)
    shop.stock("TEE-M", 3)
    shop.work()
    page = admin.page(address)
    assert "0123" in page
    message = re.search(r"/admin/messages/\d+", page)
    assert message
    assert "It is back." in admin.page(message[0])


def test_the_email_has_a_block_with_the_item_that_came_back(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M", image_url="https://acme.example/tee.jpg")
    shop.product("HAT", title="Hat")
    own_alert_off(admin)
    make_journey(admin, email_subject="[[product]] is back", email_body="Hello,\n\n[[item]]")
    for sku in ("TEE-M", "HAT"):
        shop.ask_by_email(sku)
    shop.stock("TEE-M", 3)
    shop.work()
    [mail] = shop.messages()
    assert mail["body"] == "Hello,\n\nTee\n20.00 USD\nhttps://acme.example/tee.jpg\nhttps://acme.example/tee-m"


def test_the_block_is_for_emails_alone(admin: Admin) -> None:
    answer = admin.fill_in("/admin/journeys/new", {"name": "Mine", "sms_body": "[[item]]"})
    assert answer.status_code == 422
    assert "[[item]] is for emails." in answer.get_data(as_text=True)


# --- campaigns -----------------------------------------------------------------------------------------------------------


def opted_in(shop: Shop, *numbers: str) -> None:
    rows = [
        {"id": number, "phone": number, "fields": {"I would like to receive SMS messages": True}} for number in numbers
    ]
    assert shop.put("customers", {"customers": rows})["errors"] == []


def send_campaign(shop: Shop, admin: Admin, body: str, subject: str = "", **conditions: str | bool) -> int:
    """A campaign to those of an audience, as staff make it; the status of the page on which it is chosen."""
    answer = admin.fill_in("/admin/sends/new", {"activity": BACK, "days": "7", **conditions})
    if answer.status_code != 302:
        return answer.status_code
    write = answer.headers["Location"]
    check = admin.fill_in(write, {"body": body, **({"subject": subject} if subject else {})}).headers["Location"]
    page = admin.page(check)
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    assert admin.fill_in(check, {"seen": seen[1]}).status_code == 302
    with later(minutes=1):
        shop.work()
    return 302


def test_a_campaign_cannot_begin_with_an_activity_only_ask_whether_it_has_occurred(admin: Admin) -> None:
    page = admin.page("/admin/sends/new")
    assert "Back in stock has occurred" in page
    assert "Waiting on stock has occurred" in page
    assert "occurs" not in page


def test_a_campaign_goes_to_whom_back_in_stock_has_occurred_in_the_last_days(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    opted_in(shop, ANN, BEN)
    shop.ask()
    shop.stock("TEE-M", 3)
    with later(days=8):
        admin = again(shop)
        assert send_campaign(shop, admin, "Too late") == 422
        shop.stock("TEE-M", 0)
        shop.ask(phone=BEN)
        shop.stock("TEE-M", 3)
        assert send_campaign(shop, admin, "Back for [[fullname|you]]. Reply STOP to end.", days="7") == 302
        assert texts(shop, BEN) == ["Back for you. Reply STOP to end."]


def test_a_campaign_by_email_has_the_item_and_goes_to_those_who_asked_by_email(shop: Shop, admin: Admin) -> None:
    own_alert_off(admin)
    shop.product("TEE-M")
    shop.ask(phone=None, email="ann@mail.example", channels=["email"])
    shop.ask(phone=BEN)
    shop.stock("TEE-M", 3)
    words = {"subject": "[[product]] is back", "body": "Here it is:\n\n[[item]]\n\nNo more: [[stop_url]]"}
    assert send_campaign(shop, admin, by="email", **words) == 302
    [mail] = [message for message in shop.messages("bulk") if message["status"] == "delivered"]
    assert mail["to"] == "ann@mail.example"
    assert mail["subject"] == "Tee is back"
    assert mail["body"].splitlines()[2:5] == ["Tee", "20.00 USD", "https://acme.example/tee-m"]
    assert sorted(item["status"] for item in shop.requests()) == ["alerted", "waiting"]


def test_and_a_campaign_by_push_to_the_browsers_that_asked(shop: Shop, admin: Admin) -> None:
    own_alert_off(admin)
    browser = Browser()
    with PushService(browser=browser) as service:
        add_push(shop, service.url)
        shop.put("settings", {"switches": {"sold_out": {"push": True}}, "confirmations": False})
        shop.product("TEE-M")
        shop.widget({"sku": "TEE-M", "channels": ["push"], "push": browser.subscription(service.url)})
        shop.stock("TEE-M", 3)
        shop.work()
        assert send_campaign(shop, admin, by="push", subject="[[product]] is back", body="Only today. [[url]]") == 302
        said = [json.loads(asked.body) for asked in service.asked][-1]
    assert (said["title"], said["body"]) == ("Tee is back", "Only today.")


def test_by_email_it_says_what_came_back_or_is_not_saved(shop: Shop, admin: Admin) -> None:
    own_alert_off(admin)
    shop.product("TEE-M")
    shop.ask(phone=None, email="ann@mail.example", channels=["email"])
    shop.stock("TEE-M", 3)
    answer = admin.fill_in("/admin/sends/new", {"activity": BACK, "days": "7", "by": "email"})
    page = admin.fill_in(answer.headers["Location"], {"subject": "Sale", "body": "All of it is cheaper."})
    assert page.status_code == 422
    assert "Say what is back, with [[product]]" in page.get_data(as_text=True)


def test_nobody_who_was_told_of_the_restock_already_gets_the_campaign(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    opted_in(shop, ANN)
    shop.ask()
    shop.stock("TEE-M", 3)
    shop.work()
    assert len(texts(shop)) == 1
    assert send_campaign(shop, admin, "Again") == 422
    assert len(texts(shop)) == 1


def test_nobody_gets_two_campaigns_about_one_restock(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    opted_in(shop, ANN)
    shop.ask()
    shop.stock("TEE-M", 3)
    assert send_campaign(shop, admin, "First. Reply STOP to end.") == 302
    assert send_campaign(shop, admin, "Second. Reply STOP to end.") == 422
    assert texts(shop) == ["First. Reply STOP to end."]


def test_sms_has_merge_tags_for_the_items_title_and_address(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    make_journey(admin, sms_body="[[product]] [[url]]")
    shop.ask()
    shop.stock("TEE-M", 3)
    shop.work()
    assert texts(shop) == ["Tee https://acme.example/tee-m"]


def test_so_has_a_push(shop: Shop, admin: Admin) -> None:
    own_alert_off(admin)
    browser = Browser()
    with PushService(browser=browser) as service:
        add_push(shop, service.url)
        shop.put("settings", {"switches": {"sold_out": {"push": True}}, "confirmations": False})
        shop.product("TEE-M")
        make_journey(admin, sms_body="", push_subject="[[product]] is back", push_body="[[store]] has it. [[url]]")
        shop.widget({"sku": "TEE-M", "channels": ["push"], "push": browser.subscription(service.url)})
        shop.stock("TEE-M", 3)
        shop.work()
        said = [json.loads(asked.body) for asked in service.asked][-1]
    assert (said["title"], said["body"], said["url"]) == ("Tee is back", "Acme has it.", "https://acme.example/tee-m")


def test_so_has_a_campaign_of_the_item_that_came_back_last(shop: Shop, admin: Admin) -> None:
    own_alert_off(admin)
    opted_in(shop, ANN)
    for sku, title in (("TEE-M", "Tee"), ("MUG", "Mug"), ("CUP", "Cup")):
        shop.product(sku, title=title)
        shop.ask(sku)
    for sku, minutes in (("MUG", 1), ("CUP", 2), ("TEE-M", 3)):
        with later(minutes=minutes):
            shop.stock(sku, 3)
    with later(minutes=4):
        shop.stock("TEE-M", 0)  # what is gone again is not named
        assert send_campaign(shop, admin, "[[product]] is back: [[url]] Reply STOP to end.") == 302
        assert texts(shop) == ["Cup is back: https://acme.example/cup Reply STOP to end."]
        assert [item["status"] for item in shop.requests()] == ["waiting", "waiting", "alerted"]


# --- where, and a buffer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition, value, other",
    [
        ("skus", "tee-m", "HAT"),
        ("sources", "My Shop", "widget"),
        ("products", "tee-m", "hat"),
        ("tags", "summer", "no"),
        ("locations", "Main", "munich"),
    ],
)
def test_a_where_clause_lets_only_those_in_whom_it_names(
    shop: Shop, admin: Admin, condition: str, value: str, other: str
) -> None:
    shop.product("TEE-M")
    tagged = {"id": "tee-m", "title": "Tee", "url": "https://acme.example/tee-m", "tags": ["Summer"]}
    shop.put("products", {"products": [tagged]})
    own_alert_off(admin)
    make_journey(admin, "Yes", sms_body="Meant", **{condition: value})
    make_journey(admin, "No", sms_body="Not meant", **{condition: other})
    row = {"sku": "TEE-M", "phone": ANN, "channels": ["sms"], "consent": True, "source": "My Shop", "confirm": False}
    assert shop.post("requests", {"requests": [row]})["errors"] == []
    shop.stock("TEE-M", 3)
    shop.work()
    assert texts(shop) == ["Meant"]


def test_who_waits_for_a_place_enters_when_it_is_back_there(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    shop.stock("TEE-M", 0, location="berlin")
    own_alert_off(admin)
    make_journey(admin, sms_body="It is back at your place")
    shop.ask(location="berlin")
    shop.stock("TEE-M", 3, location="munich")
    shop.work()
    assert (texts(shop), activities(shop, BACK)) == ([], [])
    shop.stock("TEE-M", 2, location="berlin")
    shop.work()
    assert texts(shop) == ["It is back at your place"]
    [back] = activities(shop, BACK)
    assert (back["location"], back["available"]) == ("berlin", 2)


def test_a_delay_leaves_time_to_edit_what_is_sent(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    address = make_journey(admin, delay="60", sms_body="Befroe")
    shop.ask()
    shop.stock("TEE-M", 3)
    shop.work()
    with later(minutes=30):
        shop.work()
        assert texts(shop) == []
        assert (
            admin.fill_in(f"{address}/edit", {"sms_body": "Before", "delay": "40", "unit": "minutes"}).status_code
            == 302
        )
    with later(minutes=41):
        shop.work()
        assert texts(shop) == ["Before"]


def test_a_delay_leaves_time_to_turn_it_off(shop: Shop, admin: Admin) -> None:
    shop.product("TEE-M")
    own_alert_off(admin)
    address = make_journey(admin, delay="60", sms_body="Too early")
    shop.ask()
    shop.stock("TEE-M", 3)
    shop.work()
    press(admin, f"{address}/off")
    with later(minutes=61):
        shop.work()
        press(admin, f"{address}/on")
        shop.work()
        assert texts(shop) == []
        assert "The journey was switched off while the person waited in it." in admin.page(address)

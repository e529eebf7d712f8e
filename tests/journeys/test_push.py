"""Browser push from the sign-up to the screen: the shop's widget endpoint, the worker, and a push service that decrypts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.models import ConsentEntry, Contact, Customer
from nexnotify.db import db, transaction
from nexnotify.gateways.service import add_gateway
from nexnotify.gateways.testkit import Answer
from nexnotify.outcomes.models import VisitorRequest
from nexnotify.receipts.erasing import erase_person
from nexnotify.reports.person_file import person_file
from nexnotify.stores.models import Store
from tests.admin import Desk
from tests.shop import Shop
from tests.stubs.push_stub import CREATED, Browser, PushService
from tests.times import later

ON = {"sold_out": {"push": True}}
GO = "https://go.acme.example"
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def service(browser: Browser) -> Iterator[PushService]:
    with PushService(browser=browser) as service:
        yield service


@pytest.fixture
def pushing(shop: Shop, service: PushService) -> Shop:
    """A shop whose pushes go to the push service, with a sold-out tee."""
    add_push(shop, service.url)
    shop.put("settings", {"switches": ON, "link_domain": GO})
    shop.product("TEE-M")
    service.key = shop.client.get(f"/widget/v1/{shop.key}/variants?sku=TEE-M").get_json()["push_key"]
    return shop


def add_push(shop: Shop, services: str) -> None:
    with shop.app.app_context():
        with transaction():
            store = db.session.get_one(Store, shop.store_id)
            values = {"contact": "shop@shop.example", "hours": 4, "urgency": "high", "services": services}
            add_gateway(store, "webpush", "Push", values, utcnow())
        db.session.remove()


def ask(shop: Shop, browser: Browser, service: PushService, status: int = 202, **more: Any) -> Any:
    subscription = {**browser.subscription(service.url), "expirationTime": None}
    return shop.widget({"sku": "TEE-M", "channels": ["push"], "push": subscription, **more}, status)


def shown(service: PushService) -> list[dict[str, str]]:
    """What the browser's service worker was given."""
    return [json.loads(asked.body) for asked in service.asked]


def contact_of(shop: Shop) -> Any:
    return sa.select(Contact).where(Contact.store_id == shop.store_id, Contact.channel == "push")


def test_a_browser_that_asked_shows_that_it_was_heard_and_then_that_the_tee_is_back(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    ask(pushing, browser, service)
    pushing.work()
    assert [(item["title"], item["body"]) for item in shown(service)] == [
        ("You are on the list", "Acme: we will tell you here once when Tee is available.")
    ]
    pushing.stock("TEE-M", 5)
    pushing.work()
    alert = shown(service)[1]
    assert (alert["title"], alert["body"]) == ("Tee is back in stock", "Acme: Tee can be bought again.")
    assert alert["url"].startswith(GO + "/l/")
    opened = pushing.client.get(alert["url"].removeprefix(GO))
    assert opened.headers["Location"].startswith("https://acme.example/tee-m")
    # Nobody ever tells that it was shown.
    assert [message["status"] for message in pushing.messages()] == ["accepted"]
    assert [item["status"] for item in pushing.requests()] == ["alerted"]


@sqlite
def test_the_waitlist_says_how_many_wait_by_push(pushing: Shop, browser: Browser, service: PushService) -> None:
    desk = Desk.of(pushing)
    pushing.ask("TEE-M")
    assert "By push" not in desk.page("/waitlist"), "a column of nothing but 0 is none"
    ask(pushing, browser, service)
    page = desk.page("/waitlist")
    assert re.findall(r'data-label="By (text message|email|push)">(\d+)<', page) == [
        ("text message", "1"),
        ("email", "0"),
        ("push", "1"),
    ]
    assert "2 people waiting: 1 by text message, 0 by email, 1 by push" in page


@sqlite
def test_several_products_that_come_back_together_are_one_push_whose_click_lists_them(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    pushing.put("settings", {"bundle_minutes": 10, "confirmations": False})
    for sku in ("CUP", "HAT", "BAG", "PEN"):
        pushing.product(sku, title=sku.title())
        ask(pushing, browser, service, sku=sku)
    for sku in ("CUP", "HAT", "BAG", "PEN"):
        pushing.stock(sku, 5)
    pushing.work()
    with later(minutes=5):
        pushing.stock("PEN", 0)
    with later(minutes=11):
        pushing.sweep()
    [push] = shown(service)
    assert (push["title"], push["body"]) == (
        "Back in stock: what you waited for",
        "Acme: Cup, Hat and Bag can be bought again.",
    )
    page = pushing.client.get(push["url"].removeprefix(GO).removeprefix("http://127.0.0.1:8000")).get_data(as_text=True)
    assert [title in page for title in ("Bag", "Cup", "Hat", "Pen")] == [True, True, True, False]
    assert sorted(item["status"] for item in pushing.requests()) == ["alerted"] * 3 + ["waiting"]


@sqlite
def test_the_same_browser_asks_once(pushing: Shop, browser: Browser, service: PushService) -> None:
    ask(pushing, browser, service)
    ask(pushing, browser, service)
    assert len(pushing.requests()) == 1


@sqlite
def test_a_subscription_lies_encrypted_and_its_yes_is_written_down(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    ask(pushing, browser, service)
    with pushing.app.app_context():
        lies = db.session.execute(sa.text("SELECT address FROM contact WHERE channel = 'push'")).scalar_one()
        assert browser.path not in lies
        contact = db.session.scalars(contact_of(pushing)).one()
        assert json.loads(contact.address) == browser.subscription(service.url)
        yes = db.session.scalars(sa.select(ConsentEntry).where(ConsentEntry.contact_id == contact.id)).one()
        assert (yes.purpose, yes.action, yes.method) == ("requested", "granted", "widget")
        key = db.session.execute(sa.text("SELECT settings FROM gateway WHERE kind = 'webpush'")).scalar_one()
        assert "private_key" not in key
        db.session.remove()


@sqlite
def test_a_browser_that_has_unsubscribed_is_told_nothing_more(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    service.says(Answer(410))
    ask(pushing, browser, service)
    pushing.work()
    assert [(item["status"], item["closed_reason"]) for item in pushing.requests()] == [("cancelled", "unreachable")]
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert pushing.messages() == []


@sqlite
def test_one_shopper_s_strange_subscription_does_not_stop_the_others(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    service.says(Answer(403), CREATED)
    ask(pushing, browser, service)
    pushing.work()
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert [message["status"] for message in pushing.messages(None)] == ["rejected", "accepted"]


@sqlite
def test_the_way_out_ends_what_the_browser_waits_for(pushing: Shop, browser: Browser, service: PushService) -> None:
    ask(pushing, browser, service)
    pushing.work()
    way_out = shown(service)[0]["stop"]
    page = pushing.client.get(way_out).get_data(as_text=True)
    assert "This browser is told once of each of these" in page
    assert "Tee" in page
    assert pushing.requests()[0]["status"] == "waiting"  # looking changes nothing
    page = pushing.client.post(way_out, data={"stop": "all"}).get_data(as_text=True)
    assert "This browser gets no messages from us." in page
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert pushing.requests()[0]["closed_reason"] == "stop"
    assert pushing.messages() == []


@sqlite
def test_a_browser_that_said_stop_is_told_again_once_its_owner_ticks_it_again(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    ask(pushing, browser, service)
    pushing.work()
    way_out = shown(service)[0]["stop"]
    page = pushing.client.post(way_out, data={"stop": "all"}).get_data(as_text=True)
    assert "tick in the shop once more" in page
    row = {"sku": "TEE-M", "push": browser.subscription(service.url)}
    pushing.post("requests", {"requests": [row]})  # of which the browser's owner need not know
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert pushing.messages() == []
    pushing.stock("TEE-M", 0)
    ask(pushing, browser, service)
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert [message["status"] for message in pushing.messages()] == ["accepted"]


@sqlite
def test_double_opt_in_does_not_ask_a_browser_that_has_just_said_yes(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    pushing.put("settings", {"double_opt_in": True})
    ask(pushing, browser, service, email="ann@mail.example")
    ask(pushing, browser, service, channels=["push", "email"], email="ann@mail.example")
    assert {item["channel"]: item["status"] for item in pushing.requests()} == {"push": "waiting", "email": "pending"}


@sqlite
def test_in_order_the_push_goes_first_and_the_email_when_it_fails(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    pushing.put("settings", {"channels": "in_order", "channel_order": ["push", "email", "sms"], "confirmations": False})
    service.says(Answer(410))
    ask(pushing, browser, service, channels=["push", "email"], email="ann@mail.example")
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert [(message["channel"], message["status"]) for message in pushing.messages()] == [("push", "rejected")]
    with later(minutes=2):
        pushing.sweep()
    assert [(message["channel"], message["status"]) for message in pushing.messages()] == [
        ("push", "rejected"),
        ("email", "delivered"),
    ]


@sqlite
@pytest.mark.parametrize(
    "push, field",
    [
        (None, "push"),
        ({"endpoint": "http://127.0.0.1:1/admin", "keys": Browser().subscription("")["keys"]}, "push"),
        ({"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "push"),
        ({"endpoint": "ftp://fcm.googleapis.com/x", "keys": Browser().subscription("")["keys"]}, "push.endpoint"),
    ],
    ids=["none", "an address of ours", "no key", "no address of the web"],
)
def test_what_is_no_subscription_at_a_push_service_is_refused(
    pushing: Shop, service: PushService, push: Any, field: str
) -> None:
    body = {"sku": "TEE-M", "channels": ["push"], **({"push": push} if push else {})}
    answer = pushing.widget(body, 422)
    assert list(answer["error"]["fields"]) == [field]
    assert pushing.requests() == []
    assert service.asked == []


@sqlite
def test_push_is_offered_where_it_is_on_and_something_sends_it(shop: Shop, service: PushService) -> None:
    shop.product("TEE-M")
    assert "push" not in shop.offered()["channels"]
    shop.put("settings", {"switches": ON})
    assert "push" not in shop.offered()["channels"]  # nothing sends it yet
    add_push(shop, service.url)
    assert "push" in shop.offered()["channels"]
    shop.put("settings", {"switches": {"sold_out": {"push": False}}})
    assert "push" not in shop.offered()["channels"]


@sqlite
def test_through_the_api_a_shop_signs_a_browser_up_itself(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    row = {"sku": "TEE-M", "push": browser.subscription(service.url)}
    answer = pushing.post("requests", {"requests": [row, row]})
    assert [item["channel"] for item in answer["requests"]] == ["push", "push"]
    assert len(pushing.requests()) == 1


@pytest.mark.parametrize("asks_again", [False, True], ids=["once", "and by email alone"])
def test_an_erased_customer_s_browser_is_forgotten_with_them(
    pushing: Shop, browser: Browser, service: PushService, asks_again: bool
) -> None:
    customer = {"id": "c1", "first_name": "Ann", "email": "ann@mail.example"}
    pushing.put("customers", {"customers": [customer]})
    ask(pushing, browser, service, channels=["push", "email"], email="ann@mail.example")
    if asks_again:
        pushing.ask_by_email("TEE-M", "ann@mail.example")
    with pushing.app.app_context():
        with transaction():
            erase_person(db.session.scalars(sa.select(Customer)).one(), utcnow())
        assert db.session.scalars(contact_of(pushing)).one().address == ""
        db.session.remove()
    pushing.stock("TEE-M", 5)
    pushing.work()
    assert service.asked == []
    assert pushing.messages() == []


@sqlite
def test_nor_does_anything_say_any_more_which_browser_it_was(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    pushing.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "email": "old@mail.example"}]})
    visitor = "a-browser-told-apart"
    ask(pushing, browser, service, channels=["push", "email"], email="old@mail.example", visitor=visitor)
    pushing.put("customers", {"customers": [{"id": "c1", "email": "ann@mail.example"}]})
    pushing.widget({"sku": "TEE-M", "channels": ["email"], "email": "ann@mail.example", "visitor": visitor})
    desk = Desk.of(pushing)
    desk.post(f"/customers/{desk.id_of('/customers', 'customers')}/erase", typed="Ann")
    with pushing.app.app_context():
        assert db.session.scalars(sa.select(VisitorRequest.request_id)).all() == []
        db.session.remove()


@sqlite
def test_a_customer_s_file_has_their_browser_and_what_it_waits_for(
    pushing: Shop, browser: Browser, service: PushService
) -> None:
    pushing.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "email": "ann@mail.example"}]})
    region = {"key": "north", "name": "The north", "locations": ["depot"]}
    pushing.put("regions", {"regions": [region]})
    wish = {"region": "north", "quantity": 2, "zone": "Europe/Berlin"}
    ask(pushing, browser, service, channels=["push", "email"], email="ann@mail.example", **wish)
    with pushing.app.app_context():
        told = person_file(db.session.scalars(sa.select(Customer)).one())
        db.session.remove()
    addresses = {item["channel"]: item for item in told["addresses"]}
    assert set(addresses) == {"email", "push"}
    assert json.loads(addresses["push"]["address"]) == browser.subscription(service.url)
    [request] = addresses["push"]["requests"]
    assert (request["place"], request["quantity"], request["zone"]) == ("The north", 2, "Europe/Berlin")

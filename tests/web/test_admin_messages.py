"""Messages: found by address without being readable, and what a merchant can do about each."""

from __future__ import annotations

import pytest

from tests.admin import Desk
from tests.shop import Shop
from tests.times import at, later

#: The outbox plays it: unknown outcome, and the second attempt is delivered.
BROKEN_LINE = "+12015550196"


@pytest.fixture
def uncertain(shop: Shop) -> int:
    """The id of an uncertain message about TEE-M."""
    shop.put("settings", {"confirmations": False})
    shop.product("TEE-M")
    shop.ask("TEE-M", BROKEN_LINE)
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["uncertain"]
    return Desk.of(shop, "staff").id_of("/messages", "messages")


@pytest.mark.parametrize(
    "words,found",
    [
        ("+12015550123", 1),
        ("(201) 555-0123", 1),
        ("0123", 1),
        ("0124", 0),
        ("555-0123", 0),
        ("ann@mail.example", 1),
        ("ANN@mail.example", 1),
        ("mail.example", 0),
        ("hello", 0),
        ("201555", 0),
    ],
)
def test_a_message_is_found_by_the_whole_address_or_its_last_four_digits(shop: Shop, words: str, found: int) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550123")
    shop.ask_by_email("TEE-M", "ann@mail.example")
    desk = Desk.of(shop)
    page = desk.browser.get("/admin/messages", query_string={"q": words}).get_data(as_text=True)
    assert page.count("/admin/messages/") == found


def test_messages_are_filtered_by_status_and_kind(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    desk = Desk.of(shop)
    assert desk.raw("/messages").count("/admin/messages/") == 2
    assert desk.raw("/messages?kind=confirmation&status=delivered").count("/admin/messages/") == 1
    assert "No messages match" in desk.page("/messages?status=rejected")


@pytest.mark.parametrize(
    "number,words",
    [
        ("+12015550190", "the handset was off"),
        ("+12015550191", "the number does not exist"),
        ("+12015550192", "has said STOP"),
        ("+12015550198", "the handset was not reached in time"),
        (BROKEN_LINE, "may have arrived or not"),
    ],
)
def test_a_message_that_failed_says_what_can_be_done(shop: Shop, number: str, words: str) -> None:
    shop.put("settings", {"confirmations": False})
    shop.product("TEE-M")
    shop.ask("TEE-M", number)
    shop.stock("TEE-M", 5)
    shop.work()
    desk = Desk.of(shop)
    page = desk.page(f"/messages/{desk.id_of('/messages', 'messages')}")
    assert "What you can do" in page
    assert words in page


def test_a_held_message_says_until_when(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False, "quiet_hours": {"from": "21:00", "to": "09:00"}})
    shop.product("TEE-M")
    with at("2030-01-15 22:00"):
        shop.ask("TEE-M")
        shop.stock("TEE-M", 5)
        shop.plan()
        desk = Desk.of(shop)
        page = desk.page(f"/messages/{desk.id_of('/messages', 'messages')}")
    assert "it goes when quiet hours end" in page
    assert "Not before" in page


def test_an_uncertain_message_is_sent_again_when_the_merchant_says_so(shop: Shop, uncertain: int) -> None:
    desk = Desk.of(shop, "admin")
    assert "One of your people decided it." in desk.post(f"/messages/{uncertain}/send-again")
    assert [request["status"] for request in shop.requests()] == ["waiting"]
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]
    assert [request["status"] for request in shop.requests()] == ["alerted"]
    assert "nothing was done" in desk.post(f"/messages/{uncertain}/send-again")
    assert "Message sent again" in desk.page("/settings/audit")


def test_an_uncertain_message_is_sent_again_even_after_its_time(shop: Shop, uncertain: int) -> None:
    with later(days=2):
        Desk.of(shop, "admin").post(f"/messages/{uncertain}/send-again")
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["delivered"]


def test_who_said_stop_meanwhile_is_not_sent_to_again(shop: Shop, uncertain: int) -> None:
    from nexnotify.clock import utcnow
    from nexnotify.customers.consent import Proof
    from nexnotify.customers.service import find_contact
    from nexnotify.db import db, transaction
    from nexnotify.ledger.suppression import stop
    from nexnotify.stores.models import Store

    with shop.app.app_context():
        with transaction():
            contact = find_contact(db.session.get_one(Store, shop.store_id), "sms", BROKEN_LINE)
            assert contact is not None
            stop(contact, Proof("keyword"), utcnow())
        db.session.remove()
    Desk.of(shop, "admin").post(f"/messages/{uncertain}/send-again")
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["suppressed"]


def test_an_uncertain_message_is_left_when_the_merchant_says_so(shop: Shop, uncertain: int) -> None:
    desk = Desk.of(shop, "admin")
    badge = '<span class="nx-badge">1</span>'
    assert badge in desk.raw("/waitlist")
    page = desk.post(f"/messages/{uncertain}/leave")
    assert "You decided to leave it." in page
    assert badge not in desk.raw("/waitlist")
    with later(hours=9):
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["uncertain"]
    assert "nothing was done" in desk.post(f"/messages/{uncertain}/leave")
    desk.post(f"/messages/{uncertain}/send-again")
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]


def test_the_shoppers_own_stop_link_is_not_shown_to_staff(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask_by_email("TEE-M", "ann@mail.example")
    shop.work()
    [message] = shop.messages("confirmation")
    key = message["body"].split("/s/")[1].split()[0]
    browser = shop.sign_in()
    listed = browser.get("/admin/messages").get_data(as_text=True)
    address = listed.split('href="/admin/messages/')[1].split('"')[0]
    page = browser.get(f"/admin/messages/{address}").get_data(as_text=True)
    assert "/s/•••" in page
    assert key not in page

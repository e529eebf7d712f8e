"""A shopper who leaves a number and an email address is told once: on the next channel only when the first has failed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.contract import Receipt
from nexnotify.ledger.models import Message
from nexnotify.ledger.receiving import apply_receipt
from nexnotify.workers.steps import run_lives
from tests.admin import Desk
from tests.shop import Shop
from tests.times import later

ANN, MAIL = "+12015550123", "ann@mail.example"
UNDELIVERED, REJECTED, STOPPED, NO_RECEIPT, UNKNOWN = (f"+1201555019{digit}" for digit in (0, 1, 2, 7, 9))
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ordered(shop: Shop, phone: str = ANN, **settings: object) -> None:
    shop.put("settings", {"channels": "in_order", "confirmations": False} | settings)
    shop.product("TEE-M")
    shop.widget({"sku": "TEE-M", "phone": phone, "email": MAIL, "channels": ["sms", "email"], "consent": True})


def restock(shop: Shop) -> None:
    shop.stock("TEE-M", 5)
    shop.work()


def look(shop: Shop, minutes: int = 2) -> list[tuple[str, str]]:
    """What has been sent, some time after."""
    with later(minutes=minutes):
        shop.sweep()
    return [(message["channel"], message["status"]) for message in shop.messages()]


@sqlite
def test_a_new_store_tells_on_all_channels_together(shop: Shop) -> None:
    ordered(shop, channels="together")
    restock(shop)
    assert sorted(message["channel"] for message in shop.messages()) == ["email", "sms"]


@sqlite
@pytest.mark.parametrize(
    "order, told", [(["sms", "email", "push"], "sms"), (["email", "push", "sms"], "email")], ids=["sms", "email"]
)
def test_the_first_channel_tells_and_the_other_request_ends(shop: Shop, order: list[str], told: str) -> None:
    ordered(shop, channel_order=order)
    restock(shop)
    assert look(shop) == [(told, "delivered")]
    assert sorted(item["status"] for item in shop.requests()) == ["alerted", "cancelled"]
    shop.stock("TEE-M", 0)
    restock(shop)
    assert len(shop.messages()) == 1


@sqlite
def test_a_channel_that_is_switched_off_is_in_nobodys_way(shop: Shop) -> None:
    ordered(shop)
    shop.put("settings", {"switches": {"sold_out": {"sms": False}}})
    restock(shop)
    assert [message["channel"] for message in shop.messages()] == ["email"]


@pytest.mark.parametrize("phone", [UNDELIVERED, REJECTED, STOPPED])
def test_a_text_that_failed_goes_on_by_email_once(shop: Shop, phone: str) -> None:
    ordered(shop, phone)
    restock(shop)
    for minutes in (2, 4):
        messages = look(shop, minutes)
        assert [channel for channel, _ in messages] == ["sms", "email"]
    story = str(shop.trace(2))
    assert "other_channel" in story
    assert shop.requests()[1]["status"] == "alerted"


@sqlite
def test_an_unknown_outcome_is_never_passed_on(shop: Shop) -> None:
    ordered(shop, UNKNOWN, failover_minutes=5)
    restock(shop)
    assert look(shop, 30) == [("sms", "uncertain")]


@sqlite
@pytest.mark.parametrize("minutes, channels", [(5, ["sms", "email"]), (None, ["sms"])])
def test_a_text_without_a_receipt_is_passed_on_where_the_store_wants_it(
    shop: Shop, minutes: int | None, channels: list[str]
) -> None:
    ordered(shop, NO_RECEIPT, failover_minutes=minutes)
    restock(shop)
    assert [channel for channel, _ in look(shop)] == ["sms"]
    assert [channel for channel, _ in look(shop, 7)] == channels


@sqlite
def test_nothing_is_passed_on_when_the_product_has_sold_out_meanwhile(shop: Shop) -> None:
    ordered(shop, UNDELIVERED)
    restock(shop)
    shop.stock("TEE-M", 0)
    assert [channel for channel, _ in look(shop)] == ["sms"]
    assert "waiting" in [item["status"] for item in shop.requests()]


@sqlite
def test_an_order_of_channels_names_each_once(shop: Shop) -> None:
    shop.put("settings", {"channel_order": ["sms", "sms", "email"]}, status=422)


@sqlite
def test_who_stands_behind_is_not_told_because_the_store_changes_its_mind(shop: Shop) -> None:
    ordered(shop)
    restock(shop)
    shop.put("settings", {"channels": "together"})
    assert look(shop) == [("sms", "delivered")]


def test_a_receipt_that_comes_before_the_email_goes_stops_it(shop: Shop) -> None:
    ordered(shop, NO_RECEIPT, failover_minutes=5)
    restock(shop)
    with later(minutes=7):
        with shop.app.app_context():
            run_lives()
            with transaction():
                [text] = db.session.scalars(sa.select(Message).where(Message.channel == "sms"))
                apply_receipt(text, Receipt(status="delivered"), utcnow())
            db.session.remove()
        shop.work()
    assert [(m["channel"], m["status"]) for m in shop.messages()] == [("sms", "delivered"), ("email", "suppressed")]
    assert "told_elsewhere" in str(shop.trace(2))


@sqlite
def test_the_page_of_each_message_shows_the_chain(shop: Shop) -> None:
    ordered(shop, UNDELIVERED)
    restock(shop)
    desk = Desk.of(shop, "admin")
    text = desk.id_of("/messages", "messages")
    page = desk.page(f"/messages/{text}")
    assert "The shopper's channels" in page
    assert "This person is told on another channel first; this one follows if that fails." in page
    assert "/admin/waitlist/requests/2" in page
    look(shop)
    email = desk.id_of("/messages", "messages")
    assert f'href="/admin/messages/{email}"' in desk.page(f"/messages/{text}")
    page = desk.page(f"/messages/{email}")
    assert f'href="/admin/messages/{text}"' in page
    assert "Not delivered" in page


@sqlite
def test_a_shopper_with_one_channel_has_no_chain(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    restock(shop)
    desk = Desk.of(shop, "admin")
    assert "The shopper's channels" not in desk.page(f"/messages/{desk.id_of('/messages', 'messages')}")


@sqlite
@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_a_stranger_who_names_ones_address_beside_their_own_takes_nothing_away(shop: Shop, is_first: bool) -> None:
    shop.product("TEE-M")
    if not is_first:
        shop.ask_by_email("TEE-M", MAIL)
    ordered(shop)  # somebody's own number, and an address that they know of
    if is_first:
        shop.ask_by_email("TEE-M", MAIL)
    restock(shop)
    look(shop)
    assert sorted(message["to"] for message in shop.messages()) == [ANN, MAIL]


@sqlite
def test_the_same_sign_up_sent_twice_is_one(shop: Shop) -> None:
    ordered(shop)
    ordered(shop)
    restock(shop)
    assert look(shop) == [("sms", "delivered")]

"""What the document "Notify customers by SMS" says the system does, in its order, as far as it is built."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nexnotify.db import db
from nexnotify.workers.steps import run_long_waitlists
from tests.admin import Desk
from tests.credits import account, grant, with_credits
from tests.shop import Shop

ANN, MINE = "+12015550123", "+12015550150"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An administrator of the store, signed in."""
    return Desk.of(shop, "admin")


@pytest.fixture
def active(shop: Shop, desk: Desk) -> Shop:
    """A store with Active ticked and the merchant's own number entered; Ann is its customer."""
    desk.post("/settings/texts", order_texts="y", merchant_number="(201) 555-0150")
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN}]})
    return shop


def order(shop: Shop, status: str = "new", **fields: Any) -> None:
    """Ann's order comes to a status, and the worker works."""
    row = {"id": "1001", "customer_id": "c1", "status": status, "lines": [{"sku": "TEE-M", "price": "20.00"}], **fields}
    assert shop.post("orders", {"orders": [row]})["errors"] == []
    shop.work()


def ticket(shop: Shop, *messages: tuple[str, str], **fields: Any) -> None:
    """A ticket of Ann's with messages (who, id), and the worker works."""
    rows = [{"id": name, "from": author, "text": f"Text {name}"} for author, name in messages]
    row = {"id": "t1", "customer_id": "c1", "subject": "Where is it?", "messages": rows, **fields}
    assert shop.post("tickets", {"tickets": [row]})["errors"] == []
    shop.work()


def texts(shop: Shop, to: str) -> list[str]:
    """What was delivered to a number, oldest first."""
    return [item["body"] for item in shop.messages(None, to=to) if item["status"] == "delivered"]


def rows(desk: Desk) -> dict[str, str]:
    """The list of templates for text messages: kind → its row, the standard one where there are several."""
    found: dict[str, str] = {}
    for row in desk.page("/templates").split("<tr>")[1:]:
        kind = re.search(r"<small>([^<]+)</small>", row)
        if kind and "Text message" in row:
            found.setdefault(kind.group(1), row)
    return found


def template_of(desk: Desk, kind: str) -> int:
    """The id of the standard text of a kind."""
    found = re.search(r"/admin/templates/(\d+)", rows(desk)[kind])
    assert found is not None, kind
    return int(found.group(1))


def write(desk: Desk, name: str, kind: str, body: str) -> int:
    """Make a template, write it, and leave it as it is made: its id."""
    page = desk.post("/templates/new", name=name, kind=kind, channel="sms", product_status="")
    found = re.search(r'action="/admin/templates/(\d+)"', page)
    assert found is not None
    desk.post(f"/templates/{found.group(1)}", subject="", body=body)
    return int(found.group(1))


# --- the SMS function ----------------------------------------------------------------------------------------------


def test_ticking_active_switches_these_texts_on_and_unticking_it_off(active: Shop, desk: Desk) -> None:
    desk.post("/settings/texts", merchant_number=MINE)
    order(active)
    assert texts(active, ANN) == texts(active, MINE) == []
    desk.post("/settings/texts", order_texts="y", merchant_number=MINE)
    order(active, "sent")
    assert len(texts(active, ANN)) == 1


def test_besides_texts_to_customers_texts_go_to_the_number_entered(active: Shop) -> None:
    order(active)
    assert len(texts(active, ANN)) == len(texts(active, MINE)) == 1


def test_without_a_number_texts_to_the_merchant_cannot_be_sent_and_the_pages_say_so(active: Shop, desk: Desk) -> None:
    desk.post("/settings/texts", order_texts="y", merchant_number="")
    order(active, "paid")
    assert [message["to"] for message in active.messages(None)] == [ANN]
    assert "Texts to you cannot be sent" in desk.page("/settings/texts")
    assert desk.page("/templates").count("your own number is missing") == 1


def test_a_number_that_is_none_is_refused_beside_its_field(desk: Desk, shop: Shop) -> None:
    page = desk.post("/settings/texts", 422, order_texts="y", merchant_number="12")
    assert "too short" in page
    assert 'value="12"' in page
    assert shop.get("settings")["merchant_number"] == ""


# --- templates -----------------------------------------------------------------------------------------------------

STANDARD = (
    "Customer: new order",
    "Customer: order sent",
    "Customer: ticket answered",
    "Merchant: new order",
    "Merchant: order paid",
    "Merchant: new ticket",
)
LONG = "Merchant: long waitlist"


@pytest.mark.parametrize("title", [*STANDARD, LONG])
def test_a_standard_template_is_filled_and_active_from_the_start(desk: Desk, title: str) -> None:
    assert "[[store]]: " in rows(desk)[title]
    assert "is on: switch it off" in rows(desk)[title]


def test_a_standard_template_can_be_modified(active: Shop, desk: Desk) -> None:
    desk.post(f"/templates/{template_of(desk, 'Customer: new order')}", subject="", body="Got [[ordernumber]].")
    order(active)
    assert texts(active, ANN) == ["Got 1001."]


@pytest.mark.parametrize("key, filled", [("firstname", "Ann"), ("lastname", "Lee"), ("fullname", "Ann Lee")])
def test_a_replacement_key_is_filled_in_every_standard_template(
    active: Shop, desk: Desk, key: str, filled: str
) -> None:
    for title in STANDARD:
        desk.post(f"/templates/{template_of(desk, title)}", subject="", body=f"{title} for [[{key}]].")
    order(active, "paid")
    order(active, "sent")
    ticket(active, ("customer", "m1"), ("merchant", "m2"))
    told = {"Customer": texts(active, ANN), "Merchant": texts(active, MINE)}
    for title in STANDARD:
        assert f"{title} for {filled}." in told[title.split(":")[0]]


def test_merchant_new_order_upon_placement_of_a_new_order(active: Shop) -> None:
    order(active)
    assert texts(active, MINE) == ["Acme: new order 1001 20.00 USD from Ann Lee."]


def test_merchant_order_paid_when_it_is_paid(active: Shop) -> None:
    order(active)
    order(active, "paid")
    assert texts(active, MINE)[1:] == ["Acme: order 1001 20.00 USD from Ann Lee is paid."]


def test_merchant_new_ticket_when_a_customer_sends_one(active: Shop) -> None:
    ticket(active, ("customer", "m1"))
    ticket(active, ("customer", "m1"), ("customer", "m2"))
    assert texts(active, MINE) == ["Acme: new ticket from Ann Lee: Where is it?"]


def test_a_ticket_that_the_merchant_opened_with_somebody_else_texts_nobody(active: Shop) -> None:
    ticket(active, ("merchant", "m1"), ("customer", "m2"), ("merchant", "m3"))
    assert active.messages(None) == []


def test_customer_new_order_confirms_the_order(active: Shop) -> None:
    order(active)
    order(active)
    assert texts(active, ANN) == [
        "Acme: hello Ann, we have received your order 1001. Thank you! Reply STOP to end.",
    ]


def test_customer_order_sent_when_the_status_changes_to_sent(active: Shop) -> None:
    order(active)
    order(active, "sent")
    order(active, "sent")
    assert texts(active, ANN)[1:] == ["Acme: hello Ann, your order 1001 is on its way. Reply STOP to end."]


def test_customer_ticket_answered_once_for_each_answer(active: Shop) -> None:
    ticket(active, ("customer", "m1"))
    assert texts(active, ANN) == []
    ticket(active, ("customer", "m1"), ("merchant", "m2"))
    ticket(active, ("customer", "m1"), ("merchant", "m2"))
    answered = 'Acme: hello Ann, we have answered your ticket "Where is it?". Reply STOP to end.'
    assert texts(active, ANN) == [answered]
    ticket(active, ("merchant", "m3"))
    assert texts(active, ANN) == [answered, answered]


def test_the_eye_icon_switches_a_template_off_and_on_again(active: Shop, desk: Desk) -> None:
    template = template_of(desk, "Customer: order sent")
    page = desk.post(f"/templates/{template}/switch", active="0")
    assert "Order sent is off: nobody is told of it by this channel." in page
    assert "is off: switch it on" in rows(desk)["Customer: order sent"]
    order(active, "sent")
    assert texts(active, ANN) == []
    assert "Order sent is on: it goes out by itself." in desk.post(f"/templates/{template}/switch", active="1")
    order(active, "sent", id="1002")
    assert texts(active, ANN) == ["Acme: hello Ann, your order 1002 is on its way. Reply STOP to end."]


def test_a_new_template_gets_a_name_and_a_kind_and_leads_to_its_edit_page(desk: Desk) -> None:
    page = desk.page("/templates/new")
    for kind in (*STANDARD, "Customer: custom"):
        assert f">{kind}</option>" in page
    page = desk.post("/templates/new", name="Summer", kind="order_sent", channel="sms", product_status="")
    assert "<h1>Summer, text message</h1>" in page
    for key in ("firstname", "lastname", "fullname"):
        assert f"[[{key}]]" in page


def test_a_custom_template_never_goes_out_by_itself(active: Shop, desk: Desk) -> None:
    write(desk, "Holiday", "custom", "[[store]]: hello [[firstname]], we are away.")
    assert "Holiday, text message, is on" in desk.page("/templates")
    order(active)
    order(active, "paid")
    order(active, "sent")
    ticket(active, ("customer", "m1"), ("merchant", "m2"))
    assert not any("we are away" in text for text in (*texts(active, ANN), *texts(active, MINE)))


def test_a_named_template_that_is_switched_on_takes_the_place_of_the_standard_one(active: Shop, desk: Desk) -> None:
    summer = write(desk, "Summer", "order_sent", "[[store]]: off it goes, [[firstname]].")
    order(active, "sent")
    assert texts(active, ANN) == ["Acme: hello Ann, your order 1001 is on its way. Reply STOP to end."]
    assert "Summer is on, in place of Order sent" in desk.post(f"/templates/{summer}/switch", active="1")
    order(active, "sent", id="1002")
    assert texts(active, ANN)[1:] == ["Acme: off it goes, Ann."]


# --- texts sent by hand, to one and in bulk ------------------------------------------------------------------------

BEN = "+12015550144"
OPT_IN = "I would like to receive SMS messages"


@pytest.fixture
def two(active: Shop, desk: Desk) -> Shop:
    """Ann and Ben have opted in, and each has an order; what is sent to many goes at once."""
    active.put("settings", {"send_undo_seconds": 0})
    people = [("c1", "Ann", ANN), ("c2", "Ben", BEN)]
    told = [{"id": id, "first_name": name, "phone": to, "fields": {OPT_IN: True}} for id, name, to in people]
    active.put("customers", {"customers": told})
    order(active, notify=False)
    order(active, id="1002", customer_id="c2", notify=False)
    return active


def ticks(desk: Desk, page: str) -> list[str]:
    """The boxes before the rows of a list."""
    return re.findall(r'name="tick" value="(\d+)"', desk.page(page))


def send(shop: Shop, desk: Desk, draft: str, **written: str) -> str:
    """From the page that a button leads to, to what was sent: write, check, confirm; the worker works."""
    found = re.search(r"/admin(/sends/\d+)/write", draft)
    assert found is not None
    words = {"body": "Hello [[firstname]], we are away for two weeks. Reply STOP to end.", "when": "now", **written}
    assert "Nothing has left yet" in desk.post(f"{found[1]}/write", **words)
    desk.post(f"{found[1]}/confirm")
    shop.work()
    return found[1]


def test_send_text_message_in_bulk_with_selected_customers(two: Shop, desk: Desk) -> None:
    assert "With selected" in desk.page("/customers")
    send(two, desk, desk.post("/sends/bulk", source="customers", tick=ticks(desk, "/customers")))
    assert texts(two, ANN) == ["Hello Ann, we are away for two weeks. Reply STOP to end."]
    assert texts(two, BEN) == ["Hello Ben, we are away for two weeks. Reply STOP to end."]


def test_send_text_message_in_bulk_with_selected_orders(two: Shop, desk: Desk) -> None:
    order(two, id="1003", notify=False)  # Ann's second
    assert "With selected" in desk.page("/orders")
    page = send(two, desk, desk.post("/sends/bulk", source="orders", tick=ticks(desk, "/orders")))
    assert len(texts(two, ANN)) == len(texts(two, BEN)) == 1
    assert "Texted once" in desk.page(page)


def test_send_text_message_on_the_page_of_an_order(two: Shop, desk: Desk) -> None:
    number = desk.id_of("/orders?q=1001", "orders")
    assert "Send text message" in desk.page(f"/orders/{number}")
    send(
        two, desk, desk.post("/sends/one", source="orders", id=number), body="Order [[ordernumber]] waits at the desk."
    )
    assert texts(two, ANN) == ["Order 1001 waits at the desk."]
    assert texts(two, BEN) == []
    assert "Order 1001 waits at the desk." in desk.page(f"/orders/{number}")


def test_send_text_message_on_the_page_of_a_customer(two: Shop, desk: Desk) -> None:
    number = desk.id_of("/customers?q=Ben", "customers")
    assert "Send text message" in desk.page(f"/customers/{number}")
    send(two, desk, desk.post("/sends/one", source="customers", id=number), body="[[fullname]], we found your hat.")
    assert texts(two, BEN) == ["Ben, we found your hat."]
    assert texts(two, ANN) == []


def test_a_custom_template_is_modified_before_it_is_sent(two: Shop, desk: Desk) -> None:
    template = write(desk, "Holiday", "custom", "Hello [[firstname]], we are away.")
    page = desk.post("/sends/bulk", source="customers", tick=ticks(desk, "/customers"))
    found = re.search(r"/admin(/sends/\d+)/write", page)
    assert found is not None
    assert ">Holiday</option>" in page
    picked = desk.post(f"{found[1]}/write", 200, template=template, use="1", when="now")
    assert "Hello [[firstname]], we are away.</textarea>" in picked
    send(two, desk, page, template=template, body="Hello [[firstname]], we are away until May.")
    assert texts(two, ANN) == ["Hello Ann, we are away until May."]
    assert "Hello [[firstname]], we are away.</textarea>" in desk.page(f"/templates/{template}")


def test_without_credit_neither_button_nor_bulk_action_is_there(two: Shop, desk: Desk) -> None:
    pages = ("/customers", "/orders", f"/orders/{desk.id_of('/orders', 'orders')}")
    assert all("Send text message" in desk.page(page) for page in pages)
    two.put("settings", {"credits": True})
    assert not any("Send text message" in desk.page(page) for page in pages)
    assert desk.post("/sends/bulk", 302, source="customers", tick=ticks(desk, "/customers")) is not None


# --- the sender ------------------------------------------------------------------------------------------------------

BEN = "+447400123456"


@pytest.fixture
def british(active: Shop) -> Shop:
    """The store is in a country whose carriers take names; so is Ben."""
    active.put("settings", {"country": "GB"})
    active.put("customers", {"customers": [{"id": "c2", "first_name": "Ben", "last_name": "Ray", "phone": BEN}]})
    return active


def history(shop: Shop, desk: Desk, to: str) -> str:
    """The page of the last text to a number; the outbox writes down what the text would have come from."""
    [*_, last] = list(shop.messages(None, to=to))
    for number in re.findall(r'"/admin/messages/(\d+)"', desk.page("/messages")):
        page = desk.page(f"/messages/{number}")
        if last["reference"] in page:
            return page
    raise AssertionError(last)


def test_a_name_as_sender_reaches_the_gateway_and_the_text_has_a_link_where_nobody_can_reply(
    british: Shop, desk: Desk
) -> None:
    page = desk.post("/settings/texts", order_texts="y", sms_sender="Acme Shop", merchant_number=MINE)
    assert "Customers cannot reply" in page
    order(british, customer_id="c2")
    assert "from Acme Shop" in history(british, desk, BEN)
    [text] = texts(british, BEN)
    assert re.fullmatch(
        r"Acme: hello Ben, we have received your order 1001\. Thank you! End: http://[^ ]+/s/[^ ]+", text
    )


def test_a_name_is_left_out_for_numbers_whose_carriers_refuse_it(british: Shop, desk: Desk) -> None:
    desk.post("/settings/texts", order_texts="y", sms_sender="Acme Shop", merchant_number=MINE)
    order(british)
    assert "from Acme Shop" not in history(british, desk, ANN)
    assert "/s/" in texts(british, ANN)[0]


def test_a_number_as_sender_lets_customers_reply(active: Shop, desk: Desk) -> None:
    desk.post("/settings/texts", order_texts="y", sms_sender="(201) 555-0160", merchant_number=MINE)
    order(active)
    assert "from +12015550160" in history(active, desk, ANN)
    assert texts(active, ANN)[0].endswith("Reply STOP to end.")


@pytest.mark.parametrize(
    "country, sender, words",
    [
        ("GB", "Acme Sports Shop", "11 characters at most; this one has 16"),
        ("GB", "Café", "only the letters A to Z without accents"),
        ("GB", "12", "at least one letter"),
        ("US", "Acme", "Carriers in your country take no names as senders. Enter a number."),
    ],
)
def test_a_sender_that_carriers_refuse_is_refused_beside_its_field(
    active: Shop, desk: Desk, country: str, sender: str, words: str
) -> None:
    active.put("settings", {"country": country})
    page = desk.post("/settings/texts", 422, order_texts="y", sms_sender=sender, merchant_number=MINE)
    assert words in page
    assert f'value="{sender}"' in page
    assert active.get("settings")["sms_sender"] == ""


# --- a long waitlist -------------------------------------------------------------------------------------------------


def waiting(shop: Shop, *numbers: int) -> None:
    """So many more people ask for the product, and the worker sweeps."""
    for number in numbers:
        shop.ask("TEE-M", f"+1201555{number:04}")
    with shop.app.app_context():
        run_long_waitlists()
        db.session.remove()
    shop.work()


@pytest.fixture
def watching(active: Shop, desk: Desk) -> Shop:
    """The merchant wants to know when more than two wait for a product."""
    active.product("TEE-M")
    active.put("settings", {"confirmations": False})
    desk.post("/settings/texts", order_texts="y", merchant_number=MINE, long_waitlist="2")
    return active


def test_merchant_long_waitlist_once_when_it_grows_past_the_number(watching: Shop) -> None:
    waiting(watching, 101, 102)
    assert texts(watching, MINE) == []
    waiting(watching, 103)
    waiting(watching, 104)
    assert texts(watching, MINE) == ["Acme: 3 people wait for Tee."]


def test_merchant_long_waitlist_again_after_it_fell_below_and_rose(watching: Shop) -> None:
    waiting(watching, 101, 102, 103)
    watching.stock("TEE-M", 5)
    watching.work()
    watching.stock("TEE-M", 0)
    waiting(watching)
    waiting(watching, 104, 105, 106)
    assert texts(watching, MINE) == ["Acme: 3 people wait for Tee."] * 2


def test_merchant_long_waitlist_by_email_to_the_owners_where_texts_are_not_active(watching: Shop, desk: Desk) -> None:
    owner = "owner@acme.example"
    watching.sign_in(owner, "owner")
    desk.post("/settings/texts", merchant_number=MINE)
    waiting(watching, 101, 102, 103)
    [told] = [item for item in watching.messages("merchant") if item["to"] == owner]
    assert (told["channel"], told["body"].splitlines()[0]) == ("email", "3 people wait for Tee.")
    assert texts(watching, MINE) == []


# --- what goes without saying ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held", [{"notify": False}, {"placed_at": (datetime.now(UTC) - timedelta(days=2)).isoformat()}]
)
def test_history_texts_nobody(active: Shop, held: dict[str, Any]) -> None:
    order(active, "paid", **held)
    assert active.messages(None) == []


# --- credits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(shop: Shop) -> Desk:
    """An owner of a store that pays its texts with credits and can be paid by invoice."""
    with_credits(shop, 0)
    desk = Desk.of(shop, "owner")
    desk.post("/settings/payments/invoice", instructions="To our bank.", active="y")
    return desk


def buy(owner: Desk, pack: int) -> str:
    """Order a pack; the path of the purchase."""
    payment = owner.id_in("/settings/credits", r'name="payment"[^>]*value="(\d+)"')
    owner.post("/settings/credits/buy", pack=str(pack), payment=str(payment))
    number = owner.id_of("/settings/credits", "settings/credits/purchases")
    return f"/settings/credits/purchases/{number}"


def test_credits_are_sold_in_packs_of_1000_2000_and_5000(owner: Desk) -> None:
    packs = re.findall(r"([\d,]+) credits for ", owner.page("/settings/credits"))
    assert packs == ["1,000", "2,000", "5,000"]


def test_credits_are_found_under_settings_and_under_ones_account(shop: Shop, owner: Desk) -> None:
    grant(shop, 100)  # or a banner leads there, too
    page = owner.raw("/settings")
    assert page.count('href="/admin/settings/credits"') == 2
    assert "Subscription and credits" in page


@pytest.mark.parametrize("pack", [1000, 2000, 5000])
def test_a_pack_that_was_paid_is_in_the_balance(shop: Shop, owner: Desk, pack: int) -> None:
    purchase = buy(owner, pack)
    assert account(shop).balance == 0
    owner.post(f"{purchase}/paid")
    assert account(shop).balance == pack


def test_a_single_text_message_equals_12_credits(shop: Shop, owner: Desk) -> None:
    grant(shop, 100)
    shop.product()
    shop.ask()
    shop.work()
    assert [message["segments"] for message in shop.messages(None)] == [1]
    assert account(shop) == (88, 0)


def test_without_enough_credits_nothing_offers_to_send_a_text_and_a_banner_says_why(shop: Shop, owner: Desk) -> None:
    grant(shop, 11)
    page = owner.page("")
    assert "No credits left" in page
    assert "Send text message" not in owner.page("/orders") + owner.page("/customers")
    grant(shop, 1)
    assert "No credits left" not in owner.page("")


def test_sign_ups_are_collected_without_credits_and_told_when_there_are_some(shop: Shop, owner: Desk) -> None:
    shop.put("settings", {"confirmations": False})
    shop.product()
    shop.ask(phone=ANN)
    shop.stock("TEE-M", 1)
    shop.work()
    assert texts(shop, ANN) == []
    assert [request["status"] for request in shop.requests()] == ["waiting"]
    grant(shop, 12)
    shop.work()
    assert len(texts(shop, ANN)) == 1


def low(shop: Shop, left: int) -> None:
    """An order text takes 12 credits, after which so many are left."""
    grant(shop, left + 12 - account(shop).balance)
    order(shop, "sent", id=f"low-{left}-{len(shop.messages(None))}")
    shop.work()


def test_below_the_threshold_the_merchant_is_told_by_text_once_for_each_crossing(active: Shop) -> None:
    with_credits(active, 500, low_credit_below=50)
    order(active, "sent", id="first")
    assert texts(active, MINE) == []
    low(active, 49)
    warning = "Acme: 49 credits are left. Texts wait when there are none, so buy some in time."
    assert texts(active, MINE) == [warning]
    order(active, "sent", id="lower")
    assert texts(active, MINE) == [warning]
    grant(active, 500)
    low(active, 49)
    assert texts(active, MINE) == [warning, warning]


def test_with_texts_switched_off_the_warning_goes_by_email_to_the_owners(shop: Shop, owner: Desk) -> None:
    shop.put("settings", {"low_credit_below": 50, "order_texts": False, "confirmations": True})
    grant(shop, 61)
    shop.product()
    shop.ask()
    shop.work()
    [warning] = [message for message in shop.messages(None) if message["kind"] == "merchant"]
    assert (warning["channel"], warning["to"]) == ("email", f"owner-{shop.store_id}@acme.example")
    assert "49 credits left" in warning["body"]
    assert warning["status"] == "delivered"
    assert account(shop) == (49, 0)  # an email costs none

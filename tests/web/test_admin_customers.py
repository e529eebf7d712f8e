"""The customers' pages: found, shown, changed by hand, taken away, erased."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.campaigns.models import Send
from nexnotify.customers.models import ConsentEntry, Contact, Customer
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Message
from nexnotify.orders.models import Order
from nexnotify.stores.models import AuditEntry
from nexnotify.waitlist.models import AlertRequest
from tests.admin import Desk
from tests.shop import Shop
from tests.texting import Twilio

OPT_IN = "I would like to receive SMS messages"
PHONE, EMAIL = "+12015550123", "ann.lee@shop.example"
ANN = {"id": "c1", "first_name": "Ann", "last_name": "Lee", "email": EMAIL, "phone": PHONE}


def tell(shop: Shop, *rows: dict[str, Any]) -> None:
    answer = shop.put("customers", {"customers": list(rows)})
    assert answer["errors"] == []


def opted(shop: Shop, customer: str, value: Any, **more: Any) -> None:
    tell(shop, {"id": customer, "fields": {OPT_IN: value}, **more})


def page_of(desk: Desk) -> str:
    """The path of the first customer's page."""
    return f"/customers/{desk.id_of('/customers', 'customers')}"


def trail(app: Flask) -> list[tuple[str, dict[str, Any]]]:
    with app.app_context():
        rows = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.detail) for row in rows if row.action.startswith("custom")]


# --- the list -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk.of(shop)


#: What is typed → whom it finds.
SEARCHES: tuple[tuple[str, set[str]], ...] = (
    ("ann", {"Ann Lee", "Anna Moss"}),
    ("LEE", {"Ann Lee"}),
    ("ann lee", {"Ann Lee"}),
    ("lee, ann", set()),
    ("lee ann", {"Ann Lee"}),
    ("nn", set()),
    ("(201) 555-0123", {"Ann Lee"}),
    ("0144", {"Ben"}),
    ("…0144", {"Ben"}),
    (EMAIL, {"Ann Lee"}),
    ("ben@shop.example", set()),
    ("an%", set()),
)


def test_a_customer_is_found_by_name_and_by_whole_address(shop: Shop, desk: Desk) -> None:
    tell(shop, ANN, {"id": "c2", "first_name": "Anna", "last_name": "Moss"})
    tell(shop, {"id": "c3", "first_name": "Ben", "phone": "+12015550144"})
    for search, found in SEARCHES:
        page = desk.browser.get("/admin/customers", query_string={"q": search}).get_data(as_text=True)
        assert {name for name in ("Ann Lee", "Anna Moss", "Ben") if f">{name}</a>" in page} == found, search


def test_digits_that_are_no_number_are_said_to_be_none(shop: Shop, desk: Desk) -> None:
    tell(shop, ANN)
    assert "too short" in desk.page("/customers?q=20155")
    assert "Check the email address" in desk.page("/customers?q=ann@")


def test_the_list_is_filtered_by_the_opt_in_and_keeps_it_in_the_address(shop: Shop, desk: Desk) -> None:
    opted(shop, "c1", True, first_name="Ann", phone=PHONE)
    opted(shop, "c2", False, first_name="Ben")
    tell(shop, {"id": "c3", "first_name": "Cleo"})
    for word, name in (("yes", "Ann"), ("no", "Ben"), ("unknown", "Cleo")):
        page = desk.page(f"/customers?opt_in={word}")
        assert [other for other in ("Ann", "Ben", "Cleo") if f">{other}</a>" in page] == [name]
    tell(shop, *({"id": f"d{number}", "first_name": f"D{number}"} for number in range(60)))
    assert 'value="/admin/customers?opt_in=unknown&after=' in desk.page("/customers?opt_in=unknown")


def test_addresses_are_masked_until_somebody_who_may_asks_and_that_is_written_down(app: Flask, shop: Shop) -> None:
    tell(shop, ANN)
    desk, viewer = Desk.of(shop, "staff"), Desk.of(shop, "viewer")
    path = page_of(desk)
    for page in (desk.page("/customers"), desk.page(path), viewer.page(path)):
        assert PHONE not in page
        assert EMAIL not in page
    viewer.post(f"{path}/reveal", 403)
    assert trail(app) == []
    shown = desk.post(f"{path}/reveal", 200)
    assert PHONE in shown
    assert EMAIL in shown
    assert [action for action, _ in trail(app)] == ["customer.revealed"]


def test_a_name_is_text_and_nothing_else(shop: Shop, desk: Desk) -> None:
    for name in ["<script>alert(1)</script>", "{{ 7 * 7 }}", "\u202eשלום", "👩🏽‍🚀" * 20]:
        tell(shop, {"id": "c1", "first_name": name})
        assert html.escape(name).replace("&#x27;", "&#39;") in desk.raw("/customers")
        assert name in desk.page(page_of(desk))


# --- one customer ---------------------------------------------------------------------------------------------------------


def test_the_timeline_has_requests_messages_and_consent(shop: Shop, desk: Desk) -> None:
    opted(shop, "c1", True, first_name="Ann", phone=PHONE)
    shop.product("TEE-M")
    shop.ask("TEE-M", PHONE)
    shop.work()
    shop.stock("TEE-M", 5)
    shop.work()
    page = desk.page(page_of(desk))
    order = [
        "Told that it is back",
        "Text message: Back in stock",
        "Text message: Confirmation",
        "Waiting on stock",
        "Consent to marketing given",
        "First told of by the shop",
    ]
    places = [page.index(title) for title in order[1:]]
    assert order[0] in page
    assert places == sorted(places), "newest first"
    assert "Delivered" in page
    assert "through the API" in page


def test_fields_set_by_hand_are_read_by_their_type_and_written_down(app: Flask, shop: Shop, desk: Desk) -> None:
    tell(shop, ANN)
    path = page_of(desk)
    desk.post("/customers/fields", name="Shoe size", type="number")
    desk.post("/customers/fields", name="Tier", type="choice", choices="Gold\r\nBlue")
    opt_in, size, tier = sorted({int(number) for number in re.findall(r'name="field-(\d+)"', desk.raw(path))})
    refused = desk.post(f"{path}/fields", 422, **{f"field-{size}": "big", f"field-{tier}": "Gold"})
    assert "Write a number" in refused
    assert 'value="big"' in refused, "what was typed stays"
    typed = {f"field-{opt_in}": "yes", f"field-{size}": "42.5", f"field-{tier}": "Gold"}
    desk.post(f"{path}/fields", **typed)
    told = shop.get("customers?id=c1")["customers"][0]
    assert told["fields"] == {OPT_IN: True, "Shoe size": 42.5, "Tier": "Gold"}
    assert told["may_be_sent_marketing"] is True
    desk.post(f"{path}/fields", **typed)
    changes = [detail["fields"] for action, detail in trail(app) if action == "customer.changed"]
    assert [sorted(fields) for fields in changes] == [sorted([OPT_IN, "Shoe size", "Tier"])], "no value, and only once"


def test_the_page_says_that_a_stop_wins_over_the_field(shop: Shop, desk: Desk) -> None:
    opted(shop, "c1", True, phone=PHONE)
    Twilio.open(shop, "http://127.0.0.1:9").text(PHONE, "STOP")
    assert "the STOP wins" in desk.page(page_of(desk))


def test_a_file_has_all_that_is_held_of_the_person_and_needs_the_password(app: Flask, shop: Shop, desk: Desk) -> None:
    tell(shop, ANN)
    shop.product("TEE-M")
    shop.ask("TEE-M", PHONE)
    shop.work()
    path = page_of(desk)
    Desk.of(shop, "staff").post(f"{path}/export", 403)
    answer = desk.browser.post(f"/admin{path}/export", data={"csrf_token": desk.token()})
    assert "attachment" in answer.headers["Content-Disposition"]
    told = json.loads(answer.get_data(as_text=True))
    addresses = {item["channel"]: item for item in told["addresses"]}
    assert (told["first_name"], addresses["sms"]["address"], addresses["email"]["address"]) == ("Ann", PHONE, EMAIL)
    assert [item["status"] for item in addresses["sms"]["requests"]] == ["waiting"]
    assert [item["purpose"] for item in addresses["sms"]["consent"]] == ["requested"]
    assert "Tee" in addresses["sms"]["messages_to_them"][0]["body"]
    assert [action for action, _ in trail(app)] == ["customer.exported"]


def shopped(shop: Shop, **whose: Any) -> None:
    """An order and a ticket, one of each, with the name on them."""
    order = {"id": "1001", "status": "new", "first_name": "Ann", "last_name": "Lee", **whose}
    shop.post("orders", {"orders": [{**order, "lines": [{"sku": "TEE-M", "quantity": 2, "price": "20.00"}]}]})
    said = {"id": "m1", "from": "customer", "text": "Where is it?", "at": "2026-01-05T10:00:00Z"}
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Parcel", **whose, "messages": [said]}]})


#: Told with the shop's id before the shop told the customer; with it after; as a guest with their number.
@pytest.mark.parametrize(
    "whose, first", [({"customer_id": "c1"}, True), ({"customer_id": "c1"}, False), ({"phone": PHONE}, False)]
)
def test_orders_and_tickets_are_in_the_timeline_and_the_file(
    shop: Shop, desk: Desk, whose: dict[str, str], first: bool
) -> None:
    if first:
        shopped(shop, **whose)
    tell(shop, ANN)
    if not first:
        shopped(shop, **whose)
    path = page_of(desk)
    page = desk.raw(path)
    for words in ("Order 1001", "Placed, not paid yet.", "Wrote in a ticket", "Parcel", "Where is it?"):
        assert words in page, words
    for kind in ("orders", "tickets"):
        assert f'href="/admin/{kind}/{desk.id_of(f"/{kind}", kind)}"' in page
    answer = desk.browser.post(f"/admin{path}/export", data={"csrf_token": desk.token()})
    told = json.loads(answer.get_data(as_text=True))
    (order,), (ticket,) = told["orders"], told["tickets"]
    assert (order["id"], order["first_name"], order["lines"][0]["quantity"]) == ("1001", "Ann", 2)
    assert [item["status"] for item in order["statuses"]] == ["new"]
    assert [item["text"] for item in ticket["messages"]] == ["Where is it?"]


def test_another_customers_order_to_ones_number_is_not_ones_own(app: Flask, shop: Shop, desk: Desk) -> None:
    tell(shop, ANN)
    path = page_of(desk)
    tell(shop, {"id": "c2", "first_name": "Ben"})
    shopped(shop, customer_id="c2", phone=PHONE)
    assert "Order 1001" not in desk.raw(path)
    desk.post(f"{path}/erase", typed="Ann Lee")
    with app.app_context():
        assert db.session.scalars(sa.select(Order.customer_ref)).all() == ["c2"]


# --- erasing ----------------------------------------------------------------------------------------------------------------


def lived(shop: Shop) -> None:
    """Ann, whose every table knows her: she waits for one thing, has been told of another, and has opted in."""
    opted(shop, "c1", True, **{name: text for name, text in ANN.items() if name != "id"})
    for sku in ("TEE-M", "HAT-L"):
        shop.product(sku)
        shop.ask(sku, PHONE, page_url="https://acme.example/ann-lee")
    shop.ask_by_email("TEE-M", EMAIL)
    order = {"id": "1001", "customer_id": "c1", "status": "new", "placed_at": "2026-01-05T10:00:00Z"}
    shop.post("orders", {"orders": [{**order, "lines": [{"sku": "TEE-M", "quantity": 1, "price": "20.00"}]}]})
    said = {"id": "m1", "from": "customer", "text": "It is Ann Lee, where is it?", "at": "2026-01-05T10:00:00Z"}
    shop.post(
        "tickets", {"tickets": [{"id": "t1", "customer_id": "c1", "subject": "Ann Lee asks", "messages": [said]}]}
    )
    shop.stock("TEE-M", 5)
    shop.work()


def test_erasing_needs_the_name_and_leaves_nothing_readable(app: Flask, shop: Shop, desk: Desk) -> None:
    lived(shop)
    path = page_of(desk)
    Desk.of(shop, "staff").page(f"{path}/erase", 403)
    assert "This is not the same" in desk.post(f"{path}/erase", 422, typed="Anne Lee")
    assert shop.get("customers")["customers"]
    desk.post(f"{path}/erase", typed="Ann Lee")
    desk.page(path, 404)
    assert shop.get("customers")["customers"] == []
    assert [action for action, _ in trail(app)] == ["customer.erased"]
    with app.app_context():
        assert [contact.address for contact in db.session.scalars(sa.select(Contact))] == ["", ""]
        assert {message.body for message in db.session.scalars(sa.select(Message))} == {"[erased]"}
        requests = list(db.session.scalars(sa.select(AlertRequest)))
        assert {(item.first_name, item.page_url) for item in requests} == {(None, None)}
        assert sorted(item.status for item in requests) == ["alerted", "alerted", "cancelled"]
        assert db.session.scalars(sa.select(Order.customer_ref)).all() == [None], "the order stays, without the person"
        person = db.session.scalars(sa.select(Customer)).one()
        assert (person.external_id, person.full_name, person.name_key) == (None, "", "")
        rows = [row for table in db.metadata.sorted_tables for row in db.session.execute(sa.select(table))]
        left = "\n".join(str(tuple(row)) for row in rows)
    for word in (PHONE, EMAIL, "Ann Lee", "ann lee", '"Ann"', "'Ann'"):
        assert word not in left, word


def test_the_proof_of_consent_stays_and_so_does_a_stop(app: Flask, shop: Shop, desk: Desk) -> None:
    lived(shop)
    with app.app_context():
        before = db.session.scalar(sa.select(sa.func.count(ConsentEntry.id)))
    desk.post(f"{page_of(desk)}/erase", typed="Ann Lee")
    with app.app_context():
        lines = list(db.session.scalars(sa.select(ConsentEntry).order_by(ConsentEntry.id)))
        assert len(lines) == (before or 0) + 1
        assert (lines[-1].purpose, lines[-1].action) == ("marketing", "revoked")
    tell(shop, ANN)
    told = shop.get("customers")["customers"][0]
    assert (told["phone"], told["may_be_sent_marketing"]) == (PHONE, False), "a new start, without the old yes"
    shop.product("CAP")
    shop.ask("CAP", PHONE)
    shop.stock("CAP", 1)
    shop.work()
    assert [message["status"] for message in shop.messages() if message["sku"] == "CAP"] == ["delivered"]


def test_what_is_queued_for_an_erased_person_never_goes(shop: Shop, desk: Desk) -> None:
    tell(shop, ANN)
    shop.product("TEE-M")
    shop.ask("TEE-M", PHONE)
    shop.stock("TEE-M", 5)
    shop.plan()
    desk.post(f"{page_of(desk)}/erase", typed="Ann Lee")
    shop.work()
    assert {message["status"] for message in shop.messages(None)} == {"cancelled"}
    assert [request["closed_reason"] for request in shop.requests()] == ["erased"]


def test_a_person_is_not_erased_while_a_gateway_has_their_message(app: Flask, shop: Shop, desk: Desk) -> None:
    lived(shop)
    with app.app_context():
        with transaction():
            db.session.execute(sa.update(Message).values(status="claimed"))
        db.session.remove()
    assert "right now" in desk.post(f"{page_of(desk)}/erase", 409, typed="Ann Lee")
    assert shop.get("customers")["customers"][0]["phone"] == PHONE


# --- the fields -------------------------------------------------------------------------------------------------------------


def names(desk: Desk) -> list[str]:
    return re.findall(r'aria-label="Change ([^"]+)"', desk.page("/customers/fields"))


def test_fields_are_added_renamed_put_in_order_and_deleted(app: Flask, shop: Shop, desk: Desk) -> None:
    desk.post("/customers/fields", name="Shoe size", type="number")
    desk.post("/customers/fields", name="Tier", type="choice", choices="Gold")
    tell(shop, {"id": "c1", "fields": {"shoe SIZE": 42, "Tier": "Gold"}})
    size = desk.id_in("/customers/fields", r'/fields/(\d+)" aria-label="Change Shoe size')
    desk.post(f"/customers/fields/{size}", name="Size")
    desk.post(f"/customers/fields/{size}/move", to="up")
    assert names(desk) == ["Size", OPT_IN, "Tier"]
    assert shop.get("customers")["customers"][0]["fields"] == {"Size": 42, "Tier": "Gold"}
    assert "This is not the same" in desk.post(f"/customers/fields/{size}/delete", 422, typed="size")
    desk.post(f"/customers/fields/{size}/delete", typed="Size")
    assert names(desk) == [OPT_IN, "Tier"]
    assert shop.get("customers")["customers"][0]["fields"] == {"Tier": "Gold"}
    actions = ["custom_field.added", "custom_field.added", "custom_field.changed", "custom_field.moved"]
    assert [action for action, _ in trail(app)] == [*actions, "custom_field.deleted"]


def test_the_opt_in_is_there_from_the_start_can_be_renamed_and_not_deleted(shop: Shop, desk: Desk) -> None:
    assert names(desk) == [OPT_IN]
    number = desk.id_in("/customers/fields", r"/customers/fields/(\d+)\"")
    assert "cannot be deleted" in desk.post(f"/customers/fields/{number}/delete", 422, typed=OPT_IN)
    desk.post(f"/customers/fields/{number}", name="SMS?")
    tell(shop, {"id": "c1", "phone": PHONE, "fields": {"sms?": True}})
    assert shop.get("customers")["customers"][0]["may_be_sent_marketing"] is True


#: What is typed of a field → what stands beside its box.
IMPOSSIBLE: tuple[tuple[dict[str, str], str], ...] = (
    ({"name": "  ", "type": "text"}, "Write a name"),
    ({"name": "W" * 201, "type": "text"}, "at most 200"),
    ({"name": OPT_IN.upper(), "type": "text"}, "Another field"),
    ({"name": "Tier", "type": "choice"}, "at least one choice"),
    ({"name": "Tier", "type": "choice", "choices": "Gold\ngold"}, "twice"),
    ({"name": "Tier", "type": "colour"}, "Not a valid choice"),
)


def test_a_field_that_cannot_be_is_refused_beside_its_box(shop: Shop, desk: Desk) -> None:
    for typed, says in IMPOSSIBLE:
        assert says in desk.post("/customers/fields", 422, **typed), typed
    assert names(desk) == [OPT_IN]


def test_what_was_written_to_others_about_a_person_does_not_name_them_any_more(
    app: Flask, shop: Shop, desk: Desk
) -> None:
    """The merchant's own texts, and those to an address that came with an order alone."""
    mine, with_order = "+12015550150", "+12015550124"
    shop.put("settings", {"merchant_number": mine, "order_texts": True})
    tell(shop, ANN)
    ann = page_of(desk)
    tell(shop, {"id": "c2", "first_name": "Ben", "phone": "+12015550125"})
    told = [{"id": "1001", "customer_id": "c1", "phone": with_order}, {"id": "2001", "customer_id": "c2"}]
    shop.post("orders", {"orders": [{"status": "new", **order} for order in told]})
    shop.work()
    shop.post("orders", {"orders": [{"status": "paid", **order} for order in told]})
    shop.plan()
    before = [(item["to"], item["status"]) for item in shop.messages(None) if "1001" in item["body"]]
    assert set(before) == {(mine, "delivered"), (mine, "queued"), (with_order, "delivered")}
    desk.post(f"{ann}/erase", typed="Ann Lee")
    shop.work()
    after = shop.messages(None)
    assert "Ann" not in str(after)
    assert not any("1001" in f"{item['subject']} {item['body']}" for item in after)  # a reference may hold such digits
    assert sorted((item["to"], item["status"]) for item in after if item["body"] == "[erased]") == sorted(
        (to, "cancelled" if status == "queued" else status) for to, status in before
    )
    assert [item["status"] for item in after if "2001" in item["body"]] == ["delivered"] * len(before), "and of others"


@pytest.mark.parametrize("source", ["customers", "orders"])
def test_what_staff_wrote_to_a_person_alone_is_erased_wherever_it_stands(
    app: Flask, shop: Shop, desk: Desk, source: str
) -> None:
    opted(shop, "c1", True, **{name: text for name, text in ANN.items() if name != "id"})
    shopped(shop, customer_id="c1")
    path, row = page_of(desk), desk.id_of(f"/{source}", source)
    for is_sent in (True, False):
        desk.post("/sends/one", source=source, id=row)
        send = f"/sends/{newest_send(app)}"
        desk.post(f"{send}/write", body="Dear Ann Lee, your parcel is here. Reply STOP to end.")
        if is_sent:
            desk.post(f"{send}/confirm")
            shop.work()
    desk.post(f"{path}/erase", typed="Ann Lee")
    with app.app_context():
        rows = [row for table in db.metadata.sorted_tables for row in db.session.execute(sa.select(table))]
        left = [str(tuple(row)) for row in rows if "Ann Lee" in str(tuple(row))]
        assert db.session.scalars(sa.select(Send.body)).all() == ["[erased]"] * 2
    assert left == []


def newest_send(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.max(Send.id))) or 0


def test_erasing_reaches_orders_told_before_their_customer_and_their_other_addresses(
    app: Flask, shop: Shop, desk: Desk
) -> None:
    shopped(shop, customer_id="c1", phone="+12015550124")
    tell(shop, ANN)
    desk.post(f"{page_of(desk)}/erase", typed="Ann Lee")
    with app.app_context():
        order = db.session.scalars(sa.select(Order)).one()
        assert (order.customer_ref, order.first_name, order.last_name) == (None, None, None)
        assert order.sms_contact_id is None, "no text about the order goes to the number that came with it"

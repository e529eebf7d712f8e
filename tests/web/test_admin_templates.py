"""Templates: what is saved can be sent, and costs what the page says."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest

from nexnotify.db import db, transaction
from nexnotify.gateways.estimate import Prices
from nexnotify.gateways.service import sender_of, set_prices
from nexnotify.stores.models import Store
from tests.admin import Desk
from tests.shop import Shop


def template(desk: Desk, title: str, channel: str = "text message") -> int:
    """The id of the template of this name, as the list shows it."""
    rows = desk.page("/templates").split("<tr>")
    for row in rows:
        found = re.search(r'"/admin/templates/(\d+)"><bdi>(.*?)</bdi>', row)
        if found and found[2] == title and re.search(rf"</svg> {channel}</td>", row, re.IGNORECASE):
            return int(found[1])
    raise AssertionError(f"there is no template {title}, {channel}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "body,words",
    [
        ("Hi [[frstname]]", "There is no token [[frstname]]; did you mean [[firstname]]?"),
        ("Hi [[firstname", "A token begins with [["),
        ("   ", "Write a text."),
        ("x" * 1001, "1000 is the most"),
    ],
)
def test_a_text_that_could_not_be_sent_is_not_saved(shop: Shop, body: str, words: str) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    before = desk.page(f"/templates/{number}")
    assert words in desk.post(f"/templates/{number}", 422, body=body)
    assert words in desk.post(f"/templates/{number}", 422, body=body, preview="1")
    assert desk.page(f"/templates/{number}").count("Version ") == before.count("Version ")


def test_the_answer_to_stop_cannot_speak_of_a_product(shop: Shop) -> None:
    desk = Desk.of(shop)
    page = desk.post(f"/templates/{template(desk, 'Answer to STOP')}", 422, body="[[store]]: no more [[product]].")
    assert "[[product]] has no value in this kind of message." in page


def test_a_confirmation_that_cannot_be_worded_does_not_undo_the_sign_up(shop: Shop) -> None:
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": [{"id": "tee-v", "sku": "TEE-M"}]}]})
    desk = Desk.of(shop)
    number = template(desk, "Waiting on stock")
    desk.post(f"/templates/{number}", body="[[store]]: we will tell you. [[url]]")
    assert "Products without a link" in desk.page(f"/templates/{number}")
    shop.ask("TEE-M")
    assert [request["status"] for request in shop.requests()] == ["waiting"]
    assert shop.messages(None) == []


def test_a_new_version_is_used_for_messages_planned_from_then_on(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False})
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550123")
    shop.stock("TEE-M", 5)
    shop.plan()
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    page = desk.post(f"/templates/{number}", body="[[store]] has it:\r\n[[product]]")
    assert "planned from now on" in page
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", "+12015550124")
    shop.stock("TEE-M", 5)
    shop.work()
    assert {message["to"]: message["body"] for message in shop.messages()} == {
        "+12015550123": "Acme: Tee is back in stock. https://acme.example/tee-m Reply STOP to end.",
        "+12015550124": "Acme has it:\nTee",
    }
    assert "owner-" in desk.page(f"/templates/{number}")
    assert "Template saved" in desk.page("/settings/audit")


def test_the_same_text_again_makes_no_version(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    for _ in range(2):
        desk.post(f"/templates/{number}", body="[[store]]: [[product]] is here.")
    assert "Version 3" not in desk.page(f"/templates/{number}")


def test_an_older_version_can_be_looked_at_and_put_back(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    desk.post(f"/templates/{number}", body="Something else.")
    page = desk.page(f"/templates/{number}?version=1")
    assert "not the one in use" in page
    assert "[[product]] [[variant]] is back in stock." in page
    desk.page(f"/templates/{number}?version=99")


def shown(page: str) -> str:
    """The words of a page, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def test_the_preview_is_filled_counted_and_saves_nothing(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    body = "[[store]]: 😀 [[firstname]] " + "x" * 60
    page = shown(desk.post(f"/templates/{number}", 200, body=body, preview="1"))
    assert "Acme: 😀 Ann" in page
    # 6 for "Acme: ", 3 for the emoji and its space, 4 for "Ann ", 60 more: 73 units, in two parts of 67.
    assert "73 of 134 characters" in page
    assert "2 parts, Unicode (UCS-2)" in page
    assert "“😀” (grinning face), character 7, as you typed it, makes the whole text Unicode" in page
    assert "Left out it would take 1 part, not 2." in page
    assert "Version 2" not in desk.page(f"/templates/{number}")


def test_while_somebody_types_only_the_preview_comes_back(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    token = desk.token()

    def typed(body: str, status: int) -> str:
        data = {"csrf_token": token, "body": body, "preview": "1"}
        answer = desk.browser.post(f"/admin/templates/{number}", data=data, headers={"HX-Request": "true"})
        assert answer.status_code == status
        return html.unescape(answer.get_data(as_text=True))

    fine = typed("[[store]]: [[product]]!", 200)
    assert "<html" not in fine
    assert "Acme: Tee!" in shown(fine)
    wrong = typed("Hi [[frstname]]", 422)
    assert "There is no token [[frstname]]; did you mean [[firstname]]?" in wrong
    assert "Version 2" not in desk.page(f"/templates/{number}")


def test_the_preview_turns_through_people_who_asked_and_the_longest_names(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("LONG", title="The very longest title of them all")
    shop.ask("TEE-M", first_name="Tomás")
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    body = "Hi [[firstname]], [[product]] is here"
    first = shown(desk.post(f"/templates/{number}", 200, body=body, example="1"))
    assert "Hi Tomás, Tee is here" in first
    assert "1 of 2" in first
    assert "“á” (latin small letter a with acute), character 7, from [[firstname]]" in first
    longest = shown(desk.post(f"/templates/{number}", 200, body=body, example="2"))
    assert "Hi Tomás, The very longest title of them all is here" in longest
    assert "Your longest names" in longest
    # What nobody would press, an address still may say.
    for odd in ("0", "-7", "99", "x"):
        assert "Hi Tomás" in shown(desk.post(f"/templates/{number}", 200, body=body, example=odd))


def test_plain_letters_replace_what_was_typed_and_save_nothing_yet(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    body = "Olá [[product]] " + "x" * 70
    assert "Use plain letters, save 1 part" in desk.post(f"/templates/{number}", 200, body=body, preview="1")
    page = desk.post(f"/templates/{number}", 200, body=body, plain="1")
    assert "Ola [[product]] xxx" in page
    assert "plain letters (GSM-7)" in page
    assert "Version 2" not in desk.page(f"/templates/{number}")


def test_the_cost_is_told_where_the_sender_s_price_is_known(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    assert "Costs" not in desk.page(f"/templates/{number}")
    with shop.app.app_context():
        with transaction():
            sender = sender_of(db.session.get_one(Store, shop.store_id), "sms")
            assert sender is not None
            set_prices(sender, Prices(text=Decimal("0.0075"), currency="USD"))
        db.session.remove()
    page = shown(desk.post(f"/templates/{number}", 200, body="x" * 200, preview="1"))
    assert "Costs$0.015" in page


def test_a_product_without_an_address_shows_that_nothing_would_be_sent(shop: Shop) -> None:
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": [{"id": "tee-v", "sku": "TEE-M"}]}]})
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    page = shown(desk.post(f"/templates/{number}", 200, body="[[product]]: [[url]]", preview="1"))
    assert "There is no value for [[url]]: such a message is not sent." in page


def test_a_shopper_s_stop_link_is_not_given_away(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M")
    desk = Desk.of(shop)
    page = desk.page(f"/templates/{template(desk, 'Back in stock', 'email')}")
    assert "/s/•••" in shown(page)
    assert not re.search(r"/s/[\w.-]{20,}", page)


def test_a_viewer_turns_the_examples_and_changes_nothing(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("LONG", title="The very longest title of them all")
    shop.ask("TEE-M")
    desk = Desk.of(shop, "viewer")
    number = template(desk, "Back in stock")
    assert "The very longest title" in shown(desk.page(f"/templates/{number}?example=2"))
    desk.post(f"/templates/{number}", 403, body="x", preview="1")


def test_what_was_typed_is_never_markup(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    desk.post(f"/templates/{number}", body="</textarea><script>alert(1)</script>")
    assert "<script>alert" not in desk.raw(f"/templates/{number}")
    assert "<script>alert" not in desk.raw("/templates")


def test_an_email_needs_a_subject(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock", "email")
    assert "Write a subject." in desk.post(f"/templates/{number}", 422, body="Hello", subject=" ")
    desk.post(f"/templates/{number}", body="Hello", subject="[[product]] is here")


# --- made, named, switched, deleted ------------------------------------------------------------------------------------


def made(desk: Desk, name: str = "Summer", kind: str = "back_in_stock", **chosen: str) -> int:
    """A template that was made on the page: its id."""
    data = {"name": name, "kind": kind, "channel": "sms", "product_status": "", **chosen}
    page = desk.post("/templates/new", **data)
    found = re.search(r'action="/admin/templates/(\d+)"', page)
    assert found is not None
    return int(found.group(1))


@pytest.mark.parametrize(
    "typed, words",
    [
        ({"name": " "}, "Write a name."),
        ({"name": "x" * 101}, "100 characters is the most."),
        ({"name": "Back in stock"}, "Another template of this channel has this name."),
        ({"kind": "merchant_order_paid", "channel": "email"}, "Messages of this kind are text messages only."),
        ({"kind": "order_sent", "product_status": "sold_out"}, "Only templates for back in stock"),
    ],
)
def test_a_template_that_cannot_be_made_is_refused_beside_its_field(
    shop: Shop, typed: dict[str, str], words: str
) -> None:
    data = {"name": "Summer", "kind": "back_in_stock", "channel": "sms", "product_status": "", **typed}
    page = Desk.of(shop).post("/templates/new", 422, **data)
    assert words in page


def test_the_same_name_is_fine_on_the_other_channel_and_once_the_first_is_deleted(shop: Shop) -> None:
    desk = Desk.of(shop)
    first = made(desk)
    made(desk, channel="email")
    desk.post(f"/templates/{first}/delete")
    made(desk)


def test_a_template_of_one_status_speaks_to_those_who_asked_then_and_the_others_keep_theirs(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False})
    desk = Desk.of(shop)
    number = made(desk, product_status="sold_out")
    desk.post(f"/templates/{number}", body="[[store]]: sold out no more.")
    desk.post(f"/templates/{number}/switch", active="1")
    shop.product("TEE-M")
    shop.product("HAT-L", unavailable_as="backordered")
    shop.ask("TEE-M", "+12015550123")
    shop.ask("HAT-L", "+12015550124")
    shop.stock("TEE-M", 5)
    shop.stock("HAT-L", 5)
    shop.work()
    bodies = {message["to"]: message["body"] for message in shop.messages()}
    assert bodies["+12015550123"] == "Acme: sold out no more."
    assert "was on backorder" in bodies["+12015550124"]


def test_while_the_alert_s_template_is_off_nobody_is_told_and_everybody_keeps_waiting(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False})
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    page = desk.post(f"/templates/{number}/switch", active="0")
    assert "they keep waiting and keep their place" in page
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert [request["status"] for request in shop.requests()] == ["waiting"]
    desk.post(f"/templates/{number}/switch", active="1")
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert len(shop.messages()) == 1


def test_while_the_confirmation_is_off_a_sign_up_is_not_answered(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post(f"/templates/{template(desk, 'Waiting on stock')}/switch", active="0")
    shop.product("TEE-M")
    shop.ask("TEE-M")
    assert shop.messages(None) == []
    assert [request["status"] for request in shop.requests()] == ["waiting"]


def test_the_answer_to_stop_can_be_replaced_and_not_switched_off(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Answer to STOP")
    assert f"/templates/{number}/switch" not in desk.raw("/templates")
    page = desk.post(f"/templates/{number}/switch", active="0")
    assert "One answer to this word is always in use." in page
    other = made(desk, "Short answer", "stop_reply")
    assert "Short answer is on, in place of Answer to STOP" in desk.post(f"/templates/{other}/switch", active="1")
    assert "One answer to this word is always in use." in desk.post(f"/templates/{other}/delete")


def test_a_standard_template_stays_and_a_deleted_one_is_gone(shop: Shop) -> None:
    desk = Desk.of(shop)
    standard = template(desk, "Back in stock")
    assert "it cannot be deleted, only switched off" in desk.page(f"/templates/{standard}/delete")
    assert "A standard template cannot be deleted" in desk.post(f"/templates/{standard}/delete")
    desk.page(f"/templates/{standard}")
    own = made(desk)
    assert "Deleted: Summer." in desk.post(f"/templates/{own}/delete")
    desk.page(f"/templates/{own}", 404)
    desk.post(f"/templates/{own}/switch", 404, active="1")


def test_what_was_sent_with_a_deleted_template_keeps_its_words(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False})
    desk = Desk.of(shop)
    own = made(desk)
    desk.post(f"/templates/{own}", body="[[store]]: summer.")
    desk.post(f"/templates/{own}/switch", active="1")
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    desk.post(f"/templates/{own}/delete")
    assert [message["body"] for message in shop.messages()] == ["Acme: summer."]
    assert "Acme: summer." in desk.page(f"/messages/{desk.id_of('/messages', 'messages')}")


def test_a_template_is_renamed_and_the_trail_tells_it(shop: Shop) -> None:
    desk = Desk.of(shop)
    own = made(desk)
    assert "It is called Autumn now." in desk.post(f"/templates/{own}/name", name="Autumn")
    assert "Another template of this channel has this name." in desk.post(f"/templates/{own}/name", name="Reminder")
    assert "<h1>Autumn, text message</h1>" in desk.page(f"/templates/{own}")
    trail = desk.page("/settings/audit")
    assert "Template made" in trail
    assert "Template renamed" in trail


def test_another_store_s_template_is_not_there(shop: Shop, other_shop: Shop) -> None:
    theirs = made(Desk.of(other_shop))
    desk = Desk.of(shop)
    for path in ("", "/delete"):
        desk.page(f"/templates/{theirs}{path}", 404)
    for path in ("/switch", "/name", "/delete"):
        desk.post(f"/templates/{theirs}{path}", 404, name="x")


def test_the_preview_shows_the_link_that_stands_in_for_reply_stop_where_a_name_sends(shop: Shop) -> None:
    shop.put("settings", {"country": "GB", "sms_sender": "Acme"})
    desk = Desk.of(shop)
    page = shown(desk.page(f"/templates/{template(desk, 'Order sent')}"))
    assert "is on its way. End: http" in page
    assert "the link to end stands in for “Reply STOP”" in page


def test_a_form_of_a_store_whose_texts_come_from_a_name_does_not_say_reply_stop(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"country": "GB", "sms_sender": "Acme"})
    answer = shop.client.get(f"/widget/v1/{shop.key}/variants?sku=TEE-M")
    assert answer.get_json()["consent_text"].endswith("A link in the text ends it.")


def test_a_name_outlives_a_move_to_a_country_that_takes_none(shop: Shop) -> None:
    shop.put("settings", {"country": "GB", "sms_sender": "Acme"})
    shop.put("settings", {"country": "US"})
    assert shop.get("settings")["sms_sender"] == "Acme"
    shop.put("settings", {"sms_sender": "Other"}, 422)


def test_a_gateway_that_cannot_use_the_sender_is_named(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert "The sender is not used" not in desk.page("/settings/texts")
    licence = {"name": "Cdyne", "license_key": "a-licence", "from_number": "2015550100", "generation": "messaging"}
    desk.post("/gateways/add/cdyne", **licence, api_base="http://127.0.0.1:9", rate="10")
    shop.put("settings", {"country": "GB", "sms_sender": "Acme"})
    page = desk.page("/settings/texts")
    assert "The sender is not used" in page
    assert "The gateway Cdyne sends from its own number and takes no name" in page

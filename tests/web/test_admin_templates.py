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
    """The id of the template whose page has this title."""
    for number in re.findall(r'"/admin/templates/(\d+)"', desk.raw("/templates")):
        if f"<h1>{title}, {channel}</h1>" in desk.page(f"/templates/{number}"):
            return int(number)
    raise AssertionError(f"there is no template {title}, {channel}")


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
    number = template(desk, "Customer: back in stock")
    before = desk.page(f"/templates/{number}")
    assert words in desk.post(f"/templates/{number}", 422, body=body)
    assert words in desk.post(f"/templates/{number}", 422, body=body, preview="1")
    assert desk.page(f"/templates/{number}").count("Version ") == before.count("Version ")


def test_the_answer_to_stop_cannot_speak_of_a_product(shop: Shop) -> None:
    desk = Desk.of(shop)
    page = desk.post(
        f"/templates/{template(desk, 'Customer: answer to STOP')}", 422, body="[[store]]: no more [[product]]."
    )
    assert "[[product]] has no value in this kind of message." in page


def test_a_confirmation_that_cannot_be_worded_does_not_undo_the_sign_up(shop: Shop) -> None:
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": [{"id": "tee-v", "sku": "TEE-M"}]}]})
    desk = Desk.of(shop)
    number = template(desk, "Customer: waiting on stock")
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
    number = template(desk, "Customer: back in stock")
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
    number = template(desk, "Customer: back in stock")
    for _ in range(2):
        desk.post(f"/templates/{number}", body="[[store]]: [[product]] is here.")
    assert "Version 3" not in desk.page(f"/templates/{number}")


def test_an_older_version_can_be_looked_at_and_put_back(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Customer: back in stock")
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
    number = template(desk, "Customer: back in stock")
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
    number = template(desk, "Customer: back in stock")
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
    number = template(desk, "Customer: back in stock")
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
    number = template(desk, "Customer: back in stock")
    body = "Olá [[product]] " + "x" * 70
    assert "Use plain letters, save 1 part" in desk.post(f"/templates/{number}", 200, body=body, preview="1")
    page = desk.post(f"/templates/{number}", 200, body=body, plain="1")
    assert "Ola [[product]] xxx" in page
    assert "plain letters (GSM-7)" in page
    assert "Version 2" not in desk.page(f"/templates/{number}")


def test_the_cost_is_told_where_the_sender_s_price_is_known(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Customer: back in stock")
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
    number = template(desk, "Customer: back in stock")
    page = shown(desk.post(f"/templates/{number}", 200, body="[[product]]: [[url]]", preview="1"))
    assert "There is no value for [[url]]: such a message is not sent." in page


def test_a_shopper_s_stop_link_is_not_given_away(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M")
    desk = Desk.of(shop)
    page = desk.page(f"/templates/{template(desk, 'Customer: back in stock', 'email')}")
    assert "/s/•••" in shown(page)
    assert not re.search(r"/s/[\w.-]{20,}", page)


def test_a_viewer_turns_the_examples_and_changes_nothing(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("LONG", title="The very longest title of them all")
    shop.ask("TEE-M")
    desk = Desk.of(shop, "viewer")
    number = template(desk, "Customer: back in stock")
    assert "The very longest title" in shown(desk.page(f"/templates/{number}?example=2"))
    desk.post(f"/templates/{number}", 403, body="x", preview="1")


def test_what_was_typed_is_never_markup(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Customer: back in stock")
    desk.post(f"/templates/{number}", body="</textarea><script>alert(1)</script>")
    assert "<script>alert" not in desk.raw(f"/templates/{number}")
    assert "<script>alert" not in desk.raw("/templates")


def test_an_email_needs_a_subject(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Customer: back in stock", "email")
    assert "Write a subject." in desk.post(f"/templates/{number}", 422, body="Hello", subject=" ")
    desk.post(f"/templates/{number}", body="Hello", subject="[[product]] is here")

"""Templates: what is saved can be sent, and costs what the page says."""

from __future__ import annotations

import re

import pytest

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
    number = template(desk, "Confirmation")
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


def test_the_preview_is_filled_counted_and_saves_nothing(shop: Shop) -> None:
    desk = Desk.of(shop)
    number = template(desk, "Back in stock")
    page = desk.post(f"/templates/{number}", 200, body="[[store]]: 😀 [[firstname]] " + "x" * 60, preview="1")
    assert "Acme: 😀 Ann" in page
    assert "Not plain: 😀" in page
    assert "Without it it would take 1 part, not 2." in page
    assert "Version 2" not in desk.page(f"/templates/{number}")


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

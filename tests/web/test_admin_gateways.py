"""Gateways: added without fear, their secrets kept, broken plugins shown."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from nexnotify.gateways.contract import Accepted, Gateway, GatewaySettings, Health, OutgoingMessage
from nexnotify.gateways.loader import BrokenPlugin, Registry
from tests.admin import Desk
from tests.shop import Shop

SECRET = "hunter2-and-then-some"


class Pigeon(Gateway):
    key = "pigeon"
    label = "Pigeon post"

    class Settings(GatewaySettings):
        loft = StringField("Loft", [DataRequired("Name the loft.")])
        token = PasswordField("Token", [DataRequired("Write the token.")])

    def send(self, message: OutgoingMessage) -> Accepted:
        return Accepted("coo")

    def check(self) -> Health:
        fine = self.settings["token"] == SECRET
        return Health(fine, "The loft is open." if fine else "The loft knows no such token.")


@pytest.fixture
def desk(app: Flask, shop: Shop) -> Desk:
    """An admin's browser; pigeons can be chosen, and one plugin is broken."""
    house = app.extensions["nexnotify"]
    house.gateways = Registry([*house.gateways.kinds.values(), Pigeon], [BrokenPlugin("owl", "SyntaxError: <hoot>")])
    return Desk.of(shop, "admin")


def add(desk: Desk, **more: str) -> tuple[int, str]:
    """Add a pigeon gateway; its id, and the page that follows."""
    page = desk.post(
        "/gateways/add/pigeon", **{"name": "Pigeons", "loft": "Old mill", "token": SECRET, "rate": "5", **more}
    )
    return int(re.findall(r"/admin/gateways/(\d+)/check", page)[0]), page


def test_a_gateway_is_added_checked_and_sends(desk: Desk, shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    _, page = add(desk)
    assert "The loft is open." in page
    shop.work()
    assert [message["gateway"] for message in shop.messages(None)] == ["Pigeons"]
    assert "Gateway added" in desk.page("/settings/audit")


def test_only_malformed_fields_are_refused(desk: Desk) -> None:
    page = desk.post("/gateways/add/pigeon", 422, name="", loft="", token="", rate="fast")
    for words in ("Write a name.", "Name the loft.", "Write the token.", "Not a valid float value."):
        assert words in page
    _, page = add(desk, token="wrong")
    assert "Gateway added. But the check says: The loft knows no such token." in page


def test_a_secret_is_never_shown_again_and_kept_when_left_empty(desk: Desk, shop: Shop) -> None:
    number, page = add(desk)
    pages = [page, desk.page("/gateways"), desk.page(f"/gateways/{number}"), desk.page("/settings/audit")]
    pages.append(desk.post(f"/gateways/{number}", 422, name="", loft="", token="", rate="5"))
    pages.append(desk.post(f"/gateways/{number}", 422, name="", loft="", token="another one", rate="5"))
    pages.append(desk.post(f"/gateways/{number}", name="Pigeons", loft="New mill", token="", rate="7"))
    assert "The loft is open." in pages[-1]
    assert "New mill" in pages[-1]
    assert "Leave empty to keep it." in pages[-1]
    for shown in pages:
        assert SECRET not in shown
        assert "another one" not in shown


def test_two_gateways_cannot_have_one_name(desk: Desk) -> None:
    number, _ = add(desk)
    assert "Choose another name." in desk.post(
        "/gateways/add/pigeon", 422, name="Pigeons", loft="x", token=SECRET, rate="1"
    )
    assert "Choose another name." in desk.post(f"/gateways/{number}", 422, name="Outbox", loft="x", token="", rate="1")


def test_a_broken_plugin_is_shown_and_stops_nothing(app: Flask, desk: Desk, shop: Shop) -> None:
    number, _ = add(desk)
    house = app.extensions["nexnotify"]
    kinds = [kind for kind in house.gateways.kinds.values() if kind is not Pigeon]
    house.gateways = Registry(kinds, [BrokenPlugin("pigeon", "ImportError: no <b>feathers</b>")])
    for page in (desk.page("/gateways"), desk.page(f"/gateways/{number}")):
        assert "ImportError: no <b>feathers</b>" in page
    assert "<b>feathers" not in desk.raw("/gateways")
    desk.page("/gateways/add/pigeon", 404)
    desk.page("/gateways/add/owl", 404)
    desk.post(f"/gateways/{number}/check")
    desk.post(f"/gateways/{number}/test", 200, to="+12015550123")
    desk.page("/messages")


def test_another_gateway_is_made_the_sender_and_takes_over_what_waits(desk: Desk, shop: Shop) -> None:
    outbox = desk.id_of("/gateways", "gateways")
    add(desk)
    shop.product("TEE-M")
    shop.ask("TEE-M")
    assert "1 waiting messages moved" in desk.post(f"/gateways/{outbox}/sender")
    shop.work()
    assert [message["gateway"] for message in shop.messages(None)] == ["Outbox"]


def test_a_paused_gateway_says_why_and_is_resumed(app: Flask, desk: Desk, shop: Shop) -> None:
    from nexnotify.clock import utcnow
    from nexnotify.db import db, transaction
    from nexnotify.gateways.models import GatewayInstance
    from nexnotify.gateways.service import pause

    number = desk.id_of("/gateways", "gateways")
    with app.app_context():
        with transaction():
            pause(db.session.get_one(GatewayInstance, number), "Account suspended.", utcnow())
        db.session.remove()
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.work()
    assert "Account suspended." in desk.page("/gateways")
    message = desk.id_of("/messages", "messages")
    assert "is paused: Account suspended." in desk.page(f"/messages/{message}")
    assert "Account suspended." not in desk.post(f"/gateways/{number}/resume")
    shop.work()
    assert [item["status"] for item in shop.messages(None)] == ["delivered"]


def test_a_test_goes_through_the_very_gateway_it_is_about(desk: Desk, shop: Shop) -> None:
    outbox = desk.id_of("/gateways", "gateways")
    add(desk)
    desk.post(f"/gateways/{outbox}/test", to="(201) 555-0123")
    shop.work()
    assert [(item["kind"], item["gateway"], item["status"]) for item in shop.messages(None)] == [
        ("test", "Outbox", "delivered")
    ]


@pytest.mark.parametrize("to", ["", "hello", "911"])
def test_a_test_to_nowhere_is_refused(desk: Desk, to: str) -> None:
    desk.post(f"/gateways/{desk.id_of('/gateways', 'gateways')}/test", 422, to=to)


def test_whoever_said_stop_gets_no_test_either(desk: Desk, shop: Shop) -> None:
    outbox = desk.id_of("/gateways", "gateways")
    desk.post(f"/gateways/{outbox}/test", to="+12015550192")  # the outbox answers: texted STOP before
    shop.work()
    assert "STOP" in desk.post(f"/gateways/{outbox}/test", 422, to="+12015550192")


def test_callback_addresses_are_there_to_copy(desk: Desk) -> None:
    desk.post(
        "/gateways/add/kannel", name="K", send_url="http://127.0.0.1:9/x", username="u", password=SECRET, rate="1"
    )
    page = desk.page(f"/gateways/{max(map(int, re.findall(r'/admin/gateways/([0-9]+)', desk.raw('/gateways'))))}")
    assert re.search(r"/callbacks/\d+/[\w-]{20,}/receipts", page)
    assert "data-nx-copy" in page


# --- a number that is still to come --------------------------------------------------------------------------------


def add_cdyne(desk: Desk, **more: str) -> tuple[int, str]:
    """Add a CDYNE gateway, its number left empty; its id, and the page that follows."""
    values = {"name": "CDYNE", "license_key": SECRET, "generation": "messaging", "rate": "10"}
    page = desk.post("/gateways/add/cdyne", **{**values, "from_number": "", "api_base": "http://127.0.0.1:9", **more})
    return int(re.findall(r"/admin/gateways/(\d+)/check", page)[0]), page


def test_a_gateway_without_its_number_is_saved_and_says_what_it_awaits(desk: Desk, shop: Shop) -> None:
    number, page = add_cdyne(desk)
    for shown in (page, desk.page("/gateways"), desk.page(f"/gateways/{number}")):
        assert "Awaiting number" in shown
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.work()
    assert [item["status"] for item in shop.messages(None)] == ["queued"]
    assert "awaits its number" in desk.page(f"/messages/{desk.id_of('/messages', 'messages')}")


def test_the_number_is_entered_and_ends_the_wait(desk: Desk) -> None:
    number, _ = add_cdyne(desk)
    page = desk.post(
        f"/gateways/{number}",
        name="CDYNE",
        license_key="",
        generation="messaging",
        rate="10",
        from_number="(201) 555-0100",
        api_base="http://127.0.0.1:9",
    )
    assert "Awaiting number" not in page
    assert "Awaiting number" not in desk.page("/gateways")


def test_what_has_no_number_can_neither_be_chosen_nor_resumed_nor_tested(desk: Desk, shop: Shop) -> None:
    number, _ = add_cdyne(desk)
    outbox = min(map(int, re.findall(r'"/admin/gateways/(\d+)"', desk.raw("/gateways"))))
    desk.post(f"/gateways/{outbox}/sender")
    assert "It has no number to send from yet." in desk.post(f"/gateways/{number}/sender")
    assert "Awaiting number" in desk.post(f"/gateways/{number}/resume")
    assert "no number to send from yet" in desk.post(f"/gateways/{number}/test", 422, to="+12015550123")
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.work()
    assert [(item["gateway"], item["status"]) for item in shop.messages(None)] == [("Outbox", "delivered")]


def test_the_number_activates_it_in_the_place_of_an_outbox_that_stood_in(desk: Desk) -> None:
    number, _ = add_cdyne(desk)
    outbox = min(map(int, re.findall(r'"/admin/gateways/(\d+)"', desk.raw("/gateways"))))
    desk.post(f"/gateways/{outbox}/sender")
    values = {"name": "CDYNE", "license_key": "", "generation": "messaging", "rate": "10", "from_number": "2015550100"}
    page = desk.post(f"/gateways/{number}", **values, api_base="http://127.0.0.1:9")
    assert ">Sends</span>" in page


# --- prices --------------------------------------------------------------------------------------------------------

PRICES = {"price_month": "10", "price_number": "1", "price_text": "0.0075", "price_currency": "USD"}


def test_cdynes_prices_are_suggested_and_give_the_months_estimate(desk: Desk) -> None:
    number, page = add_cdyne(desk)
    assert "Check with CDYNE" in page
    assert "$18.50" in page, "a gateway that has sent nothing is reckoned with 1,000 texts"
    assert "$48.50" in desk.page(f"/gateways/{number}?texts=5000")
    assert "$20.50" in desk.page(f"/gateways/{number}?texts=1000&numbers=3")
    assert "$18.50" in desk.page(f"/gateways/{number}?texts=-1&numbers=many")
    saved = desk.post(f"/gateways/{number}/prices", **{**PRICES, "price_text": "0.008"})
    assert "$19.00" in saved
    assert "Check with CDYNE" not in saved
    assert "$10.00 a month, $1.00 a number, $0.008 a text" in desk.page("/settings/audit")


def test_the_estimate_begins_with_what_went_in_the_last_thirty_days(desk: Desk, shop: Shop) -> None:
    number, _ = add(desk, rate="0")
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550123")
    shop.ask("TEE-M", "+12015550124")
    shop.work()
    page = desk.post(f"/gateways/{number}/prices", **{**PRICES, "price_text": "0.5"})
    assert "The last 30 days had 2." in page
    assert "$12.00" in page


@pytest.mark.parametrize("typed", [{"price_text": "-1"}, {"price_text": "much"}, {"price_currency": "dollars"}])
def test_a_price_that_is_none_is_refused_beside_its_field(desk: Desk, typed: dict[str, str]) -> None:
    number, _ = add_cdyne(desk)
    [name] = typed
    assert f'id="{name}-error"' in desk.post(f"/gateways/{number}/prices", 422, **{**PRICES, **typed})


def test_prices_that_are_emptied_are_forgotten(desk: Desk) -> None:
    number, _ = add(desk)
    assert "$18.50" in desk.post(f"/gateways/{number}/prices", **PRICES)
    empty = {**dict.fromkeys(PRICES, ""), "price_currency": "USD"}
    assert "About, for a month" not in desk.post(f"/gateways/{number}/prices", **empty)


def test_an_outbox_costs_nothing_and_asks_for_no_price(desk: Desk) -> None:
    assert "Save prices" not in desk.page(f"/gateways/{desk.id_of('/gateways', 'gateways')}")


def test_the_audit_trail_says_what_of_a_gateway_was_changed_and_no_secret(desk: Desk) -> None:
    number, _ = add(desk)
    typed = {"name": "Pigeons", "loft": "Old mill", "token": "", "rate": "5"}
    before = desk.page("/settings/audit?kind=gateways").count("Gateway changed</b>")
    desk.post(f"/gateways/{number}", **typed)
    assert desk.page("/settings/audit?kind=gateways").count("Gateway changed</b>") == before, "nothing was different"
    desk.post(f"/gateways/{number}", **{**typed, "name": "Doves", "rate": "7.5", "token": "another one"})
    trail = desk.page("/settings/audit?kind=gateways")
    for words in ("name: Pigeons → Doves", "rate: 5 → 7.5", "secrets changed: token"):
        assert words in trail
    assert "loft" not in trail
    assert SECRET not in trail
    assert "another one" not in trail

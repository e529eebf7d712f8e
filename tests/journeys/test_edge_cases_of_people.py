"""Where other systems fail: one person in several spellings, forgetting, links, answers, and places in the line."""

from __future__ import annotations

import re

import pytest

from tests.admin import Desk
from tests.journeys.told import ANN, BEN, CAT, erase, statuses, told
from tests.shop import Shop
from tests.texting import Twilio
from tests.times import later
from tests.web.test_shopper_pages import page_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def yes_page(shop: Shop) -> str:
    """The page of the last question whether somebody wants it."""
    shop.work()
    found = re.search(r"/s/yes/[\w.-]+", shop.messages("double_opt_in")[-1]["body"])
    assert found is not None
    return found[0]


# --- 8: one person in several spellings ------------------------------------------------------------------------------


def test_08_one_number_in_two_formats_and_one_address_in_two_cases_are_told_once(shop: Shop) -> None:
    shop.product("TEE-M")
    for phone in (ANN, "(201) 555-0123", "201.555.0123"):
        shop.ask(phone=phone)
    for email in ("ann@mail.example", "Ann@Mail.Example"):
        shop.ask_by_email(email=email)
    shop.stock("TEE-M", 5)
    shop.work()
    assert sorted(message["channel"] for message in shop.messages(status="delivered")) == ["email", "sms"]
    assert len(shop.requests()) == 2


def test_08_who_asks_as_a_guest_and_has_an_account_is_one_person_told_once(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": "(201) 555-0123"}]})
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "source": "account"}
    shop.post("requests", {"requests": [row]})
    assert len(shop.requests()) == 1
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]


def test_08_typing_somebodys_address_neither_shows_nor_takes_over_what_they_wait_for(shop: Shop) -> None:
    """A known email typed by a stranger is answered like any other and opens no page."""
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "email": "ann@mail.example"}]})
    shop.product("TEE-M")
    shop.product("MUG")
    shop.ask_by_email("MUG")
    stranger = shop.ask_by_email("TEE-M")
    assert stranger == {"status": "waiting"}
    assert {request["first_name"] for request in shop.requests()} == {None}


# --- 9: forgetting ---------------------------------------------------------------------------------------------------


def test_09_who_is_erased_leaves_no_address_and_a_stop_outlives_it(shop: Shop, twilio: Twilio) -> None:
    row = {"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN, "email": "ann@mail.example"}
    shop.put("customers", {"customers": [row]})
    shop.product("TEE-M")
    shop.ask()
    shop.ask_by_email()
    twilio.text(ANN, "STOP")
    erase(Desk.of(shop), "Ann Lee")
    assert {request["to"] for request in shop.requests()} == {""}
    assert {message["body"] for message in shop.messages(None)} == {"[erased]"}
    shop.ask(phone="(201) 555-0123")
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [], "who has said STOP stays so, although nothing else of her is known"


def test_09_what_was_asked_with_an_earlier_number_is_erased_too_unless_it_is_another_customers_now(
    shop: Shop,
) -> None:
    def customer(number: str, last_name: str, phone: str) -> None:
        row = {"id": number, "first_name": "Ann", "last_name": last_name, "phone": phone}
        assert shop.put("customers", {"customers": [row]})["errors"] == []

    shop.product("TEE-M")
    for phone in (ANN, BEN, CAT):
        customer("c1", "Lee", phone)
        shop.ask(phone=phone)
    customer("c2", "Fox", ANN)
    erase(Desk.of(shop), "Ann Lee")
    assert [request["to"] for request in shop.requests()] == [ANN, "", ""]
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN]


# --- 10: links that only show ----------------------------------------------------------------------------------------


def test_10_a_program_that_opens_every_link_confirms_and_ends_nothing(shop: Shop) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    shop.ask_by_email()
    confirm = yes_page(shop)
    for method in ("GET", "HEAD", "GET"):
        assert shop.client.open(confirm, method=method).status_code == 200
    assert statuses(shop) == ["pending"]
    assert shop.client.post(confirm).status_code == 200
    assert statuses(shop) == ["waiting"]


@pytest.mark.parametrize("pressed", [{"stop": "all"}, {"List-Unsubscribe": "One-Click"}], ids=["page", "mail program"])
def test_10_ending_it_needs_a_press_of_the_page_or_of_the_mail_program(shop: Shop, pressed: dict[str, str]) -> None:
    shop.product("TEE-M")
    shop.ask_by_email()
    link = page_of(shop)
    for method in ("GET", "HEAD", "GET"):
        assert shop.client.open(link, method=method).status_code == 200
    assert statuses(shop) == ["waiting"]
    assert shop.client.post(link, data=pressed).status_code == 200
    assert statuses(shop) == ["cancelled"]


# --- 11: what an answer gives away -----------------------------------------------------------------------------------


@pytest.mark.parametrize("double_opt_in", [False, True])
def test_11_the_answer_is_the_same_for_the_unknown_the_known_and_those_who_said_stop(
    shop: Shop, twilio: Twilio, double_opt_in: bool
) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"double_opt_in": double_opt_in})
    shop.ask(phone=BEN)
    shop.work()
    twilio.text(CAT, "STOP")
    body = {"sku": "TEE-M", "channels": ["sms"], "consent": True}
    answers = [
        shop.client.post(f"/widget/v1/{shop.key}/requests", json=body | {"phone": phone}) for phone in (ANN, BEN, CAT)
    ]
    assert {(answer.status_code, answer.get_data()) for answer in answers} == {(202, answers[0].get_data())}
    assert len({tuple(answer.headers) for answer in answers}) == 1


# --- 17: a link for each purpose -------------------------------------------------------------------------------------


def test_17_the_link_that_confirms_and_the_one_that_ends_are_two_and_neither_voids_the_other(shop: Shop) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    shop.ask_by_email()
    confirm = yes_page(shop)
    found = re.search(r"/s/(?!yes/)[\w.-]+", shop.messages("double_opt_in")[0]["body"])
    assert found is not None, "the same email has both"
    end = found[0]
    assert "Thank you" in shop.client.post(confirm).get_data(as_text=True)
    for crossed in (f"/s/yes/{end.rpartition('/')[2]}", f"/s/{confirm.rpartition('/')[2]}"):
        assert shop.client.get(crossed).status_code == 404
        assert shop.client.post(crossed, data={"stop": "all"}).status_code == 404
    assert statuses(shop) == ["waiting"]
    assert shop.client.get(confirm).status_code == 200, "using one leaves the other as it was"
    assert shop.client.post(end, data={"stop": "all"}).status_code == 200
    assert statuses(shop) == ["cancelled"]
    shop.client.post(confirm)
    assert statuses(shop) == ["cancelled"], "an old yes brings nothing back"


# --- 18: who came first stays first ----------------------------------------------------------------------------------


def test_18_whatever_is_saved_later_the_day_somebody_asked_and_the_place_stay(shop: Shop) -> None:
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 60}})
    shop.product("TEE-M")
    shop.ask(phone=ANN)
    asked = shop.requests()[0]["created_at"]
    with later(days=1):
        shop.ask(phone=BEN)
        shop.ask(phone=ANN, first_name="Anna", quantity=1)
        shop.post("requests", {"requests": [{"sku": "TEE-M", "phone": ANN, "consent": True, "source": "import"}]})
        shop.put("customers", {"customers": [{"id": "c1", "first_name": "Anna", "phone": ANN}]})
        shop.product("TEE-M", title="Tee, new", on_hand=0)
        assert [request["created_at"] for request in shop.requests() if request["to"] == ANN] == [asked]
        shop.stock("TEE-M", 1)
        shop.work()
        assert told(shop) == [ANN]

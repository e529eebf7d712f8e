"""With double opt-in nobody waits, and nobody is told anything, before the owner of the address has said yes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from nexnotify.customers.consent import history
from nexnotify.customers.service import find_contact
from nexnotify.db import db
from nexnotify.stores.models import Store
from tests.shop import Shop
from tests.stubs.twilio_stub import TwilioStub
from tests.texting import Twilio
from tests.times import later, moment

ANN = "+12015550123"
QUESTION = "Acme: reply YES to get one text when Tee is available. Msg&data rates may apply. Reply STOP to end."
LINK = re.compile(r"/s/yes/[\w.-]+")
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def careful(shop: Shop) -> Shop:
    """A shop with double opt-in, and a product that is sold out."""
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    return shop


def statuses(shop: Shop) -> list[str]:
    return [item["status"] for item in shop.requests()]


def questions(shop: Shop) -> list[str]:
    return [message["body"] for message in shop.messages("double_opt_in")]


def ledger(shop: Shop, channel: str = "sms", address: str = ANN) -> list[Any]:
    with shop.app.app_context():
        contact = find_contact(db.session.get_one(Store, shop.store_id), channel, address)
        assert contact is not None
        return [(entry.purpose, entry.action, entry.method, entry.evidence) for entry in history(contact)]


def link(shop: Shop, kind: str = "double_opt_in") -> str:
    """The page of the last question, as the shopper's phone or mail program opens it."""
    found = LINK.search(shop.messages(kind)[-1]["body"])
    assert found is not None
    return found[0]


def test_a_new_number_is_asked_and_nobody_is_told_before_it_says_yes(careful: Shop, twilio: Twilio) -> None:
    careful.ask()
    careful.work()
    assert statuses(careful) == ["pending"]
    assert [message["body"] for message in careful.messages(None)] == [QUESTION]
    careful.stock("TEE-M", 5)
    careful.work()
    assert careful.messages() == []


@pytest.mark.parametrize("word", ["YES", "ja bitte"])
def test_a_yes_by_text_puts_the_shopper_on_the_list_and_is_answered(careful: Shop, twilio: Twilio, word: str) -> None:
    careful.ask()
    careful.work()
    twilio.text(ANN, word)
    careful.work()
    assert statuses(careful) == ["waiting"]
    assert [message["kind"] for message in careful.messages(None)] == ["double_opt_in", "confirmation"]
    assert careful.trace(careful.requests()[0]["id"])["summary"] == "Waits: the product has not come back since."
    careful.stock("TEE-M", 5)
    careful.work()
    assert len(careful.messages()) == 1


@pytest.mark.parametrize("text", ["yes I got it, who is this?", "HELP"])
def test_only_a_bare_yes_is_a_yes(careful: Shop, twilio: Twilio, text: str) -> None:
    careful.ask()
    careful.work()
    twilio.text(ANN, text)
    careful.work()
    assert statuses(careful) == ["pending"]


def test_the_ledger_keeps_the_yes_with_the_message_that_asked(careful: Shop, twilio: Twilio) -> None:
    careful.ask()
    careful.work()
    twilio.text(ANN, "YES")
    [asked] = careful.messages("double_opt_in")
    purpose, action, method, evidence = ledger(careful)[-1]
    assert (purpose, action, method) == ("requested", "confirmed", "keyword")
    assert (evidence["message"], evidence["text"]) == (asked["reference"], "YES")
    story = careful.trace(careful.requests()[0]["id"])
    whats = [event["what"] for event in story["events"]]
    assert [what for what in whats if what.startswith("question")] == ["question_asked", "question_answered"]
    assert "consent_confirmed" in whats
    assert "message_accepted" in whats


def test_the_merchant_sees_why_it_does_not_wait_yet_and_until_when_it_can_be_confirmed(careful: Shop) -> None:
    careful.ask_by_email()
    careful.work()
    browser = careful.sign_in()
    page = browser.get("/admin/waitlist/requests/1").get_data(as_text=True)
    assert "Asked back, and not confirmed yet." in page
    assert "To be confirmed by" in page
    [message] = careful.messages("double_opt_in")
    listed = browser.get("/admin/messages?kind=double_opt_in").get_data(as_text=True)
    shown = re.findall(r"/admin/messages/\d+", listed)
    detail = browser.get(shown[0]).get_data(as_text=True)
    assert link(careful).removeprefix("/s/yes/") not in detail, "whoever reads it here is not the shopper"
    assert message["status"] == "delivered"


def test_who_has_confirmed_once_is_not_asked_again(careful: Shop, twilio: Twilio) -> None:
    careful.product("HAT")
    careful.ask()
    twilio.text(ANN, "YES")
    careful.ask("HAT")
    careful.work()
    assert statuses(careful) == ["waiting", "waiting"]
    assert len(questions(careful)) == 1


def test_after_a_stop_a_confirmed_number_has_to_confirm_again(careful: Shop, twilio: Twilio) -> None:
    """START brings back what was asked for since the STOP, and is itself a word from that number."""
    careful.ask()
    twilio.text(ANN, "YES")
    twilio.text(ANN, "STOP")
    careful.ask()
    careful.work()
    assert [item["status"] for item in careful.requests()] == ["cancelled", "pending"]
    assert len(questions(careful)) == 1
    assert careful.trace(careful.requests()[1]["id"])["summary"].startswith("This number has said STOP")
    twilio.text(ANN, "START")
    assert statuses(careful) == ["cancelled", "waiting"]


def test_what_is_asked_meanwhile_adds_itself_to_the_one_question(careful: Shop, twilio: Twilio) -> None:
    careful.product("HAT", title="Hat")
    careful.ask()
    careful.ask("HAT")
    careful.ask()
    careful.work()
    assert len(questions(careful)) == 1
    twilio.text(ANN, "YES")
    assert statuses(careful) == ["waiting", "waiting"]


def test_a_question_that_never_went_out_is_asked_again(careful: Shop, twilio: Twilio, twilio_stub: TwilioStub) -> None:
    careful.ask()
    with later(hours=30):  # nobody sent it in time
        careful.work()
        assert [message["status"] for message in careful.messages("double_opt_in")] == ["expired"]
        careful.ask()
        careful.work()
        assert [message["status"] for message in careful.messages("double_opt_in")] == ["expired", "accepted"]


def test_the_answer_to_the_widget_is_the_same_whether_the_contact_was_known_or_not(
    careful: Shop, twilio: Twilio
) -> None:
    first = careful.ask()
    again = careful.ask()
    twilio.text(ANN, "YES")
    assert first == again == careful.ask() == {"status": "waiting"}


def test_whoever_asks_is_told_that_a_question_may_come(careful: Shop) -> None:
    address = f"/widget/v1/{careful.key}/config?sku=TEE-M"
    texts = careful.client.get(address).get_json()["texts"]
    assert texts["done_sms"].endswith("If we ask you to confirm it first, please say yes.")
    careful.put("settings", {"double_opt_in": False})
    texts = careful.client.get(address).get_json()["texts"]
    assert texts["done_sms"].endswith("available.")


def test_what_nobody_confirms_lapses_with_its_reason(careful: Shop, twilio: Twilio) -> None:
    careful.put("settings", {"confirm_hours": 48})
    careful.ask()
    [request] = careful.requests()
    assert moment(request["ends_at"]) - moment(request["created_at"]) == timedelta(hours=48)
    with later(hours=47):
        careful.sweep()
        assert statuses(careful) == ["pending"]
    with later(hours=49):
        careful.sweep()
        careful.sweep()
        [request] = careful.requests()
        assert (request["status"], request["closed_reason"]) == ("expired", "unconfirmed")
        assert careful.trace(request["id"])["summary"] == "Nobody confirmed it in time."
        twilio.text(ANN, "YES")
        assert statuses(careful) == ["expired"]


def test_a_yes_just_after_the_time_and_before_the_sweep_does_not_count(careful: Shop, twilio: Twilio) -> None:
    careful.ask()
    with later(hours=73):
        twilio.text(ANN, "YES")
        assert statuses(careful) == ["pending"]
        careful.sweep()
        assert statuses(careful) == ["expired"]


def test_a_yes_when_the_product_has_come_back_meanwhile_is_told_at_once(careful: Shop, twilio: Twilio) -> None:
    careful.ask()
    careful.stock("TEE-M", 5)
    careful.work()
    assert careful.messages() == []
    twilio.text(ANN, "YES")
    careful.work()
    assert statuses(careful) == ["alerted"]
    assert [message["kind"] for message in careful.messages(None)] == ["double_opt_in", "back_in_stock"]


def test_a_yes_when_it_came_back_and_is_gone_again_waits_for_the_next(careful: Shop, twilio: Twilio) -> None:
    careful.ask()
    careful.stock("TEE-M", 5)
    careful.work()
    careful.stock("TEE-M", 0)
    careful.work()
    twilio.text(ANN, "YES")
    careful.work()
    assert (statuses(careful), careful.messages()) == (["waiting"], [])
    careful.stock("TEE-M", 2)
    careful.work()
    assert len(careful.messages()) == 1


def test_a_start_when_the_product_has_come_back_meanwhile_is_told_too(shop: Shop, twilio: Twilio) -> None:
    shop.product("TEE-M")
    twilio.text(ANN, "STOP")
    shop.ask()
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    twilio.text(ANN, "START")
    shop.work()
    assert len(shop.messages()) == 1


@pytest.mark.parametrize("texts", [["YES stop"], ["STOP", "YES"], ["YES", "STOP"]])
def test_stop_wins_over_yes_in_whatever_order_they_come(careful: Shop, twilio: Twilio, texts: list[str]) -> None:
    careful.ask()
    careful.work()
    for text in texts:
        twilio.text(ANN, text)
    careful.stock("TEE-M", 5)
    careful.work()
    assert statuses(careful) == ["cancelled"]
    assert careful.messages() == []
    careful.ask(status=409)
    assert ledger(careful)[-1][:2] in (("all", "revoked"), ("requested", "granted"))
    careful.stock("TEE-M", 0)
    careful.ask()
    assert statuses(careful)[-1] == "pending"


def test_a_gateways_own_word_for_start_is_no_way_around_the_question(careful: Shop, twilio: Twilio) -> None:
    """Twilio takes a YES for a START; whether it answers a question of ours it cannot know."""
    careful.ask()
    careful.work()
    twilio.text(ANN, "YES", OptOutType="START")
    careful.work()
    assert statuses(careful) == ["waiting"]
    assert [action for _, action, _, _ in ledger(careful)] == ["granted", "confirmed"]


# --- by email ------------------------------------------------------------------------------------------------------


def test_by_email_the_link_shows_and_only_its_button_confirms(careful: Shop) -> None:
    careful.ask_by_email()
    careful.work()
    page = careful.client.get(link(careful))
    assert page.status_code == 200
    assert "Yes, I want to be told" in page.get_data(as_text=True)
    assert statuses(careful) == ["pending"]
    done = careful.client.post(link(careful)).get_data(as_text=True)
    assert "Thank you" in done
    assert statuses(careful) == ["waiting"]
    assert ledger(careful, "email", "ann@mail.example")[-1][:3] == ("requested", "confirmed", "page")
    again = careful.client.post(link(careful)).get_data(as_text=True)
    assert "Nothing to answer" in again


def test_the_page_tells_the_truth_about_a_product_that_came_back(careful: Shop) -> None:
    careful.ask_by_email()
    careful.work()
    careful.stock("TEE-M", 5)
    careful.work()
    assert "It can be bought now." in careful.client.get(link(careful)).get_data(as_text=True)
    done = careful.client.post(link(careful)).get_data(as_text=True)
    assert "It can be bought now." in done
    assert 'href="https://acme.example/tee-m' in done
    careful.work()
    assert [message["status"] for message in careful.messages()] == ["delivered"]


def test_the_link_that_confirms_ends_nothing_and_the_one_that_ends_confirms_nothing(careful: Shop) -> None:
    careful.ask_by_email()
    careful.work()
    body = careful.messages("double_opt_in")[0]["body"]
    confirms = link(careful).removeprefix("/s/yes/")
    ends = re.findall(r"/s/(?!yes/)([\w.-]+)", body)[0]
    assert careful.client.post(f"/s/{confirms}").status_code == 404
    assert careful.client.post(f"/s/yes/{ends}").status_code == 404
    assert statuses(careful) == ["pending"]


def test_a_link_of_another_store_or_a_guessed_one_opens_nothing(careful: Shop) -> None:
    careful.ask_by_email()
    careful.work()
    token = link(careful)
    # Not the last letter: two of its six bits carry nothing, so another letter may say the same.
    guessed = token[:-2] + ("a" if token[-2] != "a" else "b") + token[-1]
    assert careful.client.get(guessed).status_code == 404
    assert careful.client.get("/s/yes/nonsense").status_code == 404


# --- the API -------------------------------------------------------------------------------------------------------


def test_a_program_that_wants_no_confirmation_vouches_for_the_address(careful: Shop) -> None:
    row = {"sku": "TEE-M", "phone": ANN, "consent": True}
    [saved] = careful.post("requests", {"requests": [row | {"confirm": False}]})["requests"]
    assert saved["status"] == "waiting"
    [saved] = careful.post("requests", {"requests": [row | {"phone": "+12015550124"}]})["requests"]
    assert saved["status"] == "pending"
    careful.work()
    assert len(questions(careful)) == 1


def test_texts_from_a_name_ask_by_a_link_because_nobody_can_reply(careful: Shop) -> None:
    careful.put("settings", {"country": "DE", "zone": "Europe/Berlin", "sms_sender": "Acme"})
    careful.ask(phone="+4915112345678")
    [body] = questions(careful)
    assert "Reply" not in body
    assert "say yes on http" in body
    careful.client.post(link(careful))
    assert statuses(careful) == ["waiting"]

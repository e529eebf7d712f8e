"""STOP ends every text at once, and only START undoes it."""

from __future__ import annotations

import pytest

from nexnotify.ledger.values import stop_url
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stubs.twilio_stub import TwilioStub
from tests.texting import Line, Twilio
from tests.times import at

ANN = "+12015550123"
STOPPED = "Acme: you are unsubscribed and get no more texts from us. Reply START to undo."


def waiting(shop: Shop, phone: str = ANN, sku: str = "TEE-M") -> int:
    """A shopper who waits for a sold-out product, without having been sent anything; the request's id."""
    shop.product(sku, on_hand=0)
    row = {"sku": sku, "phone": phone, "consent": True, "confirm": False}
    request_id: int = shop.post("requests", {"requests": [row]})["requests"][0]["id"]
    return request_id


def replies(shop: Shop) -> list[str]:
    return [message["body"] for message in shop.messages("keyword_reply")]


def whats(story: dict[str, list[dict[str, str]]]) -> list[str]:
    return [event["what"] for event in story["events"]]


def test_whoever_texts_stop_between_planning_and_sending_is_not_texted_and_the_trace_says_why(
    shop: Shop, twilio: Twilio, twilio_stub: TwilioStub
) -> None:
    before = twilio_stub.counts().get(ANN, 0)
    request = waiting(shop)
    shop.stock("TEE-M", 5)
    shop.plan()
    assert [message["status"] for message in shop.messages()] == ["queued"]

    twilio.text(ANN, "STOP")
    shop.work()

    [message] = shop.messages()
    assert (message["status"], message["reason"]) == ("suppressed", "opted_out")
    assert twilio_stub.counts().get(ANN, 0) == before
    story = shop.trace(request)
    assert story["status"] == "cancelled"
    assert story["summary"] == "The shopper said STOP."
    assert [event["reason"] for event in story["events"] if event["what"] == "message_suppressed"] == ["opted_out"]
    assert "consent_revoked" in whats(story)


def test_stop_has_worked_before_it_is_answered(shop: Shop, twilio: Twilio) -> None:
    request = waiting(shop)
    shop.stock("TEE-M", 5)
    shop.plan()
    twilio.text(ANN, "Please stop texting me!")
    # No worker has run since.
    assert [message["status"] for message in shop.messages()] == ["suppressed"]
    assert [item["status"] for item in shop.requests()] == ["cancelled"]
    [revoked] = [event for event in shop.trace(request)["events"] if event["what"] == "consent_revoked"]
    assert (revoked["purpose"], revoked["method"]) == ("all", "keyword")


def test_a_stop_that_comes_while_the_alert_is_held_takes_it_back_too(shop: Shop, twilio: Twilio) -> None:
    waiting(shop)
    shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
    with at("2030-01-15 22:00"):
        shop.stock("TEE-M", 5)
        shop.plan()
        assert [message["status"] for message in shop.messages()] == ["held"]
        twilio.text(ANN, "stop")
        assert [message["status"] for message in shop.messages()] == ["suppressed"]
    with at("2030-01-16 10:00"):
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["suppressed"]


def test_a_stop_is_confirmed_exactly_once_however_often_it_comes(
    shop: Shop, twilio: Twilio, twilio_stub: TwilioStub
) -> None:
    before = twilio_stub.counts().get(ANN, 0)
    for sid in ("SMa", "SMa", "SMb", "SMc"):  # the provider repeats its call, the shopper the text
        twilio.text(ANN, "please stop", sid)
        shop.work()
    twilio.text(ANN, "I said stop texting me", "SMd")
    shop.work()
    assert replies(shop) == [STOPPED]
    # An answer to STOP goes out although its contact is opted out.
    assert [message["status"] for message in shop.messages("keyword_reply")] == ["accepted"]
    assert twilio_stub.counts()[ANN] == before + 1


@pytest.mark.parametrize(
    "word", ["STOP", " stop ", "StopAll", "UNSUBSCRIBE", "cancel", "END", "quit", "REVOKE", "optout"]
)
def test_a_single_word_that_twilio_answers_itself_is_obeyed_and_not_answered_again(
    shop: Shop, twilio: Twilio, word: str
) -> None:
    waiting(shop)
    twilio.text(ANN, word)
    assert [item["status"] for item in shop.requests()] == ["cancelled"]
    assert replies(shop) == []


@pytest.mark.parametrize("words", ["please stop", "Stop!", "no more texts", "STOP. I bought it elsewhere"])
def test_a_phrase_that_twilio_does_not_know_is_obeyed_and_answered_by_us(
    shop: Shop, twilio: Twilio, words: str
) -> None:
    waiting(shop)
    twilio.text(ANN, words)
    assert [item["status"] for item in shop.requests()] == ["cancelled"]
    assert replies(shop) == [STOPPED]


def test_what_twilio_says_it_has_answered_is_not_answered_again(shop: Shop, twilio: Twilio) -> None:
    twilio.text(ANN, "Adiós", OptOutType="STOP")
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M", ANN)
    assert [item["status"] for item in shop.requests()] == ["pending"]
    assert replies(shop) == []


def test_start_brings_the_texts_back(shop: Shop, twilio: Twilio) -> None:
    shop.product("TEE-M", on_hand=0)
    twilio.text(ANN, "please stop")
    twilio.text(ANN, "start please")
    shop.ask("TEE-M", ANN)
    assert [item["status"] for item in shop.requests()] == ["waiting"]
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["accepted"]
    assert replies(shop) == [
        STOPPED,
        "Acme: you can get our texts again. Reply HELP for help, STOP to end.",
    ]


def test_whoever_asks_while_opted_out_waits_only_after_their_own_start(shop: Shop, twilio: Twilio) -> None:
    shop.product("TEE-M", on_hand=0)
    twilio.text(ANN, "STOP")
    assert shop.ask("TEE-M", ANN) == {"status": "waiting"}, "the page tells nobody who has said STOP"
    assert [item["status"] for item in shop.requests()] == ["pending"]
    assert shop.messages(None) == [], "not even a confirmation"

    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages(None) == []

    shop.stock("TEE-M", 0)
    twilio.text(ANN, "START")
    assert [item["status"] for item in shop.requests()] == ["waiting"]
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["accepted"]


def test_a_start_from_somebody_who_never_stopped_is_not_answered(shop: Shop, twilio: Twilio) -> None:
    twilio.text(ANN, "start please")
    assert replies(shop) == []


def test_stop_at_one_store_says_nothing_to_another(
    shop: Shop, other_shop: Shop, twilio: Twilio, twilio_stub: TwilioStub
) -> None:
    Twilio.open(other_shop, twilio_stub.url)
    for each in (shop, other_shop):
        waiting(each)
    twilio.text(ANN, "please stop")
    for each in (shop, other_shop):
        each.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert [message["status"] for message in other_shop.messages()] == ["accepted"]
    assert replies(other_shop) == []
    assert [item["status"] for item in other_shop.requests()] == ["alerted"]


@pytest.mark.parametrize("opted_out", [False, True])
def test_help_is_answered_always(shop: Shop, twilio: Twilio, opted_out: bool) -> None:
    if opted_out:
        twilio.text(ANN, "STOP")
    twilio.text(ANN, "help me please")
    shop.work()
    [reply] = shop.messages("keyword_reply")
    assert reply["body"] == (
        "Acme: we text you when a product you asked for is available. Msg&data rates may apply. Reply STOP to end."
    )
    assert reply["status"] == "accepted"


def test_an_ordinary_text_changes_nothing_and_gets_no_answer(shop: Shop, twilio: Twilio) -> None:
    waiting(shop)
    twilio.text(ANN, "When will it stop raining, and is the tee warm?")
    assert [item["status"] for item in shop.requests()] == ["waiting"]
    assert replies(shop) == []


def test_a_gateway_that_says_opted_out_is_believed(shop: Shop) -> None:
    phone = "+12015550192"  # the outbox refuses it: opted out
    request = waiting(shop, phone)
    waiting(shop, phone, "MUG")
    shop.stock("TEE-M", 5)
    shop.work()
    [message] = shop.messages()
    assert (message["status"], message["reason"]) == ("rejected", "opted_out")
    assert [item["status"] for item in shop.requests()] == ["cancelled", "cancelled"]
    [revoked] = [event for event in shop.trace(request)["events"] if event["what"] == "consent_revoked"]
    assert (revoked["purpose"], revoked["method"]) == ("all", "gateway")
    shop.ask("MUG", phone)
    assert shop.requests(sku="MUG")[-1]["status"] == "pending"


def test_twilios_21610_is_believed_as_well(shop: Shop, twilio: Twilio) -> None:
    waiting(shop, "+12015550004")
    shop.stock("TEE-M", 5)
    shop.work()
    [message] = shop.messages()
    assert (message["status"], message["reason"]) == ("rejected", "opted_out")
    assert [item["closed_reason"] for item in shop.requests()] == ["stop"]


@pytest.mark.parametrize(
    "country,known,sender",
    [
        ("US", "+12015550123", "12015550123"),  # Kannel writes no plus
        ("US", "+12015550123", "+12015550123"),
        ("US", "+12015550123", "2015550123"),  # national, though +20 155… could be Egyptian
        ("DE", "+4915112345678", "4915112345678"),
        ("DE", "+4915112345678", "015112345678"),
        ("GB", "+447400123456", "447400123456"),
    ],
)
def test_a_number_without_its_plus_is_the_shopper_we_know(shop: Shop, country: str, known: str, sender: str) -> None:
    shop.put("settings", {"country": country})
    kannel = Line.add(shop, "kannel", url="http://127.0.0.1:9/cgi-bin/sendsms", username="u", password="p")
    waiting(shop, known)
    answer = kannel.get(kannel.inbound, **{"from": sender, "to": "15550001111", "text": "STOP", "id": "1"})
    assert (answer.status_code, answer.get_data()) == (200, b"")
    assert [item["status"] for item in shop.requests()] == ["cancelled"]
    # Kannel answers nothing itself: we do, once, to the number as we know it.
    kannel.get(kannel.inbound, **{"from": sender, "to": "15550001111", "text": "STOP", "id": "2"})
    assert [message["to"] for message in shop.messages("keyword_reply")] == [known]


def test_a_bare_number_of_nobody_we_know_is_read_as_international(shop: Shop) -> None:
    kannel = Line.add(shop, "kannel", url="http://127.0.0.1:9/cgi-bin/sendsms", username="u", password="p")
    kannel.get(kannel.inbound, **{"from": "4915112345678", "to": "1", "text": "HELP", "id": "1"})
    kannel.get(kannel.inbound, **{"from": "(201) 555-0123", "to": "1", "text": "HELP", "id": "2"})
    kannel.get(kannel.inbound, **{"from": "72345", "to": "1", "text": "HELP", "id": "3"})  # a short code
    assert [message["to"] for message in shop.messages("keyword_reply")] == ["+4915112345678", "+12015550123"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_ended_emails_gets_them_again_by_the_link_of_any_of_them_and_not_by_asking_in_the_shop(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M")
    with inside(shop.app):
        page = stop_url(shop.store_id, 1).removeprefix("http://127.0.0.1:8000")
    assert "Get our messages again" not in shop.client.get(page).get_data(as_text=True)
    shop.client.post(page, data={"List-Unsubscribe": "One-Click"})
    shop.ask_by_email("TEE-M")  # anybody may have typed the address
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert "Get our messages again" in shop.client.get(page).get_data(as_text=True)
    shop.client.post(page, data={"start": "again"})
    shop.work()
    assert [(m["to"], m["status"]) for m in shop.messages()] == [("ann@mail.example", "delivered")]
    [request] = shop.requests(status="alerted")
    assert "consent_granted" in whats(shop.trace(request["id"]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_number_is_texted_again_by_its_own_start_alone(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    with inside(shop.app):
        page = stop_url(shop.store_id, 1).removeprefix("http://127.0.0.1:8000")
    for words in ({"stop": "all"}, {"start": "again"}):
        shop.client.post(page, data=words)
    assert "Text START" in shop.client.get(page).get_data(as_text=True)

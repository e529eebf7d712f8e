"""How a request goes on and ends: asked before it ages out, reminded, bought, or asked again after long silence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from nexnotify.waitlist.life import to_reconfirm
from tests.shop import Shop
from tests.texting import Twilio
from tests.times import at, later, moment

ANN, BOB = "+12015550123", "+12015550124"
STILL = "Acme: do you still wait for Tee? Reply YES, or we stop looking soon. Reply STOP to end."
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def quiet(shop: Shop) -> Shop:
    """A shop with a product that is sold out, which confirms nothing."""
    shop.put("settings", {"confirmations": False})
    shop.product("TEE-M")
    return shop


def standing(shop: Shop) -> list[tuple[str, str | None]]:
    return [(item["status"], item["closed_reason"]) for item in shop.requests()]


def statuses(shop: Shop) -> list[str]:
    return [status for status, _ in standing(shop)]


def asked(shop: Shop) -> list[str]:
    return [message["body"] for message in shop.messages("renewal")]


def reminders(shop: Shop) -> list[str]:
    return [message["status"] for message in shop.messages("reminder")]


def order(shop: Shop, number: str = "1001", sku: str = "TEE-M", **more: Any) -> None:
    body = {"id": number, "status": "new", "phone": ANN, "lines": [{"sku": sku, "quantity": 1}], "notify": False}
    assert shop.post("orders", {"orders": [body | more]})["errors"] == []


# --- renewal -------------------------------------------------------------------------------------------------------


def test_before_a_request_ages_out_its_shopper_is_asked_once_whether_it_is_still_wanted(
    quiet: Shop, twilio: Twilio
) -> None:
    quiet.ask()
    with later(days=79):
        quiet.sweep()
        assert asked(quiet) == []
    with later(days=80, minutes=1):
        quiet.sweep()
        quiet.sweep()
        assert asked(quiet) == [STILL]
    with later(days=89):
        quiet.sweep()
        assert len(asked(quiet)) == 1
        assert statuses(quiet) == ["waiting"]


def test_no_answer_ends_it_with_its_reason_and_not_before_there_was_time_to_answer(quiet: Shop, twilio: Twilio) -> None:
    quiet.ask()
    with later(days=85):  # the worker was off for a while
        quiet.sweep()
        [request] = quiet.requests()
        assert moment(request["ends_at"]) - datetime.now(UTC) > timedelta(days=9, hours=23)
    with later(days=94):
        quiet.sweep()
        assert statuses(quiet) == ["waiting"]
    with later(days=96):
        quiet.sweep()
        assert standing(quiet) == [("expired", "not_renewed")]
        assert "nobody said that it is still wanted" in quiet.trace(1)["summary"]


def test_a_yes_by_text_keeps_it_for_another_period_and_keeps_its_place(quiet: Shop, twilio: Twilio) -> None:
    quiet.ask()
    with later(days=81):
        quiet.sweep()
        twilio.text(ANN, "yes")
        [request] = quiet.requests()
        assert moment(request["ends_at"]) - datetime.now(UTC) > timedelta(days=89)
    with later(days=120):
        quiet.sweep()
        assert (statuses(quiet), len(asked(quiet))) == (["waiting"], 1)
    with later(days=81 + 81):
        quiet.sweep()
        assert len(asked(quiet)) == 2
    words = [event["words"] for event in quiet.trace(1)["events"] if event["what"] == "question_answered"]
    assert words == ["The shopper said that it is still wanted."]


def test_a_no_by_text_ends_what_was_asked_about_and_nothing_else(quiet: Shop, twilio: Twilio) -> None:
    quiet.product("MUG")
    quiet.ask()
    twilio.text(ANN, "no")
    assert statuses(quiet) == ["waiting"], "nothing was asked yet"
    with later(days=81):
        quiet.ask("MUG")
        quiet.sweep()
        twilio.text(ANN, "No thanks")
        assert standing(quiet) == [("cancelled", "shopper"), ("waiting", None)]
        twilio.text(ANN, "YES")
        assert statuses(quiet) == ["cancelled", "waiting"]
        quiet.stock("MUG", 5)
        quiet.work()
        assert len(quiet.messages()) == 1, "it is no STOP"


def test_a_yes_on_the_page_does_the_same_and_looking_does_nothing(quiet: Shop) -> None:
    quiet.ask_by_email()
    with later(days=81):
        quiet.sweep()
        found = re.search(r"/s/yes/[\w.-]+", asked(quiet)[0])
        assert found is not None
        quiet.client.get(found[0])
    with later(days=82):
        before = quiet.requests()[0]["ends_at"]
        assert "Thank you" in quiet.client.post(found[0]).get_data(as_text=True)
        assert moment(quiet.requests()[0]["ends_at"]) - moment(before) > timedelta(days=80)


def test_a_stop_says_no_and_a_yes_after_it_brings_nothing_back(quiet: Shop, twilio: Twilio) -> None:
    quiet.ask()
    with later(days=81):
        quiet.sweep()
        twilio.text(ANN, "STOP")
        twilio.text(ANN, "YES")
        quiet.stock("TEE-M", 5)
        quiet.sweep()
        assert standing(quiet) == [("cancelled", "stop")]
        assert quiet.messages() == []


def test_who_has_said_stop_is_not_asked(quiet: Shop, twilio: Twilio) -> None:
    quiet.ask()
    twilio.text(ANN, "STOP")
    with later(days=81):
        quiet.sweep()
        assert asked(quiet) == []


def test_the_question_waits_for_the_end_of_quiet_hours_and_the_cap_does_not_count_it(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False, "frequency_cap": {"texts": 1, "hours": 168}})
    shop.product("TEE-M")
    with at("2030-01-10 12:00"):
        shop.ask()
    shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
    with at("2030-04-05 22:00"):
        shop.sweep()
        assert [(m["status"], m["reason"]) for m in shop.messages("renewal")] == [("held", "quiet_hours")]
    with at("2030-04-06 09:01"):
        shop.sweep()
        assert [message["status"] for message in shop.messages("renewal")] == ["delivered"]
        shop.stock("TEE-M", 5)
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["delivered"]


def test_a_question_that_waits_is_not_asked_any_more_once_the_product_is_back(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False, "quiet_hours": {"from": "20:00", "to": "09:00"}})
    shop.product("TEE-M")
    with at("2030-01-10 12:00"):
        shop.ask()
    with at("2030-04-05 22:00"):
        shop.sweep()
        shop.put("settings", {"quiet_hours": None})
        shop.stock("TEE-M", 5)
        shop.work()
        assert statuses(shop) == ["alerted"]
    with at("2030-04-06 09:01"):
        shop.sweep()
        assert [(m["status"], m["reason"]) for m in shop.messages("renewal")] == [("suppressed", "request_closed")]
    with at("2030-05-06 09:01"):
        shop.sweep()
        assert statuses(shop) == ["alerted"]


def test_a_shorter_time_asks_first_and_a_longer_one_asks_again_later(quiet: Shop, twilio: Twilio) -> None:
    quiet.ask()
    with later(days=40):
        quiet.put("settings", {"request_days": 30})
        quiet.sweep()
        assert (statuses(quiet), len(asked(quiet))) == (["waiting"], 1)
        quiet.put("settings", {"request_days": 200})
    with later(days=51):
        quiet.sweep()
        assert statuses(quiet) == ["waiting"]
    with later(days=191):
        quiet.sweep()
        assert (statuses(quiet), len(asked(quiet))) == (["waiting"], 2)
    with later(days=202):
        quiet.sweep()
        assert statuses(quiet) == ["expired"]


def test_a_store_can_keep_requests_for_ever(quiet: Shop) -> None:
    quiet.put("settings", {"request_days": None})
    quiet.ask()
    with later(days=3000):
        quiet.sweep()
        assert (statuses(quiet), asked(quiet)) == (["waiting"], [])
        assert quiet.requests()[0]["ends_at"] is None


def test_the_merchant_hears_before_people_age_out(quiet: Shop) -> None:
    browser = quiet.sign_in()
    quiet.ask()
    quiet.ask(phone=BOB)
    assert "people’s requests end" not in browser.get("/admin").get_data(as_text=True)
    with later(days=81):
        browser = quiet.sign_in("late@acme.example")
        assert "2 people’s requests end within 10 days" in browser.get("/admin").get_data(as_text=True)
        quiet.sweep()
        assert "2 people’s requests end within 10 days" in browser.get("/admin").get_data(as_text=True)
        page = browser.get("/admin/waitlist/requests/1").get_data(as_text=True)
        assert "Kept until" in page


# --- reminders -----------------------------------------------------------------------------------------------------


@pytest.fixture
def told(quiet: Shop) -> Shop:
    """A shop that reminds twice, a day apart, and a shopper who was told."""
    quiet.put("settings", {"reminders": 2})
    quiet.ask()
    quiet.stock("TEE-M", 5)
    quiet.work()
    assert statuses(quiet) == ["alerted"]
    return quiet


def test_who_was_told_and_did_not_buy_is_reminded_at_most_twice(told: Shop) -> None:
    with later(hours=23):
        told.sweep()
        assert reminders(told) == []
    for hours, count in ((25, 1), (26, 1), (49, 2), (73, 2), (500, 2)):
        with later(hours=hours):
            told.sweep()
            told.sweep()
            assert len(reminders(told)) == count, hours
    assert told.messages("reminder")[0]["body"].startswith("Acme: Tee is still in stock.")


def test_nobody_is_reminded_of_what_is_gone(told: Shop) -> None:
    told.stock("TEE-M", 0)
    with later(hours=25):
        told.sweep()
        assert reminders(told) == []
        told.stock("TEE-M", 5)
        told.sweep()
        assert reminders(told) == []
    events = told.trace(1)["events"]
    assert [event["reason"] for event in events if event.get("stage") == "reminder"] == ["sold_out_again"]


def test_a_reminder_is_decided_again_when_it_goes(told: Shop) -> None:
    with later(hours=25):
        with told.app.app_context():
            from nexnotify.workers.steps import run_lives

            run_lives()
        assert reminders(told) == ["queued"]
        told.stock("TEE-M", 0)
        told.work()
        assert [(m["status"], m["reason"]) for m in told.messages("reminder")] == [("suppressed", "sold_out_again")]


def test_who_has_bought_is_not_reminded(told: Shop) -> None:
    order(told)
    with later(hours=25):
        told.sweep()
        assert (statuses(told), reminders(told)) == (["bought"], [])


def test_who_has_bought_by_the_email_they_asked_with_as_well_is_not_reminded_by_text(quiet: Shop) -> None:
    quiet.put("settings", {"reminders": 1})
    both = {"phone": ANN, "email": "ann@mail.example", "channels": ["sms", "email"], "consent": True}
    quiet.widget({"sku": "TEE-M", **both})
    quiet.ask(phone=BOB)
    quiet.stock("TEE-M", 5)
    quiet.work()
    order(quiet, phone=None, email="ann@mail.example")
    with later(hours=25):
        quiet.sweep()
        assert [message["to"] for message in quiet.messages("reminder")] == [BOB]


def test_who_has_said_stop_is_not_reminded(told: Shop, twilio: Twilio) -> None:
    twilio.text(ANN, "STOP")
    with later(hours=25):
        told.sweep()
        assert reminders(told) == []


def test_reminders_count_for_the_cap_and_wait_for_it(told: Shop) -> None:
    told.put("settings", {"frequency_cap": {"texts": 1, "hours": 72}})
    with later(hours=25):
        told.sweep()
        assert [(m["status"], m["reason"]) for m in told.messages("reminder")] == [("held", "frequency_cap")]
    with later(hours=73):
        told.sweep()
        assert "delivered" in reminders(told)


def test_who_asked_anew_and_was_told_again_is_reminded_of_that_alone(told: Shop) -> None:
    told.put("settings", {"frequency_cap": None})
    with later(hours=30):
        told.sweep()
        assert len(reminders(told)) == 1
    with later(hours=31):
        told.stock("TEE-M", 0)
        told.ask()
        told.stock("TEE-M", 5)
        told.work()
        assert len(told.messages()) == 2
    with later(hours=50):
        told.sweep()
        assert len(reminders(told)) == 1, "that of the first telling is over"
    for hours, count in ((56, 2), (81, 3), (200, 3)):
        with later(hours=hours):
            told.sweep()
            assert len(reminders(told)) == count, hours


def test_nobody_is_reminded_of_last_months_alert_when_reminders_are_switched_on(quiet: Shop) -> None:
    quiet.ask()
    quiet.stock("TEE-M", 5)
    quiet.work()
    with later(days=30):
        quiet.put("settings", {"reminders": 1})
        quiet.sweep()
        assert reminders(quiet) == []


def test_by_default_nobody_is_reminded(quiet: Shop) -> None:
    quiet.ask()
    quiet.stock("TEE-M", 5)
    quiet.work()
    with later(hours=25):
        quiet.sweep()
        assert reminders(quiet) == []


# --- bought --------------------------------------------------------------------------------------------------------


def test_an_order_ends_what_its_person_waits_for_and_the_trace_says_so(quiet: Shop) -> None:
    quiet.product("HAT", title="Hat")
    quiet.ask()
    quiet.ask("HAT")
    quiet.ask(phone=BOB)
    order(quiet)
    assert standing(quiet) == [("bought", "bought"), ("waiting", None), ("waiting", None)]
    story = quiet.trace(1)
    assert story["events"][-1]["what"] == "bought"
    quiet.stock("TEE-M", 5)
    quiet.work()
    assert [message["to"] for message in quiet.messages()] == [BOB]


@pytest.mark.parametrize("status", ["cancelled", "returned"])
def test_an_order_that_was_called_off_ends_nothing(quiet: Shop, status: str) -> None:
    quiet.ask()
    order(quiet, status=status)
    assert statuses(quiet) == ["waiting"]


def test_an_order_that_is_called_off_later_does_not_bring_the_request_back(quiet: Shop) -> None:
    quiet.ask()
    order(quiet)
    order(quiet, status="cancelled")
    assert statuses(quiet) == ["bought"]


def test_history_that_was_bought_before_the_request_ends_nothing(quiet: Shop) -> None:
    quiet.ask()
    order(quiet, placed_at="2020-01-05T10:00:00Z")
    assert statuses(quiet) == ["waiting"]


def test_who_was_told_has_bought_within_the_window_and_not_after_it(quiet: Shop) -> None:
    quiet.ask()
    quiet.ask(phone=BOB)
    quiet.stock("TEE-M", 5)
    quiet.work()
    with later(days=9):
        order(quiet)
    with later(days=11):
        order(quiet, "1002", phone=BOB)
    assert statuses(quiet) == ["bought", "alerted"]


def test_the_customers_other_address_counts_as_theirs(quiet: Shop) -> None:
    quiet.put("customers", {"customers": [{"id": "c1", "email": "ann@mail.example", "phone": ANN}]})
    quiet.ask()
    order(quiet, phone=None, customer_id="c1")
    assert statuses(quiet) == ["bought"]


def test_an_alert_that_has_not_gone_does_not_go_to_who_has_bought(quiet: Shop) -> None:
    quiet.ask()
    quiet.stock("TEE-M", 5)
    quiet.plan()
    order(quiet)
    quiet.work()
    assert [(m["status"], m["reason"]) for m in quiet.messages()] == [("suppressed", "bought")]
    assert statuses(quiet) == ["bought"]


def test_another_stores_order_ends_nothing_here(quiet: Shop, other_shop: Shop) -> None:
    other_shop.product("TEE-M")
    quiet.ask()
    order(other_shop)
    assert statuses(quiet) == ["waiting"]


# --- what cannot be asked, and what is on its way ---------------------------------------------------------------------


def test_a_question_that_cannot_be_sent_ends_nothing_and_is_tried_again(quiet: Shop) -> None:
    quiet.ask()
    quiet.put("settings", {"switches": {"sold_out": {"sms": False}}})
    for days in (81, 92, 99):
        with later(days=days):
            quiet.sweep()
            assert (statuses(quiet), asked(quiet)) == (["waiting"], [])
    assert "could not be asked whether it is still wanted" in str(quiet.trace(1))
    quiet.put("settings", {"switches": {"sold_out": {"sms": True}}})
    with later(days=107):
        quiet.sweep()
        assert len(asked(quiet)) == 1
    with later(days=116):
        quiet.sweep()
        assert statuses(quiet) == ["waiting"], "there is time to answer"
    with later(days=118):
        quiet.sweep()
        assert standing(quiet) == [("expired", "not_renewed")]


def test_a_request_does_not_age_out_while_its_text_is_held(quiet: Shop) -> None:
    """Asked at noon; held from the midnight before its end on, until noon."""
    with at("2030-04-15 12:00"):
        quiet.ask()
        with later(days=81):
            quiet.sweep()
        with later(days=90, hours=12):
            quiet.put("settings", {"quiet_hours": {"from": "00:00", "to": "12:00"}})
            quiet.stock("TEE-M", 5)
            quiet.work()
            assert [message["status"] for message in quiet.messages()] == ["held"]
        with later(days=91, minutes=10):
            quiet.sweep()
        with later(days=91, hours=4):
            quiet.sweep()
            assert statuses(quiet) == ["alerted"]
            assert [message["status"] for message in quiet.messages()] == ["delivered"]


def test_who_asks_from_a_number_that_said_stop_waits_for_a_start_no_longer_than_requests_are_kept(
    quiet: Shop, twilio: Twilio
) -> None:
    quiet.ask()
    twilio.text(ANN, "STOP")
    quiet.ask()
    assert statuses(quiet) == ["cancelled", "pending"]
    with later(days=89):
        quiet.sweep()
        assert statuses(quiet) == ["cancelled", "pending"]
    with later(days=91):
        quiet.sweep()
        assert standing(quiet)[1] == ("expired", "not_renewed")
        twilio.text(ANN, "START")
        assert statuses(quiet) == ["cancelled", "expired"]


# --- idle numbers --------------------------------------------------------------------------------------------------


@pytest.fixture
def cautious(quiet: Shop) -> Shop:
    """A shop that keeps requests for ever, and has numbers confirm again after a year of silence."""
    quiet.put("settings", {"request_days": None, "reconfirm_months": 12})
    quiet.ask()
    return quiet


def test_a_number_idle_for_long_is_asked_before_it_is_told_anything(cautious: Shop, twilio: Twilio) -> None:
    with later(days=361):
        cautious.sweep()
        cautious.sweep()
        assert statuses(cautious) == ["pending"]
        assert len(cautious.messages("double_opt_in")) == 1
        cautious.stock("TEE-M", 5)
        cautious.work()
        assert cautious.messages() == []
        twilio.text(ANN, "YES")
        cautious.work()
        assert (statuses(cautious), len(cautious.messages())) == (["alerted"], 1)


def test_an_idle_number_whose_text_is_held_is_asked_first_and_told_after_its_yes(quiet: Shop, twilio: Twilio) -> None:
    quiet.put("settings", {"request_days": None, "frequency_cap": None})
    with at("2030-01-10 12:00"):
        quiet.ask()
    with at("2031-03-05 05:00"):
        quiet.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
        quiet.stock("TEE-M", 5)
        quiet.work()
        quiet.put("settings", {"reconfirm_months": 12})
        quiet.sweep()
    with at("2031-03-05 09:30"):
        quiet.sweep()
        assert [(m["status"], m["reason"]) for m in quiet.messages()] == [("held", "not_confirmed")]
        twilio.text(ANN, "YES")
        quiet.sweep()
        assert [message["status"] for message in quiet.messages()] == ["accepted"]
        assert statuses(quiet) == ["alerted"]


def test_an_idle_number_that_says_nothing_gets_no_text_that_was_held(quiet: Shop) -> None:
    quiet.put("settings", {"request_days": None})
    with at("2030-01-10 12:00"):
        quiet.ask()
    with at("2031-03-05 05:00"):
        quiet.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
        quiet.stock("TEE-M", 5)
        quiet.work()
        quiet.put("settings", {"reconfirm_months": 12})
        quiet.sweep()
    with at("2031-03-12 12:00"):
        quiet.sweep()
        quiet.sweep()
        assert standing(quiet) == [("expired", "unconfirmed")]
        assert [(m["status"], m["reason"]) for m in quiet.messages()] == [("suppressed", "request_closed")]


def test_an_idle_number_that_does_not_answer_is_not_told(cautious: Shop) -> None:
    with later(days=361):
        cautious.sweep()
    with later(days=365):
        cautious.sweep()
        assert standing(cautious) == [("expired", "unconfirmed")]


@pytest.mark.parametrize("sign", ["delivered", "wrote", "asked"])
def test_a_number_that_was_heard_of_is_not_asked(cautious: Shop, twilio: Twilio, sign: str) -> None:
    with later(days=200):
        if sign == "wrote":
            twilio.text(ANN, "When will it come?")
        else:
            cautious.product("HAT")
            cautious.put("settings", {"confirmations": sign == "delivered"})
            cautious.ask("HAT", phone=ANN)
            cautious.work()
    with later(days=361):
        cautious.sweep()
        assert statuses(cautious)[0] == "waiting"
    with later(days=200 + 361):
        cautious.sweep()
        assert statuses(cautious)[0] == "pending"


def test_email_and_stores_without_the_setting_are_left_alone(quiet: Shop) -> None:
    quiet.put("settings", {"request_days": None})
    quiet.ask()
    quiet.ask_by_email()
    with later(days=1000):
        quiet.sweep()
        quiet.put("settings", {"reconfirm_months": 12})
        quiet.sweep()
        assert statuses(quiet) == ["pending", "waiting"]


def test_idle_numbers_that_cannot_be_asked_are_in_nobodys_way(
    cautious: Shop, twilio: Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexnotify.ledger.asking.aging.to_reconfirm", partial(to_reconfirm, most=1))
    cautious.put("settings", {"switches": {"sold_out": {"sms": False}}})
    with later(days=1):
        cautious.product("HAT", unavailable_as="backordered")
        cautious.ask("HAT", phone="+12015550124")
    with later(days=363):
        cautious.sweep()
        assert statuses(cautious) == ["waiting", "pending"]
        cautious.put("settings", {"switches": {"sold_out": {"sms": True}}})
    with later(days=371):
        cautious.sweep()
        assert statuses(cautious)[0] == "pending", "tried again a week later"

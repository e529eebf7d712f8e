"""A correction reaches those whom a recalled restock had told: each once, by the way they were told, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.campaigns.corrections import correct
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.planner import plan_some
from nexnotify.campaigns.service import stop
from nexnotify.clock import utcnow
from nexnotify.credits.service import balance
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_or_make_contact
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Message
from nexnotify.ledger.suppression import stop as say_stop
from nexnotify.receipts.erasing import erase_shopper
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_campaigns
from tests.credits import with_credits
from tests.shop import Shop
from tests.stages.test_claims import inside, together
from tests.stages.test_waves import people, per_unit, steer, the_event, told
from tests.times import at, later

WORDS = {"sms": "[[store]]: sorry, [[product]] is not back, [[firstname]]. Reply STOP to end."}
TITLED = {"subject": "A mistake about [[product]]", "body": "Hello [[firstname]], it is not back."}


def recalled(shop: Shop) -> int:
    """The last restock, recalled; its id."""
    assert steer(shop, steering.recall, utcnow())
    shop.plan()
    return the_event(shop).id


def corrected(shop: Shop, restock: int | None = None, status: int = 200, **words: Any) -> Any:
    return shop.post(f"restocks/{restock or the_event(shop).id}/correction", words or WORDS, status)


def corrections(shop: Shop) -> list[dict[str, Any]]:
    return shop.messages("correction")


def says_stop(shop: Shop, phone: str) -> None:
    with inside(shop.app), transaction():
        contact = find_or_make_contact(db.session.get_one(Store, shop.store_id), "sms", phone, utcnow())
        say_stop(contact, Proof("sms"), utcnow())


def status_of(shop: Shop, phone: str) -> str:
    [found] = [request["status"] for request in shop.requests() if request["to"] == phone]
    return str(found)


sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@sqlite
def test_exactly_those_who_were_told_get_it_and_wait_again_at_their_place(shop: Shop) -> None:
    everybody = people(shop, 6, waves=per_unit(1), send_undo_seconds=0)
    shop.stock("TEE-M", 3)
    shop.work()
    assert told(shop) == everybody[:3]
    number = recalled(shop)
    shop.stock("TEE-M", 0)
    assert [status_of(shop, to) for to in everybody] == ["alerted"] * 3 + ["waiting"] * 3
    corrected(shop, number)
    shop.work()
    assert sorted(message["to"] for message in corrections(shop)) == everybody[:3]
    assert {message["status"] for message in corrections(shop)} == {"delivered"}
    assert corrections(shop)[0]["body"] == "Acme: sorry, Tee is not back, there. Reply STOP to end."
    assert {request["status"] for request in shop.requests()} == {"waiting"}
    shop.stock("TEE-M", 2)
    shop.work()
    assert told(shop)[3:] == everybody[:2], "who was told by mistake is told first when it is really there"


@sqlite
def test_each_hears_on_the_channel_on_which_they_were_told(shop: Shop) -> None:
    shop.put("settings", {"send_undo_seconds": 0})
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.ask_by_email("TEE-M")
    shop.stock("TEE-M", 3)
    shop.work()
    recalled(shop)
    answer = shop.post(f"restocks/{the_event(shop).id}/correction", WORDS, 422)
    assert set(answer["error"]["fields"]) == {"email.body", "email.subject"}, "words for each channel they were told on"
    corrected(shop, email=TITLED, **WORDS)
    shop.work()
    found = {message["to"]: (message["subject"], message["body"]) for message in corrections(shop)}
    assert found["+12015550123"] == (None, "Acme: sorry, Tee is not back, Ann. Reply STOP to end.")
    assert found["ann@mail.example"] == ("A mistake about Tee", "Hello there, it is not back.")
    assert len(corrections(shop)) == 2


@sqlite
def test_who_is_erased_before_it_goes_gets_none_and_the_answer_says_so(shop: Shop) -> None:
    people(shop, 2, send_undo_seconds=600)
    shop.stock("TEE-M", 3)
    shop.work()
    number = recalled(shop)
    corrected(shop, number)
    with inside(shop.app), transaction():
        erase_shopper(db.session.scalars(sa.select(Contact).order_by(Contact.id).with_for_update()).first(), utcnow())
    with later(minutes=11):
        shop.work()
        assert len(corrections(shop)) == 1
        assert corrected(shop, number)["left_out"] == {"erased": 1}
        told = [event["words"] for event in shop.trace(1)["events"]]
    assert "No correction was sent. The person was erased." in told


@sqlite
def test_confirmed_again_it_is_the_same_correction_and_with_other_words_none(shop: Shop) -> None:
    people(shop, 2)
    shop.stock("TEE-M", 3)
    shop.work()
    recalled(shop)
    first = corrected(shop)
    assert corrected(shop)["id"] == first["id"]
    assert "corrected once" in corrected(shop, status=409, sms="Something else")["error"]["message"]
    with later(minutes=1):
        shop.work()
        assert corrected(shop)["id"] == first["id"]
        shop.work()
    assert len(corrections(shop)) == 2


@sqlite
@pytest.mark.parametrize("state", ["told", "nobody"])
def test_there_is_nothing_to_correct_before_a_recall_or_where_nobody_was_told(shop: Shop, state: str) -> None:
    people(shop, 1, approval=state == "nobody")
    shop.stock("TEE-M", 3)
    shop.work()
    if state == "nobody":
        with inside(shop.app), transaction():
            event = db.session.get_one(RestockEvent, the_event(shop).id)
            assert steering.cancel(event, utcnow())
    corrected(shop, status=409)
    assert corrections(shop) == []


@sqlite
def test_a_stop_ends_it_and_quiet_hours_hold_it_and_the_cap_neither_stops_nor_counts_it(shop: Shop) -> None:
    with at("2026-01-05 10:00"):
        everybody = people(shop, 3, frequency_cap={"texts": 1, "hours": 100}, send_undo_seconds=0)
        shop.stock("TEE-M", 3)
        shop.work()
        assert told(shop) == everybody
        recalled(shop)
        says_stop(shop, everybody[0])
    shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
    with at("2026-01-05 21:00"):
        assert corrected(shop)["left_out"] == {"opted_out": 1}
        shop.work()
        assert [(m["to"], m["status"], m["reason"]) for m in corrections(shop)] == [
            (to, "held", "quiet_hours") for to in everybody[1:]
        ]
        says_stop(shop, everybody[1])
    with at("2026-01-06 10:00"):
        shop.work()
    assert [(m["to"], m["status"]) for m in corrections(shop)] == [
        (everybody[1], "suppressed"),
        (everybody[2], "delivered"),
    ]


@sqlite
def test_what_turns_out_never_to_have_come_is_not_corrected(shop: Shop) -> None:
    """Between the text and its correction the carrier says that the first did not arrive."""
    people(shop, 1, send_undo_seconds=0)
    shop.stock("TEE-M", 3)
    shop.work()
    recalled(shop)
    corrected(shop)
    with inside(shop.app), transaction():
        run = db.session.scalars(sa.select(Message).where(Message.kind == "back_in_stock")).one()
        run.status = "undelivered"
    with inside(shop.app):
        run_campaigns()
        [send] = db.session.scalars(sa.select(Send))
        assert (send.recipients, send.state) == (0, "done")
    assert corrections(shop) == []


@sqlite
def test_whom_a_later_restock_has_told_since_hears_nothing_of_the_mistake(shop: Shop) -> None:
    people(shop, 1, keep_place_minutes=60, send_undo_seconds=0)
    shop.stock("TEE-M", 3)
    shop.work()
    number = recalled(shop)
    shop.stock("TEE-M", 0)
    shop.work()
    shop.stock("TEE-M", 2)
    shop.work()
    assert len(told(shop)) == 2
    corrected(shop, number)
    shop.work()
    assert corrections(shop) == []
    [request] = shop.requests()
    assert request["status"] == "alerted", "the second time it was true"
    assert corrected(shop, number)["left_out"] == {"told_anew": 1}


@sqlite
def test_who_has_asked_anew_and_was_told_since_hears_nothing_of_the_mistake_either(shop: Shop) -> None:
    [ann] = people(shop, 1, send_undo_seconds=0)
    shop.stock("TEE-M", 3)
    shop.work()
    number = recalled(shop)
    shop.stock("TEE-M", 0)
    shop.work()
    shop.ask("TEE-M", ann)
    shop.stock("TEE-M", 2)
    shop.work()
    assert told(shop) == [ann, ann]
    corrected(shop, number)
    shop.work()
    assert corrections(shop) == []
    assert [request["status"] for request in shop.requests()] == ["alerted", "alerted"], (
        "nobody waits twice for one tee"
    )
    assert corrected(shop, number)["left_out"] == {"told_anew": 1}


@sqlite
def test_who_was_told_since_that_something_else_is_back_is_told_of_the_mistake(shop: Shop) -> None:
    [ann] = people(shop, 1, send_undo_seconds=0)
    shop.product("HAT")
    shop.ask("HAT", ann)
    shop.stock("TEE-M", 3)
    shop.work()
    number = recalled(shop)
    shop.stock("TEE-M", 0)
    shop.stock("HAT", 2)
    shop.work()
    corrected(shop, number)
    shop.work()
    assert [message["to"] for message in corrections(shop)] == [ann]


@sqlite
def test_it_costs_credits_and_its_trace_says_what_happened(shop: Shop) -> None:
    people(shop, 1, send_undo_seconds=0)
    with_credits(shop, 100)
    shop.stock("TEE-M", 3)
    shop.work()
    recalled(shop)
    with inside(shop.app):
        before = balance(shop.store_id)
    looked = corrected(shop, preview=True, **WORDS)
    assert (looked["people"], looked["segments"], looked["credits"], looked["id"]) == (1, 1, 12, 0)
    corrected(shop)
    shop.work()
    with inside(shop.app):
        assert balance(shop.store_id) == before - 12
    [request] = shop.requests()
    story = shop.trace(request["id"])
    lines = {event["what"] for event in story["events"]}
    assert {"place_back", "corrected_send"} <= lines
    assert any(event.get("kind") == "correction" and event["what"] == "message_delivered" for event in story["events"])
    assert story["summary"] == "The shopper had been told by mistake. They wait on, at the place they had."


@sqlite
def test_stopped_on_its_way_it_may_be_followed_by_another_for_those_it_had_not_reached(shop: Shop) -> None:
    everybody = people(shop, 3, send_undo_seconds=0)
    shop.stock("TEE-M", 3)
    shop.work()
    number = recalled(shop)
    corrected(shop, number)
    shop.plan()
    with inside(shop.app), transaction():
        first = db.session.scalars(sa.select(Message).where(Message.kind == "correction").order_by(Message.id)).first()
        assert first is not None
        first.status = "delivered"
        assert stop(db.session.scalars(sa.select(Send)).one(), None, utcnow())
    corrected(shop, number, 409, sms="Another word")
    shop.plan()
    corrected(shop, number, sms="Another word")
    shop.work()
    gone = [message["to"] for message in corrections(shop) if message["status"] == "delivered"]
    assert sorted(gone) == everybody, "each of them once"


@sqlite
def test_a_worker_killed_while_it_is_planned_leaves_nobody_out_and_tells_nobody_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = people(shop, 5, send_undo_seconds=0)
    shop.stock("TEE-M", 9)
    shop.work()
    recalled(shop)
    corrected(shop)
    monkeypatch.setattr("nexnotify.campaigns.planner.CHUNK", 2)
    killed = iter([None, None, KeyboardInterrupt])

    def plan_or_die(send: Send, now: Any) -> None:
        plan_some(send, now)
        if next(killed, None) is not None:
            raise KeyboardInterrupt

    monkeypatch.setattr("nexnotify.campaigns.work.plan_some", plan_or_die)
    with inside(shop.app), pytest.raises(KeyboardInterrupt):
        run_campaigns()
    shop.work()
    assert sorted(message["to"] for message in corrections(shop)) == everybody


def test_two_who_confirm_at_the_same_moment_confirm_one(shop: Shop) -> None:
    everybody = people(shop, 2, send_undo_seconds=0)
    shop.stock("TEE-M", 9)
    shop.work()
    number = recalled(shop)
    found: list[int] = []
    words = {"sms": {"subject": None, "body": "Sorry"}}

    def press() -> None:
        with inside(shop.app), transaction():
            locked = sa.select(RestockEvent).where(RestockEvent.id == number).with_for_update(key_share=True)
            found.append(correct(db.session.scalars(locked).one(), words, None, utcnow())[0].id)

    together(press, press)
    assert len(found) == 2
    assert len(set(found)) == 1
    shop.work()
    assert sorted(message["to"] for message in corrections(shop)) == everybody

"""From an audience to texts: each person once, nobody lost, whatever interrupts it and whoever else works on it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.campaigns import freezing, planner, service, work
from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.campaigns.summary import summarise, twins
from nexnotify.clock import utcnow
from nexnotify.content.models import Template
from nexnotify.customers.models import ConsentEntry, Contact, Customer
from nexnotify.customers.people import name_key
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.gateways.contract import Unknown
from nexnotify.gateways.models import Lane
from nexnotify.ledger.models import Message
from nexnotify.receipts.erasing import erase_person
from nexnotify.stores.models import Store
from nexnotify.stores.service import address_hash
from nexnotify.stores.settings import merge_settings
from nexnotify.workers.steps import run_campaigns
from tests.credits import account, grant, with_credits
from tests.shop import Shop
from tests.stages.test_claims import claim_now, settle_now
from tests.times import at, later

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OPT_IN = "I would like to receive SMS messages"
WORDS = "Hello [[firstname]], we are back from holiday. Reply STOP to end."
ANN, BEN = "+12015550143", "+12015550144"


def crowd(shop: Shop, count: int) -> None:
    """So many customers who opted in; put there row by row, because telling them takes a while."""
    with shop.app.app_context():
        with transaction():
            now, store_id = utcnow(), shop.store_id
            phones = [f"+1202{5550000 + number:07}" for number in range(count)]
            contacts = [
                {
                    "store_id": store_id,
                    "channel": "sms",
                    "address": phone,
                    "address_hash": address_hash(store_id, "sms", phone),
                    "last4_hash": "",
                    "created_at": now,
                }
                for phone in phones
            ]
            ids = db.session.scalars(
                sa.insert(Contact).returning(Contact.id, sort_by_parameter_order=True), contacts
            ).all()
            shared: dict[str, Any] = {"store_id": store_id, "created_at": now, "updated_at": now, "sms_opt_in": True}
            names = {"name_key": name_key("Ann", None), "last_name_key": name_key(None, "Ann"), "first_name": "Ann"}
            customers = [{"external_id": f"c{i}", "sms_contact_id": i, **shared, **names} for i in ids]
            db.session.execute(sa.insert(Customer), customers)
            yes = {"store_id": store_id, "purpose": "marketing", "action": "granted", "method": "import", "at": now}
            db.session.execute(sa.insert(ConsentEntry), [{"contact_id": i, "evidence": {}, **yes} for i in ids])
        db.session.remove()


def customers(shop: Shop, *rows: dict[str, Any]) -> None:
    assert shop.put("customers", {"customers": list(rows)})["errors"] == []


def inside(shop: Shop, job: Callable[[Store], Any]) -> Any:
    """Do something in a transaction of the shop's store."""
    with shop.app.app_context():
        with transaction():
            found = job(db.session.get_one(Store, shop.store_id))
        db.session.remove()
    return found


def ids_of(store: Store, model: Any) -> list[int]:
    return list(db.session.scalars(sa.select(model.id).where(model.store_id == store.id).order_by(model.id)))


def send(shop: Shop, source: str = "customers", body: str = WORDS, **filter_: str) -> int:
    """A confirmed send to all of a list that match; nothing is held back."""

    def job(store: Store) -> int:
        merge_settings(store, {"send_undo_seconds": 0})
        draft = service.draft_to_all(store, source, filter_, None, utcnow())
        service.save_draft(draft, body, None, None, utcnow())
        assert service.confirm(draft, None, utcnow())
        return draft.id

    return int(inside(shop, job))


def worker(shop: Shop) -> None:
    with shop.app.app_context():
        run_campaigns()
        db.session.remove()


def told(shop: Shop) -> Counter[int]:
    """Contact → texts written to it."""
    return Counter(
        inside(
            shop, lambda store: list(db.session.scalars(sa.select(Message.contact_id).where(Message.kind == "bulk")))
        )
    )


def of(shop: Shop, send_id: int) -> Send:
    return inside(shop, lambda store: db.session.get_one(Send, send_id))  # type: ignore[no-any-return]


def reasons(shop: Shop, send_id: int) -> Counter[str]:
    statement = sa.select(SendRecipient.reason).where(
        SendRecipient.send_id == send_id, SendRecipient.reason.is_not(None)
    )
    return Counter(inside(shop, lambda store: list(db.session.scalars(statement))))


# --- nobody twice, nobody lost -----------------------------------------------------------------------------------------


def test_two_workers_at_once_text_everybody_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "CHUNK", 150)
    monkeypatch.setattr(planner, "CHUNK", 100)
    crowd(shop, 700)
    send(shop)
    threads = [threading.Thread(target=worker, args=(shop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    worker(shop)  # what the second left to the first when it ended
    assert len(told(shop)) == 700
    assert set(told(shop).values()) == {1}


@pytest.mark.parametrize("piece", [2, 5])
def test_killed_in_the_middle_and_run_again_it_texts_everybody_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Each piece is one transaction: whatever it wrote before it was killed is undone with its place."""
    monkeypatch.setattr(freezing, "CHUNK", 100)
    monkeypatch.setattr(planner, "CHUNK", 100)
    crowd(shop, 250)
    send_id, pieces = send(shop), 0

    class Killed(BaseException):
        pass

    flush = work._work_on

    def killed(*args: Any) -> None:
        nonlocal pieces
        flush(*args)
        pieces += 1
        if pieces == piece:
            raise Killed

    monkeypatch.setattr(work, "_work_on", killed)
    with pytest.raises(Killed):
        worker(shop)
    monkeypatch.setattr(work, "_work_on", flush)
    worker(shop)
    assert of(shop, send_id).recipients == 250
    assert len(told(shop)) == 250
    assert set(told(shop).values()) == {1}


def test_whoever_is_in_the_list_twice_gets_one_text(shop: Shop) -> None:
    customers(shop, {"id": "c1", "first_name": "Ann", "phone": "+12015550123", "fields": {OPT_IN: True}})
    orders = [{"id": f"{n}", "customer_id": "c1", "lines": []} for n in range(1001, 1004)]
    orders.append({"id": "1004", "phone": "+1 (201) 555-0123", "lines": []})
    assert (
        shop.post("orders", {"orders": [{**order, "status": "new", "notify": False} for order in orders]})["errors"]
        == []
    )
    send_id = send(shop, "orders")
    shop.work()
    assert [message["body"] for message in shop.messages("bulk")] == [WORDS.replace("[[firstname]]", "Ann")]
    done = of(shop, send_id)
    assert (done.selected, done.recipients) == (4, 1)


def test_who_comes_after_it_was_confirmed_is_not_meant(shop: Shop) -> None:
    crowd(shop, 3)
    send(shop)
    customers(shop, {"id": "late", "phone": BEN, "fields": {OPT_IN: True}})
    worker(shop)
    assert len(told(shop)) == 3


def test_confirmed_twice_it_is_sent_once(shop: Shop) -> None:
    crowd(shop, 3)
    send_id = send(shop)
    again = inside(shop, lambda store: service.confirm(db.session.get_one(Send, send_id), None, utcnow()))
    worker(shop)
    worker(shop)
    assert not again
    assert set(told(shop).values()) == {1}


def test_one_sends_trouble_does_not_keep_another_from_going(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(shop, 3)
    bad, _ = send(shop), send(shop, body="Other words. STOP to end.")
    plan = planner.plan_some

    def troubled(item: Send, now: Any) -> None:
        if item.id == bad:
            raise RuntimeError("no key decrypts it")
        plan(item, now)

    monkeypatch.setattr(work, "plan_some", troubled)
    worker(shop)
    assert sum(told(shop).values()) == 3
    monkeypatch.setattr(work, "plan_some", plan)
    worker(shop)  # it is not tried again at each of the sender's looks
    assert sum(told(shop).values()) == 3
    with later(minutes=2):
        worker(shop)
    assert sum(told(shop).values()) == 6


# --- who is left out, and when it is found out -----------------------------------------------------------------------------


def everyone(shop: Shop) -> None:
    """One of each kind of person."""
    customers(
        shop,
        {"id": "yes", "first_name": "Ann", "phone": "+12015550123", "fields": {OPT_IN: True}},
        {"id": "no", "phone": "+12015550124", "fields": {OPT_IN: False}},
        {"id": "never said", "phone": "+12015550125"},
        {"id": "no number", "email": "ann@mail.example", "fields": {OPT_IN: True}},
        {"id": "stopped", "phone": "+12015550126", "fields": {OPT_IN: True}},
        {"id": "dead number", "phone": "+12015550127", "fields": {OPT_IN: True}},
    )

    def job(store: Store) -> None:
        for last, column in (("6", Contact.opted_out_at), ("7", Contact.unreachable_at)):
            hash_ = address_hash(store.id, "sms", f"+1201555012{last}")
            db.session.execute(sa.update(Contact).where(Contact.address_hash == hash_).values({column: utcnow()}))

    inside(shop, job)


def test_the_count_beforehand_is_what_comes_of_it(shop: Shop) -> None:
    everyone(shop)

    def count(store: Store) -> Any:
        draft = service.draft_to_all(store, "customers", {}, None, utcnow())
        service.save_draft(draft, WORDS, None, None, utcnow())
        return summarise(store, draft, utcnow())

    expected = {"no_consent": 2, "no_number": 1, "opted_out": 1, "unreachable": 1}
    counted = inside(shop, count)
    assert (counted.rows, counted.people, counted.left, counted.segments) == (6, 1, expected, 1)
    send_id = send(shop)
    shop.work()
    assert len(shop.messages("bulk")) == 1
    assert reasons(shop, send_id) == expected


def test_quiet_hours_and_the_cap_are_counted_and_hold_it(shop: Shop) -> None:
    """On each shopper's own clock: at nine in the evening in New York it is six in Los Angeles."""
    with at("2030-01-15 20:45"):
        crowd(shop, 2)
        shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 24}})
        send(shop)
        shop.work()
    with at("2030-01-15 21:00"):
        inside(shop, lambda store: merge_settings(store, {"quiet_hours": {"from": "20:00", "to": "09:00"}}))
        customers(
            shop,
            {"id": "new", "phone": BEN, "fields": {OPT_IN: True}},
            {"id": "west", "phone": "+13105550144", "fields": {OPT_IN: True}},
        )

        def count(store: Store) -> Any:
            draft = service.draft_to_all(store, "customers", {}, None, utcnow())
            return summarise(store, draft, utcnow())

        counted = inside(shop, count)
        waiting = {reason: group.people for reason, group in counted.waiting.items()}
        assert (counted.going, waiting) == (1, {"frequency_cap": 2, "quiet_hours": 1})
        send(shop, body="Once more. STOP to end.")
        shop.work()
        held = [message["reason"] for message in shop.messages("bulk") if message["status"] == "held"]
        assert Counter(held) == waiting


def test_whoever_says_stop_between_the_writing_and_the_sending_gets_nothing(shop: Shop) -> None:
    crowd(shop, 1)
    send(shop)
    worker(shop)
    inside(shop, lambda store: db.session.execute(sa.update(Contact).values(opted_out_at=utcnow())))
    shop.send()
    assert [(message["status"], message["reason"]) for message in shop.messages("bulk")] == [
        ("suppressed", "opted_out")
    ]


def test_an_opt_in_taken_back_between_the_writing_and_the_sending_is_minded(shop: Shop) -> None:
    customers(shop, {"id": "c1", "phone": BEN, "fields": {OPT_IN: True}})
    send(shop)
    worker(shop)
    customers(shop, {"id": "c1", "fields": {OPT_IN: False}})
    shop.send()
    assert [(message["status"], message["reason"]) for message in shop.messages("bulk")] == [
        ("suppressed", "no_consent")
    ]


@pytest.mark.parametrize("frozen", [False, True])
def test_a_customer_who_is_erased_while_it_runs_is_left_out(shop: Shop, frozen: bool) -> None:
    crowd(shop, 2)
    send_id = send(shop)
    if frozen:
        inside(shop, lambda store: work.work_on_next(utcnow()))

    def erase(store: Store) -> None:
        customer = db.session.scalars(sa.select(Customer).order_by(Customer.id).limit(1).with_for_update()).one()
        erase_person(customer, utcnow())

    inside(shop, erase)
    shop.work()
    assert len(shop.messages("bulk")) == 1
    assert reasons(shop, send_id) == ({"erased": 1} if frozen else {})


def test_nor_is_the_address_that_came_with_the_order_of_somebody_erased(shop: Shop) -> None:
    """It is none of the customer's own, and was in the audience by the order alone."""
    customers(shop, {"id": "c1", "first_name": "Ann", "phone": "+12015550123"})
    customers(shop, {"id": "c2", "first_name": "Ben", "phone": BEN, "fields": {OPT_IN: True}})
    shop.post("orders", {"orders": [{"id": "1", "customer_id": "c1", "phone": BEN, "status": "new", "notify": False}]})
    send(shop, source="orders")
    inside(shop, lambda store: work.work_on_next(utcnow()))

    def erase(store: Store) -> None:
        ann = sa.select(Customer).where(Customer.external_id == "c1").with_for_update()
        erase_person(db.session.scalars(ann).one(), utcnow())

    inside(shop, erase)
    shop.work()
    assert shop.messages("bulk") == []


def test_a_text_that_has_no_value_for_somebody_leaves_them_out_and_nobody_else(shop: Shop) -> None:
    customers(
        shop,
        {"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": "+12015550123", "fields": {OPT_IN: True}},
        {"id": "c2", "first_name": "Ben", "phone": BEN, "fields": {OPT_IN: True}},
    )
    send(shop, body="[[firstname]] [[lastname|]] STOP")
    shop.work()
    assert {message["body"] for message in shop.messages("bulk")} == {"Ann Lee STOP", "Ben STOP"}


# --- taking back and stopping ----------------------------------------------------------------------------------------------


def test_taken_back_in_time_nobody_gets_anything(shop: Shop) -> None:
    crowd(shop, 3)
    send_id = send(shop)
    inside(shop, lambda store: db.session.execute(sa.update(Send).values(starts_at=utcnow() + timedelta(seconds=20))))
    worker(shop)
    assert of(shop, send_id).recipients == 3
    assert inside(shop, lambda store: service.take_back(db.session.get_one(Send, send_id), None, utcnow()))
    with later(minutes=1):
        shop.work()
    assert shop.messages("bulk") == []


def test_it_begins_when_its_time_has_come_and_can_then_be_taken_back_no_more(shop: Shop) -> None:
    crowd(shop, 3)
    send_id = send(shop)
    inside(shop, lambda store: db.session.execute(sa.update(Send).values(starts_at=utcnow() + timedelta(seconds=20))))
    worker(shop)
    assert not told(shop)
    with later(minutes=1):
        worker(shop)
        assert len(told(shop)) == 3
        assert not inside(shop, lambda store: service.take_back(db.session.get_one(Send, send_id), None, utcnow()))


def test_after_a_stop_nothing_more_goes_and_the_rest_is_cancelled(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHUNK", 2)
    crowd(shop, 5)
    send_id = send(shop)
    worker(shop)
    assert inside(shop, lambda store: service.stop(db.session.get_one(Send, send_id), None, utcnow()))
    shop.send()  # before any worker has cancelled a single text
    assert {message["status"] for message in shop.messages("bulk")} <= {"suppressed"}
    worker(shop)
    assert all(message["status"] in ("suppressed", "cancelled") for message in shop.messages("bulk"))
    assert len(shop.messages("bulk")) == 5


def test_while_it_is_paused_nothing_goes_and_after_that_everybody_gets_it_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "CHUNK", 2)
    crowd(shop, 5)
    send_id = send(shop)
    inside(shop, lambda store: work.work_on_next(utcnow()))  # frozen
    inside(shop, lambda store: work.work_on_next(utcnow()))  # the first two are written
    assert len(shop.messages("bulk")) == 2
    assert inside(shop, lambda store: service.pause(db.session.get_one(Send, send_id)))
    shop.work()
    assert [item["status"] for item in shop.messages("bulk")] == ["held"] * 2
    with later(minutes=30):
        shop.work()
        assert [item["status"] for item in shop.messages("bulk")] == ["held"] * 2
        assert inside(shop, lambda store: service.resume(db.session.get_one(Send, send_id), utcnow()))
        with later(seconds=2):
            shop.work()
            assert [item["status"] for item in shop.messages("bulk")] == ["delivered"] * 5
        assert set(told(shop).values()) == {1}


def test_a_paused_send_can_be_stopped_for_good(shop: Shop) -> None:
    crowd(shop, 3)
    send_id = send(shop)
    worker(shop)
    assert inside(shop, lambda store: service.pause(db.session.get_one(Send, send_id)))
    assert not inside(shop, lambda store: service.pause(db.session.get_one(Send, send_id)))
    assert inside(shop, lambda store: service.stop(db.session.get_one(Send, send_id), None, utcnow()))
    shop.work()
    assert {item["status"] for item in shop.messages("bulk")} <= {"suppressed", "cancelled"}


def test_when_nothing_waits_any_more_it_is_done(shop: Shop) -> None:
    crowd(shop, 3)
    send_id = send(shop)
    worker(shop)
    assert of(shop, send_id).state == "sending"
    shop.send()
    with later(minutes=1):
        worker(shop)
    assert of(shop, send_id).state == "done"


def test_an_outcome_that_nobody_finds_out_does_not_keep_a_send_open_for_ever(shop: Shop) -> None:
    crowd(shop, 2)
    send_id = send(shop)
    worker(shop)
    settle_now(shop, claim_now(shop), Unknown("broke off"))
    with later(days=1):
        worker(shop)  # the gateway may still say, and the text may have to go again
        assert of(shop, send_id).state == "sending"
    with later(days=4):
        worker(shop)
    assert of(shop, send_id).state == "done"


def test_a_send_that_waits_for_credits_is_worth_nothing_after_some_days(shop: Shop) -> None:
    crowd(shop, 2)
    with_credits(shop, 12)
    send_id = send(shop)
    shop.work()
    with later(days=40):
        grant(shop, 100)
        shop.work()
        assert {message["status"] for message in shop.messages("bulk")} == {"delivered", "expired"}
    with later(days=41):
        worker(shop)
    assert of(shop, send_id).state == "done"
    assert account(shop) == (100, 0)


# --- others beside it --------------------------------------------------------------------------------------------------------


def test_an_alert_comes_between_the_texts_of_a_long_send(shop: Shop) -> None:
    crowd(shop, 50)
    inside(shop, lambda store: db.session.execute(sa.update(Lane).values(rate=1)))
    shop.product("TEE-M")
    shop.ask("TEE-M", BEN)
    send(shop)
    worker(shop)
    shop.stock("TEE-M", 5)
    shop.plan()
    due = inside(
        shop,
        lambda store: dict(
            db.session.execute(sa.select(Message.kind, sa.func.max(Message.due_at)).group_by(Message.kind)).all()
        ),
    )
    assert due["bulk"] - due["back_in_stock"] > timedelta(seconds=40)


def test_the_same_words_to_the_same_people_are_noticed(shop: Shop) -> None:
    crowd(shop, 3)
    first = send(shop)  # its people may not be written down yet

    def draft(body: str) -> Callable[[Store], list[tuple[int, int]]]:
        def job(store: Store) -> list[tuple[int, int]]:
            item = service.draft_to_picked(store, "customers", ids_of(store, Customer)[:2], None, utcnow())
            service.save_draft(item, body, None, None, utcnow())
            return [(twin.send.id, twin.people) for twin in twins(store, item, utcnow())]

        return job

    assert inside(shop, draft(WORDS)) == [(first, 2)]
    assert inside(shop, draft("Other words")) == []
    with later(hours=2):
        assert inside(shop, draft(WORDS)) == [(first, 2)]  # it has not gone yet
    shop.work()
    with later(minutes=1):
        worker(shop)
        assert inside(shop, draft(WORDS)) == [(first, 2)]
    with later(hours=2):
        assert inside(shop, draft(WORDS)) == []


def test_a_selection_is_of_ones_own_store(shop: Shop, other_shop: Shop) -> None:
    crowd(other_shop, 2)
    theirs = inside(other_shop, lambda store: ids_of(store, Customer))
    with pytest.raises(Exception, match="Nobody is selected"):
        inside(shop, lambda store: service.draft_to_picked(store, "customers", theirs, None, utcnow()))


# --- to those who waited ------------------------------------------------------------------------------------------------


def came_back(shop: Shop) -> None:
    """Ben waited for what is back now, and nobody has told him: the store's own alert is off."""
    off = sa.update(Template).where(Template.kind == "back_in_stock").values(active=False)
    inside(shop, lambda store: db.session.execute(off))
    customers(shop, {"id": "b", "phone": BEN, "fields": {OPT_IN: True}})
    shop.product("TEE-M")
    shop.ask(phone=BEN)
    shop.stock("TEE-M", 3)
    shop.work()


def to_those_who_waited(shop: Shop, body: str) -> int:
    since = (utcnow() - timedelta(days=7)).isoformat()
    return send(shop, "waitlist", f"{body} STOP", activity="back_in_stock", since=since)


WORDS_OF_NEWS = ["First", "[[product]] is back"]


@ON_SQLITE
@pytest.mark.parametrize("words", WORDS_OF_NEWS)
def test_two_texts_to_those_who_waited_that_were_confirmed_together_reach_a_person_once(shop: Shop, words: str) -> None:
    came_back(shop)
    second = [to_those_who_waited(shop, body) for body in (words, "Second")][1]
    shop.work()
    assert [message["body"] for message in shop.messages("bulk")] == [f"{words.replace('[[product]]', 'Tee')} STOP"]
    assert reasons(shop, second) == {"told_already": 1}


@ON_SQLITE
@pytest.mark.parametrize("words", WORDS_OF_NEWS)
def test_whom_an_alert_is_about_to_tell_is_left_out_of_a_text_confirmed_before(shop: Shop, words: str) -> None:
    """The alert is written, and no gateway has it yet."""
    came_back(shop)
    first = to_those_who_waited(shop, words)
    inside(shop, lambda store: db.session.execute(sa.update(Send).values(starts_at=utcnow() + timedelta(seconds=20))))
    worker(shop)
    on = sa.update(Template).where(Template.kind == "back_in_stock").values(active=True)
    inside(shop, lambda store: db.session.execute(on))
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.plan()
    assert [message["status"] for message in shop.messages()] == ["queued"]
    with later(seconds=30):
        worker(shop)
    assert reasons(shop, first) == {"told_already": 1}


@ON_SQLITE
def test_a_text_that_names_what_came_back_tells_it_as_the_stores_own_alert_would(shop: Shop) -> None:
    """The alert, which was off, is on again and its restock told anew: Ben has been told."""
    came_back(shop)
    to_those_who_waited(shop, "[[product]] for [[price]]: [[url]]")
    shop.work()
    [text] = shop.messages("bulk")
    assert text["body"] == "Tee for 20.00 USD: https://acme.example/tee-m STOP"
    [request] = shop.requests()
    assert request["status"] == "alerted"
    on = sa.update(Template).where(Template.kind == "back_in_stock").values(active=True)
    inside(shop, lambda store: db.session.execute(on))
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert shop.messages("bulk") == [text]


@ON_SQLITE
def test_no_text_says_of_something_that_it_is_back_when_it_is_gone_again(shop: Shop) -> None:
    came_back(shop)
    to_those_who_waited(shop, "[[product]] is back")
    worker(shop)
    shop.stock("TEE-M", 0)
    shop.work()
    assert [(text["status"], text["reason"]) for text in shop.messages("bulk")] == [("suppressed", "sold_out_again")]
    assert [request["status"] for request in shop.requests()] == ["waiting"]


@ON_SQLITE
def test_what_waits_for_the_morning_does_not_go_when_an_alert_has_told_it_meanwhile(shop: Shop) -> None:
    came_back(shop)
    to_those_who_waited(shop, "[[product]] is back")
    worker(shop)
    hold = sa.update(Message).values(status="held", reason="quiet_hours", due_at=utcnow() + timedelta(hours=1))
    inside(shop, lambda store: db.session.execute(hold))
    on = sa.update(Template).where(Template.kind == "back_in_stock").values(active=True)
    inside(shop, lambda store: db.session.execute(on))
    shop.stock("TEE-M", 0)
    with later(minutes=1):
        shop.ask(phone=BEN)
        shop.stock("TEE-M", 5)
        shop.work()
    with later(hours=2):
        shop.work()
    told = [text["status"] for text in (*shop.messages(), *shop.messages("bulk"))]
    assert told.count("delivered") == 1


@ON_SQLITE
def test_those_whom_the_restocks_own_waves_still_come_to_are_left_to_them(shop: Shop) -> None:
    customers(shop, *({"id": who, "phone": who, "fields": {OPT_IN: True}} for who in (ANN, BEN)))
    shop.put("settings", {"waves": {"kind": "paced", "people": 1, "minutes": 10}, "confirmations": False})
    shop.product("TEE-M")
    for phone in (ANN, BEN):
        shop.ask(phone=phone)
    shop.stock("TEE-M", 3)
    shop.work()
    send_id = to_those_who_waited(shop, "[[product]] is back")
    shop.work()
    assert reasons(shop, send_id) == {"told_already": 1}
    with later(minutes=11):
        shop.work()
    assert Counter(text["to"] for text in shop.messages()) == {ANN: 1, BEN: 1}
    assert shop.messages("bulk") == []


@ON_SQLITE
@pytest.mark.parametrize("words", ["Frist", "[[product]] was back"])
def test_who_was_spared_a_text_that_was_stopped_gets_the_one_written_in_its_place(shop: Shop, words: str) -> None:
    came_back(shop)
    first = to_those_who_waited(shop, words)
    worker(shop)
    assert inside(shop, lambda store: service.stop(db.session.get_one(Send, first), None, utcnow()))
    worker(shop)
    to_those_who_waited(shop, "First of [[product]]")
    shop.work()
    assert [(message["body"], message["status"]) for message in shop.messages("bulk")] == [
        (f"{words.replace('[[product]]', 'Tee')} STOP", "cancelled"),
        ("First of Tee STOP", "delivered"),
    ]


@ON_SQLITE
@pytest.mark.parametrize("before", [True, False], ids=["confirmed before", "confirmed after"])
def test_whom_a_restock_drew_not_to_be_told_is_left_out_of_a_text_to_those_who_waited(shop: Shop, before: bool) -> None:
    came_back(shop)
    phones = [f"+120155502{number}" for number in range(40, 50)]
    customers(shop, *({"id": phone, "phone": phone, "fields": {OPT_IN: True}} for phone in phones))
    shop.stock("TEE-M", 0)
    for phone in phones:
        shop.ask(phone=phone)
    shop.stock("TEE-M", 3)
    shop.work()
    if before:
        to_those_who_waited(shop, "First")
        wait = sa.update(Send).values(starts_at=utcnow() + timedelta(seconds=20))
        inside(shop, lambda store: db.session.execute(wait))
        worker(shop)
    on = sa.update(Template).where(Template.kind == "back_in_stock").values(active=True)
    inside(shop, lambda store: db.session.execute(on))
    shop.put("settings", {"holdout": 50})
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert 0 < len(shop.messages()) < 11
    if not before:
        with pytest.raises(Invalid):  # nobody is left to whom it could go
            to_those_who_waited(shop, "First")
    with later(seconds=30):
        shop.work()
    assert shop.messages("bulk") == []
    assert len(shop.requests(status="waiting")) == 11 - len(shop.messages())

"""Journeys: who comes in, what a delay is good for, and that nobody is told twice."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.models import Customer
from nexnotify.db import db, transaction
from nexnotify.journeys.models import JourneyPerson
from nexnotify.journeys.planner import work_on_some
from nexnotify.receipts.erasing import erase_person
from nexnotify.workers.following import run_journeys
from nexnotify.workers.steps import run_restock
from tests.admin import Desk
from tests.credits import with_credits
from tests.shop import Shop
from tests.times import at, later

BACK, WAITS = "back_in_stock", "waiting_on_stock"
ANN, BEN = "+12015550123", "+12015550124"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk.of(shop)


def journey(desk: Desk, **typed: Any) -> int:
    """A journey made on the admin's pages, switched on."""
    fields = {"name": "Softly", "trigger": BACK, "unit": "minutes", "delay": 0, "sms_body": "J: [[product]]"}
    page = desk.post("/journeys/new", **fields | typed)
    [number] = set(re.findall(r"/admin/journeys/(\d+)/on", page))
    desk.post(f"/journeys/{number}/on")
    return int(number)


def own_alert_off(desk: Desk) -> None:
    """Switch the store's own alerts off, so that journeys speak in their place."""
    row = desk.raw("/journeys").split("Customer: back in stock")[1].split("</tr>")[0]
    for number in re.findall(r"/admin/templates/(\d+)", row):
        desk.post(f"/templates/{number}/switch", active="")


def journey_alone(shop: Shop, desk: Desk, **typed: Any) -> int:
    """A sold-out product, told of by a journey and not by the store's own alert."""
    shop.product("TEE-M")
    own_alert_off(desk)
    return journey(desk, **typed)


def back_after(shop: Shop, *people: str) -> None:
    """They ask, in this order, and three pieces come in."""
    for phone in people:
        shop.ask(phone=phone)
    shop.stock("TEE-M", 3)
    shop.work()


def texts(shop: Shop, to: str = ANN) -> list[str]:
    """What a shopper was texted, but for the confirmation."""
    found = shop.messages(None, to=to)
    return [item["body"] for item in found if item["kind"] != "confirmation" and item["status"] == "delivered"]


def standing(shop: Shop) -> list[tuple[str, str | None]]:
    """State and reason of everybody in a journey, as they came in."""
    with shop.app.app_context():
        rows = db.session.execute(sa.select(JourneyPerson.state, JourneyPerson.reason).order_by(JourneyPerson.id)).all()
        db.session.remove()
    return [(state, reason) for state, reason in rows]


def test_a_journey_tells_in_the_place_of_the_stores_own_alert_once(shop: Shop, desk: Desk) -> None:
    journey_alone(shop, desk, delay=30)
    journey(desk, name="Second", delay=31, sms_body="Again")
    shop.ask()
    shop.work()
    shop.stock("TEE-M", 3)
    shop.work()
    assert texts(shop) == []
    with later(minutes=32):
        for _ in range(3):
            shop.work()
        assert texts(shop) == ["J: Tee"]
        assert shop.requests()[0]["status"] == "alerted"
        assert standing(shop) == [("sent", None), ("left", "told_by_another")]
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 5)
        shop.work()
        assert texts(shop) == ["J: Tee"]


@ON_SQLITE
def test_who_is_drawn_not_to_be_told_of_a_restock_hears_of_it_by_no_journey(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"holdout": 50})
    shop.product("TEE-M")
    own_alert_off(desk)
    journey(desk)
    phones = [f"+120155501{number}" for number in range(40, 50)]
    for phone in phones:
        shop.ask(phone=phone)
    shop.stock("TEE-M", 30)
    for _ in range(3):
        shop.work()
    told = [phone for phone in phones if texts(shop, phone)]
    assert 0 < len(told) < 10
    assert standing(shop).count(("left", "holdout")) == 10 - len(told)
    assert len(shop.requests(status="waiting")) == 10 - len(told)


@ON_SQLITE
def test_whom_the_stores_own_alert_told_is_not_told_again_by_a_journey(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    journey(desk)
    back_after(shop, ANN)
    assert len(texts(shop)) == 1
    assert texts(shop) != ["J: Tee"]
    assert standing(shop) == [("left", "told_by_another")]


def dies_at_work(number: int) -> None:
    with transaction():
        assert work_on_some(number, utcnow()) == 2
        raise KeyboardInterrupt


def test_a_worker_that_dies_and_a_second_one_let_nobody_in_or_out_twice(shop: Shop, desk: Desk) -> None:
    """The piece is rolled back after its messages were written: as a kill -9 between two commits leaves it."""
    number = journey_alone(shop, desk)
    for phone in (ANN, BEN):
        shop.ask(phone=phone)
    shop.stock("TEE-M", 3)
    with shop.app.app_context():
        run_restock()
        run_restock()
        with pytest.raises(KeyboardInterrupt):
            dies_at_work(number)
        db.session.remove()
    assert standing(shop) == [("inside", None)] * 2
    shop.work()
    shop.work()
    assert texts(shop, ANN) == texts(shop, BEN) == ["J: Tee"]


@ON_SQLITE
def test_in_quiet_hours_people_wait_in_the_journey_and_get_the_words_of_the_morning(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
    shop.product("TEE-M")
    own_alert_off(desk)
    with at("2030-01-15 21:00"):
        desk = Desk.of(shop, "admin")
        number = journey(desk, sms_body="Evening")
        shop.ask()
        shop.stock("TEE-M", 3)
        shop.work()
        assert standing(shop) == [("inside", "quiet_hours")]
        desk.post(f"/journeys/{number}/edit", name="N", trigger=BACK, unit="minutes", delay=0, sms_body="Morning")
    with at("2030-01-16 09:01"):
        shop.work()
        assert texts(shop) == ["Morning"]


@ON_SQLITE
def test_below_the_stores_minimum_people_wait_in_the_journey_until_it_is_reached(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"threshold": 5})
    journey_alone(shop, desk)
    shop.ask()
    shop.stock("TEE-M", 1)
    shop.work()
    assert standing(shop) == [("inside", "below_minimum")]
    shop.stock("TEE-M", 5)
    with later(minutes=11):
        shop.work()
        assert texts(shop) == ["J: Tee"]


@ON_SQLITE
def test_nobody_is_told_by_a_journey_of_what_is_gone_again(shop: Shop, desk: Desk) -> None:
    journey_alone(shop, desk, delay=30)
    back_after(shop, ANN)
    shop.stock("TEE-M", 0)
    with later(minutes=31):
        shop.work()
        assert texts(shop) == []
        assert standing(shop) == [("left", "sold_out_again")]
        assert shop.requests()[0]["status"] == "waiting"
        shop.stock("TEE-M", 3)
        shop.work()
    with later(minutes=62):
        shop.work()
        assert texts(shop) == ["J: Tee"]


@ON_SQLITE
def test_a_journey_follows_the_restocks_own_waves_and_breaks_none_of_them(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"waves": {"kind": "paced", "people": 1, "minutes": 10}})
    shop.product("TEE-M")
    journey(desk)
    back_after(shop, ANN, BEN)
    assert standing(shop) == [("inside", "restock_pending")] * 2
    for minutes in (11, 22):
        with later(minutes=minutes):
            shop.work()
    assert len(texts(shop, ANN)) == len(texts(shop, BEN)) == 1
    with later(minutes=30):
        shop.work()
        assert standing(shop) == [("left", "told_by_another")] * 2


@ON_SQLITE
def test_switched_off_a_journey_takes_back_what_the_gateway_does_not_have(shop: Shop, desk: Desk) -> None:
    number = journey_alone(shop, desk)
    shop.ask()
    shop.stock("TEE-M", 3)
    shop.plan()
    assert [item["status"] for item in shop.messages()] == ["queued"]
    desk.post(f"/journeys/{number}/off")
    shop.work()
    assert [item["status"] for item in shop.messages()] == ["cancelled"]
    assert shop.requests()[0]["status"] == "waiting"


@ON_SQLITE
def test_who_has_left_while_waiting_in_a_journey_is_not_written_to(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    journey(desk, trigger=WAITS, delay=30, sms_body="Still with us?")
    shop.ask()
    shop.ask(phone=BEN)
    shop.work()
    desk.post(f"/waitlist/requests/{shop.requests()[1]['id']}/cancel")
    with later(minutes=31):
        shop.work()
        assert texts(shop) == ["Still with us?"]
        assert texts(shop, BEN) == []
        assert standing(shop) == [("sent", None), ("left", "request_closed")]


@ON_SQLITE
def test_of_what_is_over_at_the_moment_of_sending_nothing_is_said(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    number = journey(desk, trigger=WAITS, sms_body="You wait")
    shop.ask()
    shop.ask(phone=BEN)
    with shop.app.app_context():
        run_journeys()
        db.session.remove()
    assert len(shop.messages("journey")) == 2
    desk.post(f"/journeys/{number}/off")
    shop.work()
    assert [item["status"] for item in shop.messages("journey")] == ["cancelled"] * 2


@ON_SQLITE
def test_what_occurred_before_it_was_switched_on_brings_nobody_in(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    own_alert_off(desk)
    back_after(shop, ANN)
    with later(seconds=5):
        journey(desk)
        journey(desk, trigger=WAITS)
        shop.work()
        assert standing(shop) == []


@ON_SQLITE
def test_who_waits_for_any_variant_comes_in_with_the_one_that_came_back(shop: Shop, desk: Desk) -> None:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "ML"]
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": variants}]})
    for size in "ML":
        shop.stock(f"TEE-{size}", 0)
    own_alert_off(desk)
    journey(desk, sms_body="[[product]] [[variant]]")
    shop.ask("TEE-M", any_variant=True)
    shop.stock("TEE-L", 2)
    shop.work()
    assert texts(shop) == ["Tee L"]


@ON_SQLITE
def test_a_requests_story_tells_what_journeys_did(shop: Shop, desk: Desk) -> None:
    journey_alone(shop, desk)
    back_after(shop, ANN)
    whats = [event["what"] for event in shop.trace(shop.requests()[0]["id"])["events"]]
    for what in ("back_in_stock", "journey_entered", "journey_sent", "message_delivered"):
        assert what in whats


@ON_SQLITE
def test_a_restocks_plan_tells_whom_a_journey_told(shop: Shop, desk: Desk) -> None:
    journey_alone(shop, desk)
    back_after(shop, ANN)
    number = shop.get("restocks")["restocks"][0]["id"]
    plan = shop.get(f"restocks/{number}/plan")
    assert ("journey", "send", 1) in {(row["stage"], row["verdict"], row["people"]) for row in plan["decisions"]}
    assert plan["messages"] == {"delivered": 1}
    assert "In a journey" in desk.page(f"/restocks/{number}")


@ON_SQLITE
def test_support_can_say_that_the_message_follows_while_somebody_waits_in_a_journey(shop: Shop, desk: Desk) -> None:
    journey_alone(shop, desk, delay=30)
    back_after(shop, ANN)
    assert shop.trace(shop.requests()[0]["id"])["summary"] == "The product is back; the message will follow."
    shop.ask("TEE-M", BEN, status=409)
    shop.product("HAT", title="Hat")
    journey(desk, trigger=WAITS, sms_body="You wait")
    with later(seconds=1):
        shop.ask("HAT", BEN)
        shop.work()
        waits = shop.requests()[1]["id"]
        assert shop.trace(waits)["summary"] == "Waits: the product has not come back since."


@ON_SQLITE
def test_another_stores_journeys_bring_nobody_in(shop: Shop, desk: Desk, other_shop: Shop) -> None:
    shop.product("TEE-M")
    other_shop.product("TEE-M")
    own_alert_off(desk)
    journey(desk)
    other_shop.ask()
    other_shop.stock("TEE-M", 3)
    other_shop.work()
    assert standing(shop) == []


@ON_SQLITE
def test_a_journey_tells_no_more_people_of_a_restock_than_staff_allow(shop: Shop, desk: Desk) -> None:
    """Whether the store's own alert has told them, or the journey does."""
    shop.put("settings", {"waves": {"kind": "paced", "people": 1, "minutes": 10}})
    shop.product("TEE-M")
    journey(desk)
    back_after(shop, ANN, BEN)
    desk.post(f"/restocks/{shop.get('restocks')['restocks'][0]['id']}/cap", most=1)
    with later(minutes=30):
        for _ in range(3):
            shop.work()
        assert [len(texts(shop, to)) for to in (ANN, BEN)] == [1, 0]
        assert standing(shop) == [("left", "told_by_another"), ("left", "cap_reached")]


@ON_SQLITE
def test_of_those_in_a_journey_who_waited_longest_are_told_when_only_some_may_be(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"approval": True})
    journey_alone(shop, desk)
    back_after(shop, ANN, BEN)
    number = shop.get("restocks")["restocks"][0]["id"]
    desk.post(f"/restocks/{number}/cap", most=1)
    desk.post(f"/restocks/{number}/now")
    with later(minutes=6):
        shop.work()
        assert [len(texts(shop, to)) for to in (ANN, BEN)] == [1, 0]
        assert standing(shop) == [("sent", None), ("left", "cap_reached")]


@ON_SQLITE
def test_when_stock_falls_below_what_is_needed_people_wait_on_in_the_journey(shop: Shop, desk: Desk) -> None:
    """Too few for the store's minimum, or for one of them: until there are more, though stock was never at 0 again."""
    shop.put("settings", {"threshold": 3})
    journey_alone(shop, desk, delay=30)
    shop.ask()
    shop.ask(phone=BEN, quantity=9)
    shop.stock("TEE-M", 5)
    shop.work()
    shop.stock("TEE-M", 2)
    with later(minutes=31):
        shop.work()
        assert standing(shop) == [("inside", "below_minimum")] * 2
    shop.stock("TEE-M", 4)
    with later(minutes=42):
        shop.work()
        assert (texts(shop), texts(shop, BEN)) == (["J: Tee"], [])
        assert standing(shop) == [("sent", None), ("inside", "too_few")]
    shop.stock("TEE-M", 9)
    with later(minutes=53):
        shop.work()
        assert (texts(shop), texts(shop, BEN)) == (["J: Tee"], ["J: Tee"])


@ON_SQLITE
def test_switched_off_a_journey_takes_back_what_has_waited_for_days(shop: Shop, desk: Desk) -> None:
    number = journey_alone(shop, desk)
    shop.ask()
    shop.work()
    with_credits(shop, 0)
    shop.stock("TEE-M", 3)
    shop.work()
    assert [(item["status"], item["reason"]) for item in shop.messages("back_in_stock")] == [("held", "no_credit")]
    with later(days=5):
        Desk.of(shop, "admin").post(f"/journeys/{number}/off")
        assert [item["status"] for item in shop.messages("back_in_stock")] == ["cancelled"]


@ON_SQLITE
def test_who_is_erased_while_waiting_in_a_journey_is_not_written_to(shop: Shop, desk: Desk) -> None:
    shop.put("customers", {"customers": [{"id": "a", "phone": ANN}]})
    journey_alone(shop, desk, delay=30)
    back_after(shop, ANN)
    with shop.app.app_context(), transaction():
        erase_person(db.session.scalars(sa.select(Customer).with_for_update()).one(), utcnow())
    with later(minutes=31):
        shop.work()
        assert [item["status"] for item in shop.messages()] == []
        assert standing(shop) == [("left", "request_closed")]

"""A restock told in waves: as many people as the policy allows, each once, oldest first, and no text without stock."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.models import Lane
from nexnotify.ledger.planning import planner, writing
from nexnotify.ledger.planning.planner import plan_next
from nexnotify.nudge import Nudges
from nexnotify.restock import steering
from nexnotify.restock.freed import begin_freed
from nexnotify.restock.models import RestockEvent, RestockWave
from nexnotify.restock.service import detect_restocks
from nexnotify.waitlist.queries import anyone_waits
from nexnotify.workers.sender import Sender
from nexnotify.workers.steps import run_restock, run_sweep
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers
from tests.times import at, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def people(shop: Shop, count: int, sku: str = "TEE-M", **settings: Any) -> list[str]:
    """So many wait, the first of them longest; credits, quiet hours and cap are off unless the settings say so."""
    shop.put("settings", {"frequency_cap": None, **settings})
    shop.product(sku, on_hand=0)
    rows = [{"sku": sku, "phone": to, "consent": True, "confirm": False} for to in numbers(count)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    return numbers(count)


def per_unit(people: int = 1, minutes: int = 60) -> dict[str, Any]:
    return {"kind": "per_unit", "people": people, "minutes": minutes}


def told(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages() if message["status"] != "cancelled"]


def the_event(shop: Shop, number: int = -1) -> RestockEvent:
    """A restock as it stands now; the last one unless told."""
    with inside(shop.app):
        events = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id)).all()
        db.session.expunge_all()
    return events[number]


def steer(shop: Shop, verb: Any, *args: Any) -> bool:
    """What a button of the restock's page does."""
    with inside(shop.app), transaction():
        event = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id.desc())).first()
        done: bool = verb(event, *args)
    return done


def waits(shop: Shop) -> int:
    return len(shop.requests(status="waiting"))


# --- waves ------------------------------------------------------------------------------------------------------------


def test_two_people_for_each_unit_are_told_and_the_next_when_the_hour_is_over(shop: Shop) -> None:
    everybody = people(shop, 12, waves=per_unit(2))
    shop.stock("TEE-M", 3)
    shop.work()
    assert told(shop) == everybody[:6], "two for each of three units, oldest first"
    with later(minutes=30):
        shop.work()
        assert len(told(shop)) == 6, "not before the hour is over"
        shop.stock("TEE-M", 1)
        shop.work()
        assert len(told(shop)) == 6
    with later(minutes=61):
        shop.work()
        assert told(shop) == everybody[:8], "two for the one unit that is left"
    with later(minutes=130):
        shop.work()
    assert told(shop) == everybody[:10]
    with inside(shop.app):
        waves = db.session.scalars(sa.select(RestockWave).order_by(RestockWave.number)).all()
        found = [(wave.number, wave.size, wave.units, wave.told, wave.why) for wave in waves]
    assert found == [(1, 6, 3, 6, "per_unit"), (2, 2, 1, 2, "per_unit"), (3, 2, 1, 2, "per_unit")]


def test_when_it_sells_out_between_waves_the_rest_keep_their_place(shop: Shop) -> None:
    everybody = people(shop, 9, waves=per_unit(2))
    shop.stock("TEE-M", 2)
    shop.work()
    shop.stock("TEE-M", 0)
    shop.work()
    assert (the_event(shop).state, the_event(shop).reason) == ("stopped", "stock_gone"), "at once, not an hour later"
    last = shop.trace(shop.requests()[-1]["id"])
    assert last["events"][-1]["what"] == "restock_ended"
    assert "gone again before this request's turn" in last["summary"], "also who was not reached learns why"
    with later(hours=3):
        shop.work()
        assert told(shop) == everybody[:4]
        shop.stock("TEE-M", 1)
        shop.work()
    assert told(shop) == everybody[:6], "the next restock goes on behind those who were told"


def test_people_passed_over_do_not_count_for_the_wave(shop: Shop) -> None:
    everybody = people(shop, 6, waves=per_unit(1))
    with inside(shop.app), transaction():
        db.session.execute(sa.text("UPDATE contact SET unreachable_at = :now WHERE id <= 2"), {"now": utcnow()})
    shop.stock("TEE-M", 2)
    shop.work()
    assert told(shop) == everybody[2:4]
    event = the_event(shop)
    assert (event.told, event.held, event.passed) == (2, 0, 2)


def test_those_held_by_quiet_hours_take_a_place_and_the_next_wave_waits_for_them(shop: Shop) -> None:
    everybody = people(shop, 9, waves=per_unit(1), quiet_hours={"from": "20:00", "to": "09:00"})
    with at("2030-01-15 21:00"):
        shop.stock("TEE-M", 3)
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["held"] * 3
    with at("2030-01-16 08:59"):
        shop.work()
        assert len(shop.messages()) == 3, "the night brings no second wave"
    with at("2030-01-16 09:30"):
        shop.work()
        assert len(told(shop)) == 3
    with at("2030-01-16 10:01"):
        shop.work()
        assert told(shop) == everybody[:6]


def test_the_next_wave_waits_for_a_lane_that_is_slow(shop: Shop) -> None:
    people(shop, 60, waves={"kind": "paced", "people": 20, "minutes": 1})
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Lane).where(Lane.id == lane_of(shop)).values(rate=0.01))
    shop.stock("TEE-M", 50)
    shop.plan()
    with later(minutes=2):
        shop.plan()
        assert len(shop.messages()) == 20
        assert the_event(shop).state == "telling"


def test_so_many_people_in_so_many_minutes(shop: Shop) -> None:
    everybody = people(shop, 7, waves={"kind": "paced", "people": 3, "minutes": 10})
    shop.stock("TEE-M", 50)
    for minutes, count in ((0, 3), (9, 3), (11, 6), (22, 7)):
        with later(minutes=minutes):
            shop.work()
        assert told(shop) == everybody[:count], minutes
    assert (the_event(shop).state, the_event(shop).reason) == ("done", "everyone_told")


def test_the_newest_first_where_the_store_says_so(shop: Shop) -> None:
    everybody = people(shop, 5, waves=per_unit(1), alert_order="newest")
    shop.stock("TEE-M", 2)
    shop.work()
    with later(minutes=61):
        shop.work()
    assert told(shop) == everybody[::-1][:4]


def test_customers_with_priority_first_then_the_others_each_oldest_first(shop: Shop) -> None:
    everybody = people(shop, 6, waves=per_unit(1), alert_order="priority", priority_field="Friend of the house")
    with inside(shop.app), transaction():
        from nexnotify.customers.custom_fields import add_field
        from nexnotify.stores.models import Store

        add_field(db.session.get_one(Store, shop.store_id), "friend of the  House", "yes_no", [])
    friends = [everybody[2], everybody[4]]
    rows = [{"id": to, "phone": to, "fields": {"Friend of the house": to in friends}} for to in everybody[1:]]
    assert shop.put("customers", {"customers": rows})["errors"] == []
    shop.stock("TEE-M", 3)
    shop.work()
    assert told(shop) == [*friends, everybody[0]]
    with later(minutes=61):
        shop.work()
    assert told(shop) == [*friends, everybody[0], everybody[1], everybody[3], everybody[5]]


def test_the_field_of_the_opt_in_gives_priority_like_any_other(shop: Shop) -> None:
    field = "I would like to receive SMS messages"
    everybody = people(shop, 4, waves=per_unit(1), alert_order="priority", priority_field=field)
    rows = [{"id": to, "phone": to, "fields": {field: to == everybody[2]}} for to in everybody]
    assert shop.put("customers", {"customers": rows})["errors"] == []
    shop.stock("TEE-M", 2)
    shop.work()
    assert told(shop) == [everybody[2], everybody[0]]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("stock"), st.integers(0, 6)),
        st.tuples(st.just("later"), st.sampled_from([1, 20, 61])),
        st.tuples(st.just("killed"), st.just(0)),
    ),
    min_size=4,
    max_size=9,
)


@hypothesis.settings(
    max_examples=8, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True
)
@hypothesis.given(steps=STEPS, people_each=st.integers(1, 3))
def test_whatever_stock_does_nobody_is_told_twice_or_before_who_waited_longer(
    shop: Shop, steps: list[tuple[str, int]], people_each: int
) -> None:
    """Stock goes up and down, time passes, planners die; each example is a product of its own."""
    number = len(shop.get("products?limit=200")["products"])
    sku = f"TEE-{number}"
    everybody = people(shop, 14, sku, waves=per_unit(people_each, 60))
    passed, record = 0, writing.record_new
    for step, value in steps:
        passed += value if step == "later" else 0
        if step == "stock":
            with later(minutes=passed):
                shop.stock(sku, value)
        with later(minutes=passed), pytest.MonkeyPatch.context() as patch:
            if step == "killed":
                patch.setattr(writing, "record_new", lambda *args: record(*args) or 1 / 0)
            shop.work()
        found = [message["to"] for message in shop.messages(sku=sku)]
        assert found == everybody[: len(found)], "oldest first, and each once"
    with inside(shop.app):
        waves = db.session.scalars(
            sa.select(RestockWave)
            .join(RestockEvent, RestockEvent.id == RestockWave.restock_id)
            .join(Variant, Variant.id == RestockEvent.variant_id)
            .where(Variant.sku == sku)
        ).all()
        assert all(wave.told <= (wave.size or 0) for wave in waves)
        assert sum(wave.told for wave in waves if wave.size == people_each * (wave.units or 0)) >= len(found)


# --- before anybody is told -------------------------------------------------------------------------------------------


def test_stock_that_does_not_stay_tells_nobody(shop: Shop) -> None:
    people(shop, 3, settle_seconds=60)
    shop.stock("TEE-M", 5)
    shop.work()
    assert (the_event(shop).state, shop.messages()) == ("settling", [])
    shop.stock("TEE-M", 0)
    with later(seconds=61):
        shop.work()
    assert (the_event(shop).state, the_event(shop).reason) == ("stopped", "stock_gone")
    assert (shop.messages(), waits(shop)) == ([], 3)


def test_stock_that_flaps_settles_from_its_last_return(shop: Shop) -> None:
    everybody = people(shop, 3, settle_seconds=60)
    shop.stock("TEE-M", 5)
    shop.work()
    with later(seconds=40):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 5)
        shop.work()
    with later(seconds=70):
        shop.work()
        assert shop.messages() == [], "it came back half a minute ago"
    with later(seconds=110):
        shop.work()
    assert told(shop) == everybody


def test_a_restock_can_be_cancelled_in_its_undo_window(shop: Shop) -> None:
    people(shop, 3, undo_seconds=120)
    shop.stock("TEE-M", 5)
    shop.work()
    assert (the_event(shop).state, shop.messages()) == ("undo", [])
    assert steer(shop, steering.cancel, utcnow())
    with later(seconds=130):
        shop.work()
    assert (the_event(shop).reason, shop.messages(), waits(shop)) == ("cancelled", [], 3)
    assert not steer(shop, steering.cancel, utcnow()), "pressing twice is pressing once"


def test_without_anybody_who_cancels_it_goes_when_the_window_is_over(shop: Shop) -> None:
    everybody = people(shop, 3, undo_seconds=120)
    shop.stock("TEE-M", 5)
    shop.work()
    with later(seconds=121):
        shop.work()
    assert told(shop) == everybody
    assert not steer(shop, steering.cancel, utcnow()), "too late to cancel"


def test_a_store_that_approves_tells_nobody_before(shop: Shop) -> None:
    everybody = people(shop, 3, approval=True, undo_seconds=60)
    shop.stock("TEE-M", 5)
    shop.work()
    with later(days=2):
        shop.work()
        assert (the_event(shop).state, shop.messages()) == ("approval", [])
        assert steer(shop, steering.send_now, utcnow())
        shop.work()
    assert told(shop) == everybody


def test_what_waits_for_approval_ends_when_stock_is_gone(shop: Shop) -> None:
    people(shop, 3, approval=True)
    shop.stock("TEE-M", 5)
    shop.work()
    shop.stock("TEE-M", 0)
    shop.work()
    assert (the_event(shop).state, the_event(shop).reason) == ("stopped", "stock_gone")
    assert not steer(shop, steering.send_now, utcnow())


# --- hold, cap, recall ------------------------------------------------------------------------------------------------


def test_what_is_on_hold_tells_nobody_more_until_it_goes_on(shop: Shop) -> None:
    everybody = people(shop, 6, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    assert steer(shop, steering.hold, utcnow())
    with later(hours=5):
        shop.work()
        assert told(shop) == everybody[:2]
        assert steer(shop, steering.go_on, utcnow())
        shop.work()
    assert told(shop) == everybody[:4]


def test_a_hold_outlasts_stock_that_moves_once_more(shop: Shop) -> None:
    everybody = people(shop, 4, waves=per_unit(1))
    shop.stock("TEE-M", 1)
    shop.work()
    steer(shop, steering.hold, utcnow())
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 2)
    shop.work()
    assert told(shop) == everybody[:1]
    assert the_event(shop).held_at is not None
    assert the_event(shop, 0).reason == "superseded"
    steer(shop, steering.go_on, utcnow())
    shop.work()
    assert told(shop) == everybody[:3]


@pytest.mark.parametrize("waves", ["all", per_unit(1)])
@pytest.mark.parametrize("begun", [False, True])
def test_a_hold_outlasts_stock_that_moves_again_and_again(shop: Shop, waves: Any, begun: bool) -> None:
    """And keeps nobody else's restock from being planned."""
    everybody = people(shop, 4, waves=waves, undo_seconds=600)
    others = people(shop, 1, "MUG")
    shop.stock("TEE-M", 1)
    plan_to_the_end(shop, 50 if begun else 0)
    steer(shop, steering.hold, utcnow())
    for units in (2, 3, 4):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", units)
        plan_to_the_end(shop)
        assert the_event(shop).held_at is not None
    shop.stock("MUG", 5)
    plan_to_the_end(shop)
    with later(minutes=11):
        plan_to_the_end(shop)
        assert [message["to"] for message in shop.messages()] == others
        with inside(shop.app), transaction():
            assert steering.go_on(newest_of(shop, "TEE-M"), utcnow())
        shop.work()
    with later(minutes=22):
        shop.work()
        assert [message["to"] for message in shop.messages(sku="TEE-M")] == everybody


def test_after_a_hold_there_is_time_to_cancel_again(shop: Shop) -> None:
    everybody = people(shop, 2, undo_seconds=600)
    shop.stock("TEE-M", 5)
    shop.work()
    assert steer(shop, steering.hold, utcnow())
    with later(minutes=30):
        shop.work()
        assert steer(shop, steering.go_on, utcnow())
        shop.work()
    with later(minutes=39):
        shop.work()
        assert told(shop) == []
    with later(minutes=41):
        shop.work()
        assert told(shop) == everybody


def plan_to_the_end(shop: Shop, pieces: int = 50) -> None:
    """As a planner does, which comes to an end; 0 pieces: only see that there is a restock."""
    with inside(shop.app):
        with transaction():
            detect_restocks(utcnow(), anyone_waits)
        for _ in range(pieces):
            with transaction():
                if not plan_next(utcnow()):
                    return
    assert not pieces, "planning never comes to an end"


def newest_of(shop: Shop, sku: str) -> RestockEvent:
    newest = sa.select(RestockEvent).join(Variant, Variant.id == RestockEvent.variant_id).where(Variant.sku == sku)
    return db.session.scalars(newest.order_by(RestockEvent.id.desc())).first()


@pytest.mark.parametrize("waves", ["all", per_unit(2)])
def test_no_more_people_are_told_than_staff_allow(shop: Shop, waves: Any) -> None:
    everybody = people(shop, 8, waves=waves, approval=True)
    shop.stock("TEE-M", 2)
    shop.work()
    steer(shop, steering.cap, 5)
    steer(shop, steering.send_now, utcnow())
    shop.work()
    with later(hours=2):
        shop.work()
    assert told(shop) == everybody[:5]
    assert (the_event(shop).state, the_event(shop).reason) == ("stopped", "cap_reached")
    assert waits(shop) == 3


def test_a_limit_by_staff_holds_for_the_restock_that_takes_over(shop: Shop) -> None:
    everybody = people(shop, 9, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    steer(shop, steering.cap, 3)
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 6)
    shop.work()
    with later(minutes=61):
        shop.work()
    assert the_event(shop, 0).reason == "superseded"
    assert told(shop) == everybody[:3], "three in all, as was said"
    assert the_event(shop).reason == "cap_reached"


def test_units_that_were_free_again_limit_no_later_restock(shop: Shop) -> None:
    everybody = people(shop, 6, waves={"kind": "paced", "people": 1, "minutes": 60})
    shop.stock("TEE-M", 2)
    shop.work()
    with inside(shop.app), transaction():
        begin_freed(db.session.scalars(sa.select(Variant)).one(), 2, utcnow(), None, 2)
    shop.work()
    assert told(shop) == everybody[:2]
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 100)
    for hours in range(1, 7):
        with later(hours=hours):
            shop.work()
    assert told(shop) == everybody


def test_a_recalled_restock_sends_nothing_more(shop: Shop) -> None:
    everybody = people(shop, 8)
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Lane).where(Lane.id == lane_of(shop)).values(rate=2.0))
    shop.stock("TEE-M", 50)
    shop.plan()
    sender = Sender(shop.app, 2)
    with inside(shop.app):
        sender._claim()
        sender._settle(1)
    gone = len([m for m in shop.messages() if m["status"] != "queued"])
    assert 0 < gone < 8
    assert steer(shop, steering.recall, utcnow())
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Lane).values(rate=0.0, next_at=None))
    shop.send()
    assert Counter(m["reason"] for m in shop.messages()) == {None: gone, "taken_back": 8 - gone}, "also at the claim"
    shop.work()
    sender.stop_pool()
    assert (the_event(shop).state, the_event(shop).reason) == ("stopped", "recalled")
    assert waits(shop) == len(everybody) - gone
    assert not steer(shop, steering.recall, utcnow())


def test_a_recall_takes_back_what_is_queued(shop: Shop) -> None:
    people(shop, 5)
    shop.stock("TEE-M", 50)
    shop.plan()
    steer(shop, steering.recall, utcnow())
    shop.plan()
    assert [(m["status"], m["reason"]) for m in shop.messages()] == [("cancelled", "taken_back")] * 5
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 3)
    shop.work()
    assert len(told(shop)) == 5, "they waited on, so the next restock tells them"


# --- together with other things ---------------------------------------------------------------------------------------


def test_a_restock_while_a_cycle_runs_takes_over_and_tells_nobody_twice(shop: Shop) -> None:
    everybody = people(shop, 9, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 4)
    shop.work()
    assert told(shop) == everybody[:6]
    assert [the_event(shop, n).state for n in (0, 1)] == ["stopped", "telling"]
    with later(hours=2):
        shop.work()
    assert told(shop) == everybody


def test_a_planner_killed_between_waves_or_in_one_tells_everybody_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = people(shop, 6, waves=per_unit(1))
    shop.stock("TEE-M", 3)
    record, calls = writing.record_new, []

    def breaks_once(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the plug is pulled")
        record(*args)

    monkeypatch.setattr(writing, "record_new", breaks_once)
    shop.work()
    assert told(shop) == []
    shop.work()
    assert told(shop) == everybody[:3]
    with later(minutes=61), inside(shop.app):  # nobody nudged: a sweep finds what is due
        run_sweep()
    shop.work()
    assert told(shop) == everybody


def test_several_planners_at_once_keep_to_the_wave(shop: Shop) -> None:
    everybody = people(shop, 40, waves=per_unit(3))
    shop.stock("TEE-M", 5)
    faults: list[BaseException] = []

    def plans() -> None:
        try:
            with inside(shop.app):
                run_restock()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=plans) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [message["to"] for message in shop.messages()] == everybody[:15]


def test_the_sender_wakes_the_planner_when_a_wave_is_due(shop: Shop) -> None:
    people(shop, 4, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    nudged: list[str] = []
    shop.app.extensions["nexnotify"].nudges.huey.flush()
    house = shop.app.extensions["nexnotify"]
    assert isinstance(house.nudges, Nudges)
    house.nudges._task = nudged.append
    for minutes, expected in ((59, []), (60.05, ["restock"])):
        with later(minutes=minutes), inside(shop.app):
            sender = Sender(shop.app, 1)
            sender._released = -10.0
            sender._claim()
            sender.stop_pool()
        assert nudged == expected


def test_told_and_too_late_waits_again_at_the_old_place(shop: Shop) -> None:
    everybody = people(shop, 7, keep_place_minutes=15, waves=per_unit(1, 10))
    asked = [item["id"] for item in shop.requests()]
    assert shop.put("customers", {"customers": [{"id": "c4", "phone": everybody[4]}]})["errors"] == []
    shop.stock("TEE-M", 3)
    shop.work()  # three are told
    with later(minutes=11):
        shop.work()  # three more
        with later(minutes=9):
            line = {"sku": "TEE-M", "quantity": 1, "price": "20.00"}
            by_number = {"id": "1", "status": "new", "phone": everybody[3], "lines": [line], "notify": False}
            by_customer = {"id": "2", "status": "new", "customer_id": "c4", "lines": [line], "notify": False}
            assert shop.post("orders", {"orders": [by_number, by_customer]})["errors"] == []
            shop.stock("TEE-M", 0)
            shop.work()
    waiting = [item["id"] for item in shop.requests(status="waiting")]
    assert waiting == asked[5:], "not who was told 20 minutes before, nor who has bought"


def test_who_was_told_at_once_keeps_the_place_too_when_stock_does_not_last(shop: Shop) -> None:
    everybody = people(shop, 3, keep_place_minutes=15)
    shop.stock("TEE-M", 2)
    shop.work()
    assert the_event(shop).state == "watching"
    with later(minutes=5):
        shop.stock("TEE-M", 0)
        shop.work()
        assert the_event(shop).state == "done"
        assert waits(shop) == 3
        shop.stock("TEE-M", 2)
        shop.work()
    assert Counter(told(shop)) == dict.fromkeys(everybody, 2), "once for each restock"


def flapping(shop: Shop, **anew: Any) -> tuple[str, str]:
    """Ann was told; it sold out, she asked anew, it came back, and the restock that was still being told told both.

    :param anew: what she asked then.
    """
    ann, ben = people(shop, 2, keep_place_minutes=15, confirmations=False)
    shop.stock("TEE-M", 5)
    with inside(shop.app), transaction():
        detect_restocks(utcnow(), anyone_waits)
    a_piece(shop)
    assert told(shop) == [ann]
    shop.stock("TEE-M", 0)
    shop.ask(anew.pop("sku", "TEE-M"), ann, **anew)
    shop.stock("TEE-M", 5)
    for _ in range(3):
        a_piece(shop)
    assert told(shop) == [ann, ben, ann]
    return ann, ben


def a_piece(shop: Shop) -> None:
    """One piece of planning, and what comes of it is sent."""
    with inside(shop.app), transaction():
        plan_next(utcnow())
    shop.send()


def test_who_was_told_after_it_had_come_back_was_not_too_late(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "CHUNK", 1)
    flapping(shop)
    shop.work()
    assert len(told(shop)) == 3, "nobody is told of the same units once more"
    assert waits(shop) == 0


def test_whose_text_was_on_its_way_when_stock_flapped_keeps_the_place_too(shop: Shop) -> None:
    everybody = people(shop, 3, keep_place_minutes=15)
    shop.stock("TEE-M", 5)
    shop.plan()
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == everybody
    with later(minutes=5):
        shop.stock("TEE-M", 0)
        shop.work()
        assert waits(shop) == 3


def test_after_the_minutes_nobody_is_watched_any_more(shop: Shop) -> None:
    people(shop, 3, keep_place_minutes=15)
    shop.stock("TEE-M", 2)
    shop.work()
    with later(minutes=16):
        shop.work()
        assert the_event(shop).state == "done"
        shop.stock("TEE-M", 0)
        shop.work()
    assert waits(shop) == 0

"""Expectations of people: learned from the store's own outcomes, used within a wave only, and never at anybody's cost."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Prediction
from nexnotify.ledger.planning.likelihood import FEATURES
from nexnotify.workers.predicting import run_predictions
from tests.credits import with_credits
from tests.outcomes_history import invent
from tests.shop import Shop
from tests.stages.test_claims import inside, numbers
from tests.stages.test_waves import per_unit
from tests.times import at, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def wait(shop: Shop, count: int, sku: str = "TEE-M", **settings: Any) -> list[str]:
    """So many wait, the first longest."""
    shop.put("settings", {"frequency_cap": None, **settings})
    shop.product(sku, on_hand=0)
    rows = [{"sku": sku, "phone": to, "consent": True, "confirm": False} for to in numbers(count)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    return numbers(count)


def learn(shop: Shop) -> Prediction | None:
    with inside(shop.app):
        run_predictions()
        found = db.session.scalar(sa.select(Prediction))
        db.session.expunge_all()
    return found


def knows(shop: Shop, in_use: bool = True, **weights: float) -> None:
    """A model as training leaves it."""
    with inside(shop.app), transaction():
        db.session.add(
            Prediction(
                store_id=shop.store_id,
                tried_at=utcnow(),
                told=2000,
                bought=200,
                clicked=400,
                goal="bought",
                intercept=-2.0,
                weights={name: weights.get(name, 0.0) for name in FEATURES},
                means=dict.fromkeys(FEATURES, 0.2),
                figures={},
                in_use=in_use,
            )
        )


def ordered_before(shop: Shop, phone: str, number: str) -> None:
    """A customer with this number bought something long ago."""
    shop.product("CAP", on_hand=5)
    shop.put("customers", {"customers": [{"id": f"c{number}", "phone": phone}]})
    line = {"sku": "CAP", "quantity": 1, "price": "5.00"}
    order = {"id": number, "customer_id": f"c{number}", "status": "sent", "placed_at": "2026-01-01T10:00:00Z"}
    shop.post("orders", {"orders": [{**order, "lines": [line], "notify": False}]})


def texts(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages()]


# --- learning ---------------------------------------------------------------------------------------------------------


def test_a_store_learns_from_its_outcomes_what_buyers_have_in_common(shop: Shop) -> None:
    wait(shop, 80, likely_first=True)
    with later(days=120):
        invent(shop, utcnow())
        found = learn(shop)
        assert found
        assert (found.told, found.bought, found.goal) == (1000, 100, "bought"), "counted as far as is needed"
        assert found.in_use
        assert found.weights["clicks"] > 0, "who opened alerts bought more often"
        figures = found.figures
        assert figures["tested"] == pytest.approx(0.3 * 80 * 14, abs=1)
        assert figures["auc"] > 0.65 > figures["auc_plain"], "waiting time says nothing of these people"
        assert learn(shop).tried_at == found.tried_at, "once a day is enough"  # type: ignore[union-attr]
    assert not [name for name in sys.modules if name.partition(".")[0] == "sklearn"], "a process of its own learned it"


def test_where_people_buy_by_chance_plain_order_stays(shop: Shop) -> None:
    wait(shop, 80, likely_first=True)
    with later(days=120):
        invent(shop, utcnow(), learnable=False)
        found = learn(shop)
    assert found
    assert found.goal
    assert not found.in_use


@pytest.mark.parametrize("on", [True, False])
def test_with_too_little_to_learn_from_there_is_no_model_and_nothing_is_learned_unasked(shop: Shop, on: bool) -> None:
    wait(shop, 3, likely_first=on)
    shop.stock("TEE-M", 3)
    shop.work()
    with later(days=30):
        found = learn(shop)
    if on:
        assert found
        assert (found.told, found.bought, found.goal, found.in_use) == (3, 0, None, False)
    else:
        assert found is None


# --- order ------------------------------------------------------------------------------------------------------------


def test_within_a_wave_the_likeliest_go_first_and_the_wave_is_still_who_waited_longest(shop: Shop) -> None:
    everybody = wait(shop, 6, likely_first=True, waves=per_unit(1))
    knows(shop, orders=0.9)
    ordered_before(shop, everybody[2], "901")
    ordered_before(shop, everybody[4], "902")  # likely too, but not of the first three
    shop.stock("TEE-M", 3)
    shop.work()
    assert texts(shop) == [everybody[2], everybody[0], everybody[1]]
    with later(minutes=61):
        shop.work()
    assert texts(shop)[3:] == [everybody[4], everybody[3], everybody[5]]


def test_the_story_says_why_somebody_went_earlier_or_later(shop: Shop) -> None:
    everybody = wait(shop, 3, likely_first=True)
    knows(shop, orders=0.9)
    ordered_before(shop, everybody[2], "901")
    shop.stock("TEE-M", 3)
    shop.work()
    stories = [shop.trace(request["id"])["events"] for request in shop.requests(sku="TEE-M")]
    words = [next(event.get("order", "") for event in story if event["what"] == "decided_send") for story in stories]
    assert words[2] == (
        "Likelihood to buy made it number 1 of the 3 people told together; in plain order it was number 3. "
        "Because: has ordered before."
    )
    assert words[0].startswith("Likelihood to buy made it number 2 of the 3")


@pytest.mark.parametrize("on, in_use", [(False, True), (True, False)])
def test_switched_off_or_no_better_than_plain_order_nobody_is_moved(shop: Shop, on: bool, in_use: bool) -> None:
    everybody = wait(shop, 4, likely_first=on)
    knows(shop, in_use, orders=0.9)
    ordered_before(shop, everybody[3], "901")
    shop.stock("TEE-M", 4)
    shop.work()
    assert texts(shop) == everybody


def test_credits_go_to_who_waited_longest_whoever_is_likelier(shop: Shop) -> None:
    everybody = wait(shop, 3, likely_first=True)
    knows(shop, orders=0.9)
    ordered_before(shop, everybody[2], "901")
    with_credits(shop, 2000, credits_per_segment=1000)
    shop.stock("TEE-M", 3)
    shop.work()
    held = [message["to"] for message in shop.messages() if message["status"] == "held"]
    assert held == [everybody[2]]


# --- hours ------------------------------------------------------------------------------------------------------------

#: 23:00 UTC, when the people of the invented past open their links, is 18:00 in New York in winter.
NOON, EVENING = "2027-01-12 12:00", "2027-01-12 18:01"


def evening_people(shop: Shop, **settings: Any) -> list[str]:
    with at("2026-09-01 12:00"):
        everybody = wait(shop, 8, request_days=None, **settings)
    with at(NOON):
        invent(shop, utcnow(), eager=2)
    return everybody


def test_with_plenty_of_stock_who_opens_in_the_evening_is_told_in_the_evening(shop: Shop) -> None:
    everybody = evening_people(shop, best_hour=True)
    eager = set(everybody[::2])
    with at(NOON):
        shop.stock("TEE-M", 100)
        shop.work()
        waiting = {message["to"] for message in shop.messages(sku="TEE-M") if message["status"] == "held"}
        assert eager <= waiting
        assert waiting < set(everybody), "of some nothing is known"
        story = shop.trace(shop.requests(sku="TEE-M")[0]["id"])["events"]
        held = next(event for event in story if event["what"] == "decided_hold")
        assert held["reason"] == "best_hour"
        assert datetime.fromisoformat(held["until"]) == datetime(2027, 1, 12, 23, tzinfo=UTC)
    with at(EVENING):
        shop.send()
        assert gone(shop) == set(everybody)


def gone(shop: Shop) -> set[str]:
    """Who has been told of the tee."""
    return {message["to"] for message in shop.messages(sku="TEE-M") if message["status"] == "delivered"}


def test_with_little_stock_nobody_waits_for_their_hour(shop: Shop) -> None:
    everybody = evening_people(shop, best_hour=True)
    with at(NOON):
        shop.stock("TEE-M", 15)  # two for each of eight would be sixteen
        shop.work()
        assert gone(shop) == set(everybody)


def test_when_stock_runs_low_who_waits_for_their_hour_is_told_at_once(shop: Shop) -> None:
    everybody = evening_people(shop, best_hour=True)
    with at(NOON):
        shop.stock("TEE-M", 100)
        shop.work()
        assert 0 < len(gone(shop)) < len(everybody)
        shop.stock("TEE-M", 9)
        shop.work()
        assert gone(shop) == set(everybody)


def test_nobody_is_put_off_to_an_hour_that_is_quiet(shop: Shop) -> None:
    everybody = evening_people(shop, best_hour=True, quiet_hours={"from": "17:00", "to": "09:00"})
    with at(NOON):
        shop.stock("TEE-M", 100)
        shop.work()
        assert gone(shop) == set(everybody)


@pytest.mark.parametrize("missing", ["weights", "means"])
def test_a_model_that_was_learned_before_the_features_changed_is_not_asked(shop: Shop, missing: str) -> None:
    """The next one is learned within a day; until then texts go in plain order, and go."""
    everybody = wait(shop, 3, likely_first=True)
    knows(shop, orders=5.0)
    ordered_before(shop, everybody[2], "1")
    with inside(shop.app), transaction():
        row = db.session.scalars(sa.select(Prediction)).one()
        setattr(row, missing, {name: value for name, value in getattr(row, missing).items() if name != "clicks"})
    shop.stock("TEE-M", 3)
    shop.work()
    assert texts(shop) == everybody

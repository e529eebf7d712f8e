"""What reality sends: stock that flaps or comes in the wrong order, clocks that jump, wishes that contradict each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nexnotify.clock import utcnow
from tests.shop import Shop
from tests.times import at, later, moment

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """A tee that is sold out; Ann, Ben and Cat wait for it, in that order."""
    shop.put("settings", {"frequency_cap": None})
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "consent": True, "confirm": False} for to in (ANN, BEN, CAT)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    return shop


def told(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


def levels(shop: Shop, *numbers: int, minutes: tuple[int, ...] = ()) -> None:
    """Several levels in one call; with minutes, each as of so many minutes from now."""
    rows: list[dict[str, Any]] = [{"sku": "TEE-M", "on_hand": number} for number in numbers]
    for row, away in zip(rows, minutes, strict=False):
        row["as_of"] = (utcnow() + timedelta(minutes=away)).isoformat()
    assert shop.put("stock", {"levels": rows})["errors"] == []
    shop.work()


# --- stock -------------------------------------------------------------------------------------------------------------


def test_stock_that_flaps_tells_each_person_once(waiting: Shop) -> None:
    for _ in range(4):
        levels(waiting, 5, 0, 5)
    assert sorted(told(waiting)) == [ANN, BEN, CAT]


def test_stock_that_flaps_and_ends_at_nothing_tells_nobody(waiting: Shop) -> None:
    levels(waiting, 5, 0, 5, 0)
    assert told(waiting) == []
    assert {request["status"] for request in waiting.requests()} == {"waiting"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_levels_that_arrive_in_any_order_come_to_the_newest(waiting: Shop, order: tuple[int, ...]) -> None:
    """5 an hour ago, 3 half an hour ago, 0 now: whatever comes first, nothing is there."""
    with later(hours=2):
        told_levels = [(5, -60), (3, -30), (0, 0)]
        for which in order:
            number, minutes = told_levels[which]
            rows = [{"sku": "TEE-M", "on_hand": number, "as_of": (utcnow() + timedelta(minutes=minutes)).isoformat()}]
            assert waiting.put("stock", {"levels": rows})["errors"] == []
        waiting.work()
        assert waiting.offered()["status"] == "sold_out"
        assert told(waiting) == []


def test_a_restock_that_comes_while_people_are_being_told_doubles_nobody(waiting: Shop) -> None:
    waiting.put("settings", {"waves": {"kind": "paced", "people": 1, "minutes": 10}})
    for minutes, number in ((0, 1), (5, 4), (11, 0), (12, 2), (30, 9)):
        with later(minutes=minutes):
            levels(waiting, number)
    with later(minutes=60):
        waiting.work()
    assert told(waiting) == [ANN, BEN, CAT]


# --- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evening, loud",
    [
        # 10 March 2030: 02:00 becomes 03:00, so 02:30 never comes; quiet ends with the jump.
        ("2030-03-09 22:00", "2030-03-10 07:00+00:00"),
        # 3 November 2030: 01:00 to 02:00 comes twice; 02:30 comes once, at 07:30 UTC.
        ("2030-11-02 22:00", "2030-11-03 07:30+00:00"),
        ("2030-07-15 22:00", "2030-07-16 06:30+00:00"),
    ],
    ids=["skipped", "repeated", "neither"],
)
def test_quiet_hours_that_end_at_half_past_two_end_once_also_when_the_clock_jumps(
    shop: Shop, evening: str, loud: str
) -> None:
    """By email, which keeps to the store's clock and to no law's hours."""
    shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "02:30"}})
    shop.product("TEE-M")
    with at(evening):
        shop.ask_by_email()
        shop.stock("TEE-M", 5)
        shop.work()
        [message] = shop.messages()
        assert (message["status"], moment(message["due_at"])) == ("held", moment(loud))


# --- wishes that contradict each other ---------------------------------------------------------------------------------


def test_a_store_that_approves_and_has_an_undo_window_waits_for_the_person(waiting: Shop) -> None:
    waiting.put("settings", {"approval": True, "undo_seconds": 60})
    levels(waiting, 5)
    with later(hours=3):
        waiting.work()
    assert told(waiting) == []
    assert waiting.get("restocks")["restocks"][0]["state"] == "approval"


def test_a_minimum_below_what_an_order_takes_is_what_an_order_takes(waiting: Shop) -> None:
    waiting.put("settings", {"threshold": 1})
    row = {"id": "tee-m", "title": "Tee", "variants": [{"id": "tee-m-v", "sku": "TEE-M", "min_order_quantity": 4}]}
    assert waiting.put("products", {"products": [row]})["errors"] == []
    levels(waiting, 3)
    assert told(waiting) == []
    levels(waiting, 4)
    assert sorted(told(waiting)) == [ANN, BEN, CAT]


def test_a_wave_larger_than_the_people_is_everybody_and_one_smaller_than_a_persons_wish_passes_over_it(
    waiting: Shop,
) -> None:
    """One unit, two people for each, and the first wants three: the next two are told, and the first learns why."""
    waiting.put("settings", {"waves": {"kind": "per_unit", "people": 2, "minutes": 30}})
    wish = {"sku": "TEE-M", "phone": ANN, "consent": True, "confirm": False, "quantity": 3}
    assert waiting.post("requests", {"requests": [wish]})["errors"] == []
    levels(waiting, 1)
    assert told(waiting) == [BEN, CAT]
    events = waiting.trace(waiting.requests()[0]["id"])["events"]
    assert "too_few" in [event.get("reason") for event in events]


def test_a_question_before_the_end_that_would_come_before_the_beginning_is_refused(shop: Shop) -> None:
    answer = shop.put("settings", {"request_days": 10, "renewal_days": 10}, status=422)
    assert answer["error"]["fields"]
    assert shop.get("settings")["request_days"] == 90


def test_quiet_hours_and_a_law_that_leave_no_hour_send_nothing_and_say_so(shop: Shop) -> None:
    """Quiet by day; at night the law of New York's number leaves no hour either. Held with its reason, never sent."""
    shop.put("settings", {"quiet_hours": {"from": "07:00", "to": "22:00"}})
    shop.product("TEE-M")
    with at("2030-01-15 12:00"):
        shop.ask(phone="+12125550123")
        shop.stock("TEE-M", 5)
        shop.work()
    with at("2030-01-15 23:00"):
        shop.work()
        assert told(shop) == []
    reasons = {event.get("reason") for event in shop.trace(shop.requests()[0]["id"])["events"]}
    assert "no_hours" in reasons


def test_the_same_wishes_have_the_same_answer_whenever_they_are_asked(waiting: Shop) -> None:
    """Cap, hours, minimum and consent speak against it at once: the reason named is always the same one."""
    waiting.put("settings", {"threshold": 3, "quiet_hours": {"from": "20:00", "to": "09:00"}})
    named = set()
    for evening in ("2030-01-15 21:00", "2030-01-16 21:30"):
        with at(evening):
            levels(waiting, 0, 3)
            waiting.work()
            for request in waiting.requests():
                decided = [e["reason"] for e in waiting.trace(request["id"])["events"] if "decided_" in e["what"]]
                named.add(decided[0])
    assert named == {"quiet_hours"}

"""People who are not told of a restock, to measure what telling is worth: by no way, and they keep their place."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent
from tests.shop import Shop
from tests.stages.test_claims import inside, numbers
from tests.stages.test_preview import decided, simulated
from tests.stages.test_waves import people, per_unit, steer, the_event, told, waits
from tests.times import later

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HALF = 50


def drawn(shop: Shop, count: int, event: RestockEvent) -> set[str]:
    """Numbers of the first so many contacts whom the restock's draw leaves out: the hash is one for good, so that it can be checked from outside."""
    found = set()
    for id, to in enumerate(numbers(count), 1):
        digest = blake2b(f"{shop.store_id}:{event.id}:{id}".encode(), digest_size=8).digest()
        if int.from_bytes(digest, "big") / 2**64 < event.holdout / 100:
            found.add(to)
    return found


def back(shop: Shop, units: int = 100) -> RestockEvent:
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", units)
    shop.work()
    return the_event(shop)


def test_who_is_drawn_is_not_told_and_waits_on_with_the_reason_in_words(shop: Shop) -> None:
    everybody = people(shop, 40, holdout=HALF)
    event = back(shop)
    out = drawn(shop, 40, event)
    assert 0 < len(out) < 40
    assert set(told(shop)) == set(everybody) - out
    waiting = shop.requests(status="waiting")
    assert len(waiting) == len(out)
    story = str(shop.trace(waiting[0]["id"]))
    assert "In the control group: drawn by chance not to be told" in story
    assert "not everybody who waits got a message. The request keeps its place" in story


@sqlite
def test_a_store_that_holds_nobody_out_tells_everybody(shop: Shop) -> None:
    everybody = people(shop, 10)
    assert back(shop).holdout == 0
    assert told(shop) == everybody


@sqlite
def test_the_next_restock_tells_all_who_were_drawn(shop: Shop) -> None:
    everybody = people(shop, 40, holdout=HALF)
    back(shop)
    assert waits(shop)
    back(shop)
    assert sorted(told(shop)) == sorted(everybody)
    assert waits(shop) == 0


@sqlite
def test_who_is_drawn_takes_no_place_in_a_wave(shop: Shop) -> None:
    everybody = people(shop, 40, holdout=HALF, waves=per_unit(1))
    event = back(shop, units=5)
    out = drawn(shop, 40, event)
    assert told(shop) == [to for to in everybody if to not in out][:5]


@sqlite
def test_the_simulation_and_the_plan_count_who_is_drawn(shop: Shop) -> None:
    people(shop, 40, holdout=HALF)
    found = simulated(shop, 100).people
    assert found["skip", "holdout"] + found["send", "eligible"] == 40
    assert found["skip", "holdout"] > 0
    event = back(shop)
    assert decided(shop)["skip", "holdout"] == len(drawn(shop, 40, event))


@sqlite
@pytest.mark.parametrize("waits_for", [{"approval": True}, {"undo_seconds": 600}])
def test_who_is_drawn_is_not_told_of_what_staff_approve_or_send_at_once(shop: Shop, waits_for: dict[str, Any]) -> None:
    everybody = people(shop, 40, holdout=HALF, **waits_for)
    back(shop)
    assert told(shop) == []
    assert steer(shop, steering.send_now, utcnow())
    shop.work()
    out = drawn(shop, 40, the_event(shop))
    assert 5 < len(out) < 35
    assert sorted(told(shop)) == sorted(set(everybody) - out)


@sqlite
def test_the_share_of_the_moment_at_which_it_began_holds_to_the_end(shop: Shop) -> None:
    people(shop, 40, holdout=HALF, waves=per_unit(1))
    event = back(shop, units=20)
    shop.put("settings", {"holdout": 0})
    with later(minutes=61):
        shop.work()
    assert not set(told(shop)) & drawn(shop, 40, event)


@sqlite
@pytest.mark.parametrize("channels", ["together", "in_order"])
def test_a_shopper_is_left_out_on_all_channels_or_on_none(shop: Shop, channels: str) -> None:
    shop.put("settings", {"channels": channels, "confirmations": False, "holdout": HALF, "frequency_cap": None})
    shop.product("TEE-M")
    for number, to in enumerate(numbers(12)):
        mail = f"ann{number}@mail.example"
        shop.widget({"sku": "TEE-M", "phone": to, "email": mail, "channels": ["sms", "email"], "consent": True})
    back(shop)
    for minutes in (2, 4):
        with later(minutes=minutes):
            shop.sweep()
    with inside(shop.app):
        rows = db.session.execute(
            sa.text(
                "SELECT r.asked_with, count(DISTINCT d.request_id), count(DISTINCT m.id) FROM alert_request r"
                " LEFT JOIN decision d ON d.request_id = r.id AND d.reason = 'holdout'"
                " LEFT JOIN alert a ON a.request_id = r.id LEFT JOIN message m ON m.id = a.message_id"
                " GROUP BY r.asked_with"
            )
        ).all()
    outcomes: set[Any] = {(held_out, told) for _, held_out, told in rows}
    assert outcomes == {(2, 0), (0, 2 if channels == "together" else 1)}


@sqlite
def test_the_share_is_half_at_the_most(shop: Shop) -> None:
    shop.put("settings", {"holdout": 51}, status=422)
    shop.put("settings", {"holdout": -1}, status=422)

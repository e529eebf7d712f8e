"""Units that the storefront keeps: who gets the text has one, until the moment that the text names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.restock.models import RestockEvent
from nexnotify.restock.steering import recall
from nexnotify.settings import Settings
from tests.conftest import make_settings
from tests.holding import connect, holds, sent, stop, waiting
from tests.shop import Shop
from tests.stages.test_claims import numbers
from tests.stubs.holds_stub import HoldsStub
from tests.times import later

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"


@pytest.fixture
def storefront() -> Iterator[HoldsStub]:
    with HoldsStub() as stub:
        yield stub


@pytest.fixture
def settings(tmp_path: Path, database_url: str, storefront: HoldsStub) -> Settings:
    """An installation that may call the stand-in, and whose links shoppers reach."""
    return make_settings(tmp_path, database_url, private_shops=storefront.origin)


def test_who_is_told_has_a_unit_and_the_text_says_until_when(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, zone="Europe/Berlin")
    shop.stock("TEE-M", 1)
    shop.work()
    [message] = shop.messages()
    assert message["status"] == "delivered"
    assert "It is held for you until" in message["body"]
    assert holds(shop) == [("held", None)]
    assert storefront.taken == 1


def test_without_a_unit_nobody_is_told_and_the_place_is_kept(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 5)  # more than the storefront has for us
    shop.work()
    assert sent(shop) == [ANN]
    assert holds(shop) == [("held", None), ("refused", None)]
    ann, ben = shop.requests()
    assert (ann["status"], ben["status"]) == ("alerted", "waiting")
    reasons = [event.get("reason") for event in shop.trace(ben["id"])["events"]]
    assert reasons.count("no_unit") == 2  # decided, and so suppressed


def test_at_the_deadline_the_unit_goes_to_the_next_in_line_and_to_nobody_else(
    shop: Shop, storefront: HoldsStub
) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, BEN, CAT)
    shop.stock("TEE-M", 5)
    shop.work()
    assert sent(shop) == [ANN]
    with later(minutes=31):
        shop.work()
        shop.work()
        assert sent(shop) == [ANN, BEN]
        assert [status for status, _ in holds(shop)] == ["lapsed", "refused", "refused", "held"]
        assert [request["status"] for request in shop.requests()] == ["alerted", "alerted", "waiting"]
    with later(minutes=62):
        shop.work()
        shop.work()
        assert sent(shop) == [ANN, BEN, CAT]
    assert storefront.most == 1
    assert len(storefront.given_back) == len(set(storefront.given_back)) == 2


def test_a_unit_that_lies_in_a_region_goes_to_the_next_who_waits_there(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    shop.product("TEE-M")
    north = {"key": "north", "name": "North", "locations": ["hamburg"]}
    assert shop.put("regions", {"regions": [north]})["errors"] == []
    shop.stock("TEE-M", 0, location="hamburg")
    for phone in (ANN, BEN):
        shop.ask(phone=phone, region="north")
    shop.stock("TEE-M", 1, location="hamburg")
    shop.work()
    assert sent(shop) == [ANN]
    with later(minutes=31):
        shop.work()
        shop.work()
        assert sent(shop) == [ANN, BEN]


def test_stock_that_the_storefront_tells_again_is_no_second_chance_for_who_let_it_lapse(
    shop: Shop, storefront: HoldsStub
) -> None:
    connect(shop, storefront, keep_place_minutes=60)
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 1)
    shop.work()
    shop.stock("TEE-M", 1, committed=1)  # kept for Ann, so nobody else's
    shop.work()
    with later(minutes=31):
        shop.work()
        shop.stock("TEE-M", 1)
        shop.work()
        assert sent(shop) == [ANN, BEN]
        shop.stock("TEE-M", 1, committed=1)
        shop.work()
    with later(minutes=130):
        shop.sweep()
        shop.stock("TEE-M", 1)
        shop.work()
        assert sent(shop) == [ANN, BEN]


def test_who_has_a_unit_is_told_although_no_other_is_left(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    # While it is being kept, the storefront tells that there is nothing for anybody else.
    storefront.meanwhile = lambda: shop.stock("TEE-M", 1, committed=1)
    shop.work()
    assert sent(shop) == [ANN]


def test_an_order_redeems_the_unit_and_nothing_is_given_back(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 2)
    shop.work()
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    line = {"sku": "TEE-M", "quantity": 1, "price": "20.00"}
    shop.post("orders", {"orders": [{"id": "1001", "customer_id": "c1", "status": "new", "lines": [line]}]})
    with later(minutes=31):
        shop.work()
    assert holds(shop)[0] == ("redeemed", "bought")
    assert storefront.given_back == []
    assert sent(shop) == [ANN]


def test_what_the_storefront_knows_to_be_bought_is_nobody_elses(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 2)
    shop.work()
    storefront.buy(storefront.reserved()[0])  # as a guest, under another number
    with later(minutes=31):
        shop.work()
        shop.work()
    assert holds(shop)[0] == ("redeemed", "bought")
    assert sent(shop) == [ANN]


def test_stop_gives_the_unit_back_once(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 5)
    shop.work()
    stop(shop, ANN)
    with later(minutes=2):
        shop.work()
        shop.work()
        assert holds(shop)[0] == ("released", "opted_out")
        assert sent(shop) == [ANN, BEN]
    with later(minutes=32):
        shop.work()
    assert storefront.given_back.count(storefront.calls[0][1]) == 1


def test_a_stop_while_the_storefront_is_asked_gives_the_unit_back(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    storefront.meanwhile = lambda: stop(shop, ANN)
    shop.work()
    storefront.meanwhile = lambda: None
    with later(minutes=2):
        shop.work()
    assert sent(shop) == []
    assert holds(shop) == [("released", "opted_out")]
    assert storefront.taken == 0


def test_a_recall_gives_units_back(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    shop.work()
    with shop.app.app_context():
        with transaction():
            recall(db.session.scalars(sa.select(RestockEvent)).one(), utcnow())
        db.session.remove()
    with later(minutes=2):
        shop.work()
    assert holds(shop) == [("released", "recalled")]


def test_a_text_that_fails_gives_the_unit_back(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront, confirmations=False)
    waiting(shop, "+12015550190")  # the outbox reaches it never
    shop.stock("TEE-M", 1)
    shop.work()
    [message] = shop.messages()
    assert message["status"] in ("rejected", "undelivered")
    with later(minutes=2):
        shop.work()
    assert holds(shop) == [("released", "not_sent")]
    assert storefront.taken == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_an_answer_the_text_goes_and_promises_nothing(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN)
    storefront.loses_answers = True  # it keeps the unit, and nobody hears of it
    shop.stock("TEE-M", 1)
    shop.work()
    for seconds in (6, 40, 45):
        with later(seconds=seconds):
            shop.work()
    [message] = shop.messages()
    assert message["status"] == "delivered"
    assert "held for you" not in message["body"]
    assert "[[" not in message["body"]
    # One and the same reservation was asked for each time, and nobody is left with it.
    assert [action for action, _ in storefront.calls].count("reserve") == 3
    assert len({key for _, key in storefront.calls}) == 1
    storefront.loses_answers = False
    with later(minutes=10):
        shop.work()
    assert holds(shop) == [("released", "no_answer")]
    assert storefront.taken == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_answer_that_was_lost_is_asked_for_with_the_same_key(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    storefront.units = 2
    waiting(shop, ANN)
    storefront.loses_answers = True
    shop.stock("TEE-M", 1)
    shop.work()
    storefront.loses_answers = False
    with later(seconds=6):
        shop.work()
    assert sent(shop) == [ANN]
    assert storefront.taken == 1
    assert holds(shop) == [("held", None)]


def test_the_link_carries_the_reservation_also_when_nothing_else_is_left(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront, link_domain="https://go.acme.example")
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    shop.work()
    shop.stock("TEE-M", 1, committed=1)
    [message] = shop.messages()
    code = message["body"].partition("/l/")[2].split()[0]
    answer = shop.client.get(f"/l/{code}", headers={"Accept-Language": "en"})
    assert answer.status_code == 302
    assert "reservation=ref-" in answer.location
    with later(minutes=31):
        assert shop.client.get(f"/l/{code}", headers={"Accept-Language": "en"}).status_code == 200  # gone again


def test_switched_off_nobody_is_asked_and_nothing_is_promised(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront, hold_minutes=None)
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    shop.work()
    [message] = shop.messages()
    assert (message["status"], "held for you" in message["body"]) == ("delivered", False)
    assert storefront.calls == []


def on_both(shop: Shop, phone: str) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.widget(
        {"sku": "TEE-M", "phone": phone, "email": "ann@mail.example", "channels": ["sms", "email"], "consent": True}
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_told_on_two_channels_a_person_has_one_unit(shop: Shop, storefront: HoldsStub) -> None:
    storefront.units = 5
    connect(shop, storefront, confirmations=False, channels="together")
    on_both(shop, ANN)
    shop.stock("TEE-M", 5)
    shop.work()
    with later(seconds=8):
        shop.work()
        assert sorted(message["channel"] for message in shop.messages(status="delivered")) == ["email", "sms"]
    assert [status for status, _ in holds(shop)] == ["held"]
    assert storefront.taken == 1


@pytest.mark.parametrize("channels", ["in_order", "together"])
def test_the_unit_of_a_text_that_failed_is_that_of_the_email(shop: Shop, storefront: HoldsStub, channels: str) -> None:
    connect(shop, storefront, confirmations=False, channels=channels)
    on_both(shop, "+12015550190")
    shop.stock("TEE-M", 5)
    shop.work()
    for minutes in (2, 4):
        with later(minutes=minutes):
            shop.sweep()
            shop.work()
    assert [(message["channel"], message["status"]) for message in shop.messages()] in (
        [("sms", "undelivered"), ("email", "delivered")],
        [("email", "delivered"), ("sms", "undelivered")],
    )
    assert holds(shop) == [("held", None)]
    assert storefront.given_back == []
    assert len(storefront.kept) == 1
    with later(minutes=35):
        shop.work()
    assert holds(shop) == [("lapsed", "lapsed")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_text_that_had_to_wait_too_long_asks_for_its_unit_anew(shop: Shop, storefront: HoldsStub) -> None:
    from nexnotify.gateways.models import GatewayInstance

    connect(shop, storefront)
    waiting(shop, ANN)

    def pause(is_paused: bool) -> None:
        with shop.app.app_context():
            with transaction():
                db.session.execute(sa.update(GatewayInstance).values(paused_at=utcnow() if is_paused else None))
            db.session.remove()

    storefront.meanwhile = lambda: pause(True)  # the text cannot go when its unit is there
    shop.stock("TEE-M", 1)
    shop.work()
    assert holds(shop) == [("held", None)]
    storefront.meanwhile = lambda: None
    with later(minutes=20):
        shop.work()
        assert holds(shop) == [("released", "too_late")]
        pause(False)
        shop.work()
        assert holds(shop) == [("held", None)]
        assert sent(shop) == [ANN]
    assert len(storefront.kept) == 2
    assert storefront.most == 1
    assert storefront.taken == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_storefront_that_keeps_a_unit_for_less_is_taken_at_its_word(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)  # for half an hour
    storefront.no_longer_than = timedelta(minutes=10)
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    shop.work()
    assert sent(shop) == [ANN]
    assert holds(shop) == [("held", None)]
    with later(minutes=11):
        shop.work()
    assert holds(shop) == [("lapsed", "lapsed")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("time", [timedelta(seconds=30), timedelta(days=-1)])
def test_a_unit_that_is_gone_before_anybody_could_come_is_no_promise(
    shop: Shop, storefront: HoldsStub, time: timedelta
) -> None:
    connect(shop, storefront)
    storefront.no_longer_than = time
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    for seconds in (0, 10, 50):
        with later(seconds=seconds):
            shop.work()
    [message] = shop.messages()
    assert message["status"] == "delivered"
    assert "held for you" not in message["body"]
    assert holds(shop) == [("released", "no_answer")]
    assert storefront.taken == 0


@pytest.mark.parametrize("strange", ["r\0", "r\ud800"], ids=["NUL", "half a character"])
def test_words_of_a_storefront_that_no_database_keeps_stop_nobody(
    shop: Shop, storefront: HoldsStub, strange: str
) -> None:
    connect(shop, storefront)
    storefront.says = {"reference": strange, "reason": strange}
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 5)  # more than the storefront has for us: it keeps one, and refuses one
    shop.work()
    assert sent(shop) == [ANN]
    assert holds(shop) == [("held", None), ("refused", None)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_as_many_are_told_as_units_lapse_together(shop: Shop, storefront: HoldsStub) -> None:
    storefront.units = 4
    connect(shop, storefront, confirmations=False)
    waiting(shop, *numbers(10))
    shop.stock("TEE-M", 5)
    shop.work()
    assert len(sent(shop)) == 4
    for round, minutes in enumerate((31, 62), 2):
        with later(minutes=minutes):
            shop.work()
            shop.work()
            assert len(sent(shop)) == min(4 * round, 10)
    assert storefront.most == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_was_drawn_not_to_be_told_is_not_told_of_a_unit_that_is_free_again(
    shop: Shop, storefront: HoldsStub
) -> None:
    """It came in by that same restock; the next delivery tells them."""
    storefront.units = 2
    connect(shop, storefront, confirmations=False, holdout=50)
    waiting(shop, *numbers(30))
    shop.stock("TEE-M", 5)
    shop.work()
    drawn = {row["to"] for row in shop.requests(status="waiting") if "holdout" in reasons(shop, row)}
    assert 5 < len(drawn) < 25
    for minutes in (31, 62, 93):
        with later(minutes=minutes):
            shop.work()
            shop.work()
    assert len(sent(shop)) == 8
    assert drawn.isdisjoint(sent(shop))
    storefront.units = 40
    with later(minutes=130):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 40)
        shop.work()
        assert drawn < set(sent(shop))


def reasons(shop: Shop, request: dict[str, Any]) -> list[str | None]:
    return [event.get("reason") for event in shop.trace(request["id"])["events"]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fourth_wants", [1, 3])
def test_the_simulation_tells_nobody_beyond_the_units_and_so_it_happens(
    shop: Shop, storefront: HoldsStub, fourth_wants: int
) -> None:
    storefront.units = 5
    connect(shop, storefront, confirmations=False)
    shop.product("TEE-M")
    for number, phone in enumerate(numbers(9)):
        shop.ask("TEE-M", phone, quantity=fourth_wants if number == 3 else 1)
    simulated = shop.post("simulations", {"sku": "TEE-M", "units": 5})["forecast"]
    expected = {row["reason"]: row["people"] for row in simulated["people"]}
    assert simulated["keeps_units"] is True
    shop.stock("TEE-M", 5)
    shop.work()
    told = len(sent(shop))
    without = sum("no_unit" in reasons(shop, row) for row in shop.requests(status="waiting"))
    assert (told, without) == (5, 4), "and who wants more than are left lets the next ones have them"
    assert expected == {"eligible": told, "no_unit": without}
    assert simulated["messages"] == {"sms": told}

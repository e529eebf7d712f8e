"""Whoever knows an address cannot change what its owner waits for: only the browser it was asked in, or the owner's yes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from nexnotify.settings import Settings
from tests.shop import Shop
from tests.texting import Twilio
from tests.times import later

ANN, BEN = "+12015550123", "+12015550124"
#: A browser in which Ann's request was not made.
ANOTHER = {"secret": "another-browser-0001"}
LINK = re.compile(r"/s/yes/[\w.-]+")
WISHES = pytest.mark.parametrize(
    "wish, said",
    [
        ({"quantity": 99}, "99 units"),
        ({"any_variant": True}, "1 unit, any variant"),
        ({"or_variants": [{"sku": "TEE-L"}], "quantity": 2}, "2 units, any of 2 variants"),
        ({"location": "lyon"}, "1 unit, only at lyon"),
    ],
)
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def waiting(shop: Shop, twilio: Twilio) -> Shop:
    """Ann and Ben wait for one tee in M; it comes in M and L, and there is a shop in Lyon."""
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "ML"]
    row = {"id": "tee", "title": "Tee", "url": "https://acme.example/tee", "variants": variants}
    assert shop.put("products", {"products": [row]})["errors"] == []
    shop.put("settings", {"frequency_cap": None})
    for size in "ML":
        shop.stock(f"TEE-{size}", 0)
        shop.stock(f"TEE-{size}", 0, location="lyon")
    for phone in (ANN, BEN):
        shop.ask("TEE-M", phone)
    shop.work()
    return shop


def hers(shop: Shop) -> dict[str, Any]:
    return next(row for row in shop.requests() if row["to"] == ANN)


def questions(shop: Shop) -> list[str]:
    shop.work()
    return [message["body"] for message in shop.messages("change")]


def told(shop: Shop, sku: str, on_hand: int) -> list[str]:
    """Who is told when it comes in, in that order."""
    shop.stock(sku, on_hand)
    shop.work()
    return [message["to"] for message in shop.messages()]


def became(shop: Shop) -> list[str]:
    """What the story of Ann's request says of changes."""
    events = shop.trace(hers(shop)["id"])["events"]
    return [event["what"] for event in events if event["what"].startswith("change")]


def page(shop: Shop) -> str:
    """The page behind the link of the last question."""
    found = LINK.search(questions(shop)[-1])
    assert found is not None
    return found[0]


@WISHES
def test_another_browser_changes_nothing_and_the_owner_is_asked(waiting: Shop, wish: dict[str, Any], said: str) -> None:
    before = hers(waiting)
    waiting.ask("TEE-M", ANN, **ANOTHER, **wish)
    assert hers(waiting) == before
    [question] = questions(waiting)
    assert f"change that to: {said}." in question
    assert waiting.trace(hers(waiting)["id"])["summary"] == "Waits: the product has not come back since."
    assert told(waiting, "TEE-M", 5) == [ANN, BEN], "she is told of what she asked for herself"
    assert became(waiting) == ["change_wished"]


def test_the_form_answers_as_if_nobody_waited(waiting: Shop) -> None:
    known = waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    assert known == waiting.ask("TEE-M", "+12015550199", **ANOTHER, quantity=99)


def test_a_yes_by_text_changes_it_and_she_keeps_her_place(waiting: Shop, twilio: Twilio) -> None:
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=3)
    waiting.work()
    twilio.text(ANN, "YES")
    waiting.work()
    assert (hers(waiting)["quantity"], hers(waiting)["status"]) == (3, "waiting")
    assert became(waiting) == ["change_wished", "change_taken"]
    assert told(waiting, "TEE-M", 2) == [BEN]
    assert told(waiting, "TEE-M", 4) == [BEN, ANN]


def test_a_wider_wish_takes_in_her_other_requests_only_with_her_yes(waiting: Shop, twilio: Twilio) -> None:
    waiting.ask("TEE-L", ANN)
    waiting.ask("TEE-M", ANN, **ANOTHER, any_variant=True)
    mine = [row["status"] for row in waiting.requests() if row["to"] == ANN]
    assert mine == ["waiting", "waiting"]
    waiting.work()
    twilio.text(ANN, "yes")
    assert [row["status"] for row in waiting.requests() if row["to"] == ANN] == ["waiting", "cancelled"]
    assert told(waiting, "TEE-L", 5) == [ANN]
    assert told(waiting, "TEE-M", 5) == [ANN, BEN], "and she is told once"


def test_the_link_shows_the_change_and_its_button_makes_it(waiting: Shop) -> None:
    """Looking changes nothing: mail scanners follow links."""
    waiting.put("settings", {"switches": {"sold_out": {"email": True}}})
    waiting.widget({"sku": "TEE-M", "email": "ann@mail.example", "channels": ["email"]})
    waiting.widget({"sku": "TEE-M", "email": "ann@mail.example", "channels": ["email"], "quantity": 4})
    address = page(waiting)
    shown = waiting.client.get(address).get_data(as_text=True)
    assert "4 units" in shown
    assert "Yes, change it" in shown
    assert [row["quantity"] for row in waiting.requests()][-1] == 1
    assert "Thank you" in waiting.client.post(address).get_data(as_text=True)
    assert [row["quantity"] for row in waiting.requests()][-1] == 4
    assert "Nothing to answer" in waiting.client.get(address).get_data(as_text=True)


def test_a_no_leaves_everything_as_it_was(waiting: Shop, twilio: Twilio) -> None:
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    waiting.work()
    twilio.text(ANN, "no")
    twilio.text(ANN, "yes")
    assert (hers(waiting)["quantity"], hers(waiting)["status"]) == (1, "waiting")
    assert became(waiting) == ["change_wished", "change_refused"]


def test_what_nobody_answers_lapses(waiting: Shop, twilio: Twilio) -> None:
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    waiting.work()
    with later(hours=73):
        twilio.text(ANN, "yes")
        waiting.sweep()
        assert hers(waiting)["quantity"] == 1
        assert became(waiting) == ["change_wished", "change_lapsed"]


def test_her_own_browser_changes_it_at_once(waiting: Shop) -> None:
    waiting.ask("TEE-M", ANN, quantity=2)
    assert hers(waiting)["quantity"] == 2
    assert questions(waiting) == []


def test_once_two_browsers_ask_for_her_address_neither_is_believed(waiting: Shop, twilio: Twilio) -> None:
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    waiting.work()
    waiting.ask("TEE-M", ANN, quantity=2)
    waiting.work()
    assert hers(waiting)["quantity"] == 1
    twilio.text(ANN, "yes")
    assert hers(waiting)["quantity"] == 2
    assert sorted(became(waiting)) == ["change_overtaken", "change_taken", "change_wished", "change_wished"]


def test_what_the_shops_own_system_changes_makes_others_wishes_void(waiting: Shop, twilio: Twilio) -> None:
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    waiting.work()
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "confirm": False, "quantity": 2}
    assert waiting.post("requests", {"requests": [row]})["errors"] == []
    twilio.text(ANN, "yes")
    assert hers(waiting)["quantity"] == 2
    assert became(waiting) == ["change_wished", "change_overtaken"]


def test_who_asks_first_in_somebodys_name_has_no_say_once_they_ask_themselves(waiting: Shop) -> None:
    number = "+12015550188"
    waiting.ask("TEE-M", number, **ANOTHER)
    waiting.ask("TEE-M", number)
    waiting.ask("TEE-M", number, **ANOTHER, quantity=99)
    assert waiting.requests()[-1]["quantity"] == 1
    assert len(questions(waiting)) == 1


def test_who_asks_first_in_somebodys_name_has_no_say_once_they_have_answered(waiting: Shop, twilio: Twilio) -> None:
    waiting.put("settings", {"double_opt_in": True})
    number = "+12015550188"
    waiting.ask("TEE-M", number, **ANOTHER)
    waiting.work()
    twilio.text(number, "yes")
    waiting.ask("TEE-M", number, **ANOTHER, quantity=99)
    waiting.work()
    assert waiting.requests()[-1]["quantity"] == 1
    twilio.text(number, "yes")
    waiting.ask("TEE-M", number, **ANOTHER, quantity=2)
    assert waiting.requests()[-1]["quantity"] == 99


def test_a_browser_that_only_asked_for_the_same_is_not_hers(waiting: Shop) -> None:
    waiting.ask("TEE-M", ANN, **ANOTHER)
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    assert hers(waiting)["quantity"] == 1


def test_a_yes_is_for_the_change_that_was_asked_last(waiting: Shop, twilio: Twilio) -> None:
    """The question about the one before is not sent any more."""
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=2)
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=2)
    waiting.work()
    gone = [message["body"] for message in waiting.messages("change") if message["status"] == "accepted"]
    assert ["2 units" in body for body in gone] == [True]
    twilio.text(ANN, "yes")
    assert hers(waiting)["quantity"] == 2


class TestLimits:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, signups_per_contact=3)

    def test_over_the_limit_of_an_address_nobody_is_asked_and_nothing_is_kept(
        self, waiting: Shop, twilio: Twilio
    ) -> None:
        """Her own sign-up counts too."""
        for quantity in (2, 3, 4, 5):
            waiting.ask("TEE-M", ANN, **ANOTHER, quantity=quantity)
            waiting.work()
        assert [re.findall(r"\d units", question) for question in questions(waiting)] == [["2 units"], ["3 units"]]
        assert became(waiting) == ["change_wished", "change_overtaken", "change_wished"]
        twilio.text(ANN, "yes")
        assert hers(waiting)["quantity"] == 3


def test_who_said_stop_is_not_asked_and_nothing_changes(waiting: Shop, twilio: Twilio) -> None:
    twilio.text(ANN, "STOP")
    waiting.ask("TEE-M", ANN)
    waiting.ask("TEE-M", ANN, **ANOTHER, quantity=99)
    assert questions(waiting) == []
    twilio.text(ANN, "START")
    last = [row for row in waiting.requests() if row["to"] == ANN][-1]
    assert (last["status"], last["quantity"]) == ("waiting", 1)


def test_the_shops_own_system_vouches_for_what_it_tells(waiting: Shop) -> None:
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "confirm": False, "quantity": 3}
    assert waiting.post("requests", {"requests": [row]})["errors"] == []
    assert hers(waiting)["quantity"] == 3
    assert questions(waiting) == []


def test_with_double_opt_in_it_vouches_only_where_it_says_so(waiting: Shop) -> None:
    waiting.put("settings", {"double_opt_in": True})
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "quantity": 3}
    assert waiting.post("requests", {"requests": [row]})["errors"] == []
    assert hers(waiting)["quantity"] == 1
    assert len(questions(waiting)) == 1


def test_what_waits_for_its_own_yes_is_changed_by_that(waiting: Shop, twilio: Twilio) -> None:
    waiting.put("settings", {"double_opt_in": True})
    number = "+12015550177"
    waiting.ask("TEE-M", number)
    waiting.ask("TEE-M", number, **ANOTHER, quantity=2)
    assert waiting.requests()[-1]["quantity"] == 2
    assert questions(waiting) == []

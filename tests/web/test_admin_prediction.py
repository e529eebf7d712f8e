"""The page of what is expected of people: the switches, what there is to learn from, and the model in words."""

from __future__ import annotations

import re

import pytest

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Prediction
from tests.admin import Desk
from tests.shop import Shop

PAGE = "/settings/expectations"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def learned(shop: Shop, in_use: bool = True) -> None:
    """A model with one strong feature, and how it did."""
    figures = {
        "tested": 300, "tested_yes": 40, "learned": 700, "auc": 0.71, "auc_plain": 0.52, "auc_error": 0.04,
        "brier": 0.101, "brier_same": 0.116,
    }  # fmt: skip
    weights = {"clicks": 0.4055, "missed": -0.2231, "units": 0.001}
    with shop.app.app_context():
        with transaction():
            db.session.add(
                Prediction(
                    store_id=shop.store_id,
                    tried_at=utcnow(),
                    told=1000,
                    bought=100,
                    clicked=100,
                    goal="bought",
                    intercept=-2.0,
                    weights=weights,
                    means=dict.fromkeys(weights, 0.5),
                    figures=figures,
                    in_use=in_use,
                )
            )
        db.session.remove()


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_in_a_new_store_all_of_it_is_off_and_the_page_says_how_much_is_needed(shop: Shop) -> None:
    page = words(Desk.of(shop).page(PAGE))
    assert "so that their outcome is known 0 1000" in page
    assert "Purchases after an alert 0 100" in page
    assert "In use" not in page
    settings = shop.get("settings")
    assert (settings["likely_first"], settings["best_hour"], settings["scarcity_units"]) == (False, False, 0)


def test_an_administrator_switches_it_on_and_off_and_the_audit_trail_keeps_it(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert "Settings saved." in desk.post(PAGE, likely_first="y", best_hour="y", scarcity_units="5")
    settings = shop.get("settings")
    assert (settings["likely_first"], settings["best_hour"], settings["scarcity_units"]) == (True, True, 5)
    assert "There is too little to learn from" in desk.page(PAGE)
    desk.post(PAGE, scarcity_units="5")
    assert not shop.get("settings")["likely_first"]
    assert re.search(r"[Ll]ikely.first", desk.page("/settings/audit"))


def test_a_wrong_number_is_refused_beside_its_field_and_kept(shop: Shop) -> None:
    page = Desk.of(shop).post(PAGE, status=422, likely_first="y", scarcity_units="-3")
    assert "Write a number from 0 to 1,000,000." in page
    assert 'value="-3"' in page
    assert not shop.get("settings")["likely_first"]


def test_the_model_is_said_in_words_with_how_well_it_does(shop: Shop) -> None:
    learned(shop)
    shop.put("settings", {"likely_first": True})
    page = words(Desk.of(shop).page(PAGE))
    assert "each alert opened before, up to 5 50 % higher" in page
    assert "each time told before without buying, up to 5 20 % lower" in page
    assert "each unit wanted, up to 5 the same" in page
    assert "puts the buyer first in 71 (give or take 8)" in page
    assert "How long they had waited does so in 52" in page
    assert "In use" in page


@pytest.mark.parametrize(
    "on, in_use, said", [(True, False, "No better than plain order"), (False, True, "Switched off")]
)
def test_a_model_that_is_not_used_says_so(shop: Shop, on: bool, in_use: bool, said: str) -> None:
    learned(shop, in_use)
    shop.put("settings", {"likely_first": on})
    page = Desk.of(shop).page(PAGE)
    assert said in page
    assert ">In use<" not in page


def test_another_stores_model_is_not_shown(shop: Shop, other_shop: Shop) -> None:
    learned(other_shop)
    assert "How well it does" not in Desk.of(shop).page(PAGE)


def test_who_may_not_change_settings_can_read_it(shop: Shop) -> None:
    learned(shop)
    viewer = Desk.of(shop, role="viewer")
    assert "How well it does" in viewer.page(PAGE)
    viewer.post(PAGE, status=403, likely_first="y", scarcity_units="0")
    assert not shop.get("settings")["likely_first"]

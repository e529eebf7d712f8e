"""The page of held units: what is switched on, where the storefront is asked, and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from wtforms import PasswordField
from wtforms.validators import InputRequired

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.holds.contract import Holds, HoldsSettings, Refused, Released, Reservation, Variant
from nexnotify.holds.loader import HoldKinds
from nexnotify.holds.models import HoldSource
from nexnotify.holds.sources import heard
from nexnotify.reports.doctor import findings
from nexnotify.settings import Settings
from tests.admin import Desk
from tests.conftest import make_settings
from tests.shop import Shop
from tests.stages.test_claims import inside
from tests.stubs.holds_stub import SECRET, HoldsStub

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/settings/holds"
FINE = {"hold_minutes": "30", "address": "https://shop.example/our-holds", "secret": "a secret of both sides"}


@pytest.fixture
def storefront() -> Iterator[HoldsStub]:
    with HoldsStub() as stub:
        yield stub


@pytest.fixture
def settings(tmp_path: Path, database_url: str, storefront: HoldsStub) -> Settings:
    return make_settings(tmp_path, database_url, private_shops=storefront.origin)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop.sign_in())


def stored(shop: Shop) -> list[str]:
    with inside(shop.app):
        return list(db.session.scalars(sa.select(HoldSource.settings).where(HoldSource.store_id == shop.store_id)))


def test_it_is_switched_on_and_the_secret_is_never_shown_again(shop: Shop, desk: Desk) -> None:
    desk.post(PAGE, **FINE)
    assert shop.get("settings")["hold_minutes"] == 30
    page = desk.page(PAGE)
    assert FINE["address"] in page
    assert FINE["secret"] not in page
    desk.post(PAGE, **{**FINE, "secret": "", "hold_minutes": "45"})  # kept when it is left empty
    [kept] = stored(shop)
    assert FINE["secret"] in kept
    trail = desk.page("/settings/audit")
    assert FINE["secret"] not in trail


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"hold_minutes": "4"}, "from 5 to 2,880"),
        ({"hold_minutes": "2881"}, "from 5 to 2,880"),
        ({"address": ""}, "Write the address"),
        ({"address": "shop.example"}, "Write the whole address"),
        ({"address": "https://me:hunter2@shop.example/holds"}, "Leave user name and password out"),
        ({"secret": "short"}, "16 to 200"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(
    shop: Shop, desk: Desk, wrong: dict[str, str], words: str
) -> None:
    page = desk.post(PAGE, 422, **{**FINE, **wrong})
    assert words in page
    assert "https://shop.example/our-holds" in page or "address" in wrong
    assert shop.get("settings")["hold_minutes"] is None
    assert stored(shop) == []


def test_left_empty_nothing_is_held(shop: Shop, desk: Desk) -> None:
    desk.post(PAGE, hold_minutes="", address="", secret="")
    assert shop.get("settings")["hold_minutes"] is None
    assert stored(shop) == []
    desk.post(PAGE, **FINE)
    desk.post(PAGE, **{**FINE, "hold_minutes": ""})
    assert shop.get("settings")["hold_minutes"] is None
    assert len(stored(shop)) == 1  # where to ask is known when it is switched on again


def test_a_storefront_without_an_answer_is_told_there(shop: Shop, desk: Desk) -> None:
    desk.post(PAGE, **FINE)
    with inside(shop.app), transaction():
        heard(shop.store_id, "shop.example refuses connections.", utcnow())
    assert "shop.example refuses connections." in desk.page(PAGE)
    with inside(shop.app), transaction():
        heard(shop.store_id, None, utcnow())
    assert "refuses connections" not in desk.page(PAGE)


# --- trying it ------------------------------------------------------------------------------------------------------


def try_it(shop: Shop, desk: Desk, storefront: HoldsStub) -> str:
    shop.product("TEE-M")
    desk.post(PAGE, hold_minutes="30", address=storefront.url, secret=SECRET)
    return desk.post(f"{PAGE}/try", 200, sku="TEE-M")


def test_a_trial_keeps_a_unit_and_gives_it_back_and_nobody_is_told(
    shop: Shop, desk: Desk, storefront: HoldsStub
) -> None:
    page = try_it(shop, desk, storefront)
    assert "It kept a unit and calls it ref-trial--1." in page
    assert "It let it go again." in page
    [(first, key), (second, same)] = storefront.calls
    assert (first, second, same) == ("reserve", "release", key)
    assert storefront.given_back == [key]
    assert (storefront.told[0]["sku"], storefront.told[0]["quantity"]) == ("TEE-M", 1)
    assert shop.messages() == []


def test_a_storefront_without_units_has_answered_all_the_same(shop: Shop, desk: Desk, storefront: HoldsStub) -> None:
    storefront.units = 0
    page = try_it(shop, desk, storefront)
    assert "Your storefront answered" in page
    assert "It answered that it has none: sold out" in page
    assert [action for action, _ in storefront.calls] == ["reserve"]


def test_a_unit_whose_answer_was_lost_is_given_back_too_and_the_page_says_what_is_wrong(
    shop: Shop, desk: Desk, storefront: HoldsStub
) -> None:
    storefront.loses_answers = True
    page = try_it(shop, desk, storefront)
    assert "This will not do yet" in page
    assert "Asked for a unit, it gave no answer: It answered with 502." in page
    assert storefront.reserved() == []
    assert "The last call, at" in page
    storefront.loses_answers = False
    assert "The last call, at" not in desk.post(f"{PAGE}/try", 200, sku="TEE-M")


def test_what_cannot_be_tried_is_said_beside_its_field(shop: Shop, desk: Desk, storefront: HoldsStub) -> None:
    desk.post(f"{PAGE}/try", 404, sku="TEE-M")  # nothing to try yet
    try_it(shop, desk, storefront)
    assert "No variant has this SKU." in desk.post(f"{PAGE}/try", 422, sku="CUP")
    assert "Write the SKU" in desk.post(f"{PAGE}/try", 422, sku="")
    for _ in range(4):
        desk.post(f"{PAGE}/try", 200, sku="TEE-M")
    assert "Many tests have gone out" in desk.post(f"{PAGE}/try", 429, sku="TEE-M")


def test_another_stores_storefront_is_its_own(shop: Shop, other_shop: Shop, desk: Desk) -> None:
    desk.post(PAGE, **FINE)
    with inside(shop.app), transaction():
        heard(shop.store_id, "Out of order.", utcnow())
    theirs = Desk(other_shop.sign_in("owner@other.example")).page(PAGE)
    assert FINE["address"] not in theirs
    assert "Out of order." not in theirs


def use(shop: Shop, kinds: dict[str, type[Holds]], **broken: str) -> None:
    """The plugins of the installation from now on."""
    shop.app.extensions["nexnotify"].holds = HoldKinds(kinds, broken)


def kinds_of(shop: Shop) -> dict[str, type[Holds]]:
    return dict(shop.app.extensions["nexnotify"].holds.kinds)


class Acme(Holds):
    """A storefront with another key."""

    key, label = "acme", "Acme's own"

    class Settings(HoldsSettings):
        secret = PasswordField("Key of Acme", [InputRequired("Write the key.")])

    def reserve(self, variant: Variant, quantity: int, until: datetime, key: str) -> Refused:
        return Refused()

    def release(self, reservation: Reservation) -> Released:
        return Released()


def test_a_broken_plugin_is_shown_and_stops_nothing(shop: Shop, desk: Desk) -> None:
    use(shop, {}, webhook="SyntaxError: <b>line 3")
    page = desk.page(PAGE)
    assert "SyntaxError: <b>line 3" in page
    assert "No storefront can be asked" in page
    assert "<b>line 3" not in desk.raw(PAGE)
    desk.post(PAGE, 404, **FINE)
    with inside(shop.app):
        assert any("SyntaxError" in words for words in findings())


def test_of_several_storefronts_one_is_chosen_and_neither_learns_the_secret_of_the_other(
    shop: Shop, desk: Desk
) -> None:
    use(shop, kinds_of(shop) | {"acme": Acme})
    desk.post(f"{PAGE}?kind=webhook", **FINE)
    assert "A signed call to your own address" in desk.page(PAGE)
    assert "Write the key." in desk.post(f"{PAGE}?kind=acme", 422, hold_minutes="30", secret="")
    desk.post(f"{PAGE}?kind=acme", hold_minutes="30", secret="key of Acme alone")
    [kept] = stored(shop)
    assert "key of Acme alone" in kept
    assert FINE["secret"] not in kept
    assert "Key of Acme" in desk.page(PAGE)


def test_a_storefront_whose_plugin_is_gone_gives_way_to_another(shop: Shop, desk: Desk) -> None:
    usual = kinds_of(shop)
    use(shop, {"acme": Acme})
    desk.post(PAGE, hold_minutes="30", secret="key of Acme alone")
    use(shop, usual)
    desk.post(PAGE, **FINE)
    [kept] = stored(shop)
    assert FINE["address"] in kept
    assert "key of Acme" not in desk.page("/settings/audit")


def test_only_who_may_change_settings_comes_in(shop: Shop) -> None:
    staff = shop.sign_in("staff@acme.example", "staff")
    assert staff.get(f"/admin{PAGE}").status_code == 403

"""The page of held units: what is switched on, where the storefront is asked, and who may see it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.holds.models import HoldSource
from nexnotify.holds.sources import heard
from tests.admin import Desk
from tests.shop import Shop
from tests.stages.test_claims import inside

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/settings/holds"
FINE = {"hold_minutes": "30", "address": "https://shop.example/our-holds", "secret": "a secret of both sides"}


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


def test_another_stores_storefront_is_its_own(shop: Shop, other_shop: Shop, desk: Desk) -> None:
    desk.post(PAGE, **FINE)
    with inside(shop.app), transaction():
        heard(shop.store_id, "Out of order.", utcnow())
    theirs = Desk(other_shop.sign_in("owner@other.example")).page(PAGE)
    assert FINE["address"] not in theirs
    assert "Out of order." not in theirs


def test_only_who_may_change_settings_comes_in(shop: Shop) -> None:
    staff = shop.sign_in("staff@acme.example", "staff")
    assert staff.get(f"/admin{PAGE}").status_code == 403

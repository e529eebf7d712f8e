"""The page of regions: what is refused, and what the audit trail says."""

from __future__ import annotations

import pytest

from tests.admin import Desk
from tests.shop import Shop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/settings/regions"
NORTH = {"name": "The north", "key": "north", "locations": "main", "offered": "y"}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    shop.product("TEE-M")
    return Desk.of(shop, "admin")


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"name": " "}, "Give it a name."),
        ({"key": "  "}, "Give it a key."),
        ({"locations": "mian"}, "No stock was ever told at mian."),
    ],
)
def test_a_region_that_nobody_could_name_is_refused_beside_its_field(
    shop: Shop, desk: Desk, wrong: dict[str, str], words: str
) -> None:
    assert words in desk.post(PAGE, 422, **{**NORTH, **wrong})
    assert shop.get("regions")["regions"] == []


def test_the_trail_says_whether_shoppers_can_choose_it(desk: Desk) -> None:
    desk.post(PAGE, **NORTH)
    number = desk.id_in(PAGE, r"/admin/settings/regions/(\d+)")
    desk.post(f"{PAGE}/{number}", **{**NORTH, "offered": ""})
    trail = desk.page("/settings/audit")
    assert "offered: on" in trail
    assert "offered: off" in trail

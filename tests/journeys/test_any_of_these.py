"""Any size, or any of these: the first that can be bought tells the person, once, and about that one."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from nexnotify.ledger.values import confirm_url
from tests.shop import Shop

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def tee(shop: Shop, *sizes: str) -> None:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in sizes]
    row = {"id": "tee", "title": "Tee", "url": "https://acme.example/tee", "variants": variants}
    assert shop.put("products", {"products": [row]})["errors"] == []


@pytest.fixture
def sold_out(shop: Shop) -> Shop:
    """A tee in three sizes and a mug, all sold out."""
    tee(shop, "S", "M", "L")
    shop.product("MUG", title="Mug")
    for sku in ("TEE-S", "TEE-M", "TEE-L", "MUG"):
        shop.stock(sku, 0)
    shop.plan()
    return shop


def told(shop: Shop) -> list[tuple[str, str]]:
    shop.work()
    return [(row["to"], row["sku"]) for row in shop.messages() if row["status"] == "delivered"]


def or_else(*skus: str) -> dict[str, Any]:
    return {"or_variants": [{"sku": sku} for sku in skus]}


@pytest.mark.parametrize("size", ["S", "M", "L"])
@sqlite_only
def test_any_size_is_told_about_the_one_that_came_back(sold_out: Shop, size: str) -> None:
    sold_out.ask("TEE-M", ANN, any_variant=True)
    sold_out.stock(f"TEE-{size}", 5)
    assert told(sold_out) == [(ANN, f"TEE-{size}")]
    assert f"Tee {size}" in sold_out.messages()[0]["body"]


def test_who_would_take_any_is_told_once_when_several_come_back(sold_out: Shop) -> None:
    sold_out.ask("TEE-M", ANN, any_variant=True)
    sold_out.ask("MUG", BEN, **or_else("TEE-L", "TEE-S"))
    for sku in ("TEE-L", "TEE-S", "MUG", "TEE-M"):
        sold_out.stock(sku, 5)
    assert told(sold_out) == [(ANN, "TEE-L"), (BEN, "TEE-L")]
    for sku in ("TEE-L", "TEE-S", "MUG", "TEE-M"):
        sold_out.stock(sku, 0)
        sold_out.stock(sku, 5)
    assert len(told(sold_out)) == 2


@sqlite_only
def test_a_size_that_is_made_later_counts_as_any(sold_out: Shop) -> None:
    sold_out.ask("TEE-M", ANN, any_variant=True)
    tee(sold_out, "XL")
    sold_out.stock("TEE-XL", 5)
    assert told(sold_out) == [(ANN, "TEE-XL")]


@sqlite_only
def test_those_who_want_one_and_those_who_would_take_any_are_told_in_the_order_they_asked(sold_out: Shop) -> None:
    sold_out.ask("TEE-L", ANN)
    sold_out.ask("TEE-S", BEN, any_variant=True)
    sold_out.ask("TEE-L", CAT)
    sold_out.ask("MUG", "+12015550126", **or_else("TEE-L"))
    sold_out.ask("TEE-S", "+12015550127")
    sold_out.stock("TEE-L", 5)
    sold_out.plan()
    rows = sorted(sold_out.messages(), key=lambda row: row["created_at"])
    assert [row["to"] for row in rows] == [ANN, BEN, CAT, "+12015550126"]


@sqlite_only
def test_nothing_else_is_told_to_who_wants_one_size(sold_out: Shop) -> None:
    """Variant and product are asked about together: another variant of the product, or the product of another one."""
    sold_out.ask("TEE-M", ANN)
    sold_out.ask("MUG", BEN, any_variant=True)
    sold_out.stock("TEE-L", 5)
    assert told(sold_out) == []


@sqlite_only
def test_who_was_told_of_one_that_sold_out_first_is_told_of_another(sold_out: Shop) -> None:
    sold_out.ask("TEE-M", ANN, any_variant=True)
    sold_out.stock("TEE-S", 5)
    sold_out.plan()
    sold_out.stock("TEE-S", 0)
    assert told(sold_out) == []
    sold_out.stock("TEE-L", 5)
    assert told(sold_out) == [(ANN, "TEE-L")]


@sqlite_only
def test_any_can_not_be_asked_for_while_one_can_be_bought(sold_out: Shop) -> None:
    sold_out.stock("TEE-S", 1)
    sold_out.ask("TEE-M", ANN, any_variant=True, status=409)
    sold_out.ask("MUG", ANN, **or_else("TEE-S"), status=409)
    sold_out.ask("TEE-M", ANN)


@pytest.mark.parametrize(
    "first,then,expected",
    [
        (("TEE-M", {}), ("TEE-L", {"any_variant": True}), ("product", ["TEE-L", "TEE-M", "TEE-S"])),
        (("TEE-M", {"any_variant": True}), ("TEE-L", {}), ("product", ["TEE-L", "TEE-M", "TEE-S"])),
        (("TEE-M", {"any_variant": True}), ("TEE-L", {"any_variant": True}), ("product", ["TEE-L", "TEE-M", "TEE-S"])),
        (("TEE-M", or_else("MUG")), ("MUG", {}), ("listed", ["MUG", "TEE-M"])),
        (("MUG", {}), ("TEE-M", or_else("MUG")), ("listed", ["MUG", "TEE-M"])),
        (("TEE-M", or_else("MUG")), ("TEE-L", or_else("TEE-M")), ("listed", ["MUG", "TEE-L", "TEE-M"])),
        (("TEE-M", or_else("MUG")), ("TEE-L", {"any_variant": True}), ("listed", ["MUG", "TEE-L", "TEE-M", "TEE-S"])),
    ],
    ids=str,
)
@sqlite_only
def test_what_a_person_asks_for_twice_is_one_request_that_keeps_its_place(
    sold_out: Shop, first: Any, then: Any, expected: Any
) -> None:
    sold_out.ask(first[0], ANN, **first[1])
    [before] = sold_out.requests()
    sold_out.ask(then[0], ANN, **then[1])
    [after] = sold_out.requests()
    assert after["id"] == before["id"]
    assert (after["scope"], sorted(after["any_of"])) == expected
    for sku in expected[1]:
        sold_out.stock(sku, 5)
    assert len(told(sold_out)) == 1


@sqlite_only
def test_a_wider_request_takes_in_those_it_covers(sold_out: Shop) -> None:
    for sku in ("TEE-L", "MUG", "TEE-S"):
        sold_out.ask(sku, ANN)
    sold_out.ask("TEE-M", ANN, any_variant=True)
    rows = sold_out.requests()
    assert [(row["status"], row["closed_reason"], row["scope"]) for row in rows] == [
        ("waiting", None, "product"),
        ("waiting", None, "variant"),
        ("cancelled", "merged", "variant"),
    ]
    assert sold_out.trace(rows[2]["id"])["summary"] == "A later request of the same person took it in."


@sqlite_only
def test_two_people_do_not_share_what_they_asked_for(sold_out: Shop, other_shop: Shop) -> None:
    tee(other_shop, "S", "M", "L")
    other_shop.ask("TEE-M", ANN, any_variant=True)
    sold_out.ask("TEE-M", ANN)
    sold_out.ask("TEE-M", BEN, any_variant=True)
    assert [row["scope"] for row in sold_out.requests()] == ["variant", "product"]
    sold_out.stock("TEE-S", 5)
    assert told(sold_out) == [(BEN, "TEE-S")]
    assert told(other_shop) == []


@sqlite_only
def test_any_and_several_units_go_together(sold_out: Shop) -> None:
    sold_out.ask("TEE-M", ANN, any_variant=True, quantity=3)
    sold_out.stock("TEE-S", 2)
    assert told(sold_out) == []
    sold_out.stock("TEE-L", 1)
    assert told(sold_out) == []
    sold_out.stock("TEE-L", 3)
    assert told(sold_out) == [(ANN, "TEE-L")]


@pytest.mark.parametrize(
    "fields,status",
    [
        ({"any_variant": True, "or_variants": [{"sku": "MUG"}]}, 422),
        ({"or_variants": [{"sku": "HAT"}]}, 404),
        ({"or_variants": [{"sku": "MUG", "variant_id": "mug-v"}]}, 422),
        ({"or_variants": [{}]}, 422),
        ({"or_variants": [{"sku": "MUG"}] * 21}, 422),
        ({"any_variant": "yes"}, 422),
    ],
    ids=str,
)
@sqlite_only
def test_a_request_for_several_that_makes_no_sense_is_refused(sold_out: Shop, fields: Any, status: int) -> None:
    sold_out.ask("TEE-M", ANN, status=status, **fields)
    assert sold_out.requests() == []


@sqlite_only
def test_a_shopper_reads_what_they_asked_for(sold_out: Shop) -> None:
    """In the confirmation, and on their own page."""
    email = {"phone": None, "channels": ["email"], "email": "ann@mail.example"}
    sold_out.ask("TEE-M", any_variant=True, **email)
    sold_out.ask("MUG", **or_else("MUG", "TEE-L"), **(email | {"email": "ben@mail.example"}))
    sold_out.work()
    words = [(row["to"], row["body"]) for row in sold_out.messages("confirmation")]
    assert ["when Tee is available" in body for to, body in words if to.startswith("ann")] == [True]
    for name, expected in (("ann", "Tee, any of them"), ("ben", "Mug, or another one that you chose")):
        [address] = [re.search(r"http\S+/s/\S+", body) for to, body in words if to.startswith(name)]
        assert address is not None
        page = sold_out.client.get(urlsplit(address[0]).path).get_data(as_text=True)
        assert expected in " ".join(page.split())


@sqlite_only
@pytest.mark.parametrize("size", ["S", "M", "L"])
def test_a_late_yes_is_told_of_whichever_is_back(sold_out: Shop, size: str) -> None:
    """Asked back first; one of the sizes comes in before the yes does."""
    sold_out.put("settings", {"double_opt_in": True})
    sold_out.ask("TEE-M", ANN, any_variant=True)
    sold_out.stock(f"TEE-{size}", 5)
    sold_out.work()
    with sold_out.app.app_context():
        page = urlsplit(confirm_url(sold_out.store_id, sold_out.requests()[0]["id"]) or "").path
    assert sold_out.client.post(page).status_code == 200
    sold_out.work()
    assert [row["sku"] for row in sold_out.messages()] == [f"TEE-{size}"]

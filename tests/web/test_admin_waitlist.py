"""The waitlist, restocks, messages and products as a merchant works with them."""

from __future__ import annotations

import re

import pytest

from tests.admin import Desk
from tests.shop import Shop

EVIL = '<script>alert(1)</script><b onclick="x()">Tee</b>'
NUMBERS = re.compile(r"\+?1?\D?201\D{0,2}555\D?01\d\d")


def test_demand_is_shown_by_variant_most_wanted_first(shop: Shop) -> None:
    shop.product("TEE-M", title="Tee")
    shop.product("MUG", title="Mug")
    shop.ask("TEE-M", "+12015550123")
    for number in range(2):
        shop.ask("MUG", f"+1201555013{number}")
    shop.ask_by_email("MUG", "ann@mail.example")
    page = Desk.of(shop).page("/waitlist")
    assert page.index("MUG") < page.index("TEE-M")
    assert "3 people waiting: 2 by text message, 1 by email" in " ".join(page.split())


@pytest.mark.parametrize("words,found", [("tee", True), ("TEE-M", True), ("e-m", True), ("mug", False), ("%", False)])
def test_the_waitlist_is_searched_by_title_or_sku(shop: Shop, words: str, found: bool) -> None:
    shop.product("TEE-M", title="Tee")
    shop.ask("TEE-M")
    page = Desk.of(shop).page(f"/waitlist?q={words.replace('%', '%25')}")
    assert (">Tee</a>" in page) is found
    assert ("Nothing matches" in page) is not found


def test_addresses_are_masked_on_every_page(shop: Shop) -> None:
    shop.put("settings", {"confirmations": True})
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550191")  # the outbox rejects it, and says why
    shop.ask("TEE-M", "+12015550123")
    shop.ask_by_email("TEE-M", "annabel@mail.example")
    shop.stock("TEE-M", 5)
    shop.work()
    desk = Desk.of(shop)
    variant = desk.id_of("/products", "products/variants")
    paths = ["/waitlist", f"/waitlist/variants/{variant}?status=all", "/messages", "/restocks", "/settings/audit"]
    paths += [f"/waitlist/requests/{request['id']}" for request in shop.requests()]
    paths += [f"/messages/{number}" for number in re.findall(r'"/admin/messages/(\d+)"', desk.raw("/messages"))]
    assert len(paths) > 10
    for path in paths:
        page = desk.page(path)
        assert not NUMBERS.search(page), path
        assert "annabel" not in page, path


def test_what_a_shop_calls_its_products_is_never_markup(shop: Shop) -> None:
    shop.product("TEE-M", title=EVIL, options={"<i>Size": "<i>M"})
    shop.ask("TEE-M", first_name="<i>Ann</i>", page_url="javascript:alert(1)")
    shop.stock("TEE-M", 5)
    shop.work()
    desk = Desk.of(shop)
    variant, product = desk.id_of("/products", "products/variants"), desk.id_of("/products", "products")
    request, restock = shop.requests()[0]["id"], desk.id_of("/restocks", "restocks")
    message = desk.id_of("/messages", "messages")
    for path in (
        "/waitlist",
        f"/waitlist/variants/{variant}?status=all",
        f"/waitlist/requests/{request}",
        "/restocks",
        f"/restocks/{restock}",
        "/messages",
        f"/messages/{message}",
        "/products",
        f"/products/{product}",
        f"/products/variants/{variant}",
    ):
        page = desk.raw(path)
        assert "<script>alert" not in page, path
        assert "<b onclick" not in page, path
        assert "<i>" not in page, path
        assert 'href="javascript' not in page, path


def test_a_request_tells_its_story_with_the_consent_word_for_word(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", consent_text="Yes, text me once.", page_url="https://acme.example/tee")
    shop.stock("TEE-M", 5)
    shop.work()
    page = Desk.of(shop).page(f"/waitlist/requests/{shop.requests()[0]['id']}")
    for words in ("Asked to be told", "Consent given", "Planned", "Delivered", "which was Sold Out"):
        assert words in page
    assert "Yes, text me once." in page
    assert "https://acme.example/tee" in page


def test_a_request_that_staff_cancel_is_told_of_nothing(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.work()
    shop.stock("TEE-M", 5)
    shop.plan()
    assert [message["status"] for message in shop.messages()] == ["queued"]
    desk = Desk.of(shop, "staff")
    request = shop.requests()[0]["id"]
    page = desk.post(f"/waitlist/requests/{request}/cancel")
    assert "The merchant cancelled it." in page
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["suppressed"]
    assert "ended already" in desk.post(f"/waitlist/requests/{request}/cancel")
    assert "Request cancelled" in desk.page("/settings/audit")


def test_stock_set_by_hand_tells_who_waits(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    desk = Desk.of(shop, "staff")
    variant = desk.id_of("/products", "products/variants")
    page = desk.post(f"/products/variants/{variant}/stock", location="main", on_hand="5")
    assert "Saved: 5 on hand at main." in page
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]
    restock = desk.id_of("/restocks", "restocks")
    assert "Nothing stood in the way." in desk.page(f"/restocks/{restock}")


@pytest.mark.parametrize("typed", ["", " ", "-1", "many", "1.5", str(10**30)])
def test_a_number_that_is_none_is_refused_and_never_taken_for_unlimited(shop: Shop, typed: str) -> None:
    shop.product("TEE-M", on_hand=0)
    desk = Desk.of(shop)
    variant = desk.id_of("/products", "products/variants")
    desk.post(f"/products/variants/{variant}/stock", 422, location="main", on_hand=typed)
    assert shop.offered("TEE-M")["status"] == "sold_out"


def test_stock_by_hand_leaves_what_is_committed(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.stock("TEE-M", 2, committed=2)
    desk = Desk.of(shop)
    variant = desk.id_of("/products", "products/variants")
    desk.post(f"/products/variants/{variant}/stock", location="main", on_hand="2")
    assert shop.offered("TEE-M")["status"] == "sold_out"
    desk.post(f"/products/variants/{variant}/stock", location="main", on_hand="", unlimited="y")
    assert shop.offered("TEE-M")["status"] == "in_stock"


def test_a_variant_is_given_another_of_the_three_statuses(shop: Shop) -> None:
    shop.product("TEE-M")
    desk = Desk.of(shop, "staff")
    variant = desk.id_of("/products", "products/variants")
    desk.post(f"/products/variants/{variant}/unavailable", unavailable_as="backordered")
    assert shop.offered("TEE-M")["status"] == "backordered"
    desk.post(f"/products/variants/{variant}/unavailable", 422, unavailable_as="gone")


def test_a_long_list_has_pages_and_loses_nobody(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False})
    shop.product("TEE-M")
    shop.post(
        "requests",
        {"requests": [{"sku": "TEE-M", "email": f"a{n}@mail.example", "channels": ["email"]} for n in range(120)]},
    )
    desk = Desk.of(shop)
    variant = desk.id_of("/products", "products/variants")
    path, seen, pages = f"/waitlist/variants/{variant}", set(), []
    while path:
        page = desk.page(path)
        pages.append(path)
        seen |= set(re.findall(r"/waitlist/requests/(\d+)", page))
        following = re.search(r'href="/admin([^"]+)" rel="next"', page)
        path = following.group(1) if following else ""
    assert (len(pages), len(seen)) == (3, 120)
    back = re.search(r'href="/admin([^"]+)" rel="prev"', desk.page(pages[2]))
    assert back is not None
    assert re.findall(r"/waitlist/requests/(\d+)", desk.page(back.group(1))) == re.findall(
        r"/waitlist/requests/(\d+)", desk.page(pages[1])
    )


def test_a_shop_without_anything_says_what_will_be_where(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert "Nobody waits yet" in desk.page("/waitlist")
    assert "No restock yet" in desk.page("/restocks")
    assert "No messages yet" in desk.page("/messages")
    assert "No products yet" in desk.page("/products")

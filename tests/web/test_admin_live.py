"""Lists keep themselves up to date, and stop asking when nothing more can come."""

import html
import json
import re

import pytest

from tests.admin import Desk
from tests.shop import Shop


def part(page: str) -> tuple[str, dict[str, str]]:
    """Where a page's live part asks, and what it says it shows; ("", {}) where it asks no more."""
    found = re.search(r'<div id="live"([^>]*)>', page)
    assert found is not None
    where = re.search(r'hx-get="([^"]*)"', found.group(1))
    seen = re.search(r"hx-headers='([^']*)'", found.group(1))
    return (html.unescape(where.group(1)), json.loads(html.unescape(seen.group(1)))) if where and seen else ("", {})


@pytest.mark.parametrize("path", ["/messages", "/waitlist", "/waitlist/variants/{variant}?status=all"])
def test_a_list_is_answered_only_when_it_differs(shop: Shop, path: str) -> None:
    shop.product("TEE-M")
    desk = Desk.of(shop)
    path = path.format(variant=desk.id_of("/products", "products/variants"))
    address, seen = part(desk.raw(path))
    assert desk.browser.get(address, headers=seen).status_code == 204
    shop.ask("TEE-M")
    answer = desk.browser.get(address, headers=seen)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert text.startswith('<div id="live"')
    assert "0123" in text or "1 person waiting" in text
    address, seen = part(text)
    assert desk.browser.get(address, headers=seen).status_code == 204


def test_the_filters_of_a_list_stay(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.work()
    desk = Desk.of(shop)
    address, _ = part(desk.raw("/messages?status=queued&kind="))
    assert "status=queued" in address
    assert "No messages match" in desk.browser.get(address, headers={"X-Nx-Seen": "other"}).get_data(as_text=True)


def test_a_message_asks_until_it_has_come_to_its_end(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    desk = Desk.of(shop)
    page = f"/messages/{desk.id_of('/messages', 'messages')}"
    address, seen = part(desk.raw(page))
    assert address
    shop.send()
    answer = desk.browser.get(address, headers=seen).get_data(as_text=True)
    assert "Delivered" in answer
    assert part(answer) == ("", {})


def test_older_pages_of_a_list_do_not_ask(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.work()
    assert part(Desk.of(shop).raw("/messages?after=999999")) == ("", {})


def test_whoever_is_signed_out_gets_no_part(shop: Shop) -> None:
    answer = shop.app.test_client().get("/admin/messages", headers={"X-Nx-Seen": "x", "HX-Request": "true"})
    assert answer.status_code in (302, 401)

"""Somebody who waits for several products is told of what comes back together in one message."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Message
from nexnotify.restock.models import RestockEvent
from tests.shop import Shop
from tests.times import later

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SKUS = [f"SKU-{number}" for number in range(1, 12)]


def waits_for(shop: Shop, skus: list[str], **settings: Any) -> None:
    """Ann waits for these, in a shop that tells what comes back within ten minutes in one message."""
    shop.put("settings", {"bundle_minutes": 10, "confirmations": False, "short_links": True} | settings)
    for sku in skus:
        shop.product(sku, title=f"Title of {sku}")
        shop.ask(sku)


def restock(shop: Shop, skus: list[str], units: int = 5) -> None:
    for sku in skus:
        shop.stock(sku, units)
    shop.work()


def told(shop: Shop) -> list[dict[str, Any]]:
    return [message for message in shop.messages() if message["status"] in ("accepted", "sent", "delivered")]


def states(shop: Shop) -> list[str]:
    return [item["status"] for item in shop.requests()]


def body(shop: Shop) -> str:
    """Of the newest message that went out."""
    with shop.app.app_context():
        text = sa.select(Message.body).where(Message.accepted_at.is_not(None)).order_by(Message.id.desc())
        return str(db.session.scalar(text.limit(1)))


def listed(shop: Shop) -> str:
    """The page that the newest message links to."""
    [path] = re.findall(r"/s/products/\S+", body(shop))
    return str(shop.client.get(path).get_data(as_text=True))


def test_eleven_products_in_a_minute_become_one_text_and_nobody_is_lost(shop: Shop) -> None:
    waits_for(shop, SKUS)
    restock(shop, SKUS)
    assert told(shop) == []
    with later(minutes=11):
        shop.work()
        [message] = told(shop)
        assert states(shop) == ["alerted"] * 11
        assert re.search(r"Title of SKU-1, .* and \d more", body(shop))
        page = listed(shop)
        assert all(f"Title of {sku}<" in page for sku in SKUS)
        assert "bundled" in str(shop.trace(7))
        shop.sweep()
        assert [item["reference"] for item in told(shop)] == [message["reference"]]


@sqlite
def test_a_new_store_tells_each_product_by_itself_and_at_once(shop: Shop) -> None:
    waits_for(shop, SKUS[:2], bundle_minutes=0)
    restock(shop, SKUS[:2])
    assert len(told(shop)) == 2


@sqlite
def test_one_product_alone_gets_the_words_that_alerts_have(shop: Shop) -> None:
    waits_for(shop, SKUS[:1])
    restock(shop, SKUS[:1])
    with later(minutes=11):
        shop.work()
    assert "Title of SKU-1 is back in stock" in body(shop)


@sqlite
def test_what_the_cap_holds_back_goes_as_one_text_when_it_allows(shop: Shop) -> None:
    waits_for(shop, SKUS[:5], frequency_cap={"texts": 1, "hours": 24}, bundle_minutes=1)
    restock(shop, SKUS[:1])
    with later(minutes=2):
        shop.work()
        restock(shop, SKUS[1:5])
        assert len(told(shop)) == 1
    with later(hours=12):
        shop.work()
        assert len(told(shop)) == 1
    with later(hours=25):
        shop.work()
    assert len(told(shop)) == 2
    assert states(shop) == ["alerted"] * 5


@sqlite
def test_what_has_sold_out_drops_out_and_is_told_when_it_is_back(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
    shop.stock("SKU-2", 0)
    with later(minutes=11):
        shop.work()
        assert states(shop) == ["alerted", "waiting", "alerted"]
        assert "SKU-2" not in body(shop)
        assert "SKU-2" not in listed(shop)
        assert "sold_out_again" in str(shop.trace(2))
        restock(shop, ["SKU-2"])
    with later(minutes=22):
        shop.work()
    assert states(shop) == ["alerted"] * 3
    assert "Title of SKU-2 is back in stock" in body(shop)


@sqlite
def test_of_two_one_is_left_and_the_text_is_the_plain_one(shop: Shop) -> None:
    waits_for(shop, SKUS[:2])
    restock(shop, SKUS[:2])
    shop.stock("SKU-1", 0)
    with later(minutes=11):
        shop.work()
    assert "Title of SKU-2 is back in stock" in body(shop)
    assert states(shop) == ["waiting", "alerted"]


@sqlite
def test_nothing_is_sent_when_all_of_it_is_gone(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
    for sku in SKUS[:3]:
        shop.stock(sku, 0)
    with later(minutes=11):
        shop.work()
    assert told(shop) == []
    assert states(shop) == ["waiting"] * 3


@sqlite
def test_who_is_told_of_some_and_cancels_one_still_hears_of_the_others(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
    shop.call("DELETE", f"requests/{shop.requests()[0]['id']}", status=204) if False else None
    with shop.app.app_context(), transaction():
        db.session.execute(sa.update(RestockEvent).where(RestockEvent.id == 2).values(reason="recalled"))
    with later(minutes=11):
        shop.work()
    assert states(shop) == ["alerted", "waiting", "alerted"]
    assert "taken_back" in str(shop.trace(2))


@sqlite
def test_credits_are_taken_for_what_was_sent(shop: Shop) -> None:
    waits_for(shop, SKUS)
    with shop.app.app_context(), transaction():
        from nexnotify.ledger.paying import top_up
        from nexnotify.stores.models import Store

        top_up(db.session.get_one(Store, shop.store_id), "grant", 1000, utcnow())
    shop.put("settings", {"credits": True, "credits_per_segment": 10})
    restock(shop, SKUS)
    for sku in SKUS[2:]:
        shop.stock(sku, 0)
    with later(minutes=11):
        shop.work()
    [message] = told(shop)
    with shop.app.app_context():
        from nexnotify.credits.service import balance

        assert balance(shop.store_id) == 1000 - 10 * message["segments"]

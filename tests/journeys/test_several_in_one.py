"""Somebody who waits for several products is told of what comes back together in one message."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.content.models import Template
from nexnotify.credits.service import balance
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.dispatch.recover import release_held
from nexnotify.ledger.forgetting import forget_messages
from nexnotify.ledger.models import Alert, Message, PageCheck
from nexnotify.ledger.paying import top_up
from nexnotify.ledger.suppression import stop
from nexnotify.ledger.values import stop_url
from nexnotify.outcomes.models import Click
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from tests.shop import Shop
from tests.times import later

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SKUS = [f"SKU-{number}" for number in range(1, 12)]


@pytest.fixture
def linked(shop: Shop) -> Shop:
    """The shop, whose messages carry links of its own domain."""
    shop.put("settings", {"link_domain": "https://go.acme.example"})
    return shop


def waits_for(shop: Shop, skus: list[str], title: str = "Title of", **settings: Any) -> None:
    """Ann waits for these, in a shop that tells what comes back within ten minutes in one message."""
    shop.put("settings", {"bundle_minutes": 10, "confirmations": False, "short_links": True} | settings)
    for sku in skus:
        shop.product(sku, title=f"{title} {sku}")
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
    waits_for(shop, SKUS, title="Hand-knitted sweater, Title of")
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
def test_a_restock_that_is_recalled_takes_only_its_own_product_out(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
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
        top_up(db.session.get_one(Store, shop.store_id), "grant", 1000, utcnow())
    shop.put("settings", {"credits": True, "credits_per_segment": 10})
    restock(shop, SKUS)
    for sku in SKUS[2:]:
        shop.stock(sku, 0)
    with later(minutes=11):
        shop.work()
    [message] = told(shop)
    with shop.app.app_context():
        assert balance(shop.store_id) == 1000 - 10 * message["segments"]


@sqlite
def test_without_a_template_for_it_each_product_goes_by_itself(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    with shop.app.app_context(), transaction():
        db.session.execute(sa.update(Template).where(Template.kind == "bundle").values(active=False))
    restock(shop, SKUS[:3])
    with later(minutes=11):
        shop.work()
    assert len(told(shop)) == 3
    assert states(shop) == ["alerted"] * 3


@sqlite
def test_a_stop_in_the_meantime_ends_all_of_it(shop: Shop) -> None:
    waits_for(shop, SKUS[:3], frequency_cap=None)
    restock(shop, SKUS[:3])
    with shop.app.app_context(), transaction():
        contact = db.session.scalars(sa.select(Contact)).one()
        stop(contact, Proof("page"), utcnow())
    with later(minutes=11):
        shop.work()
    assert told(shop) == []


@sqlite
def test_an_email_names_each_product_with_its_link_and_the_page_says_what_is_gone(linked: Shop) -> None:
    shop = linked
    shop.put("settings", {"bundle_minutes": 10, "confirmations": False})
    for sku in SKUS[:3]:
        shop.product(sku, title=f"Title of {sku}")
        shop.ask_by_email(sku)
    restock(shop, SKUS[:3])
    with later(minutes=11):
        shop.work()
        assert len(set(re.findall(r"- Title of SKU-\d: https://go\.acme\.example/l/\w{10}", body(shop)))) == 3
        shop.stock("SKU-2", 0)
        page = listed(shop)
    assert "2 of 3 can be bought now." in page
    assert page.count("Sold out again") == page.count("Keep my place") == 1


@sqlite
def test_a_click_counts_for_the_product_that_was_opened_and_no_other(linked: Shop) -> None:
    shop = linked
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
    with later(minutes=11):
        shop.work()
        second = re.findall(r"/l/\w{10}", listed(shop))[1]
    with later(minutes=14):
        agent = {"User-Agent": "Mozilla/5.0 (iPhone)", "Accept-Language": "en"}
        assert shop.client.get(second, headers=agent).location.startswith("https://acme.example/sku-2")
    with shop.app.app_context():
        [click] = db.session.scalars(sa.select(Click)).all()
        assert click.restock_id == db.session.scalar(sa.select(Alert.restock_id).where(Alert.request_id == 2))
    opened = [number for number in (1, 2, 3) if "clicked" in [event["what"] for event in shop.trace(number)["events"]]]
    assert opened == [2]


@sqlite
def test_the_page_of_the_message_shows_what_it_serves(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
    with later(minutes=11):
        shop.work()
    with shop.app.app_context():
        number = db.session.scalar(sa.select(Message.id).where(Message.accepted_at.is_not(None)))
    page = shop.sign_in().get(f"/admin/messages/{number}").get_data(as_text=True)
    assert all(f"Title of {sku}</a>" in page for sku in SKUS[:3])
    assert page.count("See the request") == 3


@sqlite
def test_what_waits_for_its_page_waits_by_itself(shop: Shop) -> None:
    waits_for(shop, SKUS[:3], check_page=True)
    restock(shop, SKUS[:3])
    with shop.app.app_context(), transaction():
        gone = {"verdict": "gone", "checked_at": utcnow()}
        variant = db.session.scalars(sa.select(Variant).where(Variant.sku == "SKU-2")).one()
        page = PageCheck(store_id=shop.store_id, variant_id=variant.id, url=variant.page_url, **gone)
        db.session.execute(sa.delete(PageCheck).where(PageCheck.variant_id == variant.id))
        db.session.add(page)
    with later(minutes=11):
        shop.send()
        assert states(shop) == ["alerted", "waiting", "alerted"]
        assert [(item["status"], item["reason"]) for item in shop.messages() if item["status"] == "held"] == [
            ("held", "page_gone")
        ]
    with shop.app.app_context(), transaction():
        db.session.execute(sa.update(PageCheck).values(verdict="fine"))
    with later(minutes=33):
        shop.send()
    assert states(shop) == ["alerted"] * 3


@sqlite
def test_the_template_page_shows_what_such_a_text_looks_like(shop: Shop) -> None:
    with shop.app.app_context():
        number = db.session.scalar(sa.select(Template.id).where(Template.kind == "bundle", Template.channel == "sms"))
    page = shop.sign_in().get(f"/admin/templates/{number}").get_data(as_text=True)
    assert "Tee, Mug and 9 more" in page


@sqlite
def test_who_cancels_one_of_them_still_hears_of_the_others(shop: Shop) -> None:
    waits_for(shop, SKUS[:3])
    restock(shop, SKUS[:3])
    with later(minutes=11):
        with shop.app.app_context():
            with transaction():
                release_held(utcnow())
            page = stop_url(shop.store_id, 1).removeprefix("http://127.0.0.1:8000")
        assert "Cancelled." in shop.client.post(page, data={"request": "1"}).get_data(as_text=True)
        shop.send()
        assert "SKU-1" not in listed(shop)
    assert states(shop) == ["cancelled", "alerted", "alerted"]


@sqlite
def test_the_page_ends_when_the_person_is_erased(shop: Shop) -> None:
    waits_for(shop, SKUS[:2])
    restock(shop, SKUS[:2])
    with later(minutes=11):
        shop.work()
        assert "Title of SKU-2" in listed(shop)
        [path] = re.findall(r"/s/products/\S+", body(shop))
        with shop.app.app_context(), transaction():
            forget_messages(db.session.scalars(sa.select(Contact)).one(), utcnow())
        assert shop.client.get(path).status_code == 404
    assert shop.client.get("/s/products/made-up").status_code == 404


@sqlite
def test_a_text_for_several_that_fails_goes_on_as_one_email(shop: Shop) -> None:
    shop.put("settings", {"bundle_minutes": 10, "channels": "in_order", "confirmations": False})
    for sku in SKUS[:3]:
        shop.product(sku)
        both = {"phone": "+12015550190", "email": "ann@mail.example", "channels": ["sms", "email"], "consent": True}
        shop.widget({"sku": sku} | both)
    restock(shop, SKUS[:3])
    for minutes in (11, 13, 25):
        with later(minutes=minutes):
            shop.sweep()
    went = [(item["channel"], item["status"]) for item in shop.messages() if item["status"] != "cancelled"]
    assert went == [("sms", "undelivered"), ("email", "delivered")]

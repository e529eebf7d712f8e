"""Tell me when I can preorder, when it can be backordered, when it ships now: three wishes, each told truthfully."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask_migrate import downgrade, upgrade

from nexnotify.catalog.models import Variant
from nexnotify.content.defaults import DEFAULTS
from nexnotify.content.models import Template, TemplateVersion
from nexnotify.db import db, transaction
from nexnotify.stores.settings import NEWS
from nexnotify.workers.steps import run_stock_check
from tests.shop import Shop
from tests.times import later

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"
ON = {"sms": True, "email": True}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def offering(shop: Shop) -> Shop:
    """A shop that lets shoppers ask for preorder and backorder, with a mug that is sold out."""
    shop.put("settings", {"switches": {"can_preorder": ON, "can_backorder": ON}, "confirmations": False})
    shop.product("MUG", title="Mug")
    shop.plan()
    return shop


def becomes(shop: Shop, status: str, **product: Any) -> None:
    """The storefront tells the mug's status while it cannot be bought."""
    shop.product("MUG", title="Mug", on_hand=0, unavailable_as=status, **product)


def texts(shop: Shop) -> list[tuple[str, str]]:
    """(number, text) of what was delivered so far, oldest first."""
    shop.work()
    rows = [row for row in shop.messages() if row["status"] == "delivered"]
    return sorted((row["to"], row["body"].split(".")[0]) for row in rows)


@pytest.mark.parametrize(
    "intent, words",
    [("preordered", "you can preorder Mug now"), ("backordered", "you can order Mug now, it ships when")],
)
def test_who_wants_to_order_early_hears_of_just_that(offering: Shop, intent: str, words: str) -> None:
    offering.ask("MUG", ANN, intent=intent)
    offering.ask("MUG", BEN)
    becomes(offering, intent)
    [(to, body)] = texts(offering)
    assert to == ANN
    assert words in body
    [restock] = offering.get("restocks")["restocks"]
    assert (restock["status"], restock["available_after"]) == (intent, 0)
    offering.stock("MUG", 5)
    assert [to for to, _ in texts(offering)] == [ANN, BEN]


def test_another_status_than_the_one_wanted_tells_nobody(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "backordered")
    assert texts(offering) == []
    becomes(offering, "preordered")
    assert [to for to, _ in texts(offering)] == [ANN]


def test_stock_that_comes_first_is_told_as_stock(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    offering.stock("MUG", 5)
    [(to, body)] = texts(offering)
    assert (to, "is back in stock" in body) == (ANN, True)
    becomes(offering, "preordered")
    assert len(texts(offering)) == 1


def test_a_preorder_text_is_not_sent_when_it_is_sold_out_again(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    offering.plan()
    becomes(offering, "sold_out")
    assert texts(offering) == []
    [request] = offering.get("requests")["requests"]
    assert request["status"] == "waiting"
    assert "offer_over" in str(offering.get(f"requests/{request['id']}/trace"))
    becomes(offering, "preordered")
    assert [to for to, _ in texts(offering)] == [ANN]


def test_stock_takes_the_place_of_a_preorder_text_that_has_not_gone(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    offering.plan()
    offering.stock("MUG", 5)
    [(to, body)] = texts(offering)
    assert (to, "is back in stock" in body) == (ANN, True)


def test_a_preorder_text_is_not_sent_when_the_product_is_hidden(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    offering.plan()
    becomes(offering, "preordered", published=False)
    assert texts(offering) == []
    becomes(offering, "preordered")
    assert [to for to, _ in texts(offering)] == [ANN]


def test_publishing_what_can_be_preordered_tells_of_it(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered", published=False)
    assert texts(offering) == []
    becomes(offering, "preordered")
    assert [to for to, _ in texts(offering)] == [ANN]


def test_what_sells_out_and_can_then_be_backordered_is_news(offering: Shop) -> None:
    """Who had to stay back in the restock hears when ordering for later is possible."""
    offering.ask("MUG", ANN, intent="backordered", quantity=9)
    offering.stock("MUG", 2)
    assert texts(offering) == []
    offering.product("MUG", title="Mug", on_hand=2, unavailable_as="backordered")
    assert texts(offering) == []
    offering.stock("MUG", 0)
    [(to, body)] = texts(offering)
    assert (to, "you can order Mug" in body) == (ANN, True)


def test_the_check_finds_what_no_event_told_of(offering: Shop) -> None:
    becomes(offering, "preordered")
    offering.plan()
    becomes(offering, "sold_out")
    offering.ask("MUG", ANN, intent="preordered")
    with offering.app.app_context(), transaction():
        db.session.query(Variant).update({"unavailable_as": "preordered"})
    assert texts(offering) == []
    with offering.app.app_context():
        run_stock_check()
    assert [to for to, _ in texts(offering)] == [ANN]
    assert offering.get("restocks")["restocks"][0]["by_check"]
    with offering.app.app_context():
        run_stock_check()
    assert len(texts(offering)) == 1


def test_without_its_template_nobody_is_told_that_it_is_back(offering: Shop) -> None:
    with offering.app.app_context(), transaction():
        db.session.query(Template).filter_by(product_status="can_preorder").update({"active": False})
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    assert texts(offering) == []
    [request] = offering.get("requests")["requests"]
    assert "no_text" in str(offering.get(f"requests/{request['id']}/trace"))


def test_the_switch_of_each_status_change_stands_alone(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    offering.ask("MUG", BEN, intent="backordered")
    offering.put("settings", {"switches": {"can_preorder": {"sms": False, "email": True}}})
    becomes(offering, "preordered")
    becomes(offering, "backordered")
    assert [to for to, _ in texts(offering)] == [BEN]


def test_asking_again_changes_the_wish_and_keeps_the_place(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    offering.ask("MUG", ANN, intent="backordered")
    [request] = offering.get("requests")["requests"]
    assert request["intent"] == "backordered"
    assert offering.get("requests?intent=preordered")["requests"] == []
    assert len(offering.get("requests?intent=backordered")["requests"]) == 1
    assert offering.get("requests?intent=soon", status=422)["error"]["fields"] == {"intent": "unknown"}
    assert "When it can be backordered." in str(offering.get(f"requests/{request['id']}/trace"))


def test_only_what_the_merchant_switched_on_is_offered(shop: Shop) -> None:
    shop.product("MUG", title="Mug")
    offered = shop.client.get(f"/widget/v1/{shop.key}/variants?sku=MUG").get_json()["variants"]
    assert "intents" not in offered[0]
    body = {"sku": "MUG", "phone": ANN, "consent": True, "intent": "preordered"}
    refused = shop.client.post(f"/widget/v1/{shop.key}/requests", json=body)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (422, "channel_off")
    shop.put("settings", {"switches": {"can_preorder": {"sms": True}}})
    offered = shop.client.get(f"/widget/v1/{shop.key}/variants?sku=MUG").get_json()["variants"]
    assert offered[0]["intents"] == {"preordered": ["sms"]}
    assert shop.client.post(f"/widget/v1/{shop.key}/requests", json=body).status_code == 202


def test_what_can_be_preordered_already_is_nothing_to_wait_for(offering: Shop) -> None:
    becomes(offering, "preordered")
    body = {"sku": "MUG", "phone": ANN, "consent": True, "intent": "preordered"}
    refused = offering.client.post(f"/widget/v1/{offering.key}/requests", json=body)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (409, "already_offered")


def test_its_link_leads_to_the_product_while_it_can_be_preordered(offering: Shop) -> None:
    offering.put("settings", {"link_domain": "https://go.acme.example"})
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    offering.work()
    [message] = offering.messages()
    link = message["body"].split("/l/")[1].split()[0]
    assert offering.client.get(f"/l/{link}").status_code == 302
    becomes(offering, "sold_out")
    assert offering.client.get(f"/l/{link}").status_code == 200


def test_a_shopper_without_scripts_chooses_what_to_hear_of(offering: Shop) -> None:
    address = f"/s/ask/{offering.key}?sku=MUG"
    assert "I can preorder it" in offering.client.get(address).get_data(as_text=True)
    typed = {"variant": "mug-v", "intent": "preordered", "country": "US", "phone": "201 555 0123", "consent": "yes"}
    assert offering.client.post(address, data=typed).status_code == 200
    assert [row["intent"] for row in offering.get("requests")["requests"]] == ["preordered"]


def test_staff_see_and_filter_what_people_want_to_hear(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    offering.ask("MUG", BEN)
    desk = offering.sign_in()
    with offering.app.app_context():
        variant_id = db.session.scalars(sa.select(Variant.id)).one()
        db.session.remove()
    wanting = desk.get(f"/admin/waitlist/variants/{variant_id}?intent=preordered").get_data(as_text=True)
    assert ("0123" in wanting, "0124" in wanting) == (True, False)
    request_id = offering.get("requests?intent=preordered")["requests"][0]["id"]
    assert "When it can be preordered." in desk.get(f"/admin/waitlist/requests/{request_id}").get_data(as_text=True)
    becomes(offering, "preordered")
    offering.plan()
    [restock] = offering.get("restocks")["restocks"]
    page = desk.get(f"/admin/restocks/{restock['id']}").get_data(as_text=True)
    assert "It can be ordered, and is not in stock" in page


def test_an_older_store_gets_the_templates_by_the_migration(offering: Shop) -> None:
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    offering.work()
    with offering.app.app_context():
        downgrade(revision="0026")
        upgrade()
        found = db.session.execute(
            sa.select(Template.channel, Template.name, TemplateVersion.subject, TemplateVersion.body, Template.active)
            .join(TemplateVersion, TemplateVersion.template_id == Template.id)
            .where(Template.product_status.in_(NEWS))
        ).all()
        db.session.remove()
    ours = [item for item in DEFAULTS if item.product_status in NEWS]
    assert sorted(map(tuple, found)) == sorted(
        (item.channel, item.name, item.subject, item.body, item.active) for item in ours
    )


def test_news_of_a_preorder_goes_alone_where_several_products_go_in_one_message(offering: Shop) -> None:
    offering.put("settings", {"bundle_minutes": 5, "frequency_cap": None})
    for sku in ("CUP", "JUG"):
        offering.product(sku, title=sku.title())
        offering.ask(sku, ANN)
    offering.ask("MUG", ANN, intent="preordered")
    becomes(offering, "preordered")
    for sku in ("CUP", "JUG"):
        offering.stock(sku, 5)
    [(_, preorder)] = texts(offering)
    assert "you can preorder Mug now" in preorder
    with later(minutes=6):
        bodies = {body for _, body in texts(offering)}
    assert len(bodies) == 2
    assert any("back in stock: Cup" in body and "Jug" in body for body in bodies)

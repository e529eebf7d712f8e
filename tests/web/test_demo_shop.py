"""The demo's product pages: there for the demo store, and for no other."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.catalog.models import Product, Variant
from nexnotify.cli.demo import make_demo, what_to_try
from nexnotify.db import db
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from tests.shop import Shop


def test_without_a_demo_store_there_is_no_demo_shop(shop: Shop) -> None:
    shop.product("MUG")
    assert shop.client.get("/demo").status_code == 404
    assert shop.client.get("/demo/mug").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_demo_store_s_pages_carry_the_widget(app: Flask) -> None:
    with app.app_context():
        made = make_demo()
        assert "http://x/demo/fisherman-jumper?v=JUMPER-M" in what_to_try("http://x")
    client = app.test_client()
    text = client.get("/demo/fisherman-jumper?v=JUMPER-M").get_data(as_text=True)
    assert f'src="/widget/v1/nexnotify.js" data-nexnotify data-store="{made["store_key"]}"' in text
    assert 'data-nexnotify-sku="JUMPER-M"' in text
    assert "Sold Out" in text
    assert f"/s/ask/{made['store_key']}?sku=JUMPER-M" in text
    shelf = client.get("/demo").get_data(as_text=True)
    for title in ("Fisherman Jumper", "Tide Clock", "Sailcloth Apron"):
        assert title in shelf
    assert client.get("/demo/no-such-thing").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_store_s_products_are_not_shown(app: Flask, shop: Shop, settings: Settings) -> None:
    with app.app_context():
        make_demo()
    shop.product("SECRET")
    assert shop.client.get("/demo/secret").status_code == 404
    (settings.instance / "demo.json").write_text(json.dumps({"store_key": "nn_gone"}))
    assert shop.client.get("/demo").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_served_under_another_address_its_links_follow(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        made = make_demo()
        house = app.extensions["nexnotify"]
        monkeypatch.setattr(house, "settings", replace(house.settings, public_url="http://127.0.0.1:8123"))
        assert make_demo() == made
        store = db.session.scalars(sa.select(Store).where(Store.key == made["store_key"])).one()
        assert store_settings(store).link_domain == "http://127.0.0.1:8123"
        pages = set(db.session.scalars(sa.select(Product.url))) | set(db.session.scalars(sa.select(Variant.url)))
        assert all(page.startswith("http://127.0.0.1:8123/demo/") for page in pages if page)

"""Units that the storefront keeps: who gets the text has one, until the moment that the text names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.holds.sources import configure
from nexnotify.ledger.models import Hold
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from tests.conftest import make_settings
from tests.shop import Shop
from tests.stubs.holds_stub import SECRET, HoldsStub
from tests.times import later

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"
TEXT = "[[store]]: [[product]] is back. [[held_until]] [[url]] Reply STOP to opt out."


@pytest.fixture
def storefront() -> Iterator[HoldsStub]:
    with HoldsStub() as stub:
        yield stub


@pytest.fixture
def settings(tmp_path: Path, database_url: str, storefront: HoldsStub) -> Settings:
    """An installation that may call the stand-in, and whose links shoppers reach."""
    return make_settings(tmp_path, database_url, private_shops=storefront.origin)


def connect(shop: Shop, storefront: HoldsStub, **settings: Any) -> None:
    """The shop's storefront keeps units for half an hour."""
    with shop.app.app_context():
        with transaction():
            store = db.session.get_one(Store, shop.store_id)
            configure(store, "webhook", {"address": storefront.url, "secret": SECRET}, utcnow())
        db.session.remove()
    shop.put("settings", {"hold_minutes": 30, "frequency_cap": None, **settings})
    write_template(shop, TEXT)


def write_template(shop: Shop, body: str) -> None:
    from nexnotify.content.models import Template
    from nexnotify.content.service import save_template

    with shop.app.app_context():
        with transaction():
            for template in db.session.scalars(
                sa.select(Template).where(
                    Template.store_id == shop.store_id, Template.kind == "back_in_stock", Template.channel == "sms"
                )
            ):
                save_template(template, body, None, None, utcnow())
        db.session.remove()


def holds(shop: Shop) -> list[tuple[str, str | None]]:
    """(status, reason) of each, oldest first."""
    with shop.app.app_context():
        rows = db.session.execute(
            sa.select(Hold.status, Hold.reason).where(Hold.store_id == shop.store_id).order_by(Hold.id)
        )
        found = [(row.status, row.reason) for row in rows]
        db.session.remove()
    return found


def sent(shop: Shop) -> list[str]:
    return [message["to"] for message in shop.messages() if message["status"] == "delivered"]


def waiting(shop: Shop, *people: str, **fields: Any) -> None:
    shop.product("TEE-M", on_hand=0)
    for person in people:
        shop.ask("TEE-M", person, **fields)
    shop.work()


def test_who_is_told_has_a_unit_and_the_text_says_until_when(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, zone="Europe/Berlin")
    shop.stock("TEE-M", 1)
    shop.work()
    [message] = shop.messages()
    assert message["status"] == "delivered"
    assert "It is held for you until" in message["body"]
    assert holds(shop) == [("held", None)]
    assert storefront.taken == 1

"""Whoever texted STOP to the provider is never texted by us, though we never heard of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from nexnotify.clock import utcnow
from nexnotify.customers.consent import history
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_contact
from nexnotify.db import db, transaction
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import add_gateway
from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer
from nexnotify.receipts.sync import SYNC_AGAIN, SYNC_EVERY, sync_opt_outs
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_sweep
from tests.shop import Shop
from tests.stubs.cdyne_stub import Cdyne

KEY = "2f1c6a52-0000-4000-8000-5ec8e7000001"


class Phones(Cdyne):
    """CDYNE, out of order at will."""

    down = False

    def __call__(self, asked: Asked) -> Answer:
        return Answer(503) if self.down else super().__call__(asked)


@pytest.fixture
def cdyne() -> Phones:
    return Phones(KEY)


@pytest.fixture
def server(cdyne: Phones) -> Iterator[ScriptedServer]:
    with ScriptedServer(cdyne) as server:
        yield server


@pytest.fixture
def gateway(app: Flask, shop: Shop, server: ScriptedServer) -> int:
    """A store that sends through CDYNE."""
    with app.app_context(), transaction():
        values = {"license_key": KEY, "from_number": "15550001111", "api_base": server.url}
        return add_gateway(db.session.get_one(Store, shop.store_id), "cdyne", "Texts", values, utcnow()).id


def lists_read(server: ScriptedServer) -> int:
    return sum(asked.path.endswith("/GetUnsubscribedNumbers") for asked in server.asked)


def contact(shop: Shop, number: str) -> Contact:
    found = find_contact(db.session.get_one(Store, shop.store_id), "sms", number)
    assert found is not None
    return found


def test_a_stop_that_only_the_provider_heard_ends_what_waits(
    app: Flask, shop: Shop, cdyne: Phones, gateway: int
) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550123")
    shop.ask("TEE-M", "+12015550124")
    shop.work()
    cdyne.stopped = ["12015550123"]
    with app.app_context():
        assert sync_opt_outs(utcnow()) == 1
        stopped = contact(shop, "+12015550123")
        assert stopped.opted_out_at is not None
        last = history(stopped)[-1]
        assert (last.purpose, last.action, last.method) == ("all", "revoked", "gateway")
        assert last.evidence["gateway"] == "Texts"
        assert contact(shop, "+12015550124").opted_out_at is None
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["to"] for message in shop.messages()] == ["+12015550124"]
    assert "12015550123" not in [text["to"] for text in cdyne.texts if "back in stock" in text["body"]]


def test_someone_we_never_met_stays_opted_out_when_they_sign_up(
    app: Flask, shop: Shop, cdyne: Phones, gateway: int
) -> None:
    cdyne.stopped = ["12015550125", "88769", "not a number"]
    with app.app_context():
        assert sync_opt_outs(utcnow()) == 1
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550125")
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages(None) == []
    assert cdyne.texts == []


def test_a_gateway_is_asked_once_a_day_and_the_same_list_again_writes_nothing(
    app: Flask, shop: Shop, cdyne: Phones, gateway: int, server: ScriptedServer
) -> None:
    cdyne.stopped = ["12015550123"]
    now = utcnow()
    with app.app_context():
        assert sync_opt_outs(now) == 1
        assert sync_opt_outs(now + SYNC_EVERY - timedelta(minutes=1)) == 0
        assert lists_read(server) == 1
        assert sync_opt_outs(now + SYNC_EVERY) == 0
        assert lists_read(server) == 2
        assert len(history(contact(shop, "+12015550123"))) == 1


def test_a_list_that_cannot_be_read_is_asked_for_again_in_an_hour(
    app: Flask, shop: Shop, cdyne: Phones, gateway: int, server: ScriptedServer
) -> None:
    cdyne.stopped, cdyne.down = ["12015550123"], True
    now = utcnow()
    with app.app_context():
        assert sync_opt_outs(now) == 0
        assert sync_opt_outs(now + SYNC_AGAIN - timedelta(minutes=1)) == 0
        assert lists_read(server) == 1
        cdyne.down = False
        assert sync_opt_outs(now + SYNC_AGAIN) == 1


def test_a_plugin_that_fails_holds_up_nobody(
    app: Flask, shop: Shop, cdyne: Phones, gateway: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: object) -> list[str]:
        raise RuntimeError(KEY)

    with app.app_context():
        kind = app.extensions["nexnotify"].gateways.get("cdyne")
        monkeypatch.setattr(kind, "opted_out", fails)
        assert sync_opt_outs(utcnow()) == 0


def test_the_gateway_is_asked_outside_any_transaction(
    app: Flask, shop: Shop, gateway: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def lists(self: object) -> list[str]:
        asked.append((db.session.info.get("in_transaction"), db.session().in_transaction()))
        return []

    with app.app_context():
        monkeypatch.setattr(app.extensions["nexnotify"].gateways.get("cdyne"), "opted_out", lists)
        sync_opt_outs(utcnow())
    assert asked == [(False, False)]


def test_a_long_list_is_taken_in_pieces(app: Flask, shop: Shop, cdyne: Phones, gateway: int) -> None:
    cdyne.stopped = [f"1201555{number:04}" for number in range(120)] * 2
    with app.app_context():
        assert sync_opt_outs(utcnow()) == 120
        statement = sa.select(sa.func.count()).where(Contact.opted_out_at.is_not(None))
        assert db.session.scalar(statement.select_from(Contact)) == 120


def test_the_list_is_the_stores_own(
    app: Flask, shop: Shop, other_shop: Shop, cdyne: Phones, gateway: int, server: ScriptedServer
) -> None:
    cdyne.stopped = ["12015550123"]
    for each in (shop, other_shop):
        each.product("TEE-M")
        each.ask("TEE-M", "+12015550123")
    with app.app_context():
        sync_opt_outs(utcnow())
        assert contact(shop, "+12015550123").opted_out_at is not None
        assert contact(other_shop, "+12015550123").opted_out_at is None


def test_the_sweep_asks(app: Flask, shop: Shop, cdyne: Phones, gateway: int, server: ScriptedServer) -> None:
    cdyne.stopped = ["12015550123"]
    with app.app_context():
        run_sweep()
        run_sweep()
        assert contact(shop, "+12015550123").opted_out_at is not None
        assert lists_read(server) == 1
        asked_at = db.session.get_one(GatewayInstance, gateway, populate_existing=True).opt_outs_synced_at
        assert asked_at is not None
        assert utcnow() - asked_at < timedelta(minutes=1)


def test_the_column_comes_and_goes_with_its_migration(app: Flask, shop: Shop, gateway: int) -> None:
    def columns() -> set[str]:
        return {column["name"] for column in sa.inspect(db.engine).get_columns("gateway")}

    with app.app_context():
        db.session.remove()
        downgrade(revision="0001")
        try:
            assert "opt_outs_synced_at" not in columns()
        finally:
            upgrade()
        assert "opt_outs_synced_at" in columns()
        assert db.session.get_one(GatewayInstance, gateway).name == "Texts"

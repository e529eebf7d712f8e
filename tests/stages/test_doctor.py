"""The doctor names what keeps texts from going out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from nexnotify import create_app
from nexnotify.db import db
from nexnotify.reports.doctor import findings
from nexnotify.settings import Settings
from tests.admin import another, door
from tests.shop import PASSWORD, Shop
from tests.texting import Twilio
from tests.times import later


def said(app: Flask) -> list[str]:
    with app.app_context():
        found = findings()
        db.session.remove()
    return found


def test_a_new_store_with_its_outbox_has_nothing_wrong(shop: Shop) -> None:
    assert said(shop.app) == []


@pytest.mark.parametrize(
    "address,warns",
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://0.0.0.0:8000", True),
        ("https://texts.acme.example", False),
        ("http://192.0.2.7", False),
    ],
)
def test_a_real_gateway_behind_an_address_of_this_machine_is_warned_about(
    shop: Shop, settings: Settings, address: str, warns: bool
) -> None:
    Twilio.open(shop, "http://127.0.0.1:9")
    app = create_app(replace(settings, public_url=address))
    assert [("21609" in finding, "twilio" in finding) for finding in said(app)] == [(True, True)] * warns
    with app.app_context():
        db.engine.dispose()


def test_messages_that_nobody_sends_are_noticed(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    assert said(shop.app) == ["Stock changes wait to be looked at: is a worker running?"]
    shop.plan()
    with later(minutes=6):
        assert said(shop.app) == ["2 messages are more than five minutes overdue: is a worker running?"]


@pytest.mark.parametrize(
    "url,proxies,address,warns",
    [
        ("https://texts.acme.example", 0, "127.0.0.1", True),
        ("https://texts.acme.example", 1, "127.0.0.1", False),
        ("https://texts.acme.example", 0, "192.0.2.7", False),
        ("http://127.0.0.1:8000", 0, "127.0.0.1", False),
    ],
)
def test_a_proxy_that_nobody_told_us_about_is_noticed(
    shop: Shop, settings: Settings, url: str, proxies: int, address: str, warns: bool
) -> None:
    browser = shop.app.test_client()
    browser.environ_base["REMOTE_ADDR"] = address
    shop.staff("ann@acme.example")
    door(browser, "/admin/login", email="ann@acme.example", password=PASSWORD)
    with another(replace(settings, public_url=url, trusted_proxies=proxies)) as app:
        assert ["NEXNOTIFY_TRUSTED_PROXIES is 0" in finding for finding in said(app)] == [True] * warns


@pytest.mark.parametrize("proxies,lines", [(0, 1), (1, 0)])
def test_the_log_says_once_that_a_proxy_is_not_believed(
    settings: Settings, caplog: pytest.LogCaptureFixture, proxies: int, lines: int
) -> None:
    with another(replace(settings, trusted_proxies=proxies)) as app:
        browser = app.test_client()
        browser.get("/healthz")
        assert "X-Forwarded-For" not in caplog.text
        for _ in range(3):
            browser.get("/healthz", headers={"X-Forwarded-For": "192.0.2.7"})
    assert caplog.text.count("X-Forwarded-For") == lines

"""A gateway whose account is there and whose number is not: nothing is sent, nothing is lost, the number starts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.testkit import ScriptedServer
from nexnotify.reports.doctor import findings
from tests.shop import Shop
from tests.stubs.cdyne_stub import Cdyne
from tests.texting import Line
from tests.times import later

KEY = "2f1c6a52-0000-4000-8000-5ec8e7000001"
NUMBER = "15550001111"


@pytest.fixture
def cdyne() -> Iterator[Cdyne]:
    """CDYNE's service, which knows the license and the number."""
    return Cdyne(KEY, NUMBER)


@pytest.fixture
def url(cdyne: Cdyne) -> Iterator[str]:
    """Where it listens."""
    with ScriptedServer(cdyne) as server:
        yield server.url


def waiting(shop: Shop, url: str) -> Line:
    """The shop's CDYNE account, without its number."""
    return Line.add(shop, "cdyne", license_key=KEY, api_base=url, rate=0)


def number_comes(line: Line, url: str) -> None:
    """The merchant enters it."""
    line.change(license_key=KEY, api_base=url, from_number=NUMBER, rate=0)


def restocked(shop: Shop) -> None:
    """Somebody waits, and the product is back."""
    shop.product("TEE-M")
    shop.post("requests", {"requests": [{"sku": "TEE-M", "phone": "+12015550123", "consent": True, "confirm": False}]})
    shop.stock("TEE-M", 5)
    shop.work()


def told(shop: Shop) -> list[tuple[Any, ...]]:
    return [(message["status"], message["gateway"]) for message in shop.messages()]


def test_texts_wait_for_the_number_and_go_when_it_comes(shop: Shop, cdyne: Cdyne, url: str) -> None:
    line = waiting(shop, url)
    restocked(shop)
    assert told(shop) == [("queued", "cdyne")]
    assert cdyne.texts == []
    assert shop.requests()[0]["status"] == "waiting"
    number_comes(line, url)
    shop.work()
    assert [text["to"] for text in cdyne.texts] == ["12015550123"]
    assert told(shop) == [("accepted", "cdyne")]


def test_whoever_waits_for_days_is_told_when_the_number_comes(shop: Shop, cdyne: Cdyne, url: str) -> None:
    line = waiting(shop, url)
    restocked(shop)
    with later(hours=49):
        shop.work()
        assert told(shop) == [("queued", "cdyne")]
        number_comes(line, url)
        shop.work()
        assert [text["to"] for text in cdyne.texts] == ["12015550123"]
        assert shop.requests()[0]["status"] == "alerted"


def test_what_is_sold_out_when_the_number_comes_is_told_to_nobody(shop: Shop, cdyne: Cdyne, url: str) -> None:
    line = waiting(shop, url)
    restocked(shop)
    with later(hours=49):
        shop.stock("TEE-M", 0)
        number_comes(line, url)
        shop.work()
        assert cdyne.texts == []
        assert shop.requests()[0]["status"] == "waiting"
        shop.stock("TEE-M", 5)
        shop.work()
        assert len(cdyne.texts) == 1


def test_a_gateway_that_sends_already_goes_on_sending(shop: Shop, cdyne: Cdyne, url: str) -> None:
    Line.add(shop, "cdyne", "First", license_key=KEY, api_base=url, from_number=NUMBER, rate=0)
    line = waiting(shop, url)
    restocked(shop)
    assert told(shop) == [("accepted", "First")]
    number_comes(line, url)
    with shop.app.app_context():
        assert [each.name for each in db.session.query(GatewayInstance).filter_by(is_sender=True, channel="sms")] == [
            "First"
        ]
        db.session.remove()


def test_the_doctor_says_what_is_waited_for(shop: Shop, url: str) -> None:
    waiting(shop, url)
    with shop.app.app_context():
        [said] = [each for each in findings() if "21609" not in each]
        db.session.remove()
    assert said.startswith("The gateway cdyne has no number yet: Awaiting number.")


def test_a_twilio_account_may_wait_for_its_number_too(shop: Shop) -> None:
    line = Line.add(shop, "twilio", account_sid="AC1", auth_token="t", api_base="http://127.0.0.1:9", rate=0)
    restocked(shop)
    assert told(shop) == [("queued", "twilio")]
    line.change(account_sid="AC1", auth_token="t", api_base="http://127.0.0.1:9", messaging_service_sid="MG1", rate=0)
    assert line.paused() is None


def test_a_number_that_is_taken_away_again_is_awaited_again(shop: Shop, cdyne: Cdyne, url: str) -> None:
    line = waiting(shop, url)
    number_comes(line, url)
    line.change(license_key=KEY, api_base=url, from_number="", rate=0)
    restocked(shop)
    assert told(shop) == [("queued", "cdyne")]
    assert cdyne.texts == []

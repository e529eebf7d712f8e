"""Browser push, against a push service on this machine that decrypts what it is given."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from nexnotify.gateways.contract import (
    Accepted,
    Gateway,
    OutgoingMessage,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import Answer, GatewayContract, Provider, SendCase, outgoing
from tests.stubs.push_stub import CREATED, Browser, PushService

WEBPUSH = load(Path(__file__).parents[2] / "plugins" / "gateways").get("webpush")
BROWSER = Browser()
#: Where the messages of the tables go, until they are sent: the push service's port is not known before.
ELSEWHERE = "https://fcm.googleapis.com"
KEY = "s3cret-s3cret-s3cret-s3cret-s3cret-s3cret-A"
PUSH = outgoing(
    to=BROWSER.address(ELSEWHERE),
    subject="Tee is back in stock",
    body="Tee M can be bought again. https://shop.example/l/abc",
    unsubscribe_url="https://notify.example/s/WzEsMV0",
)


class AtTheStub(WEBPUSH):  # type: ignore[misc, valid-type]
    """Sends to the browser whose push service the settings name."""

    def send(self, message: OutgoingMessage) -> Accepted:
        here = message.to.replace(ELSEWHERE, self.settings["services"])
        found: Accepted = super().send(replace(message, to=here))
        return found


class TestWebPush(GatewayContract):
    gateway = WEBPUSH
    secrets = (KEY, "s3cret-subscription")

    @property
    def message(self) -> OutgoingMessage:
        return PUSH

    def settings(self, url: str) -> dict[str, Any]:
        return settings(url)

    def provider(self, *answers: Answer) -> AbstractContextManager[Provider]:
        return PushService(*answers, browser=BROWSER)

    def make(self, url: str, **changes: Any) -> Gateway:
        return AtTheStub({**self.settings(url), **changes}, "https://notify.example/r", "https://notify.example/i")

    sends = (
        SendCase(
            "taken",
            CREATED,
            Accepted("abc123"),
            PUSH,
            {
                "title": "Tee is back in stock",
                "body": "Tee M can be bought again.",
                "url": "https://shop.example/l/abc",
                "tag": PUSH.reference,
                "stop": "https://notify.example/s/WzEsMV0",
            },
        ),
        SendCase("taken for later", Answer(202), Accepted(None), PUSH),
        SendCase("no link", CREATED, Accepted("abc123"), replace(PUSH, body="Tee M is here"), {"url": ""}),
        SendCase("gone", Answer(410), Rejected(reason="unreachable", code="410"), PUSH),
        SendCase("never heard of", Answer(404), Rejected(reason="unreachable", code="404"), PUSH),
        SendCase("slow down", Answer(429, "", {"Retry-After": "7"}), RateLimited(retry_after=7, code="429"), PUSH),
        SendCase("slow down, no word how long", Answer(429), RateLimited(retry_after=60), PUSH),
        SendCase("too large for this service", Answer(413), Rejected(reason="content", code="413"), PUSH),
        SendCase("subscribed for another key", Answer(403), Rejected(reason="sender", code="403"), PUSH),
        SendCase("does not take the token", Answer(401), Rejected(reason="sender", code="401"), PUSH),
        SendCase("some other refusal", Answer(406), Rejected(reason="other", code="406"), PUSH),
        SendCase("overloaded", Answer(503), Transient(code="503"), PUSH),
        SendCase("broken", Answer(500), Unknown(code="500"), PUSH),
        SendCase("sent on elsewhere", Answer(307, "", {"Location": "http://127.0.0.1:1/"}), Unknown(), PUSH),
        SendCase("too long a text", CREATED, Rejected(reason="content"), replace(PUSH, body="é" * 2000)),
        SendCase(
            "too late",
            CREATED,
            Rejected(reason="expired"),
            replace(PUSH, valid_until=datetime.now(UTC) - timedelta(seconds=1)),
        ),
        SendCase("no subscription", CREATED, Rejected(reason="unreachable"), replace(PUSH, to="+12015550123")),
    )


def settings(services: str, **changes: Any) -> dict[str, Any]:
    values = {"contact": "shop@shop.example", "private_key": KEY, "hours": 4, "urgency": "high", "services": services}
    return {**values, **changes}


def form(**changes: Any) -> Any:
    values = settings("fcm.googleapis.com") | changes
    return WEBPUSH.Settings(MultiDict({name: str(value) for name, value in values.items()}))


# --- what the push service is told ---------------------------------------------------------------------------------


def headers_of(message: OutgoingMessage, **changes: Any) -> dict[str, str]:
    with PushService(browser=BROWSER) as service:
        AtTheStub(settings(service.url, **changes)).send(message)
    return dict(service.asked[0].headers)


def test_a_push_says_how_long_it_is_worth_waiting_for_a_browser_that_is_off() -> None:
    soon = datetime.now(UTC) + timedelta(minutes=10)
    assert headers_of(PUSH, hours=6)["ttl"] == str(6 * 3600)
    assert 590 <= int(headers_of(replace(PUSH, valid_until=soon))["ttl"]) <= 600


def test_a_push_that_is_sent_again_takes_the_place_of_the_first() -> None:
    headers = headers_of(PUSH, urgency="low")
    assert (headers["topic"], headers["urgency"]) == (PUSH.reference, "low")


@pytest.mark.parametrize(
    "contact, subject",
    [("shop@shop.example", "mailto:shop@shop.example"), ("https://shop.example", "https://shop.example")],
    ids=["email", "address"],
)
def test_the_push_service_learns_whom_to_write_to(contact: str, subject: str) -> None:
    with PushService(browser=BROWSER) as service:
        AtTheStub(settings(service.url, contact=contact)).send(PUSH)
    assert service.claims["sub"] == subject


def test_a_browser_gets_only_what_was_signed_with_the_key_it_subscribed_for() -> None:
    own = AtTheStub(settings("", private_key=KEY)).push_key()
    with PushService(browser=BROWSER, key=own) as service:
        assert AtTheStub(settings(service.url)).send(PUSH) == Accepted("abc123")
        made = form(private_key="")
        assert made.validate()
        with pytest.raises(Rejected, match="does not take this key"):
            AtTheStub(settings(service.url, private_key=made.private_key.data)).send(PUSH)


# --- where nothing goes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://fcm.googleapis.com",
        "https://fcm.googleapis.com:8443",
        "https://fcm.googleapis.com.evil.example",
        "https://evilfcm.googleapis.com",
        "https://shop@fcm.googleapis.com",
        "https://evil.example\\@fcm.googleapis.com",
        "https://notify.windows.com",
        "https://127.0.0.1",
        "http://127.0.0.1:6379",
        "https://[::1]",
        "https://169.254.169.254",
        "file:///etc",
        "https://fcm.googleapis.com\r\nX: y",
    ],
)
def test_a_subscription_elsewhere_is_refused_and_nothing_is_called(origin: str) -> None:
    gateway = WEBPUSH(settings(WEBPUSH.Settings().services.data))
    address = BROWSER.address(origin)
    assert not gateway.takes(address)
    with pytest.raises(Rejected) as refused:
        gateway.send(replace(PUSH, to=address))
    assert refused.value.reason == "unreachable"


@pytest.mark.parametrize(
    "origin",
    [
        "https://fcm.googleapis.com",
        "https://updates.push.services.mozilla.com",
        "https://wns2-by3p.notify.windows.com",
        "https://web.push.apple.com",
    ],
)
def test_the_push_services_of_the_browsers_are_listed_from_the_beginning(origin: str) -> None:
    assert WEBPUSH(settings(WEBPUSH.Settings().services.data)).takes(BROWSER.address(origin))


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": None},
        {"keys": None},
        {"keys": {}},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": BROWSER.subscription("")["keys"] | {"auth": "AAAA"}},
        {"keys": BROWSER.subscription("")["keys"] | {"p256dh": "B" * 87}},
        {"keys": ["p256dh", "auth"]},
    ],
    ids=["no endpoint", "no keys", "empty keys", "short keys", "short secret", "no point", "a list"],
)
def test_half_a_subscription_is_none(changes: dict[str, Any]) -> None:
    gateway = WEBPUSH(settings("fcm.googleapis.com"))
    assert not gateway.takes(json.dumps(BROWSER.subscription(ELSEWHERE) | changes))


# --- settings ------------------------------------------------------------------------------------------------------


def test_each_gateway_makes_a_key_of_its_own() -> None:
    first, second = form(private_key=""), form(private_key="")
    assert first.validate()
    assert second.validate()
    assert first.private_key.data != second.private_key.data
    gateway = WEBPUSH(settings("", private_key=first.private_key.data))
    assert gateway.check().ok
    assert gateway.push_key() in gateway.check().detail


def test_nothing_but_a_contact_is_needed() -> None:
    found = WEBPUSH.Settings(MultiDict({"contact": "shop@shop.example"}))
    assert found.validate(), found.errors
    gateway = WEBPUSH(found.data)
    assert gateway.check().ok
    assert gateway.takes(BROWSER.address(ELSEWHERE))


@pytest.mark.parametrize(
    "field, value",
    [
        ("contact", "nobody"),
        ("contact", "http://shop.example"),
        ("private_key", "hunter2"),
        ("private_key", "A" * 43),  # nought is no key
        ("services", "https://fcm.googleapis.com"),
        ("services", "http://10.0.0.1:80"),
        ("services", "*"),
        ("services", ""),
        ("hours", ""),
        ("hours", "0"),
        ("hours", "1000"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_beside_its_field(field: str, value: str) -> None:
    found = form(**{field: value})
    assert not found.validate()
    assert list(found.errors) == [field]

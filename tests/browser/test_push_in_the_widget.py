"""A shopper asks to be told in the browser: the tick, the browser's own question, the push that comes.

Chromium's push service is on the internet, so what ``PushManager.subscribe`` gives is made here: a subscription at a push
service on this machine, which decrypts as the browser would. All else is the browser's own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from nexnotify.settings import ROOT
from tests.browser.house import House
from tests.browser.pages import Pages
from tests.browser.tab import Tab
from tests.browser.test_push import deliver
from tests.stubs import push_stub
from tests.stubs.push_stub import PushService

WORKER = (ROOT / "static" / "widget" / "v1" / "nexnotify-sw.js").read_text()
SUBSCRIBE = """
PushManager.prototype.subscribe = async function (options) {
  if (!options.userVisibleOnly) throw new Error("a push has to be seen");
  window.subscribedFor = btoa(String.fromCharCode(...options.applicationServerKey));
  return { toJSON: () => (%s) };
};
"""
TICK = "Notify me in this browser"


@pytest.fixture(scope="module")
def service(house: House) -> Iterator[PushService]:
    """The push service of the shopper's browser; the house sends to it."""
    with PushService(browser=push_stub.Browser()) as service:
        house.command(
            *("gateway", "add", "--store", house.key, "--kind", "webpush", "--name", "Push"),
            *("--set", "contact=shop@shop.example", "--set", f"services={service.url}"),
        )
        pushes = {"sold_out": {"push": True}}
        house.product("lamp", "Lamp", {"LAMP": 0}, switches=pushes)
        only = {"sold_out": {"push": True, "sms": False, "email": False}}
        house.product("beacon", "Beacon", {"BEACON": 0}, switches=only)
        house.settings(push_worker="/nexnotify-sw.js")
        yield service
        house.settings(push_worker="")


@pytest.fixture(scope="module")
def shop(house: House) -> Iterator[Pages]:
    """A shop with the file on its domain, and a policy that lets it be used."""
    with Pages(house.url, house.key) as shop:
        shop.policy = f"default-src 'none'; script-src {shop.app}; style-src 'self'; connect-src 'self' {shop.app}"
        shop.policy += "; worker-src 'self'"
        shop.put("/nexnotify-sw.js", "text/javascript", WORKER)
        yield shop


@pytest.fixture
def visitor(browser: Browser, shop: Pages, service: PushService) -> Iterator[Tab]:
    with Tab(browser, shop) as tab:
        tab.page.add_init_script(SUBSCRIBE % json.dumps(service.browser.subscription(service.url)))
        yield tab
        tab.must_be_clean()


def heard(service: PushService, title: str) -> str:
    """The payload with this title, as soon as it has come."""
    end = time.monotonic() + 10
    while True:
        for asked in service.asked:
            if json.loads(asked.body)["title"] == title:
                return asked.body.decode()
        assert time.monotonic() < end, f"no push {title!r} came"
        time.sleep(0.1)


def test_a_shopper_ticks_the_box_and_the_browser_shows_that_it_is_back(
    visitor: Tab, house: House, service: PushService
) -> None:
    visitor.context.grant_permissions(["notifications"])
    visitor.visit_product("LAMP")
    visitor.open()
    visitor.field(TICK).check()
    visitor.submit.click()
    expect(visitor.done()).to_be_focused()
    expect(visitor.done()).to_contain_text("This browser tells you once, when Lamp is available.")
    [sent] = map(json.loads, visitor.posts)
    assert (sent["channels"], sent["consent"]) == (["push"], False)
    assert len(house.requests("LAMP")) == 1
    assert heard(service, "You are on the list")

    house.stock("LAMP", 3)
    payload = heard(service, "Lamp is back in stock")
    house.stock("LAMP", 0)
    deliver(visitor.page, payload, "/nexnotify-push/")
    shown = visitor.page.evaluate(
        "async () => (await (await navigator.serviceWorker.getRegistration('/nexnotify-push/')).getNotifications())"
        ".map((item) => [item.title, item.body])"
    )
    assert shown == [["Lamp is back in stock", "Acme & Söhne: Lamp can be bought again."]]


def test_the_browser_is_one_way_beside_the_others(visitor: Tab) -> None:
    visitor.context.grant_permissions(["notifications"])
    visitor.visit_product("LAMP")
    visitor.open()
    expect(visitor.panel).to_contain_text("Choose one way or several.")
    visitor.submit.click()
    expect(visitor.panel).to_contain_text("Choose how you want to hear of it.")
    assert visitor.posts == []
    visitor.field("Email").fill("marta@mail.example")
    visitor.field(TICK).check()
    visitor.submit.click()
    expect(visitor.done()).to_contain_text("once, when Lamp is available. This browser tells you too.")
    [sent] = map(json.loads, visitor.posts)
    assert sent["channels"] == ["email", "push"]


def test_nothing_is_asked_before_the_tick_and_a_no_is_explained_and_sends_nothing(visitor: Tab) -> None:
    visitor.visit_product("BEACON")
    visitor.open()
    assert visitor.page.evaluate("window.subscribedFor") is None
    assert visitor.page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    expect(visitor.field(TICK)).to_be_focused()
    visitor.field(TICK).check()
    visitor.submit.click()
    expect(visitor.panel).to_contain_text("This browser may not show notifications of this shop.")
    expect(visitor.field(TICK)).to_be_focused()
    assert visitor.posts == []
    visitor.must_be_accessible()


def test_a_policy_that_forbids_the_file_is_explained(visitor: Tab, shop: Pages) -> None:
    visitor.context.grant_permissions(["notifications"])
    former, shop.policy = shop.policy, shop.policy.replace("worker-src 'self'", "worker-src 'none'")
    try:
        visitor.visit_product("LAMP")
    finally:
        shop.policy = former
    visitor.open()
    visitor.field(TICK).check()
    visitor.submit.click()
    expect(visitor.panel).to_contain_text("This browser cannot be set up for it.")
    assert visitor.posts == []
    visitor.page.evaluate("window.broken = []")


def test_a_file_of_the_shop_that_cannot_begin_is_explained_and_the_others_stay(visitor: Tab, shop: Pages) -> None:
    visitor.context.grant_permissions(["notifications"])
    broken = 'addEventListener("install", (event) => event.waitUntil(Promise.reject()));'
    shop.put("/nexnotify-sw.js", "text/javascript", broken)
    try:
        visitor.visit_product("LAMP")
        visitor.open()
        visitor.field(TICK).check()
        visitor.submit.click()
        expect(visitor.panel).to_contain_text("This browser cannot be set up for it.")
    finally:
        shop.put("/nexnotify-sw.js", "text/javascript", WORKER)
    visitor.field(TICK).uncheck()
    visitor.field("Email").fill("marta@mail.example")
    visitor.submit.click()
    expect(visitor.done()).to_contain_text("once, when Lamp is available.")


def test_a_browser_that_cannot_is_not_offered_it(visitor: Tab) -> None:
    visitor.page.add_init_script("delete window.PushManager")
    visitor.visit_product("LAMP")
    visitor.open()
    expect(visitor.field("Email")).to_be_visible()
    expect(visitor.field(TICK)).to_be_hidden()
    expect(visitor.panel).to_contain_text("Fill in one or both.")
    visitor.visit_product("BEACON")
    visitor.settle()
    expect(visitor.button).to_be_hidden()


def test_a_shop_that_has_not_the_file_is_not_offered_it(tab: Tab, house: House, service: PushService) -> None:
    house.settings(push_worker="")
    try:
        tab.visit_product("LAMP")
        tab.open()
        expect(tab.field("Email")).to_be_visible()
        expect(tab.field(TICK)).to_be_hidden()
    finally:
        house.settings(push_worker="/nexnotify-sw.js")

"""The shop's service worker, in Chromium: what a push shows, and where a click leads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer, outgoing

ROOT = Path(__file__).parents[2]
WORKER = (ROOT / "static" / "widget" / "v1" / "nexnotify-sw.js").read_text()
PAYLOAD = load(ROOT / "plugins" / "gateways").get("webpush").send.__globals__["payload"]
PUSH = outgoing(
    to="{}",
    subject="Tee is back in stock",
    body="Acme: Tee can be bought again. https://go.acme.example/l/a1B2c3D4e5",
    unsubscribe_url="https://notify.example/s/WzEsMV0",
)
#: A click by a person may open a window, one by a script may not; so the worker says which it would have opened.
NOTE_WINDOWS = "self.opened = []; Clients.prototype.openWindow = async (url) => { self.opened.push(url); };"
CLICK = """async (action) => {
  const [notification] = await registration.getNotifications();
  dispatchEvent(new NotificationEvent("notificationclick", {notification, action}));
  return self.opened;
}"""


def shop(asked: Asked) -> Answer:
    if asked.path == "/nexnotify-sw.js":
        return Answer(200, NOTE_WINDOWS + WORKER, {"Content-Type": "text/javascript"})
    return Answer(200, "<!doctype html><title>Tee</title>", {"Content-Type": "text/html"})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a shop that has put the service worker on its own domain, in a browser that allows notifications."""
    with ScriptedServer(shop) as server:
        context = browser.new_context(permissions=["notifications"], base_url=server.url)
        page = context.new_page()
        page.goto("/")
        yield page
        context.close()


def deliver(page: Page, data: str, scope: str = "/") -> Any:
    """The push service has a message for this page's worker; the worker that got it."""
    devtools = page.context.new_cdp_session(page)
    seen: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: seen.extend(each["registrationId"] for each in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    if scope == "/":
        page.evaluate("async () => { await navigator.serviceWorker.register('/nexnotify-sw.js'); }")
        page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    origin = page.evaluate("location.origin")
    devtools.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": seen[0], "data": data})
    page.wait_for_function(
        "async (scope) => (await (await navigator.serviceWorker.getRegistration(scope)).getNotifications()).length > 0",
        arg=scope,
        timeout=5000,
    )
    return page.context.service_workers[0]


def test_a_push_shows_its_title_and_text_and_leads_to_the_link_or_the_way_out(page: Page) -> None:
    worker = deliver(page, PAYLOAD(PUSH).decode())
    shown = page.evaluate(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((item) => "
        "[item.title, item.body, item.tag, item.actions.map((action) => action.action)])"
    )
    assert shown == [["Tee is back in stock", "Acme: Tee can be bought again.", PUSH.reference, ["stop"]]]
    assert worker.evaluate(CLICK, "") == ["https://go.acme.example/l/a1B2c3D4e5"]
    deliver(page, PAYLOAD(PUSH).decode())
    assert worker.evaluate(CLICK, "stop")[-1] == "https://notify.example/s/WzEsMV0"

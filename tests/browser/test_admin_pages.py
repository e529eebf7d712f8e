"""Every page of the admin, found in the url map: readable, narrow enough, and within its own strict policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.routing import IntegerConverter, Rule

from nexnotify import create_app
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.imports.kinds import Options
from nexnotify.imports.models import ImportRun
from nexnotify.imports.service import upload
from nexnotify.journeys import service as journeys
from nexnotify.nudge import nudge
from nexnotify.settings import Settings
from nexnotify.stores import views
from nexnotify.stores.models import StaffUser, Store
from nexnotify.waitlist.conditions import Where
from tests.browser.desk import Desk
from tests.browser.house import House
from tests.credits import order_pack
from tests.kannel import wait_for
from tests.sends import confirmed_and_draft

EMAIL, PASSWORD = "w" * 60 + "@" + "shop-" * 10 + "x.example", "correct horse battery"
WIDTHS = (1280, 390, 320)
#: Argument of an address → table of the row it names, where the two have different names.
TABLES = {
    "order": "customer_order",
    "purchase": "credit_purchase",
    "request": "alert_request",
    "restock": "restock_event",
}
#: What an argument that is no number may be.
WORDS = {"kind": "twilio", "way": "stripe", "list_name": "orders", "name": "customers"}
#: Pages that need more than a sign-in to be seen, and where they are looked at instead.
ELSEWHERE = {
    "security.static": "no page",
    "security.two_factor_setup": "closed: the account has its own",
    "security.two_factor_rescue": "closed: recovery codes are asked for on a page of their own",
    "security.tf_select": "closed: there is one kind of second factor",
    "security.mf_recovery_codes": "closed: the account has its own",
    "security.two_factor_token_validation": "outside: test_sign_in.py",
    "security.mf_recovery": "outside: test_sign_in.py",
}
#: What a shop may call its things.
NAMES = (
    "W" * 200,
    "\u202eקערת קרמיקה כחולה عتيقة\u202c " * 4,
    "👩🏽‍🚀" * 30,
    '<script>alert(1)</script><img src=x onerror="alert(1)">',
)

#: Pages of a text that is not confirmed.
OF_DRAFTS = {"admin_sends.write", "admin_sends.check"}


@pytest.fixture(scope="module")
def crowded(house: House) -> str:
    """The key of a store in which everything has an unpleasant name, and something has happened to all of it."""
    made = house.command("store", "create", "--name", "W" * 100)
    key, secret = made["store_key"], made["api_key"]
    house.user(EMAIL, PASSWORD, store=key)
    codes = {"platform": "other", "confirmation_url": f"/{'w' * 400}", "require_consent": True}
    house.call("PUT", "settings", {"quiet_hours": None, "credits": True, "storefront_code": codes}, secret)
    house.command("credits", "add", "--store", key, "--note", "W" * 200, "5000")
    order_pack(create_app(Settings.from_env(house.environment)), key)
    save_view(create_app(Settings.from_env(house.environment)), key)
    begin_journey(create_app(Settings.from_env(house.environment)), key)
    product: dict[str, Any] = {"url": f"https://acme.example/{'x' * 200}", "image_url": "https://acme.example/none.png"}
    for index, name in enumerate(NAMES):
        title, sku = name[:200], f"ODD{index}-{'S' * 90}"
        variant = {"id": f"odd-{index}", "sku": sku, "options": {name[:60]: name[:60]}}
        products = {"products": [{"id": f"o{index}", "title": title, "variants": [variant], **product}]}
        house.call("PUT", "products", products, secret)
        house.call("PUT", "stock", {"levels": [{"sku": sku, "on_hand": 0, "location": "W" * 200}]}, secret)
        row: dict[str, Any] = {"sku": sku, "first_name": title, "consent": True, "page_url": "javascript:alert(1)"}
        row |= {"source": "W" * 60, "consent_text": title}
        rows = [{**row, "phone": f"+1201555{number:04d}"} for number in range(100 + 6 * index, 106 + 6 * index)]
        rows.append({**row, "email": f"{'w' * 50}{index}@mail.example"})
        house.call("POST", "requests", {"requests": rows}, secret)
        person = {"id": f"{index}{'I' * 250}", "first_name": title, "last_name": title, "phone": rows[0]["phone"]}
        person |= {"email": rows[-1]["email"], "fields": {"I would like to receive SMS messages": bool(index)}}
        house.call("PUT", "customers", {"customers": [person]}, secret)
        if index:  # of the first, people still wait
            house.call("PUT", "stock", {"levels": [{"sku": sku, "on_hand": 5, "location": "W" * 200}]}, secret)
    region = {
        "key": "W" * 60,
        "name": NAMES[0][:60],
        "locations": ["W" * 200],
        "delivery": NAMES[0][:60],
        "offered": True,
    }
    house.call("PUT", "regions", {"regions": [region]}, secret)
    asks: list[dict[str, Any]] = [{"phone": "+12015550160", "consent": True}, {"email": "still@mail.example"}]
    waits = [{"sku": f"ODD0-{'S' * 90}", **ask} for ask in asks]
    house.call("POST", "requests", {"requests": waits}, secret)
    for index, name in enumerate(NAMES):
        whose = {"first_name": name[:200], "last_name": name[:200], "phone": f"+1201555{150 + index:04d}"}
        lines = [{"sku": f"ODD{other}-{'S' * 90}", "title": title[:200]} for other, title in enumerate(NAMES)]
        lines.append({"sku": "S" * 200, "title": name[:200], "price": "9999999.99"})
        order = {"id": f"{index}{'9' * 200}", "status": "paid", **whose, "lines": lines}
        house.call("POST", "orders", {"orders": [order]}, secret)
        messages = [{"id": str(n), "from": ("customer", "merchant")[n % 2], "text": name * 3} for n in range(4)]
        ticket = {"id": f"{index}{'T' * 200}", "subject": name[:200], **whose, "messages": messages}
        house.call("POST", "tickets", {"tickets": [ticket]}, secret)
    confirmed_and_draft(
        create_app(Settings.from_env(house.environment)), key, f"{'W' * 500} 🧵 [[firstname]] {NAMES[0]}"[:900]
    )
    wait_for(
        lambda: house.call("GET", "messages?status=delivered", None, secret)["messages"], 20, "something delivered"
    )
    settings = ("url=http://127.0.0.1:1/", "username=u", "password=p", "rate=1")
    sets = [word for setting in settings for word in ("--set", setting)]
    house.command("gateway", "add", "--store", key, "--kind", "kannel", "--name", "W" * 100, *sets)
    _upload(house, key)
    return str(key)


def _upload(house: House, key: str) -> None:
    """A file of which every second row is wrong, read and waiting for somebody's word."""
    app = create_app(Settings.from_env(house.environment))
    rows = "".join(f'f{n},"{NAMES[n % 4][:90]}",{"" if n % 2 else "not-an-email-" * 9}\n' for n in range(30))
    with app.app_context():
        store = db.session.scalars(sa.select(Store).where(Store.key == key)).one()
        file = f"id,first_name,email\n{rows}".replace('="', "=").replace(')"', ")").encode()
        with transaction():
            run = upload(store, "customers", "W" * 200 + ".csv", file, Options(), None, utcnow())
        nudge("imports")
        status = sa.select(ImportRun.status).where(ImportRun.id == run.id)

        def is_read() -> bool:
            db.session.rollback()
            return db.session.scalar(status) == "checked"

        wait_for(is_read, 20, "the file read")
        db.session.remove()
        db.engine.dispose()


def save_view(app: Flask, key: str) -> None:
    """One tab above the orders, as long as names are."""
    with app.app_context():
        with transaction():
            store = db.session.scalars(sa.select(Store).where(Store.key == key)).one()
            person = db.session.scalars(sa.select(StaffUser).where(StaffUser.email == EMAIL)).one()
            views.save_view(store, person.id, "orders", "W" * views.LONGEST_NAME, {"status": "new"}, True, utcnow())
        db.session.remove()
        db.engine.dispose()


def begin_journey(app: Flask, key: str) -> None:
    """A journey in which everybody who asks waits for an hour."""
    with app.app_context():
        with transaction():
            store = db.session.scalars(sa.select(Store).where(Store.key == key)).one()
            plan = journeys.Plan("W" * 60, "waiting_on_stock", Where(), 60, sms_body="W" * 300)
            journeys.switch_on(journeys.save(store, None, plan, utcnow())[0], utcnow())
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def map(house: House) -> Iterator[Flask]:
    """The installation's own url map and rows."""
    app = create_app(Settings.from_env(house.environment))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def addresses(app: Flask, key: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of every page of the admin, with a row of the store for each number in it."""
    db.session.rollback()  # what was read before may be old
    store = db.session.scalars(sa.select(Store.id).where(Store.key == key)).one()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin") and "GET" in (rule.methods or ()) and rule.endpoint not in ELSEWHERE:
            values = {name: _value(rule, name, store) for name in rule.arguments}
            if None not in values.values():
                built = rule.build(values, append_unknown=False)
                assert built is not None
                yield rule.endpoint, built[1]


def _value(rule: Rule, name: str, store: int) -> Any:
    if not isinstance(rule._converters[name], IntegerConverter):
        assert name in WORDS, f"{rule}: say in WORDS what {name} may be, or in ELSEWHERE where the page is looked at"
        return WORDS[name]
    noun = name.removesuffix("_id")
    table = db.metadata.tables[TABLES.get(noun, noun)]
    newest = sa.select(sa.func.max(table.c.id)).where(table.c.store_id == store)
    if noun == "send":  # a draft has pages of its own
        newest = newest.where((table.c.state == "draft") == (rule.endpoint in OF_DRAFTS))
    return db.session.scalar(newest)


def judge(desk: Desk, address: str, pictures: Path, name: str, axe_at: tuple[int, ...] = WIDTHS[:2]) -> list[str]:
    """What is wrong with a page at three widths, in the light and in the dark."""
    page, found = desk.page, []
    head = desk.context.request.get(desk.house.url + address)
    if "text/html" not in head.headers["content-type"]:
        return []  # a file to save
    if head.status == 404 and "security." in name:
        return []  # a page of Flask-Security that the house has switched off
    if "/login" in head.url and "security." not in name:
        return [f"{address}: whoever is signed in is asked to sign in"]
    if head.status != 200:
        return [f"{address}: {head.status}"]
    for width, theme in zip(WIDTHS, ("light", "dark", "dark"), strict=True):
        page.set_viewport_size({"width": width, "height": 860})
        if width == WIDTHS[0]:
            page.goto(desk.house.url + address)
        page.evaluate(
            """theme => { document.documentElement.setAttribute("data-bs-theme", theme);
               return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); }""",
            theme,
        )
        if width == WIDTHS[0]:
            found += [f"{address}: {words}" for words in desk.broken_policies()]
        seen = _faults(desk, address, width, theme, axe_at)
        if seen:  # plots follow a new width a moment later: look again at what has come to rest
            page.wait_for_timeout(1000)
            seen = _faults(desk, address, width, theme, axe_at)
        found += seen
        if "TEST_PICTURES" in os.environ:
            page.screenshot(path=pictures / f"{name}-{width}.png", full_page=True)
    return found


def _faults(desk: Desk, address: str, width: int, theme: str, axe_at: tuple[int, ...]) -> list[str]:
    found = []
    if wide := desk.sideways():
        found.append(f"{address} at {width}: {wide} px wider than the window")
    if width in axe_at:
        found += [f"{address} at {width}, {theme}: {words}" for words in desk.findings()]
    return found


def test_every_page_stands_a_crowd_with_unpleasant_names(
    browser: Browser, house: House, crowded: str, map: Flask, pictures: Path
) -> None:
    found, seen = [], set()
    with Desk(browser, house).sign_in(EMAIL, PASSWORD) as desk:
        for endpoint, address in addresses(map, crowded):
            seen.add(endpoint)
            found += judge(desk, address, pictures, endpoint)
        found += desk.faults
    assert found == []
    rules = (
        rule for rule in map.url_map.iter_rules() if rule.rule.startswith("/admin") and "GET" in (rule.methods or ())
    )
    assert {rule.endpoint for rule in rules} - seen - ELSEWHERE.keys() == set(), "the test makes no row for these"


def test_every_page_stands_an_empty_store(browser: Browser, house: House, map: Flask, pictures: Path) -> None:
    key = house.command("store", "create", "--name", "Empty")["store_key"]
    house.user("new@empty.example", PASSWORD, store=key)
    found = []
    with Desk(browser, house).sign_in("new@empty.example", PASSWORD) as desk:
        for endpoint, address in addresses(map, key):
            if not any(part.isdecimal() for part in address.split("/")):
                found += judge(desk, address, pictures, f"empty-{endpoint}", axe_at=(390,))
        found += desk.faults
    assert found == []

"""The tracking and order-confirmation codes on a shop of another origin, under a strict policy."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.house import House
from tests.browser.pages import Pages
from tests.browser.tab import STORED, Tab
from tests.kannel import wait_for

#: Automated browsers are not counted, and this one says that it is one.
HUMAN = "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false });"
STUB = "window.nexnotify=window.nexnotify||function(){(nexnotify.q=nexnotify.q||[]).push(arguments)};"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.fixture
def visitor(browser: Browser, pages: Pages) -> Iterator[Tab]:
    """A tab that a person seems to sit at."""
    with Tab(browser, pages) as tab:
        tab.page.add_init_script(HUMAN)
        agent = tab.context.new_cdp_session(tab.page)
        agent.send("Emulation.setUserAgentOverride", {"userAgent": AGENT})
        yield tab
        assert tab.faults == tab.preflights == tab.context.cookies() == []
        assert tab.page.evaluate("window.broken") == []


def code(pages: Pages, **data: str) -> str:
    """The tag of a code, with these data attributes."""
    more = "".join(f' data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
    track = "" if "nexnotify_track" in data else " data-nexnotify-track"
    return f'<script async src="{pages.app}/widget/v1/track.js"{track} data-store="{pages.key}"{more}></script>'


def told(tab: Tab) -> list[dict[str, object]]:
    """What the page has told, without sign-ups of the widget."""
    tab.settle()
    return [body for post in tab.posts if "channels" not in (body := json.loads(post))]


def ask(house: House, question: str, *values: str) -> int:
    """A number out of the installation's database."""
    with closing(sqlite3.connect(house.folder / "nexnotify.sqlite")) as database:
        return int(database.execute(question, values).fetchone()[0] or 0)


def seen(house: House, product: str) -> int:
    question = "SELECT sum(views) FROM product_view v JOIN product p ON p.id = v.product_id WHERE p.external_id = ?"
    return ask(house, question, product)


def test_a_view_is_counted_and_nothing_is_stored(visitor: Tab, pages: Pages, house: House) -> None:
    before = seen(house, "clock")
    visitor.visit_product("CLOCK", head=code(pages))
    assert told(visitor) == [{"products": [{"sku": "CLOCK"}]}]
    assert seen(house, "clock") == before + 1
    assert visitor.page.evaluate(STORED) == []


def test_an_order_is_counted_once_however_often_its_page_is_loaded(visitor: Tab, pages: Pages, house: House) -> None:
    order = code(pages, nexnotify_track="order", order="B-1", total="$20.00", email="ann@mail.example")
    visitor.visit("<p>Thank you</p>", head=code(pages) + order)
    visitor.settle()
    visitor.page.reload()
    assert told(visitor) == [{"order": "B-1", "total": "$20.00", "lines": []}] * 2
    assert ask(house, "SELECT count(*) FROM page_order WHERE reference = ?", "B-1") == 1


def test_a_page_that_is_not_the_confirmation_page_tells_no_order(visitor: Tab, pages: Pages) -> None:
    visitor.visit("<p>Shelf</p>", head=code(pages, nexnotify_track="order", order="B-2", page="/thank-you"))
    assert told(visitor) == []


def test_where_consent_is_asked_for_nothing_happens_before_it(visitor: Tab, pages: Pages, house: House) -> None:
    visitor.visit_product("CLOCK", head=code(pages, consent="required"))
    assert told(visitor) == []
    assert visitor.page.evaluate(STORED) == []

    visitor.page.evaluate("nexnotify('consent', true)")
    [view] = told(visitor)
    token = visitor.page.evaluate("localStorage.getItem('nexnotify-visitor').split(' ')[0]")
    assert view == {"products": [{"sku": "CLOCK"}], "consent": True}
    assert len(token) == 32

    visitor.page.evaluate("nexnotify('consent', false)")
    assert visitor.page.evaluate(STORED) == []
    visitor.page.evaluate("nexnotify('view', { sku: 'CLOCK' })")
    assert len(told(visitor)) == 1


@pytest.mark.parametrize("wish", ["globalPrivacyControl', { get: () => true", "doNotTrack', { get: () => '1'"])
def test_a_browser_that_wants_no_tracking_is_left_alone(visitor: Tab, pages: Pages, wish: str) -> None:
    visitor.page.add_init_script(f"Object.defineProperty(Navigator.prototype, '{wish} }});")
    visitor.visit_product("CLOCK", head=code(pages) + code(pages, nexnotify_track="order", order="B-3"))
    visitor.page.wait_for_function("window.nexnotify && nexnotify.commands")
    visitor.page.evaluate("nexnotify('consent', true)")
    assert told(visitor) == []
    assert visitor.page.evaluate(STORED) == []


@pytest.mark.parametrize("first", ["widget", "tracking code"])
def test_one_call_reaches_the_widget_and_the_code_whichever_comes_first(visitor: Tab, pages: Pages, first: str) -> None:
    """What was called before either was there is not lost, and what is called after reaches the right one."""
    visitor.page.add_init_script(STUB + "nexnotify('setVariant', { sku: 'TEE-L' }); nexnotify('consent', true);")
    tags = [pages.script(), code(pages)] if first == "widget" else [code(pages), pages.script()]
    visitor.visit('<div data-nexnotify-product="tee"></div>', head="".join(tags).replace("async", "defer"))
    visitor.open()
    expect(visitor.panel.get_by_label("Which one?")).to_have_value("v-tee-l")
    assert told(visitor)[0]["consent"] is True
    visitor.page.evaluate("nexnotify('setVariant', { sku: 'TEE-S' }); nexnotify('view', { variant: 'v-tee-s' })")
    expect(visitor.widget).to_be_hidden()
    assert told(visitor)[-1]["products"] == [{"variant_id": "v-tee-s"}]


def test_who_agreed_asked_was_told_and_bought_is_a_recovered_order(visitor: Tab, pages: Pages, house: House) -> None:
    house.product("cap", "Cap", {"CAP": 0})
    visitor.page.add_init_script(STUB + "nexnotify('consent', true);")
    visitor.visit_product("CAP", head=pages.script() + code(pages))
    visitor.open()
    visitor.field("Email").fill("cap@mail.example")
    visitor.submit.click()
    expect(visitor.done()).to_be_visible()
    assert {"products", "what"} <= told(visitor)[-1].keys()
    house.stock("CAP", 3)
    house.told("CAP", "back_in_stock")
    visitor.visit("<p>Thank you</p>", head=code(pages, nexnotify_track="order", order="B-CAP", total="15.00"))
    visitor.settle()
    matched = "SELECT count(*) FROM order_match m JOIN page_order p ON p.id = m.page_order_id WHERE p.reference = ?"
    wait_for(lambda: ask(house, matched, "B-CAP") == 1, 5, "the order to be matched")
    signups = "SELECT signups FROM product_view v JOIN product p ON p.id = v.product_id WHERE p.external_id = ?"
    assert ask(house, signups, "cap") == 1


def test_the_demo_shop_carries_both_codes(visitor: Tab, house: House) -> None:
    page = visitor.page
    page.goto(f"{house.url}/demo/fisherman-jumper?v=JUMPER-S")
    page.get_by_role("button", name="Yes").click()
    page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    visitor.settle()
    page.reload()
    order = next(body for body in told(visitor) if "visitor" in body)
    assert order["lines"] == [{"sku": "JUMPER-S", "quantity": 1}]
    assert ask(house, "SELECT count(*) FROM page_order WHERE reference = ?", str(order["order"])) == 1

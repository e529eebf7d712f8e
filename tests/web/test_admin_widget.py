"""The widget's page: the snippet, the colours, and the check whether it is installed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.fetch import Unreachable, fetch_page
from nexnotify.gateways.testkit import Answer, ScriptedServer
from nexnotify.reports.widget import last_asked, last_check, widget_seen
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.web.widget_script import current_release
from tests.admin import Desk
from tests.conftest import make_settings
from tests.shop import Shop

COLOURS = {"accent": "#0B6A7C", "on_accent": "fff000", "text": "", "radius": "4"}


class Site(ScriptedServer):
    """A shop with one page."""

    def __init__(self) -> None:
        super().__init__(lambda asked: Answer(200, self.body, {"Content-Type": "text/html; charset=utf-8"}))
        self.body = ""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def settings(settings: Settings, site: Site) -> Settings:
    return make_settings(settings.instance, settings.database_url, private_shops=site.url)


def snippet(page: str, id: str = "snippet") -> str:
    found = re.search(rf'<code id="{id}">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return found.group(1)


def seen(shop: Shop) -> bool:
    with shop.app.app_context():
        return widget_seen(Store(id=shop.store_id))


# --- the snippet ---------------------------------------------------------------------------------------------------


def test_the_page_has_the_store_s_own_snippets(shop: Shop) -> None:
    page = Desk.of(shop).page("/widget")
    assert snippet(page).count(f'data-store="{shop.key}"') == 1
    assert "/widget/v1/nexnotify.js" in snippet(page)
    assert "integrity" not in snippet(page)
    pinned = snippet(page, "snippet-pinned")
    assert f'integrity="{current_release().integrity}" crossorigin="anonymous"' in pinned
    address = re.search(r'src="http://[^/]+(/[^"]+)"', pinned)
    assert address is not None
    assert shop.client.get(address.group(1)).get_data() == current_release().content


# --- colours -------------------------------------------------------------------------------------------------------


def test_colours_that_are_saved_come_with_the_widget_s_config(shop: Shop) -> None:
    shop.product("TEE-M")
    desk = Desk.of(shop)
    assert shop.client.get(f"/widget/v1/{shop.key}/config?sku=TEE-M").get_json()["look"] == {}
    page = desk.post("/widget/look", **COLOURS)
    assert "Colours saved" in page
    look = shop.client.get(f"/widget/v1/{shop.key}/config?sku=TEE-M").get_json()["look"]
    assert look == {"accent": "#0b6a7c", "on_accent": "#fff000", "radius": 4}
    assert "accent: off → #0b6a7c" in desk.page("/settings/audit")
    desk.post("/widget/look/reset")
    assert shop.client.get(f"/widget/v1/{shop.key}/config?sku=TEE-M").get_json()["look"] == {}


def test_nothing_but_a_colour_is_taken(shop: Shop) -> None:
    desk = Desk.of(shop)
    for name, value in (
        ("accent", "red"),
        ("accent", "#fff"),
        ("accent", "#0b6a7c;background:url(https://evil.example)"),
        ("accent", "#0b6a7c\n}"),
        ("text", "var(--x)"),
        ("radius", "33"),
        ("radius", "-1"),
        ("radius", "4px"),
    ):
        assert "Nothing was saved" in desk.post("/widget/look", status=422, **{name: value}), value
        number = int(value) if name == "radius" and value.lstrip("-").isdigit() else value
        shop.put("settings", {"widget": {name: number}}, 422)
    assert not any(shop.get("settings")["widget"].values())


def test_words_that_are_hard_to_read_are_named_and_saved_all_the_same(shop: Shop) -> None:
    desk = Desk.of(shop)
    page = desk.post("/widget/look", accent="#ffd400", on_accent="#ffffff")
    assert "The words on the buttons are hard to read: contrast 1.4, at least 4.5 is needed." in page
    assert shop.get("settings")["widget"]["accent"] == "#ffd400"
    assert "hard to read" not in desk.post("/widget/look", accent="#0b6a7c", on_accent="#ffffff")


def test_only_the_preview_may_stand_in_a_frame_and_only_in_ours(shop: Shop) -> None:
    desk = Desk.of(shop)
    preview = desk.browser.get("/admin/widget/preview").headers
    assert "frame-ancestors 'self'" in preview["Content-Security-Policy"]
    assert "connect-src" not in preview["Content-Security-Policy"].replace("default-src 'none'", "")
    assert preview["X-Frame-Options"] == "SAMEORIGIN"
    page = desk.browser.get("/admin/widget").headers
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


# --- the check -----------------------------------------------------------------------------------------------------


def test_an_installed_widget_is_found_and_remembered(shop: Shop, site: Site) -> None:
    shop.product("TEE-M")
    desk = Desk.of(shop)
    assert not seen(shop)
    site.body = snippet(desk.page("/widget")) + '<div data-nexnotify-sku="TEE-M"></div>'
    address = f"{site.url}/tee"
    page = desk.post("/widget/check", 200, page=address)
    assert "It works on this page." in page
    assert "shoppers can ask for it now" in page
    assert seen(shop)
    assert f"it works on {address}" in " ".join(re.sub(r"<[^>]+>", " ", desk.page("/widget")).split())
    site.body = "<h1>Tee</h1>"
    assert "is not in this page" in desk.post("/widget/check", 200, page=address)
    assert not seen(shop)
    assert "page: " + address in desk.page("/settings/audit")


def test_the_check_knows_the_state_of_the_product_on_the_page(shop: Shop, site: Site) -> None:
    shop.product("MUG", on_hand=5)
    shop.product("CLOCK", unavailable_as="preordered")
    desk = Desk.of(shop)
    script = snippet(desk.page("/widget"))
    for sku, says in (("MUG", "rightly shows nothing"), ("CLOCK", "switched off"), ("NOPE", "does not have")):
        site.body = f'{script}<div data-nexnotify-sku="{sku}"></div>'
        assert says in desk.post("/widget/check", 200, page=f"{site.url}/")


def test_another_store_s_products_and_checks_are_its_own(shop: Shop, other_shop: Shop, site: Site) -> None:
    other_shop.product("TEE-M")
    desk = Desk.of(shop)
    site.body = snippet(desk.page("/widget")) + '<div data-nexnotify-sku="TEE-M"></div>'
    assert "does not have" in desk.post("/widget/check", 200, page=f"{site.url}/")
    with shop.app.app_context():
        assert last_check(Store(id=shop.store_id)) is not None
        assert last_check(Store(id=other_shop.store_id)) is None


def test_the_check_opens_nothing_that_is_not_public(shop: Shop) -> None:
    desk = Desk.of(shop)
    for address in ("http://127.0.0.1:1/", "http://localhost/", "http://169.254.169.254/latest/", "file:///etc/passwd"):
        page = desk.post("/widget/check", 200, page=address)
        assert "The page could not be read." in page
        assert "root:" not in page
    assert "Write the address of a page." in desk.post("/widget/check", 422, page=" ")


def test_a_second_check_at_the_same_time_is_refused_at_once(shop: Shop, site: Site) -> None:
    desk = Desk.of(shop)
    address = f"{site.url}/"
    going, found = threading.Event(), threading.Event()

    def slow(host: str, port: int) -> list[str]:
        going.set()
        found.wait(10)
        return []

    def first() -> None:
        with pytest.raises(Unreachable):
            fetch_page("https://shop.example/", resolve=slow, reader=shop.store_id)

    thread = threading.Thread(target=first)
    thread.start()
    going.wait()
    page = desk.post("/widget/check", 429, page=address)
    assert "Another check is running." in page
    assert f'value="{address}"' in page
    found.set()
    thread.join()
    with shop.app.app_context():
        assert last_check(Store(id=shop.store_id)) is None


def test_very_many_marks_cost_no_more_queries_than_a_few(shop: Shop, site: Site) -> None:
    for sku in ("TEE-M", "MUG"):
        shop.product(sku)
    desk = Desk.of(shop)
    script = snippet(desk.page("/widget"))
    queries: list[str] = []
    with shop.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    counts = []
    for more in (0, 18, 3000):
        marks = "".join(f'<p data-nexnotify-sku="{sku}"></p>' for sku in ("TEE-M", "MUG", *map(str, range(more))))
        site.body = script + marks
        queries.clear()
        page = desk.post("/widget/check", 200, page=f"{site.url}/")
        counts.append(len(queries))
        assert page.count("shoppers can ask for it now") == 2
    assert counts[0] == counts[1] == counts[2]
    assert "2982 more products" in page


def test_only_an_origin_is_added(shop: Shop) -> None:
    desk = Desk.of(shop)
    for origin in ("javascript:x", "http://[", "https://a:b", "https://shop.example/tee", "https://ann@shop.example"):
        assert "not the address of a shop" in desk.post("/widget/domains", 422, origin=origin), origin
    assert shop.get("settings")["domains"] == []
    desk.post("/widget/domains", origin="HTTPS://Shop.Example:443/")
    assert shop.get("settings")["domains"] == ["https://shop.example"]


def test_the_page_of_another_domain_is_added_with_one_press(shop: Shop, site: Site) -> None:
    shop.put("settings", {"domains": ["https://shop.example"]})
    desk = Desk.of(shop)
    origin = site.url
    site.body = snippet(desk.page("/widget"))
    page = desk.post("/widget/check", 200, page=f"{origin}/tee")
    assert f"Add {origin}" in page
    desk.post("/widget/domains", origin=origin)
    assert shop.get("settings")["domains"] == ["https://shop.example", origin]
    assert f"domains: https://shop.example → https://shop.example, {origin}" in desk.page("/settings/audit")
    assert "Add http" not in desk.post("/widget/check", 200, page=f"{origin}/tee")


# Only there: what PostgreSQL reads depends on what it knows of the rows, and here there are none.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_asked_last_is_found_however_many_others_asked(shop: Shop) -> None:
    with shop.app.app_context():
        statements: list[tuple[str, Any]] = []
        sa.event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
        last_asked(Store(id=shop.store_id))
        statement, values = statements[-1]
        with db.engine.connect() as connection:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    assert "ix_alert_request_widget" in plan


def test_who_asked_last_is_told(shop: Shop) -> None:
    shop.product("TEE-M")
    desk = Desk.of(shop)
    assert "Nobody has asked through the widget yet" in desk.page("/widget")
    shop.post(
        "requests", {"requests": [{"sku": "TEE-M", "phone": "+12015550133", "channels": ["sms"], "consent": True}]}
    )
    assert not seen(shop)  # what the API brings says nothing about the widget
    shop.ask("TEE-M", page_url="https://shop.example/tee?email=ann@mail.example")
    page = re.sub(r"<[^>]+>", "", desk.page("/widget"))
    assert "Last asked through the widget: just now from https://shop.example." in page
    assert "ann@mail" not in page
    assert seen(shop)


@pytest.mark.parametrize("role,checks,changes", [("viewer", 403, 403), ("staff", 200, 403), ("admin", 200, 302)])
def test_who_may_do_what(shop: Shop, role: str, checks: int, changes: int) -> None:
    desk = Desk.of(shop, role)
    desk.page("/widget")
    desk.post("/widget/check", checks, page="http://127.0.0.1:1/")
    desk.post("/widget/look", changes, accent="#0b6a7c")
    desk.post("/widget/look/reset", changes)
    desk.post("/widget/domains", changes, origin="https://shop.example")

"""The widget on other people's pages: it finds the product, follows the shopper's pick, and shows nothing in doubt."""

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from nexnotify.web.widget_script import current_release
from tests.browser.house import House
from tests.browser.pages import Pages
from tests.browser.tab import Tab

STUB = "window.nexnotify=window.nexnotify||function(){(nexnotify.q=nexnotify.q||[]).push(arguments)};"


@pytest.mark.parametrize("sku", ["TEE-S", "NO-SUCH-THING", "CLOCK"], ids=["in stock", "unknown", "switched off"])
def test_where_there_is_nothing_to_ask_for_nothing_is_shown(tab: Tab, sku: str) -> None:
    tab.visit_product(sku)
    tab.settle()
    expect(tab.widget).to_be_hidden()


@pytest.mark.parametrize("answer", [{"status": 500, "body": "oops"}, {"status": 200, "body": "<html>"}, None])
def test_a_server_in_trouble_shows_nothing(tab: Tab, answer: dict[str, object] | None) -> None:
    tab.page.route("**/config?*", lambda route: route.fulfill(**answer) if answer else route.abort())  # type: ignore[arg-type]
    tab.visit_product("TEE-M")
    tab.settle()
    expect(tab.widget).to_be_hidden()


def test_a_channel_that_is_switched_off_is_offered_no_more(
    browser: Browser, pages: Pages, tab: Tab, house: House
) -> None:
    tab.visit_product("MUG")
    tab.open()
    expect(tab.panel).to_contain_text("Backordered")
    expect(tab.field("Mobile number")).to_be_visible()
    try:
        house.settings(switches={"backordered": {"sms": False}})
        with Tab(browser, pages) as next_shopper:
            next_shopper.visit_product("MUG")
            next_shopper.open()
            expect(next_shopper.field("Email")).to_be_visible()
            expect(next_shopper.field("Mobile number")).to_be_hidden()
        house.settings(switches={"backordered": {"email": False}})
        tab.field("Email").fill("late@mail.example")
        tab.submit.click()
        expect(tab.panel.get_by_role("alert")).to_contain_text("can’t be asked for any more")
        tab.panel.get_by_role("button", name="Close").click()
        expect(tab.widget).to_be_hidden()
    finally:
        house.settings(switches={"backordered": {"sms": True, "email": True}})


def test_it_follows_the_variant_the_shopper_picks(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    expect(tab.button).to_be_visible()
    mount = tab.page.locator("[data-nexnotify-sku]")

    mount.evaluate("node => node.setAttribute('data-nexnotify-sku', 'TEE-S')")
    expect(tab.widget).to_be_hidden()
    mount.evaluate("node => node.setAttribute('data-nexnotify-sku', 'TEE-L')")
    tab.open()
    expect(tab.panel.get_by_label("Which one?")).to_have_value("v-tee-l")
    tab.field("Email").fill("ann@mail.example")
    mount.evaluate("node => node.setAttribute('data-nexnotify-sku', 'TEE-M')")
    expect(tab.panel.get_by_label("Which one?")).to_have_value("v-tee-m")
    expect(tab.field("Email")).to_have_value("ann@mail.example")
    tab.submit.click()
    expect(tab.done()).to_contain_text("Tee, M")
    assert json.loads(tab.posts[0])["variant_id"] == "v-tee-m"

    mount.evaluate("node => node.setAttribute('data-nexnotify-sku', 'TEE-L')")
    expect(tab.button).to_be_visible()  # that one has not been asked for


def test_another_product_on_the_same_page_asks_anew(tab: Tab, house: House) -> None:
    """Its texts bring the countries along, and a yes to one product is no yes to another."""
    try:
        house.settings(switches={"backordered": {"sms": False}})
        tab.visit_product("MUG")
        tab.open()
        expect(tab.field("Mobile number")).to_be_hidden()
        mount = tab.page.locator("[data-nexnotify-sku]")
        mount.evaluate("node => node.setAttribute('data-nexnotify-sku', 'TEE-M')")
        tab.field("Mobile number").fill("(201) 555-0123")
        assert tab.panel.get_by_label("Country").locator("option").count() > 200
        tab.panel.get_by_role("checkbox").check()
        house.settings(switches={"backordered": {"sms": True}})
        tab.page.evaluate("nexnotify('refresh')")
        mount.evaluate("node => node.setAttribute('data-nexnotify-sku', 'MUG')")
        expect(tab.panel).to_contain_text("Backordered")
        expect(tab.panel.get_by_role("checkbox")).not_to_be_checked()
    finally:
        house.settings(switches={"backordered": {"sms": True, "email": True}})


def test_a_page_can_say_the_variant_by_script(tab: Tab) -> None:
    tab.page.add_init_script(
        STUB + "nexnotify('setVariant', 'v-tee-s'); nexnotify('on', 'shown', (d) => window.seen = d)"
    )
    tab.visit('<div data-nexnotify-product="tee"></div>')
    tab.settle()
    expect(tab.widget).to_be_hidden()
    tab.page.evaluate("nexnotify('setVariant', { sku: 'TEE-L' })")
    expect(tab.button).to_be_visible()
    assert tab.page.evaluate("seen") == {"sku": "TEE-L", "variant_id": "v-tee-l", "product": "tee"}
    tab.page.evaluate("nexnotify('setVariant', null)")
    tab.open()
    which = tab.panel.get_by_label("Which one?")
    expect(which).to_have_value("")
    tab.field("Email").fill("ann@mail.example")
    tab.submit.click()
    expect(which).to_be_focused()
    expect(which).to_have_accessible_description("Choose which one you want.")
    which.select_option(label="M")
    tab.submit.click()
    expect(tab.done()).to_contain_text("Tee, M")


@pytest.mark.parametrize("where", ["head", "body"])
def test_one_script_tag_and_the_pages_own_product_data_are_enough(tab: Tab, where: str) -> None:
    data = {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, {"@type": "Product", "sku": "TEE-M"}]}
    block = (
        f'<script type="application/ld+json">{json.dumps(data)}</script><script type="application/ld+json">{{</script>'
    )
    if where == "head":
        tab.visit(block)
        expect(tab.button).to_be_visible()
        assert (
            tab.page.evaluate("document.querySelector('h1').nextElementSibling.firstChild.localName")
            == "nexnotify-widget"
        )
    else:
        tab.visit(f"{block}<p>before</p>{tab.pages.script()}<p>after</p>", head="")
        expect(tab.button).to_be_visible()
    assert tab.widget.count() == 1


def test_a_script_that_is_there_twice_makes_one_widget(tab: Tab) -> None:
    tab.visit_product("TEE-M", head=tab.pages.script() + tab.pages.script())
    expect(tab.button).to_be_visible()
    tab.settle()
    assert tab.widget.count() == 1


def test_a_theme_that_draws_the_page_anew_loses_nothing(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    tab.open()
    tab.field("Email").fill("ann@mail.example")
    tab.page.evaluate("""() => {
        const old = document.querySelector("[data-nexnotify-sku]"), fresh = document.createElement("div");
        fresh.setAttribute("data-nexnotify-sku", "TEE-M");
        old.replaceWith(fresh);
    }""")
    expect(tab.field("Email")).to_have_value("ann@mail.example")
    tab.page.evaluate("document.querySelector('[data-nexnotify-sku]').replaceChildren()")
    expect(tab.field("Email")).to_have_value("ann@mail.example")
    assert tab.widget.count() == 1


def test_a_pinned_address_with_its_hash_works_and_a_wrong_hash_does_not(tab: Tab) -> None:
    release = current_release()
    address = f"/widget/{release.version}/nexnotify.js"
    good = tab.pages.script(address, f'integrity="{release.integrity}" crossorigin="anonymous"')
    tab.visit_product("TEE-M", head=good)
    expect(tab.button).to_be_visible()
    wrong = tab.pages.script(address, f'integrity="sha384-{"A" * 64}" crossorigin="anonymous"')
    tab.visit_product("TEE-M", head=wrong)
    tab.settle()
    assert tab.widget.count() == 0


def test_a_page_of_a_store_that_lists_its_domains_must_be_on_the_list(tab: Tab, house: House) -> None:
    try:
        house.settings(domains=["https://shop.example"])
        tab.visit_product("TEE-M")
        tab.settle()
        expect(tab.widget).to_be_hidden()
        house.settings(domains=["https://shop.example", tab.pages.url])
        tab.visit_product("TEE-M")
        expect(tab.button).to_be_visible()
    finally:
        house.settings(domains=[])


def test_many_pages_ask_twice_only_script_and_config(tab: Tab) -> None:
    """What a page view costs before anybody touches the widget."""
    seen: list[str] = []
    tab.page.on("request", lambda request: request.url.startswith(tab.pages.app) and seen.append(request.url))
    tab.visit_product("TEE-M")
    expect(tab.button).to_be_visible()
    tab.settle()
    assert [re.sub(r"\?.*", "", url).rpartition("/")[2] for url in seen] == ["nexnotify.js", "config"]


def test_the_counters_of_these_tests_do_count(tab: Tab, house: House) -> None:
    """Were they blind, every promise above would be empty."""
    tab.visit_product("TEE-M")
    expect(tab.button).to_be_visible()
    call = "([url, type]) => fetch(url, { method: 'POST', body: '{}', headers: { 'Content-Type': type } }).then(r => r.status)"
    url = f"{house.url}/widget/v1/{house.key}/requests"
    assert tab.page.evaluate(call, [url, "application/json"]) == 422
    assert tab.preflights == [url]
    tab.page.evaluate("document.head.append(Object.assign(document.createElement('style'), { textContent: 'p{}' }))")
    assert tab.page.evaluate("broken") != []
    tab.preflights.clear()
    tab.page.evaluate("window.broken = []")

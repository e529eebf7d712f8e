"""How it looks and reads: axe finds nothing, 320 px need no sideways scroll, and pictures are kept to look at."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.house import House
from tests.browser.pages import Pages
from tests.browser.tab import Tab


@pytest.mark.parametrize("night", [False, True], ids=["day", "night"])
def test_the_widget_at_a_desk(tab: Tab, pictures: Path, night: bool) -> None:
    name = "night" if night else "day"
    tab.visit_product("TEE-M", night=night)
    expect(tab.button).to_be_visible()
    tab.must_be_accessible()
    tab.page.screenshot(path=pictures / f"widget-desk-{name}-button.png")
    tab.open()
    tab.field("Mobile number").fill("201 555 0140")
    tab.must_be_accessible()
    tab.page.screenshot(path=pictures / f"widget-desk-{name}-open.png")


def test_the_widget_on_a_phone(phone: Tab, pictures: Path) -> None:
    phone.visit_product("TEE-M")
    phone.open()
    phone.field("Mobile number").fill("201 555 0141")
    phone.field("Email").fill("marta@")
    phone.submit.click()
    phone.must_be_accessible()
    phone.page.screenshot(path=pictures / "widget-phone-errors.png", full_page=True)
    phone.field("Email").fill("")
    phone.consent.check()
    phone.submit.click()
    expect(phone.done()).to_be_visible()
    phone.must_be_accessible()
    phone.page.screenshot(path=pictures / "widget-phone-done.png", full_page=True)


def test_the_narrowest_phone_scrolls_one_way_only(browser: Browser, pages: Pages, house: House, pictures: Path) -> None:
    house.product("long", "W" * 200, {"LONG-" + "X" * 90: 0, "LONG-2": 0}, option="a")
    with Tab(browser, pages, width=320, height=640, phone=True) as narrow:
        narrow.visit_product("LONG-" + "X" * 90, attributes='lang="de"')
        narrow.widget.get_by_role("button", name="Bei Verfügbarkeit benachrichtigen").click()
        narrow.field("Handynummer").fill("201 555 0142")
        narrow.panel.get_by_role("button", name="Benachrichtigen").click()
        narrow.must_be_accessible()
        narrow.page.screenshot(path=pictures / "widget-320.png", full_page=True)
        narrow.consent.check()
        narrow.panel.get_by_role("button", name="Benachrichtigen").click()
        expect(narrow.done()).to_be_visible()
        narrow.must_be_accessible()
        narrow.must_be_clean()


def test_a_shop_sets_its_own_colours_and_shape(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    expect(tab.button).to_be_visible()
    tab.page.evaluate("""() => {
        const own = new CSSStyleSheet();
        own.replaceSync("nexnotify-widget{--nexnotify-accent:#7a1fa2;--nexnotify-radius:0px}" +
                        "nexnotify-widget::part(button){text-transform:uppercase}");
        document.adoptedStyleSheets = [own];
    }""")
    looks = "node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).borderRadius, getComputedStyle(node).textTransform]"
    assert tab.button.evaluate(looks) == ["rgb(122, 31, 162)", "0px", "uppercase"]


def test_fields_and_buttons_are_large_enough_to_hit(phone: Tab) -> None:
    phone.visit_product("TEE-M")
    phone.open()
    phone.field("Mobile number").fill("2")
    sizes = phone.panel.evaluate("""panel => Array.from(panel.querySelectorAll("input:not([type=checkbox]),select,button,label.consent"))
        .filter((node) => node.offsetParent !== null).map((node) => [node.className, node.getBoundingClientRect().width, node.getBoundingClientRect().height])""")
    assert [row for row in sizes if row[1] < 32 or row[2] < 32] == []


@pytest.mark.parametrize("width", [1180, 320], ids=["desk", "narrow"])
def test_the_hosted_form_works_without_any_script(
    browser: Browser, pages: Pages, house: House, pictures: Path, width: int
) -> None:
    sku = f"VASE-{width}"
    house.product(f"vase-{width}", "Vase", {sku: 0})
    address = f"{house.url}/s/ask/{house.key}?sku={sku}"
    with Tab(browser, pages, width=width, scripts=False) as plain:
        page = plain.page
        page.goto(address)
        page.get_by_label("Mobile number").fill("201 555 0143")
        page.screenshot(path=pictures / f"hosted-{width}.png", full_page=True)
        page.get_by_role("button", name="Notify me").click()
        expect(page.get_by_role("checkbox")).to_have_accessible_description(
            "Tick the box to agree to the text message."
        )
        expect(page.get_by_label("Mobile number")).to_have_value("201 555 0143")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Notify me").click()
        expect(page.get_by_role("status")).to_contain_text("We’ll text +1 201 ••• 0143 once, when Vase is available.")
        assert plain.context.cookies() == []
    assert len(house.requests(sku)) == 1
    with Tab(browser, pages, width=width) as seen:
        seen.page.goto(address)
        seen.must_be_accessible()


def test_the_demo_shop_shows_the_widget(browser: Browser, pages: Pages, house: House, pictures: Path) -> None:
    with Tab(browser, pages) as tab:
        tab.page.goto(f"{house.url}/demo/fisherman-jumper?v=JUMPER-M")
        expect(tab.button).to_be_visible()
        tab.must_be_accessible()
        tab.open()
        tab.page.screenshot(path=pictures / "demo-desk.png", full_page=True)
        tab.must_be_accessible()
        tab.panel.get_by_role("button", name="Close").click()
        tab.page.get_by_label("XL").check()
        expect(tab.page.locator("#stock")).to_have_text("In stock")
        expect(tab.widget).to_be_hidden()
        expect(tab.page.get_by_role("button", name="Add to basket")).to_be_enabled()
        tab.page.get_by_label("L", exact=True).check()
        tab.open()
        tab.field("Email").fill("ann@mail.example")
        tab.submit.click()
        expect(tab.done()).to_contain_text("Fisherman Jumper, L")
        tab.page.goto(f"{house.url}/demo")
        tab.must_be_accessible()
        tab.page.screenshot(path=pictures / "demo-shelf.png", full_page=True)
    with Tab(browser, pages, width=320, height=640, phone=True) as narrow:
        narrow.page.goto(f"{house.url}/demo/fisherman-jumper?v=JUMPER-M")
        narrow.open()
        narrow.must_be_accessible()
        narrow.page.screenshot(path=pictures / "demo-phone.png", full_page=True)
        narrow.must_be_clean()

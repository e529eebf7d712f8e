"""From the shopper's ask to the text, through real browsers on both sides: nobody reloads anything in between."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.browser.pages import Pages
from tests.browser.tab import Tab

EMAIL, PASSWORD = "owner@acme.example", "correct horse battery"


@pytest.fixture(scope="module", autouse=True)
def owner(house: House) -> None:
    house.user(EMAIL, PASSWORD)


@pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])
def test_a_shopper_asks_and_the_merchant_watches_the_text_go(
    browser: Browser, pages: Pages, house: House, pictures: Path, width: int
) -> None:
    sku, number, phone = f"LAMP-{width}", f"(201) 555-0{width % 90 + 100}", width < 700
    house.product(f"lamp-{width}", "Lamp", {sku: 0})
    shopper = Tab(browser, pages, width=width, phone=phone)
    with shopper, Desk(browser, house, width=width).sign_in(EMAIL, PASSWORD) as merchant:
        page = merchant.page
        merchant.go("/waitlist?q=LAMP-" + str(width))
        expect(page.get_by_text("Nothing matches")).to_be_visible()

        shopper.visit_product(sku)  # another origin, under style-src 'self' and Trusted Types
        shopper.open()
        shopper.ask_by_text(number)
        expect(shopper.done()).to_be_visible()
        shopper.page.screenshot(path=pictures / f"journey-{width}-1-asked.png")

        # The list is not reloaded: it shows the request by itself.
        page.get_by_role("link", name="Lamp").click(timeout=15_000)
        expect(page.get_by_role("table")).to_contain_text(number[-4:])
        page.screenshot(path=pictures / f"journey-{width}-2-waitlist.png", full_page=True)

        watch = merchant.context.new_page()
        watch.goto(f"{house.url}/admin/messages?kind=back_in_stock&q={number[-4:]}")
        expect(watch.get_by_text("No messages match")).to_be_visible()
        page.get_by_role("link", name="Stock", exact=True).click()
        page.get_by_label("On hand", exact=True).fill("5")
        page.get_by_role("button", name="Set stock").click()
        expect(page.get_by_text("Saved: 5 on hand")).to_be_visible()
        page.screenshot(path=pictures / f"journey-{width}-3-stock.png", full_page=True)

        expect(watch.get_by_role("table")).to_contain_text("Delivered", timeout=15_000)
        watch.screenshot(path=pictures / f"journey-{width}-4-delivered.png", full_page=True)
        watch.get_by_role("table").get_by_role("link").first.click()
        expect(watch.get_by_text(f"Lamp is back in stock. https://acme.example/lamp-{width}")).to_be_visible()
        watch.screenshot(path=pictures / f"journey-{width}-5-text.png", full_page=True)
        assert merchant.faults == []
        assert merchant.broken_policies() == []
        shopper.must_be_clean()
    assert [row["status"] for row in house.told(sku, "back_in_stock")] == ["delivered"]


def test_a_switch_in_the_settings_reaches_the_shop_s_page(
    browser: Browser, pages: Pages, house: House, pictures: Path
) -> None:
    house.product("stool", "Stool", {"STOOL": 0}, unavailable_as="backordered")
    with Tab(browser, pages) as shopper, Desk(browser, house).sign_in(EMAIL, PASSWORD) as merchant:
        shopper.visit_product("STOOL")
        shopper.open()
        expect(shopper.field("Mobile number")).to_be_visible()
        try:
            merchant.go("/settings")
            merchant.page.get_by_label("Backordered, text message", exact=True).uncheck()
            merchant.page.get_by_role("button", name="Save settings").click()
            expect(merchant.page.get_by_text("Settings saved")).to_be_visible()
            merchant.page.screenshot(path=pictures / "journey-settings.png")
            shopper.page.wait_for_timeout(5_100)  # as long as a browser may keep what it was told
            shopper.page.reload()
            shopper.open()
            expect(shopper.field("Email")).to_be_visible()
            expect(shopper.field("Mobile number")).to_be_hidden()
            shopper.page.screenshot(path=pictures / "journey-switched-off.png")
        finally:
            house.settings(switches={"backordered": {"sms": True}})
        assert merchant.faults == []


def test_colours_of_the_admin_reach_the_shop_and_its_own_css_counts_more(
    browser: Browser, pages: Pages, house: House, pictures: Path
) -> None:
    colour = "node => getComputedStyle(node).backgroundColor"
    with Tab(browser, pages) as shopper, Desk(browser, house).sign_in(EMAIL, PASSWORD) as merchant:
        page = merchant.page
        try:
            merchant.go("/widget")
            preview = page.frame_locator("#preview").get_by_role("button", name="Notify me", exact=True)
            expect(preview).to_have_css("background-color", "rgb(28, 25, 23)")
            page.get_by_label("Buttons", exact=True).fill("#ffd400")
            page.get_by_label("Words on buttons", exact=True).fill("#ffffff")
            expect(preview).to_have_css("background-color", "rgb(255, 212, 0)")  # at once, before it is saved
            expect(page.get_by_text("The words on the buttons are hard to read: contrast 1.4")).to_be_visible()
            page.get_by_label("Words on buttons", exact=True).fill("#0b1a1c")
            expect(page.get_by_text("hard to read")).to_be_hidden()
            page.get_by_label("Dark", exact=True).check(force=True)
            page.get_by_label("Preordered", exact=True).check(force=True)
            expect(page.frame_locator("#preview").get_by_text("Preordered")).to_be_visible()
            expect(page.get_by_text("Preordered is switched off")).to_be_visible()
            page.screenshot(path=pictures / "widget-page.png", full_page=True)
            page.get_by_role("button", name="Save colours").click()
            expect(page.get_by_text("Colours saved")).to_be_visible()
            assert merchant.faults == []
            assert merchant.broken_policies() == []

            shopper.visit_product("TEE-M")
            assert shopper.button.evaluate(colour) == "rgb(255, 212, 0)"
            shopper.page.evaluate("""() => {
                const own = new CSSStyleSheet();
                own.replaceSync(":root{--nexnotify-accent:#7a1fa2}");
                document.adoptedStyleSheets = [own];
            }""")
            assert shopper.button.evaluate(colour) == "rgb(122, 31, 162)"
            shopper.must_be_clean()
        finally:
            house.settings(widget={})


LOOKS: list[dict[str, str]] = [
    {},
    {"accent": "#0b6a7c"},
    {"accent": "#ffd400", "on_accent": "#ffffff"},
    {"background": "#ffffff"},
    {"background": "#101012", "text": "#777777", "error": "#ff0000", "border": "#111111"},
    {"text": "#767676"},
]


def test_the_page_and_the_server_agree_on_what_is_hard_to_read(browser: Browser, pages: Pages, house: House) -> None:
    with Desk(browser, house).sign_in(EMAIL, PASSWORD) as merchant:
        try:
            for look in LOOKS:
                house.settings(widget=look)
                merchant.go("/widget")
                live = merchant.page.locator("#contrast > *").all_inner_texts()  # the page's script has spoken
                plain = merchant.context.request.get(f"{house.url}/admin/widget").text()
                told = re.findall(r"<p>([^<]* hard to read[^<]*)</p>", plain)
                assert live == told, look
        finally:
            house.settings(widget={})

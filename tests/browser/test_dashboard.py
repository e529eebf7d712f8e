"""The start page's plots and the template's live preview, as a merchant at a browser has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import Desk
from tests.browser.house import House

EMAIL, PASSWORD = "plots@harbour.example", "correct horse battery"
#: Colours of the canvas at the middle of its tallest bar's column, from the bottom up, each once.
COLOURS = """canvas => {
    const chart = Chart.getChart(canvas);
    return chart.data.datasets.map((bars) => bars.backgroundColor);
}"""
INK = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((part) => part)"


@pytest.fixture(scope="module")
def desk(browser: Browser, house: House) -> Iterator[Desk]:
    """Somebody of the demo store, which has a past."""
    house.user(EMAIL, PASSWORD, store=house.demo_key)
    with Desk(browser, house).sign_in(EMAIL, PASSWORD) as desk:
        yield desk
        assert desk.faults == []


def test_plots_are_drawn_follow_the_theme_at_once_and_turn_into_tables(desk: Desk, pictures: Path) -> None:
    desk.page.goto(f"{desk.house.url}/admin?days=90")
    canvas = desk.page.get_by_role("img", name=re.compile("^New requests,"))
    expect(canvas).to_be_visible()
    assert canvas.evaluate(INK)
    light = canvas.evaluate(COLOURS)
    desk.page.get_by_role("button", name="Light or dark").click()
    expect(desk.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = canvas.evaluate(COLOURS)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in light + dark)
    assert not set(light) & set(dark)
    desk.page.screenshot(path=pictures / "dashboard-dark.png", full_page=True)
    assert desk.findings() == []
    switch = desk.page.get_by_text("View as table: New requests")
    switch.focus()
    desk.page.keyboard.press("Enter")
    expect(canvas).to_be_hidden()
    table = desk.page.get_by_role("region", name="New requests, table")
    expect(table.get_by_role("row")).to_have_count(91)
    assert desk.findings() == []
    desk.page.keyboard.press("Enter")
    expect(canvas).to_be_visible()
    desk.page.get_by_role("button", name="Light or dark").click()


def test_the_preview_follows_what_is_typed(desk: Desk, pictures: Path) -> None:
    page = desk.page
    page.goto(f"{desk.house.url}/admin/templates")
    page.get_by_role("link", name="Back in stock", exact=True).first.click()
    phone = page.get_by_role("figure", name="Preview on a phone")
    field = page.get_by_label("Text", exact=True)
    field.fill("Ahoi ")
    page.get_by_role("button", name="firstname", exact=True).click()
    expect(field).to_have_value("Ahoi [[firstname]]")
    expect(field).to_be_focused()
    page.keyboard.type(" ☂")
    expect(phone.locator(".nx-sms")).to_have_text(re.compile(r"^Ahoi \w+ ☂$"))
    expect(phone.locator("mark.nx-culprit")).to_have_text("☂")
    expect(page.locator("#counter")).to_contain_text("“☂” (umbrella)")
    before = phone.inner_text()
    page.get_by_role("button", name="The next example").click()
    expect(page.locator("#preview")).to_contain_text("2 of ")
    expect(phone).not_to_have_text(before)
    expect(field).to_have_value("Ahoi [[firstname]] ☂")
    page.screenshot(path=pictures / "template-preview.png", full_page=True)
    assert desk.findings() == []
    page.keyboard.press("Tab")
    field.fill("Hi [[frstname]]")
    expect(page.locator("#counter")).to_contain_text("did you mean [[firstname]]?")
    expect(phone).to_have_count(0)
    field.fill("Hi [[firstname]]")
    expect(phone).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("2 of ")  # still the same example
    assert desk.broken_policies() == []

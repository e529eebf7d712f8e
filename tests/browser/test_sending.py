"""Texting many, from ticking rows to the result, with a real worker: at a desk, on a phone, and without script."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk import Desk
from tests.browser.house import House

EMAIL, PASSWORD = "sender@sends.example", "correct horse battery"
OPT_IN = "I would like to receive SMS messages"
#: More than a page of the list holds.
PEOPLE = 60


@pytest.fixture(scope="module")
def secret(house: House) -> str:
    """A store whose customers have opted in, but for one, and one who has no number."""
    made = house.command("store", "create", "--name", "Sends & Söhne")
    house.user(EMAIL, PASSWORD, "admin", store=made["store_key"])
    rows = [
        {
            "id": f"c{n:02}",
            "first_name": "Ann",
            "last_name": f"No{n}",
            "phone": f"+12015552{n:03}",
            "fields": {OPT_IN: True},
        }
        for n in range(PEOPLE)
    ]
    rows[0]["last_name"] = "<b>" + "W" * 190 + "</b> 🎉"
    rows[1]["fields"] = {OPT_IN: False}
    del rows[2]["phone"]
    assert house.call("PUT", "customers", {"customers": rows}, made["api_key"])["errors"] == []
    house.call("PUT", "settings", {"quiet_hours": None, "frequency_cap": None, "send_undo_seconds": 5}, made["api_key"])
    return str(made["api_key"])


def texts(house: House, secret: str, body: str) -> list[str]:
    """Who was delivered a text that begins so."""
    found = house.call("GET", "messages?limit=200", secret=secret)["messages"]
    return sorted(m["to"] for m in found if m["body"].startswith(body) and m["status"] == "delivered")


Look = Callable[[str], None]


def looking(desk: Desk, pictures: Path, width: int) -> Look:
    """Judges the page that is on the screen, and keeps its picture."""

    def look(name: str) -> None:
        assert desk.broken_policies() == []
        assert desk.sideways() == 0, name
        desk.page.screenshot(path=pictures / f"sends-{width}-{name}.png", full_page=True)
        # In a window that shows all of it: a box that is half below a bar while one scrolls is no small target.
        desk.page.set_viewport_size({"width": width, "height": 4000})
        assert desk.findings() == [], name
        desk.page.set_viewport_size({"width": width, "height": 860})

    return look


def ticked(page: Page) -> list[str]:
    return [str(box.get_attribute("value")) for box in page.locator('input[name="tick"]:checked').all()]


def saying(page: Page, words: str) -> None:
    expect(page.locator("#picked").get_by_role("status")).to_contain_text(words)


@pytest.mark.parametrize("width, dark", [(1280, False), (390, True)], ids=["desk", "phone"])
def test_from_ticking_rows_to_the_result(
    browser: Browser, house: House, secret: str, pictures: Path, width: int, dark: bool
) -> None:
    words = f"Width {width}:"
    with Desk(browser, house, width=width, dark=dark).sign_in(EMAIL, PASSWORD) as desk:
        page, look = desk.page, looking(desk, pictures, width)
        desk.go("/customers")
        saying(page, "Nothing selected")
        page.get_by_label("Select Ann No59").press("Space")  # by keyboard
        page.get_by_label("Select Ann No58").check()
        saying(page, "2 customers selected")
        page.get_by_role("button", name="Next").click()
        page.wait_for_url(re.compile("after="))
        saying(page, "2 customers selected")
        for name in ("No1", "No2"):
            page.get_by_label(f"Select Ann {name}", exact=True).check()
        page.locator('input[name="tick"]').last.check()  # the long name
        saying(page, "5 customers selected")
        saying(page, "3 can get a text")
        look("list")
        page.get_by_role("button", name="Previous").click()
        expect(page.locator('input[name="tick"]:checked')).to_have_count(2)
        page.get_by_role("button", name="Continue").click()

        page.get_by_label("Message").fill(f"{words} hello [[firstname]], we are back from holiday. Reply STOP to end.")
        expect(page.locator("#preview .nx-sms")).to_contain_text("hello Ann, we are back")
        expect(page.locator("#counter")).to_contain_text("1 part, plain letters")
        page.get_by_role("button", name="The next person").click()
        expect(page.locator("#preview")).to_contain_text("2 of 3")
        look("write")
        page.get_by_role("button", name="Check and send").click()
        expect(page.get_by_text("Left out: There is no mobile number.")).to_be_visible()
        look("check")
        page.get_by_role("button", name="Send 3 text messages").click()
        expect(page.get_by_role("heading", name="Held: sending starts in")).to_be_visible()
        look("held")
        expect(page.get_by_role("heading", name="Done")).to_be_visible(timeout=25_000)
        expect(page.locator(".nx-stat", has_text="Delivered")).to_contain_text("3")
        look("done")
        page.locator(".nx-stat", has_text="Left out").click()
        expect(page.get_by_role("row")).to_have_count(3)
        look("left-out")
        page.goto(f"{house.url}/admin/sends")
        expect(page.get_by_role("link", name=words)).to_be_visible()
        look("sends")
        assert desk.faults == []
    assert len(texts(house, secret, words)) == 3


def test_all_that_match_are_taken_back_while_there_is_time(
    browser: Browser, house: House, secret: str, pictures: Path
) -> None:
    with Desk(browser, house).sign_in(EMAIL, PASSWORD) as desk:
        page = desk.page
        desk.go("/customers?opt_in=yes")
        page.get_by_role("button", name=f"Text all {PEOPLE - 1} customers").click()
        page.get_by_label("Message").fill("Never sent. Reply STOP to end.")
        page.get_by_role("button", name="Check and send").click()
        page.get_by_role("button", name=f"Send {PEOPLE - 2} text messages").click()
        page.get_by_role("button", name="Undo and edit").click()
        expect(page.get_by_label("Message")).to_have_value("Never sent. Reply STOP to end.")
        page.wait_for_timeout(6000)
        assert desk.faults == []
    assert texts(house, secret, "Never sent") == []


def test_ticks_are_kept_and_sent_without_any_script(browser: Browser, house: House, secret: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(8000)
    page = context.new_page()
    page.goto(f"{house.url}/admin/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{house.url}/admin/customers")
    if page.get_by_role("button", name="Clear").count():  # what another test has ticked
        page.get_by_role("button", name="Clear").click()
    page.get_by_label("Select Ann No40").check()
    page.get_by_role("button", name="Next").click()
    saying(page, "1 customer selected")
    page.get_by_label("Select Ann No4", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Message").fill("Plain: hello. Reply STOP to end.")
    page.get_by_role("button", name="Check and send").click()
    page.get_by_role("button", name="Send 2 text messages").click()
    page.get_by_role("button", name="Send now").click()
    context.close()
    for _ in range(50):
        if len(found := texts(house, secret, "Plain")) == 2:
            break
        time.sleep(0.2)
    assert found == ["+12015552004", "+12015552040"]

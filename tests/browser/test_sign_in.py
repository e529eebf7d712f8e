"""Getting in, as people do it: by keyboard, on the narrowest phone and in the dark, with axe looking on."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.desk import Desk
from tests.browser.house import House
from tests.totp import code_of

EMAIL, PASSWORD, GUEST = "door@acme.example", "correct horse battery", "guest@acme.example"


def looked_at(desk: Desk, pictures: Path, name: str) -> list[str]:
    """What is wrong with the page that is open."""
    desk.page.screenshot(path=pictures / f"door-{name}.png", full_page=True)
    found = [f"{name}: {words}" for words in desk.broken_policies()]
    found += [f"{name}: {desk.sideways()} px too wide"] if desk.sideways() else []
    return found + [f"{name}: {words}" for words in desk.findings()]


def typed(desk: Desk, *words: str) -> None:
    """Fill in what has the focus, and what follows it, and send it; no pointer is touched."""
    for index, word in enumerate(words):
        if index:
            desk.page.keyboard.press("Tab")
        desk.page.keyboard.type(word)
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")


def test_every_way_in_by_keyboard_on_a_narrow_phone_at_night(browser: Browser, house: House, pictures: Path) -> None:
    house.user(EMAIL, PASSWORD)
    found: list[str] = []
    with Desk(browser, house) as owner:
        page = owner.sign_in(EMAIL, PASSWORD).page
        owner.go("/staff")
        page.get_by_label("Email").fill(GUEST)
        page.get_by_role("button", name="Invite").click()
        invitation = page.locator("#invitation-link").inner_text()
        owner.go("/account/second-factor")
        assert page.get_by_role("img", name="QR code").evaluate("image => image.naturalWidth") > 0
        secret = page.locator("#totp-secret").inner_text()
        page.get_by_label("Code from the app").fill(code_of(secret))
        page.get_by_role("button", name="Switch on").click()
        codes = page.locator("#recovery-codes").inner_text().split()
    with Desk(browser, house, width=320, dark=True) as door:
        door.go("/login")
        typed(door, EMAIL, "not that one")
        found += looked_at(door, pictures, "wrong")
        door.go("/login")
        typed(door, EMAIL, PASSWORD)
        found += looked_at(door, pictures, "code")
        door.page.get_by_role("link", name="Use a recovery code").press("Enter")
        found += looked_at(door, pictures, "recovery")
        typed(door, codes[0])
        assert door.page.url.endswith("/admin")
        door.go("/verify?next=/admin/account")
        found += looked_at(door, pictures, "verify")
        typed(door, PASSWORD)
        assert door.page.url.endswith("/admin/account")
        found += door.faults
    with Desk(browser, house, width=320) as guest:
        guest.page.goto(invitation)
        found += looked_at(guest, pictures, "join")
        guest.page.get_by_label("Choose a password").fill("short")
        guest.page.get_by_role("button", name="Join").press("Enter")
        guest.page.get_by_text("at least 8 characters").wait_for()
        found += looked_at(guest, pictures, "join-wrong")
        guest.page.get_by_label("Choose a password").fill(PASSWORD)
        guest.page.keyboard.press("Enter")
        guest.page.wait_for_url(re.compile("/admin/?$"))
        guest.page.goto(f"{house.url}/reset")
        found += looked_at(guest, pictures, "forgot")
        typed(guest, GUEST)
        found += looked_at(guest, pictures, "sent")
        guest.page.goto(f"{house.url}/reset/no-such-link")
        found += looked_at(guest, pictures, "over")
        found += guest.faults
    assert found == []

"""A shopper asks through the widget: on another origin, under a strict policy, without a preflight, cookie or trace."""

import json
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.browser.house import House
from tests.browser.tab import Tab


def test_a_shopper_asks_by_text_and_is_told_when_it_is_back(tab: Tab, house: House) -> None:
    house.product("scarf", "Scarf <b>“Nord”</b>", {"SCARF": 0})
    tab.visit_product("SCARF")
    tab.open()
    expect(tab.panel).to_contain_text("Sold Out")
    tab.ask_by_text("(201) 555-0123")

    expect(tab.done()).to_be_focused()
    expect(tab.done()).to_contain_text("We’ll text ••• 0123")
    expect(tab.done()).to_contain_text("Scarf <b>“Nord”</b>")
    expect(tab.panel).to_be_hidden()
    assert len(house.requests("SCARF")) == 1
    assert [row["to"] for row in house.told("SCARF", "confirmation")] == ["+12015550123"]

    house.stock("SCARF", 3)
    [alert] = house.told("SCARF", "back_in_stock")
    assert alert["to"] == "+12015550123"
    tab.must_be_clean()


def test_the_consent_is_kept_in_the_words_that_were_shown(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    tab.open()
    assert not tab.consent.is_visible()  # nothing to agree to before there is a number
    tab.field("Mobile number").fill("201 555 0124")
    assert not tab.consent.is_checked()
    shown = tab.panel.locator("[part=consent]").inner_text()
    assert "Acme & Söhne" in shown
    assert "STOP" in shown
    tab.consent.check()
    tab.submit.click()
    expect(tab.done()).to_be_visible()
    [sent] = map(json.loads, tab.posts)
    assert sent["consent_text"] == shown
    assert sent["page_url"] == tab.page.url
    assert sent["zone"] == tab.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert sent["consent"] is True


def test_an_email_needs_no_box(tab: Tab, house: House) -> None:
    house.product("hat", "Hat", {"HAT": 0})
    tab.visit_product("HAT")
    tab.open()
    tab.field("Email").fill("marta@mail.example")
    tab.submit.click()
    expect(tab.done()).to_contain_text("We’ll email m•••@mail.example once, when Hat is available.")
    [sent] = map(json.loads, tab.posts)
    assert sent["channels"] == ["email"]
    assert sent["consent"] is False
    assert [row["to"] for row in house.told("HAT", "confirmation")] == ["marta@mail.example"]


def test_one_form_asks_on_both_channels(tab: Tab, house: House) -> None:
    house.product("cap", "Cap", {"CAP": 0})
    tab.visit_product("CAP")
    tab.open()
    tab.field("Email").fill("marta@mail.example")
    tab.ask_by_text("2015550125")
    expect(tab.done()).to_contain_text("We’ll text ••• 0125 and email m•••@mail.example")
    assert {row["channel"] for row in house.told("CAP", "confirmation")} == {"sms", "email"}


def test_a_number_of_another_country_is_read_in_the_country_picked(tab: Tab, house: House) -> None:
    house.product("globe", "Globe", {"GLOBE": 0})
    tab.visit_product("GLOBE")
    tab.open()
    country = tab.panel.get_by_label("Country", exact=True)
    assert country.evaluate("select => select.options[0].text") == "United States +1"
    assert country.evaluate("select => select.options.length") > 200
    country.select_option(label="Germany +49")
    tab.ask_by_text("0151 23456789")
    expect(tab.done()).to_be_visible()
    assert [row["to"] for row in house.told("GLOBE", "confirmation")] == ["+4915123456789"]


def test_an_error_stands_beside_its_field_and_the_first_gets_the_focus(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    tab.open()
    tab.submit.click()
    number = tab.field("Mobile number")
    expect(number).to_be_focused()
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description("Enter a mobile number or an email address.")

    number.fill("201 555 0126")
    tab.field("Email").fill("marta@")
    tab.submit.click()
    expect(tab.consent).to_be_focused()
    expect(tab.consent).to_have_accessible_description("Tick the box to get a text, or remove the mobile number.")
    expect(tab.field("Email")).to_have_accessible_description("Enter an email address such as name@example.com.")
    expect(number).not_to_have_attribute("aria-invalid", "true")
    assert tab.posts == []


def test_what_the_server_finds_stands_beside_the_field_too(tab: Tab, house: House) -> None:
    tab.visit_product("TEE-M")
    tab.open()
    tab.ask_by_text("201 555 01")
    expect(tab.field("Mobile number")).to_be_focused()
    expect(tab.field("Mobile number")).to_have_accessible_description(
        "This number is too short; enter all of its digits, area code included."
    )
    tab.field("Mobile number").fill("201 555 0127")
    tab.submit.click()
    expect(tab.done()).to_be_visible()


def test_pressing_twice_sends_once(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    tab.open()
    tab.field("Mobile number").fill("201 555 0128")
    tab.consent.check()
    tab.submit.evaluate("button => { button.click(); button.click(); button.click() }")
    expect(tab.done()).to_be_visible()
    assert len(tab.posts) == 1


def test_offline_keeps_what_was_typed(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    tab.open()
    tab.context.set_offline(True)
    tab.ask_by_text("201 555 0129")
    alert = tab.panel.get_by_role("alert")
    expect(alert).to_contain_text("You seem to be offline.")
    expect(alert).to_be_focused()
    expect(tab.field("Mobile number")).to_have_value("201 555 0129")
    tab.context.set_offline(False)
    tab.submit.click()
    expect(tab.done()).to_be_visible()


def test_when_the_server_is_overrun_the_form_says_so(tab: Tab) -> None:
    def refuse(route: Route) -> None:
        body = json.dumps({"error": {"code": "too_many", "message": "…", "fields": {}}})
        route.fulfill(status=429, body=body, headers={"Access-Control-Allow-Origin": "*"})

    tab.visit_product("TEE-M")
    tab.open()
    tab.page.route("**/requests", refuse)
    tab.ask_by_text("201 555 0130")
    expect(tab.panel.get_by_role("alert")).to_contain_text("try again in ten minutes")
    expect(tab.field("Mobile number")).to_have_value("201 555 0130")


def test_what_came_back_meanwhile_is_good_news(tab: Tab, house: House) -> None:
    house.product("belt", "Belt", {"BELT": 0})
    tab.visit_product("BELT")
    tab.open()
    house.stock("BELT", 2)
    tab.ask_by_text("201 555 0131")
    expect(tab.panel.get_by_role("alert")).to_contain_text("available right now")
    tab.panel.get_by_role("button", name="Close").click()
    expect(tab.widget).to_be_hidden()


def test_the_keyboard_is_enough(tab: Tab) -> None:
    tab.visit_product("TEE-M")
    expect(tab.button).to_be_visible()
    keys = tab.page.keyboard
    keys.press("Tab")
    expect(tab.button).to_be_focused()
    keys.press("Enter")
    which = tab.panel.get_by_label("Which one?")
    expect(which).to_be_focused()

    keys.press("Escape")
    expect(tab.panel).to_be_hidden()
    expect(tab.button).to_be_focused()

    keys.press("Space")
    expect(which).to_be_focused()
    keys.press("Tab")
    expect(tab.panel.get_by_label("Country", exact=True)).to_be_focused()
    keys.press("Tab")
    keys.type("201 555 0132")
    keys.press("Tab")
    expect(tab.consent).to_be_focused()
    keys.press("Space")
    keys.press("Tab")
    expect(tab.field("Email")).to_be_focused()
    keys.press("Enter")
    expect(tab.done()).to_be_focused()


def test_words_in_german_where_the_page_is(tab: Tab) -> None:
    tab.visit_product("TEE-M", attributes='lang="de-AT"')
    tab.widget.get_by_role("button", name="Bei Verfügbarkeit benachrichtigen").click()
    expect(tab.panel).to_contain_text("Ausverkauft")
    country = tab.panel.get_by_label("Land", exact=True)
    assert country.evaluate("select => select.options[0].text") == "Vereinigte Staaten +1"
    tab.field("Handynummer").fill("201 555 01")
    tab.consent.check()
    tab.panel.get_by_role("button", name="Benachrichtigen").click()
    expect(tab.field("Handynummer")).to_have_accessible_description(
        "Diese Nummer ist zu kurz; geben Sie alle Ziffern mit Vorwahl ein."
    )
    expect(tab.panel.locator("[part=consent]")).to_contain_text("Ich bin einverstanden, von Acme & Söhne")


def test_a_language_that_runs_from_right_to_left(tab: Tab, pictures: Path) -> None:
    def turn(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "dir": "rtl", "language": "ar"})

    tab.page.route("**/config?*", turn)
    tab.visit_product("TEE-M", attributes='lang="ar" dir="rtl"')
    tab.open()
    close = tab.panel.get_by_role("button", name="Close").bounding_box()
    panel = tab.panel.bounding_box()
    assert close
    assert panel
    assert close["x"] < panel["x"] + panel["width"] / 2
    tab.field("Mobile number").fill("201 555 0133")
    tab.page.screenshot(path=pictures / "widget-rtl.png")
    tab.must_be_accessible()


def test_any_size_and_how_many_are_asked_where_the_store_wants_it(tab: Tab, house: House) -> None:
    house.product("glove", "Glove", {"GLOVE-S": 0, "GLOVE-M": 0}, option="size")
    house.settings(ask_any=True, ask_quantity=True)
    try:
        tab.visit_product("GLOVE-M")
        tab.open()
        tab.field("Which one?").select_option("Any of them, whichever is back first")
        expect(tab.panel).to_contain_text("Sold Out")
        tab.field("How many?").fill("0")
        tab.ask_by_text("201 555 0177")
        expect(tab.panel).to_contain_text("Enter how many you want, from 1 on.")
        tab.field("How many?").fill("3")
        tab.submit.click()
        expect(tab.done()).to_contain_text("when Glove is available")
    finally:
        house.settings(ask_any=False, ask_quantity=False)
    [sent] = map(json.loads, tab.posts)
    assert (sent["any_variant"], sent["quantity"]) == (True, 3)
    assert [row["scope"] for row in house.requests("GLOVE-S")] == ["product"]
    house.stock("GLOVE-M", 3)
    [alert] = house.told("GLOVE-M", "back_in_stock")
    assert alert["to"] == "+12015550177"
    tab.must_be_clean()


def test_what_to_hear_of_is_asked_where_the_store_wants_it(tab: Tab, house: House) -> None:
    house.product("torch", "Torch", {"TORCH": 0})
    off = {"sms": False, "email": False}
    house.settings(switches={"can_preorder": {"sms": True}, "can_backorder": {"email": True}})
    try:
        tab.visit_product("TORCH")
        tab.open()
        tab.field("Tell me when").select_option("I can order it, to be sent later")
        expect(tab.field("Mobile number")).to_be_hidden()
        tab.field("Tell me when").select_option("I can preorder it")
        expect(tab.field("Email")).to_be_hidden()
        tab.ask_by_text("201 555 0178")
        expect(tab.done()).to_contain_text("when Torch is available")
    finally:
        house.settings(switches={"can_preorder": off, "can_backorder": off})
    assert [row["intent"] for row in house.requests("TORCH")] == ["preordered"]
    tab.must_be_clean()

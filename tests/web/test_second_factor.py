"""The second factor: set up with an app, asked for at sign-in, replaced by recovery codes, never weaker than it looks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from nexnotify.secrets import new_key
from nexnotify.settings import Settings
from tests.admin import Desk, another, door
from tests.rows import everything
from tests.shop import PASSWORD, Shop
from tests.times import later
from tests.totp import code_of


def set_up(desk: Desk) -> tuple[str, list[str]]:
    """Connect an app; its secret, and the recovery codes that are shown."""
    page = desk.page("/account/second-factor")
    found = re.search(r'id="totp-secret">([^<]+)<', page)
    assert found is not None
    secret = found.group(1)
    codes = desk.post("/account/second-factor", 200, code=code_of(secret))
    return secret, re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", codes)


def test_a_code_of_the_app_is_asked_for_once_it_is_set_up(app: Flask, shop: Shop) -> None:
    secret, _ = set_up(Desk.of(shop))
    browser = app.test_client()
    email = f"owner-{shop.store_id}@acme.example"
    assert door(browser, "/admin/login", email=email, password=PASSWORD).headers["Location"].startswith("/admin/tf-val")
    assert browser.get("/admin/waitlist").status_code == 302
    wrong = door(browser, "/admin/tf-validate", code="000000")
    assert "That code is not right" in wrong.get_data(as_text=True)
    with later(minutes=1):
        assert door(browser, "/admin/tf-validate", code=code_of(secret)).status_code == 302
        assert browser.get("/admin/waitlist").status_code == 200


def test_setting_up_needs_a_right_code(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.page("/account/second-factor")
    assert "That code is not right" in desk.post("/account/second-factor", 422, code="123456")
    assert "nx-field-error" in desk.post("/account/second-factor", 422, code="")
    assert "Recovery codes" not in desk.page("/account")


def test_no_code_works_twice(app: Flask, shop: Shop) -> None:
    secret, _ = set_up(Desk.of(shop))
    email = f"owner-{shop.store_id}@acme.example"
    with later(minutes=1):
        code = code_of(secret)
        answers = []
        for _ in range(2):
            browser = app.test_client()
            door(browser, "/admin/login", email=email, password=PASSWORD)
            answers.append(door(browser, "/admin/tf-validate", code=code).status_code)
    assert answers == [302, 200]


def test_a_recovery_code_opens_once_and_stands_in_the_audit_trail(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    _, codes = set_up(desk)
    assert len(set(codes)) == 10
    assert "10 are left" in re.sub("<[^>]+>", "", desk.page("/account"))
    email, answers = f"owner-{shop.store_id}@acme.example", []
    for typed in (codes[0].lower().replace("-", " "), codes[0], codes[1]):
        browser = app.test_client()
        door(browser, "/admin/login", email=email, password=PASSWORD)
        answers.append(door(browser, "/admin/mf-recovery", code=typed).status_code)
    assert answers == [302, 200, 302]
    assert "8 are left" in re.sub("<[^>]+>", "", desk.page("/account"))
    assert desk.page("/settings/audit").count("<b>Recovery code used</b>") == 2


def test_new_recovery_codes_kill_the_old_ones_and_are_shown_once(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    _, codes = set_up(desk)
    page = desk.post("/account/recovery-codes", 200)
    fresh = re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", page)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert fresh[0] not in desk.page("/account")
    email, answers = f"owner-{shop.store_id}@acme.example", []
    for code in (codes[0], fresh[0]):
        browser = app.test_client()
        door(browser, "/admin/login", email=email, password=PASSWORD)
        answers.append(door(browser, "/admin/mf-recovery", code=code).status_code)
    assert answers == [200, 302]


def test_the_second_step_cannot_be_had_without_the_first(client: FlaskClient, shop: Shop) -> None:
    _, codes = set_up(Desk.of(shop))
    client.get("/admin/login")
    assert client.get("/admin/tf-validate").headers["Location"].startswith("/admin/login")
    assert door(client, "/admin/mf-recovery", code=codes[0]).headers["Location"].startswith("/admin/login")
    assert client.get("/admin/waitlist").status_code == 302


def test_pages_of_the_library_that_are_not_ours_are_not_there(shop: Shop) -> None:
    desk = Desk.of(shop)
    for path in ("/tf-setup", "/tf-rescue", "/tf-select", "/mf-recovery-codes"):
        desk.page(path, 404)


def test_a_link_to_the_second_step_signs_nobody_out(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert desk.browser.get("/admin/tf-validate").headers["Location"] == "/admin"
    desk.page("/waitlist")


def test_switching_on_and_off_ends_all_other_sessions(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    email = f"owner-{shop.store_id}@acme.example"
    other = app.test_client()
    door(other, "/admin/login", email=email, password=PASSWORD)
    assert other.get("/admin/waitlist").status_code == 200
    set_up(desk)
    assert other.get("/admin/waitlist").status_code == 302
    desk.page("/waitlist")
    desk.post("/account/second-factor/off")
    assert door(app.test_client(), "/admin/login", email=email, password=PASSWORD).headers["Location"] == "/admin"


def test_a_store_may_ask_for_it_and_whoever_has_none_can_do_nothing_else(app: Flask, shop: Shop) -> None:
    owner, staff = Desk.of(shop), Desk.of(shop, "staff")
    assert "Set your own second factor up first" in owner.post("/staff/second-factor", 409, required="on")
    set_up(owner)
    owner.post("/staff/second-factor", required="on")
    shop.product("TEE-M")
    for path in ("/waitlist", "/products", "/settings", "/messages"):
        answer = staff.browser.get(f"/admin{path}")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/account/second-factor"), path
    assert "asks its people for a second factor" in staff.page("/account/second-factor")
    set_up(staff)
    staff.page("/waitlist")
    assert "has to stay" in staff.post("/account/second-factor/off", 409)
    assert "second factor required: off → on" in owner.page("/settings/audit")
    owner.post("/staff/second-factor")
    Desk.of(shop, "viewer").page("/waitlist")


def test_what_lies_in_the_database_opens_nothing(shop: Shop, settings: Settings, tmp_path: Path) -> None:
    secret, codes = set_up(Desk.of(shop))
    stolen = everything(settings.database_url)
    plain = secret.replace("-", "").replace(" ", "")
    for word in (secret, plain, *codes, *(code.replace("-", "") for code in codes)):
        assert word not in stolen


def test_secrets_survive_the_change_of_keys(shop: Shop, settings: Settings) -> None:
    secret, codes = set_up(Desk.of(shop))
    email = f"owner-{shop.store_id}@acme.example"
    with another(replace(settings, secret_keys=f"{new_key()},{settings.secret_keys}")) as rotated, later(minutes=1):
        for path, code in (("/admin/tf-validate", code_of(secret)), ("/admin/mf-recovery", codes[0])):
            browser = rotated.test_client()
            door(browser, "/admin/login", email=email, password=PASSWORD)
            assert door(browser, path, code=code).status_code == 302
            assert browser.get("/admin/waitlist").status_code == 200

"""One's own account: the password, the sessions, and the password once more before what matters."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from nexnotify.settings import Settings
from tests.admin import Desk, another, door, letters_written
from tests.shop import PASSWORD, Shop
from tests.times import later

ANN = "ann@acme.example"
NEW = "a better horse battery"


def browser_of(app: Flask, password: str = PASSWORD, email: str = ANN) -> FlaskClient:
    browser = app.test_client()
    assert door(browser, "/admin/login", email=email, password=password).status_code == 302
    return browser


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/admin/waitlist").status_code == 200


# --- password --------------------------------------------------------------------------------------------------------


def test_a_changed_password_ends_all_other_sessions(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    other = browser_of(app)
    desk.post("/account/password", current=PASSWORD, password=NEW)
    assert (is_in(desk.browser), is_in(other)) == (True, False)
    assert is_in(browser_of(app, NEW))
    assert door(app.test_client(), "/admin/login", email=ANN, password=PASSWORD).status_code == 200
    assert "Password changed" in desk.page("/settings/audit")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "typed, said",
    [
        ({"current": "not that", "password": NEW}, "That is not your password."),
        ({"current": PASSWORD, "password": "short"}, "at least 8 characters"),
        ({"current": PASSWORD, "password": "x" * 200}, "at most 128 characters"),
        ({"current": PASSWORD, "password": ANN.upper()}, "must not be the email"),
        ({"current": "", "password": NEW}, "Write your present password."),
    ],
)
def test_a_password_that_cannot_be_is_refused_beside_its_field(
    app: Flask, shop: Shop, typed: dict[str, str], said: str
) -> None:
    desk = Desk(shop.sign_in(ANN))
    page = desk.post("/account/password", 422, **typed)
    assert said in page
    assert typed["password"] not in page
    assert is_in(browser_of(app))


def test_an_umlaut_is_the_same_on_every_keyboard(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    desk.post("/account/password", current=PASSWORD, password="für Björn")
    assert is_in(browser_of(app, "fu\u0308r Bjo\u0308rn"))
    assert is_in(browser_of(app, "f\u00fcr Bj\u00f6rn"))


# --- sessions --------------------------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_also_for_whoever_has_copied_its_cookie(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    cookie = desk.browser.get_cookie("session")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert is_in(thief)
    desk.post("/logout")
    assert (is_in(desk.browser), is_in(thief)) == (False, False)


def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    phone, tablet, kiosk = browser_of(app), browser_of(app), browser_of(app)
    numbers = re.findall(r"/account/sessions/(\d+)/end", desk.page("/account"))
    assert len(numbers) == 3
    desk.post(f"/account/sessions/{numbers[-1]}/end")
    assert [is_in(item) for item in (phone, tablet, kiosk)].count(False) == 1
    desk.post("/account/sessions/end-others")
    assert [is_in(item) for item in (phone, tablet, kiosk, desk.browser)] == [False, False, False, True]
    desk.post(f"/account/sessions/{numbers[0]}/end", 404)


def test_nobody_ends_another_persons_session(app: Flask, shop: Shop) -> None:
    ann, ben = Desk(shop.sign_in(ANN)), Desk(shop.sign_in("ben@acme.example"))
    browser_of(app)
    number = re.findall(r"/account/sessions/(\d+)/end", ann.page("/account"))[0]
    ben.post(f"/account/sessions/{number}/end", 404)


def test_a_session_that_nobody_uses_ends(shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    with later(hours=11):
        assert is_in(desk.browser)
    with later(hours=22):
        assert is_in(desk.browser), "it was used in between"
    with later(hours=35):
        assert not is_in(desk.browser)


def test_how_long_is_a_setting(settings: Settings, shop: Shop) -> None:
    shop.staff(ANN)
    with another(replace(settings, session_minutes=10)) as app:
        browser = browser_of(app)
        with later(minutes=11):
            assert not is_in(browser)


@pytest.mark.parametrize("url, secure", [("https://nex.example", True), ("http://127.0.0.1:8000", False)])
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    settings: Settings, shop: Shop, url: str, secure: bool
) -> None:
    shop.staff(ANN)
    with another(replace(settings, public_url=url)) as app:
        answer = door_over(app.test_client(), url)
    flags = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")[1:]}
    assert {"httponly", "samesite=lax"} <= flags
    assert ("secure" in flags) is secure


def door_over(browser: FlaskClient, url: str) -> Any:
    page = browser.get("/admin/login", base_url=url).get_data(as_text=True)
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    typed = {"email": ANN, "password": PASSWORD, "csrf_token": token}
    answer = browser.post("/admin/login", base_url=url, data=typed, headers={"Referer": f"{url}/admin/login"})
    assert answer.status_code == 302
    return answer


# --- the password once more --------------------------------------------------------------------------------------------


def test_after_a_quarter_of_an_hour_a_page_asks_for_the_password_and_then_comes(shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    desk.page("/account/second-factor")
    with later(minutes=31):
        asked = desk.browser.get("/admin/account/second-factor")
        assert asked.headers["Location"].startswith("/admin/verify?next=")
        assert "not your password" in desk.post("/verify?next=/admin/account/second-factor", 200, password="wrong")
        assert "Scan this" in desk.post("/verify?next=/admin/account/second-factor", password=PASSWORD)


def test_what_was_filled_in_is_done_once_the_password_is_typed(shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    with later(minutes=31):
        asked = desk.post("/settings/keys", 401, name='Ware"house')
        assert "Nothing you filled in is lost" in asked
        carried = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^<]*)">', asked))
        assert carried["name"] == 'Ware"house'
        wrong = desk.post("/settings/keys", 401, **{"name": "Warehouse", "nx-confirm-password": "wrong"})
        assert "That is not your password." in wrong
        assert "Warehouse</td>" not in desk.page("/settings/keys")
        assert "nnk_" in desk.post("/settings/keys", 200, **{"name": "Warehouse", "nx-confirm-password": PASSWORD})
        assert "nnk_" in desk.post("/settings/keys", 200, name="Second")


def test_the_way_back_leads_to_this_site_alone(shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    for bad in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        token = desk.token()
        answer = desk.browser.post(f"/admin/verify?next={bad}", data={"csrf_token": token, "password": PASSWORD})
        place = urlsplit(answer.headers.get("Location", ""))
        assert (place.scheme, place.netloc) == ("", ""), bad


# --- a forgotten password ------------------------------------------------------------------------------------------------


def reset_link(app: Flask) -> str:
    from flask_security.recoverable import generate_reset_password_token

    from nexnotify.db import db
    from nexnotify.stores.people import find_person

    with app.app_context():
        user = find_person(ANN)
        assert user is not None
        link = f"/reset/{generate_reset_password_token(user)}"
        db.session.remove()
    return link


def test_a_reset_link_sets_a_password_once_and_ends_sessions(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    link, browser = reset_link(app), app.test_client()
    assert "at least 8" in door(browser, link, password="short").get_data(as_text=True)
    assert door(browser, link, password=NEW).headers["Location"] == "/admin/login"
    assert not is_in(desk.browser)
    assert browser.get(link).status_code == 404
    again = Desk(browser_of(app, NEW))
    assert "New password set by link" in again.page("/settings/audit")


def test_a_reset_link_is_dead_after_an_hour_or_a_change_of_password(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    link, second = reset_link(app), reset_link(app)
    with later(minutes=61):
        assert app.test_client().get(link).status_code == 404
    desk.post("/account/password", current=PASSWORD, password=NEW)
    assert app.test_client().get(second).status_code == 404


def test_a_reset_link_does_not_get_around_the_second_factor(app: Flask, shop: Shop) -> None:
    from tests.web.test_second_factor import set_up

    set_up(Desk(shop.sign_in(ANN)))
    browser = app.test_client()
    door(browser, reset_link(app), password=NEW)
    assert door(browser, "/admin/login", email=ANN, password=NEW).headers["Location"].startswith("/admin/tf-validate")
    assert not is_in(browser)


def test_asking_for_a_link_answers_the_same_for_everybody(app: Flask, shop: Shop) -> None:
    shop.staff(ANN)
    pages = [
        re.sub(r'content="[^"]+"', "", door(app.test_client(), "/reset", email=email).get_data(as_text=True))
        for email in (ANN, "nobody@acme.example")
    ]
    letters_written()
    assert pages[0] == pages[1]
    assert "on its way" in pages[0]


def test_only_our_own_pages_sign_somebody_out(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert desk.browser.post("/admin/logout").status_code == 400
    desk.page("/products")
    desk.post("/logout")
    assert desk.browser.get("/admin/products").status_code == 302

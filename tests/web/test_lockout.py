"""Guessing passwords and codes: it soon takes longer than it is worth, and tells nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from nexnotify.db import db
from nexnotify.stores.guesses import whose
from nexnotify.stores.people import find_person
from tests.admin import Desk, door, letters_written
from tests.shop import PASSWORD, Shop
from tests.times import at, later
from tests.totp import code_of
from tests.web.test_second_factor import set_up

ANN = "ann@acme.example"


def sign_in(app: Flask, password: str, email: str = ANN, address: str = "192.0.2.1") -> tuple[bool, str]:
    """Try to sign in with a new browser; whether it worked, and what the page says."""
    browser = app.test_client()
    browser.environ_base["REMOTE_ADDR"] = address
    answer = door(browser, "/admin/login", email=email, password=password)
    said = re.findall(r'role="alert">.*?nx-note-text">([^<]*)<', answer.get_data(as_text=True), re.DOTALL)
    return answer.status_code == 302, " ".join(said)


def guess(app: Flask, count: int, **where: str) -> list[str]:
    return [sign_in(app, f"wrong {number}", **where)[1] for number in range(count)]


def test_five_wrong_passwords_close_the_door_for_a_minute_also_to_the_right_one(app: Flask, shop: Shop) -> None:
    shop.staff(ANN)
    said = guess(app, 5)
    assert said[:4] == ["The email and the password do not fit."] * 4
    assert said[4].startswith("Too many tries. Come back in 1 minute, at ")
    assert sign_in(app, PASSWORD) == (False, said[4])
    with later(seconds=61):
        assert "Come back in 2 minutes" in sign_in(app, "wrong")[1]
    with later(minutes=5):
        assert sign_in(app, PASSWORD)[0]


def test_a_right_password_begins_the_count_anew(app: Flask, shop: Shop) -> None:
    shop.staff(ANN)
    guess(app, 4)
    assert sign_in(app, PASSWORD)[0]
    guess(app, 4)
    assert sign_in(app, PASSWORD)[0]


@at("2030-01-15 12:00:05")  # the minute in which the door opens again is the same for both
def test_nobody_learns_whether_there_is_an_account(app: Flask, shop: Shop) -> None:
    shop.staff(ANN)
    assert guess(app, 6) == guess(app, 6, email="nobody@acme.example")


def test_another_spelling_of_the_email_is_the_same_account(app: Flask, shop: Shop) -> None:
    shop.staff(ANN)
    guess(app, 5)
    assert "Too many tries" in sign_in(app, PASSWORD, " ANN@Acme.example ")[1]


#: The spellings that email programs and browsers take for ann@acme.example.
SPELLINGS = (
    "ann@\uff41\uff43\uff4d\uff45.example",
    "ann@acme\u3002example",
    "Ann@ACME\uff0eexample",
    "ann@acme.\uff45xample",
    "ann@\uff41cme.example",
)


@pytest.mark.parametrize("email", [ANN, *SPELLINGS])
def test_letters_that_mean_the_same_are_no_account_of_their_own(app: Flask, shop: Shop, email: str) -> None:
    desk = Desk(shop.sign_in(ANN))
    assert sign_in(app, PASSWORD, email)[0]
    for spelling in SPELLINGS:
        sign_in(app, "wrong", spelling)
    assert "Too many tries" in sign_in(app, PASSWORD, email)[1]
    assert "Locked after too many wrong passwords" in desk.page("/settings/audit?kind=signing_in")


def test_they_are_none_either_where_there_is_no_account(app: Flask, shop: Shop) -> None:
    said = [sign_in(app, "wrong", spelling)[1] for spelling in SPELLINGS]
    assert ["Too many tries" in words for words in said] == [False] * 4 + [True]


def test_what_counts_for_an_account_cannot_be_typed_as_an_email(app: Flask, shop: Shop) -> None:
    shop.staff(ANN)
    with app.app_context():
        who = whose(find_person(ANN))
        db.session.remove()
    guess(app, 6, email=who)
    assert sign_in(app, PASSWORD)[0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example/x", "javascript:alert(1)"])
def test_a_place_that_is_not_ours_leads_to_the_start_page_and_counts_for_nothing(
    app: Flask, shop: Shop, place: str
) -> None:
    shop.staff(ANN)
    for number in range(6):
        browser = app.test_client()
        answer = door(browser, f"/admin/login?{urlencode({'next': place})}", email=ANN, password=PASSWORD, next=place)
        assert (number, answer.status_code, answer.headers.get("Location")) == (number, 302, "/admin")
    verify = f"/admin/verify?{urlencode({'next': place})}"
    assert door(browser, verify, password=PASSWORD, next=place).headers["Location"] == "/admin"


def test_a_guess_without_the_pages_token_is_neither_looked_at_nor_counted(app: Flask, shop: Shop) -> None:
    """Or a page of somebody else's could close the door to whoever looks at it."""
    shop.staff(ANN)
    for _ in range(6):
        answer = app.test_client().post("/admin/login", data={"email": ANN, "password": PASSWORD})
        assert answer.status_code != 302
    assert sign_in(app, PASSWORD)[0]


def test_guessing_at_many_accounts_closes_the_door_to_that_address_alone(app: Flask, shop: Shop) -> None:
    """A right password of one's own in between does not cover for the wrong ones."""
    shop.staff(ANN)
    for number in range(20):
        sign_in(app, "Summer2030!", f"person{number}@acme.example", "192.0.2.66")
        if number in (4, 12):
            assert sign_in(app, PASSWORD, address="192.0.2.66")[0]
    assert "Too many tries" in sign_in(app, PASSWORD, address="192.0.2.66")[1]
    assert sign_in(app, PASSWORD, address="192.0.2.67")[0]


def test_whoever_is_in_stays_in_while_strangers_guess(app: Flask, shop: Shop) -> None:
    desk = Desk(shop.sign_in(ANN))
    guess(app, 6, address="198.51.100.1")
    desk.page("/waitlist")
    with later(minutes=20):
        assert "Key Warehouse" in desk.post(
            "/settings/keys", 200, **{"name": "Warehouse", "nx-confirm-password": PASSWORD}
        )


def test_a_stranger_at_the_same_address_stands_in_nobodys_way_who_is_past_the_password(app: Flask, shop: Shop) -> None:
    owner = Desk.of(shop)
    secret, _ = set_up(owner)
    here, email = "127.0.0.1", f"owner-{shop.store_id}@acme.example"
    half_in = app.test_client()
    assert door(half_in, "/admin/login", email=email, password=PASSWORD).headers["Location"].startswith("/admin/tf-val")
    link = re.findall(
        r"http://[^/]+(/join/[\w-]+)", owner.post("/staff/invitations", 200, email="ben@acme.example", role="staff")
    )[0]
    for number in range(21):
        sign_in(app, "Summer2030!", f"person{number}@acme.example", here)
    assert "Too many tries" in sign_in(app, PASSWORD, email, here)[1]
    assert owner.browser.get(link).status_code == 200
    with later(minutes=20):
        assert door(half_in, "/admin/tf-validate", code=code_of(secret)).status_code == 302
        typed = {"name": "Warehouse", "nx-confirm-password": PASSWORD}
        assert "Key Warehouse" in owner.post("/settings/keys", 200, **typed)


def test_wrong_passwords_in_an_open_session_are_still_counted(shop: Shop) -> None:
    desk = Desk.of(shop)
    typed = {"current": "wrong", "password": "a better battery"}
    pages = [desk.post("/account/password", 422, **typed) for _ in range(5)]
    assert ["Too many tries" in page for page in pages] == [False] * 4 + [True]
    assert "Too many tries" in desk.post("/account/password", 422, **{**typed, "current": PASSWORD})


def test_guesses_at_the_same_moment_are_no_more_than_one_after_another(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nexnotify.stores.models import StaffUser

    looked: list[str] = []
    real = StaffUser.verify_and_update_password

    def counted(self: StaffUser, password: str) -> bool:
        looked.append(password)
        return real(self, password)

    monkeypatch.setattr(StaffUser, "verify_and_update_password", counted)
    shop.staff(ANN)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: sign_in(app, f"wrong {number}"), range(12)))
    assert len(looked) == 5


def test_codes_are_counted_too_and_apart_from_passwords(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    secret, codes = set_up(desk)
    email, browser = f"owner-{shop.store_id}@acme.example", app.test_client()
    assert door(browser, "/admin/login", email=email, password=PASSWORD).status_code == 302
    for path in ("/admin/tf-validate", "/admin/mf-recovery"):
        for _ in range(3):
            door(browser, path, code="000000")
    with later(seconds=30):
        for path, code in (("/admin/tf-validate", code_of(secret)), ("/admin/mf-recovery", codes[0])):
            assert "Too many tries" in door(browser, path, code=code).get_data(as_text=True)
    assert sign_in(app, PASSWORD, email)[0], "the first step is open, the second is not"
    assert "Locked after too many wrong codes" in desk.page("/settings/audit?kind=signing_in")


def test_an_owner_sees_who_is_locked_and_unlocks_them(app: Flask, shop: Shop) -> None:
    shop.staff(ANN, "staff")
    owner = Desk.of(shop)
    guess(app, 5)
    number = re.findall(r'/admin/staff/(\d+)" aria-label="Manage ann@', owner.page("/staff"))[0]
    assert "until " in owner.page(f"/staff/{number}")
    owner.post(f"/staff/{number}/unlock")
    assert sign_in(app, PASSWORD)[0]
    trail = owner.page("/settings/audit")
    assert "Locked after too many wrong passwords" in trail
    assert "client: 192.0.2.1" in trail
    assert "Unlocked" in trail


def test_the_counters_hold_no_address_in_clear(shop: Shop, app: Flask, settings: Any) -> None:
    from tests.rows import everything

    guess(app, 5, email="nobody@acme.example", address="198.51.100.7")
    stolen = everything(settings.database_url)
    assert "nobody@acme.example" not in stolen
    assert "198.51.100.7" not in stolen


def test_asking_for_reset_links_is_counted(client: FlaskClient, shop: Shop) -> None:
    pages = [door(client, "/reset", email=ANN).get_data(as_text=True) for _ in range(4)]
    letters_written()
    assert ["Too many tries" in page for page in pages] == [False, False, False, True]


def test_reset_links_are_counted_for_the_account_however_it_is_spelled(client: FlaskClient, shop: Shop) -> None:
    shop.staff(ANN)
    pages = [door(client, "/reset", email=email).get_data(as_text=True) for email in SPELLINGS[:4]]
    letters_written()
    assert ["Too many tries" in page for page in pages] == [False, False, False, True]


def test_trying_out_links_closes_the_door(client: FlaskClient, shop: Shop) -> None:
    answers = [
        client.get(f"/{place}/guess-{number}").status_code for number in range(11) for place in ("join", "reset")
    ]
    assert answers == [404] * 20 + [429] * 2

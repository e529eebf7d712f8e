"""The store's people: invited, joined, given roles, removed; and who may do that to whom."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.service import add_gateway
from nexnotify.stores.models import Invitation, Store
from tests.admin import Desk, door, letters_written
from tests.shop import PASSWORD, Shop
from tests.stubs.smtp_stub import SmtpServer
from tests.times import later
from tests.web.test_second_factor import set_up

BEN = "ben@acme.example"


def invited(desk: Desk, email: str = BEN, role: str = "staff") -> str:
    """Invite somebody; the path of their link."""
    page = desk.post("/staff/invitations", 200, email=email, role=role)
    found = re.search(r"http://[^/]+(/join/[\w-]{40,})", page)
    assert found is not None, page
    return found.group(1)


def number_of(desk: Desk, email: str) -> int:
    found = re.search(rf'/admin/staff/(\d+)" aria-label="Manage {re.escape(email)}"', desk.page("/staff"))
    assert found is not None, f"{email} is not on the page"
    return int(found.group(1))


def invitation_number(desk: Desk) -> int:
    return int(re.findall(r"/admin/staff/invitations/(\d+)/resend", desk.page("/staff"))[0])


# --- invitations -------------------------------------------------------------------------------------------------------


def test_an_invited_person_chooses_a_password_and_is_in(shop: Shop, client: FlaskClient) -> None:
    owner = Desk.of(shop)
    link = invited(owner, " Ben@ACME.example ")
    assert BEN in owner.page("/staff")
    assert "at least 8" in door(client, link, password="short").get_data(as_text=True)
    assert door(client, link, password=PASSWORD).status_code == 302
    ben = Desk(client)
    ben.page("/products")
    ben.post("/settings", 403)
    trail = owner.page("/settings/audit?kind=people")
    assert "Invited" in trail
    assert "Joined by invitation" in trail


def test_a_link_works_once(shop: Shop, app: Flask, client: FlaskClient) -> None:
    link = invited(Desk.of(shop))
    door(client, link, password=PASSWORD)
    assert app.test_client().get(link).status_code == 404


def test_of_two_who_open_a_link_at_the_same_moment_one_joins(shop: Shop, app: Flask) -> None:
    owner = Desk.of(shop)
    link = invited(owner)
    browsers = [app.test_client() for _ in range(4)]
    tokens = [
        browser.get(link).get_data(as_text=True).split('csrf-token" content="')[1].split('"')[0] for browser in browsers
    ]
    start = threading.Barrier(4)

    def join(number: int) -> None:
        start.wait()
        browsers[number].post(link, data={"csrf_token": tokens[number], "password": f"{PASSWORD} {number}"})

    threads = [threading.Thread(target=join, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [browser.get("/admin/products").status_code for browser in browsers].count(200) == 1
    assert owner.page("/settings/audit").count("<b>Joined by invitation</b>") == 1


def test_a_link_ends_after_seven_days_when_withdrawn_and_when_sent_again(shop: Shop, client: FlaskClient) -> None:
    owner = Desk.of(shop)
    link = invited(owner)
    with later(days=6, hours=23):
        assert client.get(link).status_code == 200
    with later(days=7, minutes=1):
        assert client.get(link).status_code == 404
    number = invitation_number(owner)
    page = owner.post(f"/staff/invitations/{number}/resend", 200)
    second = re.findall(r"/join/[\w-]{40,}", page)[0]
    assert [client.get(item).status_code for item in (link, second)] == [404, 200]
    owner.post(f"/staff/invitations/{number}/withdraw")
    assert client.get(second).status_code == 404
    assert BEN not in owner.page("/staff")
    owner.post(f"/staff/invitations/{number}/resend", 409)


def test_who_has_an_account_joins_by_signing_in_to_it_and_nobody_else_does(
    shop: Shop, other_shop: Shop, app: Flask
) -> None:
    ben = Desk(other_shop.sign_in(BEN, "viewer"))
    link = invited(Desk.of(shop), BEN, "staff")
    stranger = app.test_client()
    assert "has an account already" in stranger.get(link).get_data(as_text=True)
    assert door(stranger, link, password="a password of mine").status_code == 200
    assert stranger.get("/admin/waitlist").status_code == 302
    ann = Desk(other_shop.sign_in("ann@acme.example"))
    assert "You are signed in as ann@acme.example" in ann.browser.get(link).get_data(as_text=True)
    door(ann.browser, link)
    assert "Acme" not in ann.page("/account")
    assert "Join as staff" in ben.browser.get(link).get_data(as_text=True)
    door(ben.browser, link)
    assert "Acme, staff" in ben.page("/account")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("email", ["owner-1@acme.example", BEN, "not an email", "", "x" * 300 + "@acme.example"])
def test_an_email_that_cannot_be_invited_is_refused_beside_its_field(shop: Shop, email: str) -> None:
    owner = Desk(shop.sign_in("owner-1@acme.example"))
    invited(owner)
    page = owner.post("/staff/invitations", 422, email=email, role="staff")
    assert "nx-field-error" in page
    assert page.count("/resend") == 1


def test_the_database_does_not_hold_what_the_link_holds(shop: Shop, settings: Any) -> None:
    from tests.rows import everything

    assert invited(Desk.of(shop)).removeprefix("/join/") not in everything(settings.database_url)


def test_links_go_by_email_where_the_store_has_a_gateway_that_sends(shop: Shop, client: FlaskClient) -> None:
    owner = Desk.of(shop)
    assert "Give them the link yourself" in owner.post("/staff/invitations", 200, email="x@acme.example", role="staff")
    with SmtpServer() as server:
        values = {"host": "127.0.0.1", "port": server.port, "security": "none", "from_address": "shop@acme.example"}
        with shop.app.app_context():
            with transaction():
                add_gateway(db.session.get_one(Store, shop.store_id), "smtp", "Mail", {**values, "rate": 0}, utcnow())
            db.session.remove()
        page = owner.post("/staff/invitations", 200, email=BEN, role="staff")
        assert "The email is on its way" in page
        link = re.findall(r"/join/[\w-]{40,}", page)[0]
        assert link in server.mails[-1].part("plain")
        door(client, link, password=PASSWORD)
        client.delete_cookie("session")
        door(client, "/reset", email="nobody@acme.example")
        door(client, "/reset", email=BEN)
        letters_written()
        assert [mail.to for mail in server.mails] == [[BEN], [BEN]]
        again = re.findall(r"/reset/\S+", server.mails[-1].part("plain"))[0]
        assert door(client, again, password="a better horse battery").headers["Location"] == "/admin/login"


# --- roles -------------------------------------------------------------------------------------------------------------


def test_an_admin_neither_makes_nor_touches_owners(shop: Shop) -> None:
    owner, admin = Desk.of(shop), Desk.of(shop, "admin")
    invited(owner, "boss@acme.example", "owner")
    boss, me = (
        number_of(owner, f"owner-{shop.store_id}@acme.example"),
        number_of(owner, f"admin-{shop.store_id}@acme.example"),
    )
    assert "nx-field-error" in admin.post("/staff/invitations", 422, email=BEN, role="owner")
    admin.post(f"/staff/{me}/role", 422, role="owner")
    admin.post(f"/staff/{boss}/role", 403, role="viewer")
    admin.post(f"/staff/{boss}/remove", 403)
    admin.post(f"/staff/{boss}/end-sessions", 403)
    admin.post(f"/staff/{boss}/unlock", 403)
    admin.post("/staff/second-factor", 403)
    admin.post(f"/staff/invitations/{invitation_for(shop, 'boss@acme.example')}/resend", 403)
    owner.page("/waitlist")


def test_a_role_counts_from_the_next_click_on(shop: Shop) -> None:
    owner, ben = Desk.of(shop), Desk(shop.sign_in(BEN, "viewer"))
    number = number_of(owner, BEN)
    owner.post(f"/staff/{number}/role", role="admin")
    ben.page("/settings/keys")
    owner.post(f"/staff/{number}/role", role="viewer")
    ben.page("/settings/keys", 403)
    assert "role: viewer → admin" in owner.page("/settings/audit")


def test_whoever_is_removed_is_out_at_once_and_so_are_the_links_they_gave_out(shop: Shop, client: FlaskClient) -> None:
    owner, ben = Desk.of(shop), Desk(shop.sign_in(BEN, "admin"))
    link = invited(ben, "friend@acme.example", "admin")
    owner.post(f"/staff/{number_of(owner, BEN)}/remove")
    assert ben.browser.get("/admin/waitlist").status_code != 200
    assert client.get(link).status_code == 404
    assert "Removed" in owner.page("/settings/audit")


def test_a_weaker_role_takes_back_the_links_one_gave_out(shop: Shop, client: FlaskClient) -> None:
    owner, ben = Desk.of(shop), Desk(shop.sign_in(BEN, "owner"))
    link = invited(ben, "friend@acme.example", "owner")
    owner.post(f"/staff/{number_of(owner, BEN)}/role", role="viewer")
    assert client.get(link).status_code == 404


def test_the_last_owner_can_neither_leave_nor_step_down(shop: Shop) -> None:
    owner = Desk.of(shop)
    me = number_of(owner, f"owner-{shop.store_id}@acme.example")
    assert "A store needs an owner" in owner.post(f"/staff/{me}/role", 409, role="admin")
    assert "A store needs an owner" in owner.post(f"/staff/{me}/remove", 409)
    second = Desk(shop.sign_in(BEN, "owner"))
    owner.post(f"/staff/{me}/role", role="viewer")
    second.page("/staff")
    owner.page("/staff", 403)


def test_two_owners_who_remove_each_other_at_the_same_moment_leave_one(shop: Shop) -> None:
    desks = [Desk.of(shop), Desk(shop.sign_in(BEN, "owner"))]
    ids = [number_of(desks[0], f"owner-{shop.store_id}@acme.example"), number_of(desks[0], BEN)]
    tokens, start = [desk.token() for desk in desks], threading.Barrier(2)

    def remove(who: int, whom: int) -> None:
        start.wait()
        desks[who].browser.post(f"/admin/staff/{ids[whom]}/remove", data={"csrf_token": tokens[who]})

    threads = [threading.Thread(target=remove, args=pair) for pair in ((0, 1), (1, 0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [desk.browser.get("/admin/staff").status_code for desk in desks].count(200) == 1


def test_an_owner_signs_somebody_out_everywhere(shop: Shop) -> None:
    owner, ben = Desk.of(shop), Desk(shop.sign_in(BEN, "admin"))
    owner.post(f"/staff/{number_of(owner, BEN)}/end-sessions")
    assert ben.browser.get("/admin/waitlist").status_code == 302
    assert "Signed out everywhere" in owner.page("/settings/audit")


def test_people_and_invitations_of_another_store_are_not_there(shop: Shop, other_shop: Shop) -> None:
    owner, other = Desk.of(shop), Desk.of(other_shop)
    invited(owner)
    member, invitation = number_of(owner, f"owner-{shop.store_id}@acme.example"), invitation_number(owner)
    other.page(f"/staff/{member}", 404)
    for deed in ("role", "remove", "end-sessions", "unlock"):
        other.post(f"/staff/{member}/{deed}", 404, role="viewer")
    for deed in ("resend", "withdraw"):
        other.post(f"/staff/invitations/{invitation}/{deed}", 404)
    assert BEN not in other.page("/staff")


def invitation_for(shop: Shop, email: str) -> int:
    with shop.app.app_context():
        number: int = db.session.scalars(sa.select(Invitation.id).where(Invitation.email == email)).one()
        db.session.remove()
    return number


# --- a colleague's second factor ---------------------------------------------------------------------------------------


def test_an_owner_lets_somebody_in_again_who_lost_their_second_factor(shop: Shop, app: Flask) -> None:
    ben = Desk(shop.sign_in(BEN, "staff"))
    set_up(ben)
    owner = Desk.of(shop)
    number = number_of(owner, BEN)
    assert "Remove second factor" in owner.page(f"/staff/{number}")
    page = owner.post(f"/staff/{number}/second-factor/off")
    assert "Remove second factor" not in page
    assert ben.browser.get("/admin/products").status_code == 302, "their sessions are ended"
    assert door(app.test_client(), "/admin/login", email=BEN, password=PASSWORD).headers["Location"] == "/admin"
    trail = owner.page("/settings/audit?kind=signing_in")
    assert "Second factor switched off" in trail
    assert f"email: {BEN}" in trail


def test_nobody_weaker_than_an_owner_does_and_not_without_their_password(shop: Shop) -> None:
    ben = Desk(shop.sign_in(BEN, "staff"))
    set_up(ben)
    admin, owner = Desk.of(shop, "admin"), Desk.of(shop)
    number = number_of(owner, BEN)
    assert "Remove second factor" not in admin.page(f"/staff/{number}")
    admin.post(f"/staff/{number}/second-factor/off", 403)
    with later(minutes=20):
        owner.post(f"/staff/{number}/second-factor/off", 401)
    assert ben.browser.get("/admin/products").status_code == 200


def test_ones_own_is_left_to_the_page_about_oneself(shop: Shop) -> None:
    owner = Desk.of(shop)
    set_up(owner)
    number = number_of(owner, f"owner-{shop.store_id}@acme.example")
    assert "Remove second factor" not in owner.page(f"/staff/{number}")
    assert "under Your account" in owner.post(f"/staff/{number}/second-factor/off", 409)


def test_an_owner_does_not_weaken_the_door_of_a_store_that_is_not_theirs(shop: Shop, other_shop: Shop) -> None:
    ben = Desk(shop.sign_in(BEN, "staff"))
    other_shop.staff(BEN, "owner")
    set_up(ben)
    owner = Desk.of(shop)
    assert "a store that you do not own" in owner.post(f"/staff/{number_of(owner, BEN)}/second-factor/off", 403)
    assert ben.browser.get("/admin/products").status_code == 200


# --- addresses that open a door ----------------------------------------------------------------------------------------


def test_no_cache_keeps_a_link_and_no_other_page_learns_it(shop: Shop, client: FlaskClient) -> None:
    for address in (invited(Desk.of(shop)), "/join/over", "/reset/over", "/reset"):
        answer = client.get(address)
        assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer"), (
            address
        )


def test_an_invitation_finds_the_account_however_the_email_was_spelled(
    shop: Shop, other_shop: Shop, app: Flask
) -> None:
    ben = Desk(other_shop.sign_in(BEN, "viewer"))
    link = invited(Desk.of(shop), "BEN@\uff41cme\u3002example")
    assert "has an account already" in app.test_client().get(link).get_data(as_text=True)
    door(ben.browser, link)
    assert "Acme" in ben.page("/account")

"""Sends at the desk: what is refused, and how that is said."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.gateways.models import GatewayInstance
from nexnotify.ledger.values import stop_url
from nexnotify.web.admin.trials import PER_ADDRESS
from nexnotify.workers.steps import run_campaigns, run_lives
from tests.admin import Desk
from tests.credits import account, with_credits
from tests.shop import Shop
from tests.times import later

OPT_IN = "I would like to receive SMS messages"
WORDS = "Hello [[firstname]], sale today. Reply STOP to end."
ANN = "+12015550123"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An administrator of a store with two customers who have opted in."""
    rows = [{"id": "c1", "first_name": "Ann", "phone": ANN}, {"id": "c2", "first_name": "Ben", "phone": "+12015550144"}]
    shop.put("customers", {"customers": [{**row, "fields": {OPT_IN: True}} for row in rows]})
    return Desk.of(shop, "admin")


def draft(desk: Desk, **picked: str) -> str:
    """The address of a draft to all customers, or to those picked."""
    page = desk.post("/sends/bulk", source="customers", **(picked or {"all": "1"}))
    found = re.search(r"/admin(/sends/\d+)/write", page)
    assert found is not None
    return found[1]


def written(desk: Desk, body: str = WORDS, **fields: str) -> str:
    address = draft(desk)
    desk.post(f"{address}/write", body=body, **{"when": "now", **fields})
    return address


def bodies(shop: Shop) -> list[str]:
    return [message["body"] for message in shop.messages("bulk")]


def test_an_empty_selection_is_nobody(desk: Desk) -> None:
    assert "Nobody is selected" in desk.post("/sends/bulk", source="customers")
    assert "Nothing matches" in desk.post("/sends/bulk", source="customers", all="1", opt_in="no")
    assert "Nothing sent yet" in desk.page("/sends")


@pytest.mark.parametrize(
    "body, problem",
    [
        ("", "Write a text."),
        ("x" * 1001, "1000 is the most"),
        ("Hello [[fristname]]", "did you mean [[firstname]]?"),
        ("Order [[ordernumber]]", "has no value in this kind of message"),
    ],
)
def test_words_that_cannot_be_sent_are_refused_beside_their_field(desk: Desk, body: str, problem: str) -> None:
    page = desk.post(f"{draft(desk)}/write", 422, body=body, when="now")
    assert problem in page
    assert body in page


def test_a_time_that_is_over_or_missing_is_refused(desk: Desk) -> None:
    address = draft(desk)
    assert "still to come" in desk.post(
        f"{address}/write", 422, body=WORDS, when="later", scheduled_for="2020-01-01T10:00"
    )
    assert "within a year" in desk.post(
        f"{address}/write", 422, body=WORDS, when="later", scheduled_for="9999-12-31T23:59"
    )
    assert "Choose a day and a time." in desk.post(f"{address}/write", 422, body=WORDS, when="later", scheduled_for="")


def test_it_waits_for_its_time_on_the_stores_clock(shop: Shop, desk: Desk) -> None:
    tomorrow = utcnow() + timedelta(days=1)
    address = written(desk, when="later", scheduled_for=f"{tomorrow:%Y-%m-%d}T10:00")
    assert "10:00" in desk.page(f"{address}/check")
    assert "Schedule 2 text messages" in desk.page(f"{address}/check")
    page = desk.post(f"{address}/confirm")
    shop.work()
    assert "Planned for" in page
    assert bodies(shop) == []


def test_a_second_person_who_sends_the_same_words_is_told_who_did_before(shop: Shop, desk: Desk) -> None:
    ben = Desk(shop.sign_in("ben@acme.example", "admin"))
    mine, theirs = written(desk), written(ben)
    assert "a short while ago" not in ben.page(f"{theirs}/check")
    desk.post(f"{mine}/confirm")
    page = ben.post(f"{theirs}/confirm", 409)
    assert "went to 2 people of these a short while ago" in page
    assert f"admin-{shop.store_id}@acme.example confirmed them" in page
    known = re.findall(r'name="known" value="(\d+)"', page)
    ben.post(f"{theirs}/confirm", known=known)
    with shop.app.app_context():
        run_campaigns()
        db.session.remove()
    assert "Held" in ben.page(theirs)


def test_confirmed_twice_it_goes_once(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"send_undo_seconds": 0})
    address = written(desk)
    desk.post(f"{address}/confirm")
    desk.post(f"{address}/confirm")
    shop.work()
    desk.post(f"{address}/confirm")
    shop.work()
    assert sorted(bodies(shop)) == [
        "Hello Ann, sale today. Reply STOP to end.",
        "Hello Ben, sale today. Reply STOP to end.",
    ]
    page = desk.post(f"{address}/write", body="Other words", when="now")
    assert "Other words" not in page


def test_what_was_changed_after_somebody_looked_at_it_is_not_sent_by_them(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"send_undo_seconds": 0})
    address = written(desk)
    [seen] = re.findall(r'name="seen" value="(\w+)"', desk.page(f"{address}/check"))
    Desk(shop.sign_in("ben@acme.example", "admin")).post(f"{address}/write", body="Other words", when="now")
    page = desk.post(f"{address}/confirm", seen=seen)
    assert "changed after you looked at it" in page
    shop.work()
    assert bodies(shop) == []
    [seen] = re.findall(r'name="seen" value="(\w+)"', page)
    desk.post(f"{address}/confirm", seen=seen)
    shop.work()
    assert bodies(shop) == ["Other words"] * 2


def test_without_a_gateway_for_texts_nothing_is_confirmed(shop: Shop, desk: Desk) -> None:
    address = written(desk)
    with shop.app.app_context():
        with transaction():
            db.session.execute(sa.update(GatewayInstance).values(is_sender=False))
        db.session.remove()
    assert "Send 2 text messages" not in desk.page(f"{address}/check")
    assert "There is no gateway for text messages" in desk.post(f"{address}/confirm")
    assert "Check" in desk.page(f"{address}/check")  # a draft still


def test_a_text_that_reaches_nobody_is_not_sent(shop: Shop, desk: Desk) -> None:
    shop.put("customers", {"customers": [{"id": f"c{n}", "fields": {OPT_IN: False}} for n in (1, 2)]})
    address = written(desk)
    assert "Nobody would get this text" in desk.page(f"{address}/check")
    assert "Nobody would get this text" in desk.post(f"{address}/confirm")


def test_a_test_goes_to_ones_own_number_alone_and_a_wrong_one_is_refused(shop: Shop, desk: Desk) -> None:
    address = written(desk)
    assert "too short" in desk.post(f"{address}/test", 422, to="12")
    desk.post(f"{address}/test", to="(201) 555-0150")
    shop.work()
    assert [(m["to"], m["body"]) for m in shop.messages("test")] == [
        ("+12015550150", "Hello Ann, sale today. Reply STOP to end.")
    ]
    assert bodies(shop) == []


def test_nobody_is_sent_tests_without_end(shop: Shop, desk: Desk) -> None:
    """Whoever has the number may not be the one who presses the button."""
    address = written(desk)
    for _ in range(PER_ADDRESS):
        desk.post(f"{address}/test", to="(201) 555-0150")
    assert "Many tests have gone out" in desk.post(f"{address}/test", 429, to="+12015550150")
    gateway = desk.id_of("/gateways", "gateways")
    assert "Many tests have gone out" in desk.post(f"/gateways/{gateway}/test", 422, to="+12015550150")
    desk.post(f"{address}/test", to="(201) 555-0151")
    shop.work()
    assert len(shop.messages("test")) == PER_ADDRESS + 1


def test_without_enough_credits_it_is_not_sent_and_the_page_says_how_many_are_missing(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"send_undo_seconds": 0})
    address = written(desk)
    with_credits(shop, 20)
    assert "4 credits are missing" in desk.page(f"{address}/check")
    assert "4 credits are missing" in desk.post(f"{address}/confirm")
    with_credits(shop, 4)
    assert "24 of 24" in desk.page(f"{address}/check")
    desk.post(f"{address}/confirm")
    shop.work()
    assert len(bodies(shop)) == 2
    assert account(shop) == (0, 0)


def test_what_is_stopped_gives_its_credits_back(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"send_undo_seconds": 0})
    with_credits(shop, 100)
    address = written(desk)
    desk.post(f"{address}/confirm")
    shop.plan()
    assert account(shop) == (76, 24)
    desk.post(f"{address}/stop")
    shop.plan()
    assert account(shop) == (100, 0)
    assert "Stopped" in desk.page(address)


def test_staff_text_one_person_and_not_many_and_a_viewer_sees_results_alone(shop: Shop, desk: Desk) -> None:
    address = written(desk)
    staff, viewer = Desk(shop.sign_in("s@acme.example", "staff")), Desk(shop.sign_in("v@acme.example", "viewer"))
    customer = desk.id_of("/customers", "customers")
    assert "With selected" not in staff.page("/customers")
    assert "Send text message" in staff.page(f"/customers/{customer}")
    assert "Send text message" not in viewer.page(f"/customers/{customer}")
    staff.post("/sends/bulk", 403, source="customers", all="1")
    staff.post(f"{address}/confirm", 403)
    staff.post(f"{address}/stop", 403)
    staff.post("/sends/one", source="customers", id=customer)
    viewer.page(f"{address}/write", 403)
    desk.post(f"{address}/confirm")
    assert "Stop the rest" not in viewer.page(address)
    assert f"{address}/undo" not in viewer.page(address)
    assert "sale today" in viewer.page("/sends")


def test_a_selection_is_kept_over_pages_and_is_ones_own(shop: Shop, desk: Desk) -> None:
    first, second = re.findall(r'name="tick" value="(\d+)"', desk.page("/customers"))
    desk.post("/sends/select", source="customers", tick=first, shown=[first])
    desk.post("/sends/select", source="customers", tick=second, shown=[second])
    assert "2 customers selected" in desk.page("/customers")
    assert "Nothing selected" in Desk(shop.sign_in("ben@acme.example", "admin")).page("/customers")
    desk.post("/sends/select", source="customers", shown=[first])
    assert "1 customer selected" in desk.page("/customers")
    answer = desk.browser.post(
        "/admin/sends/select",
        data={"csrf_token": desk.token(), "source": "customers", "clear": "1", "back": "https://evil.example/"},
    )
    assert answer.headers["Location"] == "/admin/customers"
    assert "Nothing selected" in desk.page("/customers")


def test_what_was_looked_for_is_not_kept_with_the_send(shop: Shop, desk: Desk) -> None:
    page = desk.post("/sends/bulk", source="customers", all="1", q=ANN)
    assert "1 customer, selected" in page
    assert ANN not in page


def test_messages_of_one_send_are_shown_by_themselves(shop: Shop, desk: Desk) -> None:
    shop.put("settings", {"send_undo_seconds": 0, "frequency_cap": None})
    for body in (WORDS, "Other words. STOP to end."):
        address = written(desk, body)
        desk.post(f"{address}/confirm")
        shop.work()
    page = desk.page(f"/messages?send={address.rsplit('/', 1)[1]}")
    assert len(re.findall(r'id="message-\d+"', page)) == 2
    assert "Only those of one send" in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_email_that_is_taken_back_has_its_subject_still(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M")
    shop.stock("TEE-M", 3)
    desk.post("/sends/new", activity="back_in_stock", days="7", by="email")
    address = f"/sends/{desk.id_of('/sends', 'sends')}"
    desk.post(f"{address}/write", subject="[[product]] is here", body="[[product]] is back", when="now")
    desk.post(f"{address}/confirm")
    page = desk.post(f"{address}/undo")
    assert "Here is the text again" in page
    assert 'value="[[product]] is here"' in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_email_is_tried_by_email_as_its_first_person_would_get_it(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M", title="Tee")
    shop.ask_by_email("TEE-M")
    shop.stock("TEE-M", 3)
    desk.post("/sends/new", activity="back_in_stock", days="7", by="email")
    address = f"/sends/{desk.id_of('/sends', 'sends')}"
    desk.post(f"{address}/write", subject="[[product]] is here", body="[[product]] is back", when="now")
    assert "Your own email address" in desk.page(f"{address}/check")
    assert "Check the email address" in desk.post(f"{address}/test", 422, to="+12015550150")
    desk.post(f"{address}/test", to="Me@mail.example")
    shop.work()
    [tried] = shop.messages("test")
    assert (tried["channel"], tried["to"], tried["subject"]) == ("email", "me@mail.example", "Tee is here")
    assert tried["body"].startswith("Tee is back")
    assert "me@mail.example" not in desk.page("/settings/audit")


@pytest.mark.parametrize("typed", ["GÄSTEHAUS 1", "Main, GÄSTEHAUS 1"])
def test_an_audience_is_found_by_names_with_any_letters(shop: Shop, desk: Desk, typed: str) -> None:
    shop.product("ÖLBILD-M")
    shop.ask("ÖLBILD-M", ANN)
    shop.stock("ÖLBILD-M", 3, location="GÄSTEHAUS 1")
    conditions = {"skus": "ÖLBILD-M", "locations": typed}
    desk.post("/sends/new", activity="back_in_stock", days="7", by="sms", **conditions)
    [address] = re.findall(r"/admin/sends/\d+", desk.raw("/sends"))
    assert "Ann" in desk.browser.get(f"{address}/write").get_data(as_text=True)


# --- to those for whom something came back -------------------------------------------------------------------------------

MAIL = "ann@mail.example"
ORDER = {"id": "1", "status": "new", "lines": [{"sku": "TEE-M"}], "notify": False, "email": MAIL}
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def cancel_own(shop: Shop) -> None:
    """The shopper cancels what they asked for, by the link that they have."""
    with shop.app.app_context():
        [address] = db.session.scalars(sa.select(Contact.id).where(Contact.channel == "email"))
        link = stop_url(shop.store_id, address)
        db.session.remove()
    [item] = shop.requests()
    shop.client.post(link[link.index("/s/") :], data={"request": str(item["id"])})


def news(desk: Desk, status: int = 302) -> None:
    """A campaign by email to those who asked by email, confirmed where anybody is found."""
    page = desk.post("/sends/new", status, activity="back_in_stock", days="7", by="email")
    if status == 302:
        found = re.search(r"/admin(/sends/\d+)/write", page)
        assert found is not None
        desk.post(f"{found[1]}/write", subject="News", body="[[product]] is back. [[stop_url]]", when="now")
        desk.post(f"{found[1]}/confirm")


@sqlite
@pytest.mark.parametrize("how", ["cancelled", "bought", "never confirmed"])
def test_whose_request_has_ended_is_none_of_those_who_asked(shop: Shop, desk: Desk, how: str) -> None:
    shop.put("settings", {"double_opt_in": how == "never confirmed", "confirm_hours": 1})
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M", MAIL)
    shop.stock("TEE-M", 3)
    if how == "cancelled":
        cancel_own(shop)
    elif how == "bought":
        shop.post("orders", {"orders": [ORDER]})
    with later(hours=2):
        shop.sweep()
        assert [item["status"] for item in shop.requests()] != ["waiting"]
        news(Desk(shop.sign_in("ben@acme.example")), 422)


@sqlite
@pytest.mark.parametrize("is_written", [False, True], ids=["before it is written", "before it goes"])
def test_what_is_bought_or_cancelled_meanwhile_is_not_sent(shop: Shop, desk: Desk, is_written: bool) -> None:
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M", MAIL)
    shop.stock("TEE-M", 3)
    news(desk)
    with later(minutes=1):
        if is_written:
            with shop.app.app_context():
                run_campaigns()
                db.session.remove()
            assert [message["status"] for message in shop.messages("bulk")] == ["queued"]
        shop.post("orders", {"orders": [ORDER]})
        with shop.app.app_context():
            run_lives()
            run_campaigns()
            db.session.remove()
        shop.send()
    [item] = shop.requests()
    assert item["status"] == "bought"
    assert [message["status"] for message in shop.messages("bulk")] == (["suppressed"] if is_written else [])


@sqlite
def test_the_last_days_are_those_before_it_is_confirmed(shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M", MAIL)
    shop.stock("TEE-M", 3)
    page = desk.post("/sends/new", activity="back_in_stock", days="7", by="email")
    found = re.search(r"/admin(/sends/\d+)/write", page)
    assert found is not None
    desk.post(f"{found[1]}/write", subject="News", body="[[product]] is back. [[stop_url]]", when="now")
    with later(days=10):
        Desk(shop.sign_in("ben@acme.example")).post(f"{found[1]}/confirm")
        with later(minutes=1):
            with shop.app.app_context():
                run_campaigns()
                db.session.remove()
            assert shop.messages("bulk") == []

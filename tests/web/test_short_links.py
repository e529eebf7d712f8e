"""Links in messages: they lead to the product, say who opened them, and keep the place of whoever came too late."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.ledger.links import LENGTH
from nexnotify.ledger.models import Message, ShortLink
from nexnotify.outcomes.clicks import forget_agents
from nexnotify.outcomes.models import Click
from nexnotify.secrets import new_key
from nexnotify.settings import Settings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.web import short_links
from nexnotify.web.short_links import CLICKS_PER_IP
from tests.adding_up import add_up
from tests.admin import Desk, another
from tests.rows import everything
from tests.rules.test_scanners import IMESSAGE, IPHONE, WINDOWS
from tests.shop import Shop
from tests.times import later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

GO = "https://go.acme.example"
BOB = "+12015550124"
UTM = "utm_source=nexnotify&utm_medium=sms&utm_campaign=back_in_stock"
PAGE = "https://acme.example/tee-m"
PHONE = {"User-Agent": IPHONE, "Accept-Language": "en-US,en;q=0.9"}


def told(shop: Shop, *phones: str, stock: int = 5, **variant: Any) -> list[str]:
    """Everybody has been told that the tee is back; the paths of their links."""
    shop.put("settings", {"link_domain": GO, "frequency_cap": None, "confirmations": False})
    if not shop.requests():
        shop.product("TEE-M", **variant)
    for phone in phones or ("+12015550123",):
        shop.ask("TEE-M", phone)
    shop.stock("TEE-M", stock)
    shop.work()
    return [path_of(message) for message in shop.messages()]


def path_of(message: dict[str, Any]) -> str:
    found = re.search(rf"{GO}(/l/[0-9A-Za-z]{{{LENGTH}}})(?= |$)", message["body"])
    assert found is not None, message["body"]
    return found.group(1)


def tap(shop: Shop, path: str, seconds: float = 10, **headers: str) -> Any:
    """Somebody taps a link so many seconds from now."""
    with later(seconds=seconds):
        return shop.client.get(path, headers=PHONE | {name.replace("_", "-"): word for name, word in headers.items()})


def clicks(shop: Shop) -> list[str]:
    """The sign of each click; "person" for a person's."""
    with shop.app.app_context():
        found = db.session.scalars(sa.select(Click).where(Click.store_id == shop.store_id).order_by(Click.id)).all()
        db.session.remove()
    assert all(click.is_person == (not click.sign) for click in found)
    return [click.sign or "person" for click in found]


def outcome(shop: Shop) -> dict[str, Any]:
    """The figures of the newest restock."""
    found: dict[str, Any] = shop.get("restocks")["restocks"][0]["outcome"]
    return found


def order(shop: Shop, number: str = "1001", status: str = "new", sku: str = "TEE-M", **more: Any) -> None:
    body = {"id": number, "status": status, "phone": "+12015550123", "lines": [{"sku": sku, "price": "20.00"}], **more}
    assert shop.post("orders", {"orders": [body]})["errors"] == []


# --- the link in the message -----------------------------------------------------------------------------------------


def test_each_person_s_message_has_a_link_of_its_own(shop: Shop) -> None:
    links = told(shop, *(f"+120155501{number:02}" for number in range(20)))
    assert len(set(links)) == 20


def test_a_thousand_links_of_one_plan_are_all_different_and_counted_in_the_length(shop: Shop) -> None:
    shop.put("settings", {"link_domain": GO})
    shop.product("TEE-M", title="T" * 81)
    rows = [{"sku": "TEE-M", "phone": f"+1201{2000000 + n}", "channels": ["sms"], "consent": True} for n in range(1000)]
    assert shop.post("requests", {"requests": [row | {"confirm": False} for row in rows]})["errors"] == []
    shop.stock("TEE-M", 5)
    shop.plan()
    with shop.app.app_context():
        written = db.session.execute(
            sa.select(Message.body, Message.segments, ShortLink.code).join(
                ShortLink, ShortLink.message_id == Message.id
            )
        ).all()
        db.session.remove()
    assert len(written) == len({row.code for row in written}) == 1000
    assert all(f"{GO}/l/{row.code} " in row.body for row in written)
    assert {(len(row.body), row.segments) for row in written} == {
        (len(written[0].body), 1 + (len(written[0].body) > 160))
    }


@pytest.mark.parametrize(
    "chosen", [{"short_links": False, "link_domain": GO}, {"link_domain": ""}], ids=["off", "here"]
)
def test_without_short_links_or_an_address_that_shoppers_reach_the_product_s_own_stands_there(
    shop: Shop, chosen: dict[str, Any]
) -> None:
    shop.put("settings", chosen)
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert f" {PAGE} " in shop.messages()[0]["body"]


def test_a_product_without_a_page_has_no_link(shop: Shop) -> None:
    shop.put("settings", {"link_domain": GO})
    product = {"id": "tee", "title": "Tee", "variants": [{"id": "tee-m", "sku": "TEE-M"}]}
    shop.put("products", {"products": [product]})
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert "http" not in shop.messages()[0]["body"]


def test_the_preview_of_a_template_counts_the_link_as_long_as_it_will_be(shop: Shop) -> None:
    [link] = told(shop)
    template = re.findall(r"/admin/templates/(\d+)", (desk := Desk.of(shop)).page("/templates"))
    pages = [desk.page(f"/templates/{number}") for number in dict.fromkeys(template)]
    assert any(f"{GO}/l/a1B2c3D4e5" in page for page in pages)
    assert len("/l/a1B2c3D4e5") == len(link)


# --- where it leads --------------------------------------------------------------------------------------------------


def test_a_tap_leads_to_the_product_and_is_written_down(shop: Shop) -> None:
    [link] = told(shop)
    answer = tap(shop, link)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{PAGE}?{UTM}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert clicks(shop) == ["person"]
    assert outcome(shop)["clicked"] == 1


def test_it_leads_to_the_chosen_variant_as_it_is_known_when_it_is_tapped(shop: Shop) -> None:
    [link] = told(shop, url="https://acme.example/tee?size=M")
    assert tap(shop, link).headers["Location"] == f"https://acme.example/tee?size=M&{UTM}"
    shop.product("TEE-M", on_hand=5)  # its own page is gone
    shop.put("settings", {"variant_parameter": "variant={id}", "utm": None})
    assert tap(shop, link).headers["Location"] == f"{PAGE}?variant=tee-m-v"


def test_nothing_a_visitor_adds_has_a_say_in_where_it_leads(shop: Shop) -> None:
    [link] = told(shop)
    for more in ("?to=https://evil.example", "?url=//evil.example", "?next=/%5Cevil.example", "#x"):
        answer = tap(shop, link + more, Host="evil.example", X_Forwarded_Host="evil.example")
        assert answer.headers["Location"] == f"{PAGE}?{UTM}"


def test_an_address_of_the_catalogue_that_is_no_page_is_not_led_to(shop: Shop) -> None:
    [link] = told(shop)
    for url in ("javascript:alert(1)", "data:text/html,x", "https://acme.example\\@evil.example/"):
        with shop.app.app_context(), transaction():
            db.session.execute(sa.text("UPDATE product SET url = :url"), {"url": url})
        answer = tap(shop, link)
        assert answer.status_code == 404
        assert "Location" not in answer.headers
        assert url not in answer.get_data(as_text=True)


def test_a_code_that_nobody_made_gets_a_page_that_helps(shop: Shop) -> None:
    shop.put("settings", {"domains": ["https://acme.example"]})
    for code in ("0000000000", "x", "a" * 200, "%00", "<script>", "%EF%BC%90" * 10):
        answer = shop.client.get(f"/l/{code}")
        assert answer.status_code == 404
        page = answer.get_data(as_text=True)
        assert "This link leads nowhere" in page
        assert 'href="https://acme.example/"' in page
    german = shop.client.get("/l/x", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert "Dieser Link führt nirgendwohin" in german


def test_of_several_stores_an_unknown_code_names_none(shop: Shop, other_shop: Shop) -> None:
    shop.put("settings", {"domains": ["https://acme.example"]})
    assert "acme" not in shop.client.get("/l/0000000000").get_data(as_text=True)


def test_what_is_not_sold_any_more_is_said_so(shop: Shop) -> None:
    [link] = told(shop)
    shop.product("TEE-M", published=False)
    answer = tap(shop, link)
    assert answer.status_code == 404
    page = answer.get_data(as_text=True)
    assert "Not for sale any more" in page
    assert 'href="https://acme.example/"' in page


def test_the_link_of_an_example_says_that_it_is_one(shop: Shop) -> None:
    assert "an example" in shop.client.get("/l/a1B2c3D4e5").get_data(as_text=True)


# --- who opened it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers, seconds, sign",
    [
        ({"User-Agent": IMESSAGE}, 10, "robot"),
        ({"Sec-Purpose": "prefetch"}, 10, "ahead"),
        ({}, 0, "too_soon"),
    ],
)
def test_a_scanner_s_click_counts_nowhere_as_a_person_s(
    shop: Shop, headers: dict[str, str], seconds: float, sign: str
) -> None:
    [link] = told(shop)
    with later(seconds=seconds):
        assert shop.client.get(link, headers=PHONE | headers).status_code == 302
    assert clicks(shop) == [sign]
    with later(seconds=20):
        order(shop)
    figures = outcome(shop)
    assert (figures["clicked"], figures["won"], figures["assisted"]) == (0, 0, 1)
    assert "clicked" not in [event["what"] for event in shop.trace(shop.requests()[0]["id"])["events"]]
    message_id = shop.app and message_ids(shop)[0]
    page = Desk.of(shop).page(f"/messages/{message_id}")
    assert "Link opened by a program" in page


def message_ids(shop: Shop) -> list[int]:
    with shop.app.app_context():
        found = list(db.session.scalars(sa.select(Message.id).where(Message.kind == "back_in_stock")))
        db.session.remove()
    return found


def test_asking_for_the_address_only_is_no_visit(shop: Shop) -> None:
    [link] = told(shop)
    with later(seconds=10):
        assert shop.client.head(link, headers=PHONE).status_code == 302
    assert clicks(shop) == ["not_a_visit"]


def test_who_opens_several_people_s_links_in_a_moment_was_no_person_from_the_first_one_on(shop: Shop) -> None:
    links = told(shop, *(f"+120155501{number:02}" for number in range(4)))
    with later(seconds=10):
        for link in links[:3]:
            shop.client.get(link, headers=PHONE | {"User-Agent": WINDOWS})
    assert clicks(shop) == ["many"] * 3
    tap(shop, links[3], 60)
    assert clicks(shop)[3:] == ["person"]
    assert outcome(shop)["clicked"] == 1


def test_one_person_who_taps_often_is_one_person(shop: Shop) -> None:
    [link] = told(shop)
    with later(seconds=10):
        for _ in range(5):
            shop.client.get(link, headers=PHONE)
    assert clicks(shop) == ["person"] * 5
    assert outcome(shop)["clicked"] == 1


def test_of_who_taps_no_address_is_kept_and_the_rest_is_forgotten_after_a_day(shop: Shop, settings: Settings) -> None:
    [link] = told(shop)
    with later(seconds=10):
        shop.client.get(link, headers=PHONE, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    assert "203.0.113.77" not in everything(settings.database_url)
    assert "iPhone" not in everything(settings.database_url)
    with shop.app.app_context():
        with transaction():
            forget_agents(utcnow() + timedelta(days=1, minutes=1))
        assert db.session.scalars(sa.select(Click.agent)).all() == [None]
        db.session.remove()


def test_from_one_address_only_so_many_clicks_are_written_down_and_all_lead_to_the_shop(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short_links, "CLICKS_PER_IP", 2)
    [link] = told(shop)
    assert [tap(shop, link, 10 + n).status_code for n in range(4)] == [302] * 4
    assert len(clicks(shop)) == 2 < CLICKS_PER_IP


def test_a_click_that_cannot_be_written_down_leads_to_the_shop_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    [link] = told(shop)
    monkeypatch.setattr(short_links, "record_click", busy)
    assert tap(shop, link).status_code == 302
    assert clicks(shop) == []


def test_an_erased_person_s_link_leads_on_and_its_clicks_are_nobody_s(shop: Shop) -> None:
    customer = {"id": "c1", "first_name": "Ann", "phone": "+12015550123"}
    [link] = told(shop)
    shop.put("customers", {"customers": [customer]})
    tap(shop, link)
    desk = Desk.of(shop)
    number = re.findall(r"/admin/customers/(\d+)", desk.page("/customers"))[0]
    assert "Opened the link" in desk.page(f"/customers/{number}")
    desk.post(f"/customers/{number}/erase", typed="Ann")
    with shop.app.app_context():
        assert db.session.scalars(sa.select(ShortLink.message_id)).all() == [None]
        db.session.remove()
    assert tap(shop, link, 30).status_code == 302
    assert outcome(shop)["clicked"] == 1, "the figure of the past stays, and says nothing of whom"
    shop.stock("TEE-M", 0)
    assert "Keep my place" not in tap(shop, link, 40).get_data(as_text=True)


# --- sold out again --------------------------------------------------------------------------------------------------


def keep(shop: Shop, link: str, page: str) -> Any:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found is not None, page
    return shop.client.post(f"{link}/place", data={"token": found.group(1)}, headers=PHONE)


def test_sold_out_again_the_page_says_so_and_a_button_keeps_the_place(shop: Shop) -> None:
    first, _ = told(shop, "+12015550123", BOB)
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", "+12015550125")
    answer = tap(shop, first)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Sold out again" in page
    assert f'href="{PAGE}?{UTM.replace("&", "&amp;")}"' in page
    assert [item["status"] for item in shop.requests()] == ["alerted", "alerted", "waiting"]

    assert "Your place is kept" in keep(shop, first, page).get_data(as_text=True)
    assert [item["status"] for item in shop.requests()] == ["waiting", "alerted", "waiting"]
    assert "Your place is kept" in keep(shop, first, page).get_data(as_text=True), "pressed twice"
    assert len(shop.requests()) == 3
    story = shop.trace(shop.requests()[0]["id"])
    assert "place_kept" in [event["what"] for event in story["events"]]
    assert "at the place they had" in story["summary"]

    shop.stock("TEE-M", 2)
    shop.work()
    assert [message["to"] for message in shop.messages()[2:]] == ["+12015550123", "+12015550125"], "the old place"


def test_looking_at_the_page_keeps_nothing(shop: Shop) -> None:
    [link] = told(shop)
    shop.stock("TEE-M", 0)
    for method in ("GET", "HEAD", "GET"):
        assert shop.client.open(link, method=method, headers=PHONE).status_code == 200
    assert shop.client.get(f"{link}/place", headers=PHONE).status_code == 405
    assert [item["status"] for item in shop.requests()] == ["alerted"]


def test_a_place_is_kept_only_with_what_the_page_of_that_link_carries(shop: Shop) -> None:
    mine, theirs = told(shop, "+12015550123", BOB)
    shop.stock("TEE-M", 0)
    page = tap(shop, mine).get_data(as_text=True)
    for token in ("", "x", "1", "WzEsMV0.AAAA"):
        assert shop.client.post(f"{mine}/place", data={"token": token}).status_code == 404
    assert keep(shop, theirs, page).status_code == 404
    assert keep(shop, "/l/0000000000", page).status_code == 404
    assert {item["status"] for item in shop.requests()} == {"alerted"}


def test_a_token_of_the_preference_page_keeps_no_place(shop: Shop) -> None:
    from nexnotify.ledger.values import stop_url

    [link] = told(shop)
    shop.stock("TEE-M", 0)
    with shop.app.app_context():
        token = stop_url(shop.store_id, 1).rpartition("/")[2]
    assert shop.client.post(f"{link}/place", data={"token": token}).status_code == 404


def test_who_said_stop_is_not_put_back(shop: Shop) -> None:
    [link] = told(shop)
    shop.stock("TEE-M", 0)
    page = tap(shop, link).get_data(as_text=True)
    with shop.app.app_context(), transaction():
        db.session.execute(sa.text("UPDATE contact SET opted_out_at = created_at"))
    assert "You have ended our messages" in keep(shop, link, page).get_data(as_text=True)
    assert [item["status"] for item in shop.requests()] == ["alerted"]
    assert "Keep my place" not in tap(shop, link).get_data(as_text=True)


def test_who_has_asked_anew_waits_once(shop: Shop) -> None:
    [link] = told(shop)
    shop.stock("TEE-M", 0)
    page = tap(shop, link).get_data(as_text=True)
    shop.ask("TEE-M")
    assert "You are on the waitlist" in tap(shop, link).get_data(as_text=True)
    keep(shop, link, page)
    assert [item["status"] for item in shop.requests()] == ["alerted", "waiting"]


def test_who_presses_when_it_is_back_already_is_led_to_it(shop: Shop) -> None:
    [link] = told(shop)
    shop.stock("TEE-M", 0)
    page = tap(shop, link).get_data(as_text=True)
    shop.stock("TEE-M", 3)
    assert "In stock again" in keep(shop, link, page).get_data(as_text=True)
    assert [item["status"] for item in shop.requests()] == ["alerted"]


def test_who_has_bought_is_not_offered_a_place(shop: Shop) -> None:
    [link] = told(shop)
    shop.stock("TEE-M", 0)
    with shop.app.app_context(), transaction():
        db.session.execute(sa.update(AlertRequest).values(status="bought", closed_at=utcnow()))
    page = tap(shop, link).get_data(as_text=True)
    assert "Sold out again" in page
    assert "Keep my place" not in page


def test_links_and_pages_outlive_a_rotation_of_the_secret_keys(shop: Shop, settings: Settings) -> None:
    [link] = told(shop)
    shop.stock("TEE-M", 0)
    page = tap(shop, link).get_data(as_text=True)
    rotated = dataclasses.replace(settings, secret_keys=f"{new_key()},{settings.secret_keys}")
    with another(rotated) as app:
        elsewhere = dataclasses.replace(shop, app=app, client=app.test_client())
        assert "Your place is kept" in keep(elsewhere, link, page).get_data(as_text=True)
        elsewhere.stock("TEE-M", 3)
        assert tap(elsewhere, link).status_code == 302


def test_another_store_s_link_is_that_store_s(shop: Shop, other_shop: Shop) -> None:
    [link] = told(shop)
    other_shop.product("TEE-M", on_hand=0)
    assert tap(shop, link).headers["Location"].startswith(PAGE)
    assert clicks(other_shop) == []
    assert outcome(shop)["clicked"] == 1
    assert other_shop.get("restocks")["restocks"] == []


# --- what it earned --------------------------------------------------------------------------------------------------


def test_an_order_after_a_click_is_won_and_one_without_is_assisted(shop: Shop) -> None:
    first, _ = told(shop, "+12015550123", BOB)
    tap(shop, first)
    with later(minutes=5):
        order(shop)
        order(shop, "1002", phone=BOB)
    assert outcome(shop) == {
        "messages": 2,
        "clicked": 1,
        "won": 1,
        "assisted": 1,
        "revenue": "40.00",
        "revenue_won": "20.00",
        "revenue_per_message": "20.00",
        "time_to_purchase": {"after": 5, "upto": 10},  # minutes
        "units": 5,
        "units_sold": 0,  # stock stands where it stood
    }


def test_a_click_after_the_order_does_not_win_it(shop: Shop) -> None:
    [link] = told(shop)
    with later(minutes=5):
        order(shop)
    tap(shop, link, 600)
    with later(minutes=20):
        order(shop, status="paid")
    assert (outcome(shop)["won"], outcome(shop)["assisted"]) == (0, 1)


def test_only_the_first_purchase_counts_and_a_cancelled_one_gives_its_place_to_the_next(shop: Shop) -> None:
    [link] = told(shop)
    tap(shop, link)
    with later(minutes=5):
        order(shop, "1001")
    with later(minutes=6):
        order(shop, "1002", lines=[{"sku": "TEE-M", "quantity": 2, "price": "20.00"}])
    assert (outcome(shop)["won"], outcome(shop)["revenue"]) == (1, "20.00")
    with later(minutes=7):
        order(shop, "1001", "cancelled")
    assert (outcome(shop)["won"], outcome(shop)["revenue"]) == (1, "40.00")
    with later(minutes=8):
        order(shop, "1002", "returned", lines=[{"sku": "TEE-M", "quantity": 2, "price": "20.00"}])
    assert (outcome(shop)["won"], outcome(shop)["revenue"]) == (0, "0.00")


def test_the_window_is_the_store_s(shop: Shop) -> None:
    told(shop)
    shop.put("settings", {"attribution_days": 2})
    with later(days=3):
        order(shop)
        assert outcome(shop)["assisted"] == 0
    shop.put("settings", {"attribution_days": 4})
    with later(days=3):
        order(shop, status="paid")
        assert outcome(shop)["assisted"] == 1


def test_told_twice_the_last_restock_counts(shop: Shop) -> None:
    told(shop)
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    with later(minutes=5):
        order(shop)
    newest, oldest = shop.get("restocks")["restocks"]
    assert (newest["outcome"]["assisted"], oldest["outcome"]["assisted"]) == (1, 0)


def test_the_pages_tell_won_and_assisted_apart(shop: Shop) -> None:
    first, _ = told(shop, "+12015550123", BOB)
    tap(shop, first)
    with later(minutes=5):
        order(shop)
        order(shop, "1002", phone=BOB)
        add_up(shop)
        desk = Desk.of(shop)
        restock_id = shop.get("restocks")["restocks"][0]["id"]
        pages = [desk.page(path) for path in ("/", f"/restocks/{restock_id}", "/orders")]
        dashboard, restock, orders = (re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)) for page in pages)
        assert "2 (1 won, 1 assisted), 40.00 USD" in dashboard
        assert "People who opened the link 1" in restock
        assert "Orders won 1, 20.00 USD" in restock
        assert "Orders assisted 1, 20.00 USD" in restock
        assert "Revenue of a message 20.00 USD" in restock
        assert "Won: after a click on our link" in orders
        assert "Assisted: was told, without a click" in orders
        number = re.findall(r"/admin/products/(\d+)", desk.page("/products"))[0]
        assert "Orders won" in desk.page(f"/products/{number}")
        number = re.findall(r"/admin/orders/(\d+)", pages[2])[-1]
        assert "Won: after a click on our link" in desk.page(f"/orders/{number}")
        assert "Link opened" in desk.page(f"/messages/{message_ids(shop)[0]}")
    assert "clicked" in [event["what"] for event in shop.trace(shop.requests()[0]["id"])["events"]]

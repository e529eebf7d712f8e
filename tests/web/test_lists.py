"""Lists: sorted by their columns, filtered by days, kept in the address page by page; and the views people save."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.stores.models import AuditEntry
from tests.admin import Desk
from tests.shop import Shop
from tests.times import at, local


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """A browser of somebody with the role staff: what they see of lists has no ticks."""
    return Desk.of(shop, "staff")


def numbers(page: str) -> list[str]:
    """The orders on a page, in their order."""
    return re.findall(r'href="/admin/orders/\d+">([^<]+)<', page)


def all_pages(desk: Desk, path: str, way: str = "next") -> list[list[str]]:
    """The orders of each page from here on, by the pages' own links."""
    found = []
    while True:
        page = desk.page(path)
        found.append(numbers(page))
        link = re.search(rf'href="/admin([^"]+)" rel="{way}"', page)
        if link is None:
            return found
        path = html.unescape(link.group(1))


def order(number: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "status": "new", "notify": False, **fields}


def tell(shop: Shop, orders: list[dict[str, Any]]) -> None:
    for first in range(0, len(orders), 100):
        shop.post("orders", {"orders": orders[first : first + 100]})


@pytest.mark.parametrize("sort", ["placed", "-placed", "total", "-total"])
def test_every_order_is_met_once_in_the_order_of_its_column(shop: Shop, desk: Desk, sort: str) -> None:
    """Many are of one moment and one total, and some have no total: those stand last."""
    now = utcnow().replace(microsecond=0)
    told = [
        order(
            f"n{n:03}",
            placed_at=(now - timedelta(days=n * 7 % 4)).isoformat(),
            **({"total": f"{n * 31 % 5}.00", "currency": "USD"} if n % 4 else {}),
        )
        for n in range(130)
    ]
    tell(shop, told)
    pages = all_pages(desk, f"/orders?sort={sort}")
    met = [number for page in pages for number in page]
    assert sorted(met) == [item["id"] for item in told]
    assert [len(page) for page in pages] == [50, 50, 30]
    of = {item["id"]: item for item in told}
    if sort.endswith("placed"):
        values = [of[number]["placed_at"] for number in met]
    else:
        values = [float(of[number]["total"]) for number in met if "total" in of[number]]
        assert all("total" not in of[number] for number in met[len(values) :])
    assert values == sorted(values, reverse=sort.startswith("-"))
    last = re.search(r'href="/admin([^"]+)" rel="next"', desk.page(f"/orders?sort={sort}"))
    assert last is not None
    second = desk.page(html.unescape(last.group(1)))
    third = re.search(r'href="/admin([^"]+)" rel="next"', second)
    assert third is not None
    back = all_pages(desk, html.unescape(third.group(1)), "prev")
    assert back == pages[::-1]


def test_a_column_title_leads_to_its_order_and_says_how_the_list_stands(shop: Shop, desk: Desk) -> None:
    tell(shop, [order("1", total="5.00", currency="USD"), order("2", total="9.00", currency="USD")])
    page = desk.page("/orders?status=new")
    assert 'aria-sort="descending"><a class="nx-sort" href="/admin/orders?status=new&sort=placed">Placed' in page
    assert 'href="/admin/orders?status=new&sort=-total">Total' in page
    page = desk.page("/orders?status=new&sort=-total")
    assert numbers(page) == ["2", "1"]
    assert 'aria-sort="descending"><a class="nx-sort" href="/admin/orders?status=new&sort=total">Total' in page
    assert numbers(desk.page("/orders?sort=total")) == ["1", "2"]


@pytest.mark.parametrize(
    "place",
    [
        "after=x",
        "after=1~",
        "after=1~x",
        "after=1~NaN",
        "before=-1~2",
        f"after={10**30}~1",
        "after=1~9e99",
        "after=1~0001-01-01T00:00:00%2B23:59",
        "before=1~9999-12-31T23:59:59-23:59",
    ],
)
def test_a_place_that_is_none_is_the_beginning(shop: Shop, desk: Desk, place: str) -> None:
    tell(shop, [order("1", total="5.00", currency="USD")])
    for sort in ("placed", "total", "no-such-column"):
        desk.page(f"/orders?sort={sort}&{place}")
    desk.page(f"/customers?sort=name&{place}")
    desk.page(f"/products?{place}")
    desk.page(f"/waitlist?{place}")


def test_customers_are_sorted_by_name_whatever_the_case(shop: Shop, desk: Desk) -> None:
    names = ["ben", "Ann", "Zoë", "ann", "Émile"]
    shop.put("customers", {"customers": [{"id": f"c{n}", "first_name": name} for n, name in enumerate(names)]})
    page = desk.page("/customers?sort=name")
    met = re.findall(r'href="/admin/customers/\d+">([^<]+)<', page)
    assert [name.lower() for name in met[:3]] == ["ann", "ann", "ben"]
    assert len(met) == 5


@pytest.mark.parametrize("day", ["2030-06-12", "2030-03-12", "2030-11-06"])  # two of them soon after a clock change
@pytest.mark.parametrize("clock", ["00:30", "12:00", "23:30"])
def test_orders_of_some_days_are_those_placed_since_midnight_of_the_store(shop: Shop, day: str, clock: str) -> None:
    back = {"today": 0, "six": 6, "seven": 7, "forty": 40}
    placed = {name: date.fromisoformat(day) - timedelta(days=days) for name, days in back.items()}
    with at(f"{day} {clock}"):
        tell(shop, [order(name, placed_at=local(f"{on} {clock}").isoformat()) for name, on in placed.items()])
        desk = Desk.of(shop, "staff")
        assert numbers(desk.page("/orders?placed=today")) == ["today"]
        assert numbers(desk.page("/orders?placed=7d")) == ["today", "six"]
        assert numbers(desk.page("/orders?placed=30d&status=new")) == ["today", "six", "seven"]
        assert numbers(desk.page("/orders?placed=30d&sort=-total")) == ["today", "six", "seven"]
        assert numbers(desk.page("/orders?placed=30d&status=paid")) == []


def test_an_order_is_found_by_a_customer_who_was_told_of_later(shop: Shop, desk: Desk) -> None:
    tell(shop, [order("1", customer_id="c1"), order("2", customer_id="c2")])
    shop.put("customers", {"customers": [{"id": "c1", "email": "ann@mail.example"}]})
    assert numbers(desk.page("/orders?q=ann@mail.example")) == ["1"]


def test_tickets_are_found_by_number_and_address_and_filtered_by_who_opened_them(shop: Shop, desk: Desk) -> None:
    theirs = [{"id": "m1", "from": "customer", "text": "Hello?"}]
    ours = [{"id": "m1", "from": "merchant", "text": "Hello!"}]
    tickets = [
        {"id": "t1", "subject": "Parcel", "phone": "+12015550123", "messages": theirs},
        {"id": "t2", "subject": "Survey", "messages": ours},
    ]
    shop.post("tickets", {"tickets": tickets})
    for query, found in (("q=t1", "Parcel"), ("q=0123", "Parcel"), ("opened=merchant", "Survey")):
        page = desk.page(f"/tickets?{query}")
        assert [subject for subject in ("Parcel", "Survey") if f">{subject}<" in page] == [found], query
    assert "No tickets match" in desk.page("/tickets?q=t3")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_counts_its_rows_up_to_a_thousand(shop: Shop, desk: Desk) -> None:
    tell(shop, [order(f"n{n}") for n in range(60)])
    assert "60 orders" in desk.page("/orders")
    tell(shop, [order(f"m{n}", status="paid") for n in range(1001)])
    assert "1,000+ orders" in desk.page("/orders")
    assert "60 orders" in desk.page("/orders?status=new")


# --- saved views -------------------------------------------------------------------------------------------------------


def views(desk: Desk, path: str = "/orders") -> dict[str, str]:
    """Name → address of the tabs above a list."""
    page = desk.page(path)
    if '<nav class="nx-tabs" aria-label="Views">' not in page:
        return {}
    nav = page.split('<nav class="nx-tabs" aria-label="Views">')[1].split("</nav>")[0]
    return {name: url for url, name in re.findall(r'<a href="/admin([^"]+)"[^>]*><bdi>([^<]+)</bdi>', nav)}


def test_a_filter_is_saved_under_a_name_and_opened_again(shop: Shop, desk: Desk) -> None:
    tell(shop, [order("1"), order("2", status="paid")])
    assert views(desk) == {}
    link = desk.word_in("/orders?status=new&placed=7d&after=5", r'href="/admin([^"]+)">Save view')
    page = desk.post(link, name="  Unpaid  this week ")
    assert numbers(page) == ["1"]
    assert "Saved: Unpaid this week." in page
    found = views(desk)
    assert list(found) == ["All", "Unpaid this week"]
    assert numbers(desk.page(found["Unpaid this week"])) == ["1"]
    assert 'aria-current="page"><bdi>Unpaid this week' in desk.page("/orders?placed=7d&status=new")
    assert 'aria-current="page"><bdi>All' in desk.page("/orders")
    assert views(desk, "/customers") == {}


def test_ones_own_views_are_seen_by_nobody_else_and_shared_ones_by_everybody(
    shop: Shop, other_shop: Shop, desk: Desk
) -> None:
    ben, viewer, theirs = Desk.of(shop, "admin"), Desk.of(shop, "viewer"), Desk.of(other_shop)
    desk.post("/views/new/orders?status=new", name="Mine")
    desk.post("/views/new/orders?status=paid", name="To pack", shared="y")
    assert list(views(desk)) == ["All", "Mine", "To pack"]
    assert list(views(ben)) == list(views(viewer)) == ["All", "To pack"]
    assert views(theirs) == {}
    mine = desk.id_in("/orders?status=new", r"/admin/views/(\d+)")
    for path in (f"/views/{mine}", f"/views/{mine}/delete"):
        ben.post(path, 404, name="Ben's")
        theirs.post(path, 404, name="Theirs")
    viewer.post("/views/new/orders?status=new", 403, name="Viewer's")
    assert "Save view" not in viewer.page("/orders?status=new")


def test_views_are_renamed_shared_and_deleted_and_that_is_written_down(app: Flask, shop: Shop, desk: Desk) -> None:
    desk.post("/views/new/orders?status=new", name="Unpaid")
    number = desk.id_in("/orders?status=new", r"/admin/views/(\d+)")
    desk.post(f"/views/{number}", name="To be paid", shared="y")
    assert list(views(Desk.of(shop, "viewer"))) == ["All", "To be paid"]
    desk.post(f"/views/{number}/delete")
    assert views(desk) == {}
    with app.app_context():
        trail = db.session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action.startswith("view.")).order_by(AuditEntry.id)
        ).all()
        db.session.remove()
    assert [entry.action for entry in trail] == ["view.saved", "view.changed", "view.deleted"]
    assert trail[1].detail["changed"] == {"name": ["Unpaid", "To be paid"], "shared": [False, True]}


def test_a_name_that_is_none_or_taken_is_refused_beside_its_field(shop: Shop, desk: Desk) -> None:
    desk.post("/views/new/orders?status=new", name="Unpaid")
    for name, words in (("", "Give it a name."), ("x" * 61, "60 characters"), (" Unpaid ", "of this name already")):
        page = desk.post("/views/new/orders?status=paid", 422, name=name)
        assert words in page
        assert f'value="{name}"' in page
    desk.post("/views/new/customers?opt_in=yes", name="Unpaid")  # of another list
    assert list(views(desk)) == ["All", "Unpaid"]


def test_no_view_keeps_what_may_be_an_address(shop: Shop, desk: Desk) -> None:
    tell(shop, [order("1")])
    assert "Save view" not in desk.page("/orders?q=ann@mail.example")
    desk.post("/views/new/orders?q=ann@mail.example&status=new", name="New")
    assert views(desk)["New"] == "/orders?status=new"


def test_who_leaves_takes_their_own_views_along_and_leaves_the_shared(shop: Shop, desk: Desk) -> None:
    desk.post("/views/new/orders?status=new", name="Mine")
    desk.post("/views/new/orders?status=paid", name="To pack", shared="y")
    owner = Desk.of(shop)
    person = owner.id_in("/staff", rf'/staff/(\d+)" aria-label="Manage staff-{shop.store_id}@')
    owner.post(f"/staff/{person}/remove")
    shop.staff("back@acme.example", "viewer")
    assert list(views(owner)) == ["All", "To pack"]


# --- addresses in lists ------------------------------------------------------------------------------------------------


def test_no_list_shows_a_whole_address_to_anybody(shop: Shop) -> None:
    phone, email = "+12015550123", "ann.long@mail.example"
    shop.product("TEE-M")
    shop.ask("TEE-M", phone)
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": phone, "email": email}]})
    tell(shop, [order("1", customer_id="c1"), order("2", email=email, phone=phone)])
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Parcel", "phone": phone, "email": email}]})
    shop.stock("TEE-M", 5)
    shop.work()
    for role in ("owner", "viewer"):
        desk = Desk.of(shop, role)
        for path in ("/customers", "/orders", "/tickets", "/messages", "/waitlist", "/requests", "/opt-outs", "/sends"):
            page = desk.page(path)
            assert phone not in page, path
            assert email not in page, path

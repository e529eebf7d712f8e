"""The start page: what it counts is what happened, and what it asks for is what is missing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from nexnotify.cli.demo import make_demo
from nexnotify.db import db, transaction
from nexnotify.gateways.models import GatewayInstance
from nexnotify.reports.dashboard import figures
from nexnotify.reports.dashboard.days import period_until
from nexnotify.reports.dashboard.restocks import latest_restocks
from nexnotify.reports.dashboard.wanted import most_wanted
from nexnotify.stores.models import StaffUser
from nexnotify.workers.adding_up import run_outcomes
from tests.adding_up import add_up
from tests.admin import Desk
from tests.shop import Shop

#: How SQLite says that it reads a whole table.
TABLES = tuple(
    f"SCAN {table}"
    for table in ("alert_request", "message", "consent_entry", "restock_event", "decision", "alert", "contact")
)
PHONES = [f"+120155501{number:02d}" for number in range(20, 40)]


def words(page: str) -> str:
    """The words of a page, without markup and data."""
    page = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def plot(desk: Desk, name: str, days: int = 7) -> dict[str, list[int]]:
    """The numbers that a canvas is drawn from: series → values."""
    found = re.search(rf'id="data-{name}">(.*?)</script>', desk.raw(f"?days={days}"), re.DOTALL)
    assert found is not None
    return {series["name"]: series["values"] for series in json.loads(found.group(1))["series"]}


def lived(shop: Shop) -> None:
    """Three asked, two of them were told, one of these by a text that did not arrive; one said STOP."""
    shop.product("TEE-M")
    shop.product("MUG")
    shop.ask("TEE-M", PHONES[0])
    shop.ask("TEE-M", "+12015550190")  # accepted, then undelivered
    shop.ask_by_email("MUG")
    shop.stock("TEE-M", 5)
    shop.work()
    add_up(shop)


# --- figures -------------------------------------------------------------------------------------------------------


def test_the_four_numbers_and_the_funnel_count_what_happened(shop: Shop) -> None:
    lived(shop)
    page = words(Desk.of(shop).page(""))
    assert "People waiting 1 +1 1 request for 1 product" in page
    assert "New requests 3 none in the 30 days before" in page
    # Two confirmations by text, one by email, two alerts; of these five the two to …0190 did not arrive.
    assert "Messages sent 5 3 delivered, 60 %" in page
    assert "Opt-outs 0" in page
    assert "Told 2" in page
    assert re.search(r"Delivered 1 1 of 2 50 %", page)
    assert "Link opened 0" in page
    assert "Ordered 0" in page
    assert "1 of 2 delivered" in page


def test_plots_put_everything_on_its_day_in_the_store_s_zone(shop: Shop) -> None:
    # 02:30 UTC is the evening before in New York, and the 1st of November has 25 hours there.
    asked = [datetime(2026, 11, 2, 2, 30, tzinfo=UTC), datetime(2026, 11, 2, 5, 30, tzinfo=UTC)]
    with time_machine.travel(asked[0] - timedelta(hours=30), tick=False):
        shop.product("TEE-M")
    for phone, moment in zip(PHONES, asked, strict=False):
        with time_machine.travel(moment, tick=False):
            shop.ask("TEE-M", phone)
            shop.send()
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        shop.stock("TEE-M", 5)
        shop.work()
        add_up(shop)
        desk = Desk.of(shop)
        # 28 October to 3 November
        assert plot(desk, "requests") == {"Text message": [0, 0, 0, 0, 1, 1, 0], "Email": [0] * 7}
        assert plot(desk, "messages") == {"Delivered": [0, 0, 0, 0, 1, 1, 2]}
        assert plot(desk, "other") == {"Opt-outs": [0] * 7, "Restocks": [0, 0, 0, 0, 0, 0, 1]}


def test_numbers_are_compared_with_the_days_before(shop: Shop) -> None:
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    with time_machine.travel(now - timedelta(days=9), tick=False):
        shop.product("TEE-M")
        shop.product("MUG")
        for phone in PHONES[:2]:
            shop.ask("TEE-M", phone)
    with time_machine.travel(now - timedelta(days=8), tick=False):
        shop.stock("TEE-M", 5)  # both are told and wait no more
        shop.work()
        shop.ask("MUG", PHONES[2])
    with time_machine.travel(now, tick=False):
        for phone in PHONES[3:6]:
            shop.ask("MUG", phone)
        add_up(shop)
        desk = Desk.of(shop)
        week = words(desk.page("?days=7"))
        assert "New requests 3 vs. the 7 days before" in week  # as many as before
        assert "People waiting 4 +3 4 requests for 1 product" in week
        assert "New requests 6 none in the 30 days before" in words(desk.page(""))


def test_who_waited_when_the_period_began_is_known_whatever_came_of_them(app: Flask, shop: Shop) -> None:
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    with time_machine.travel(now - timedelta(days=20), tick=False):
        shop.product("TEE-M")
        shop.product("MUG")
        for phone in PHONES[:4]:
            shop.ask("TEE-M", phone)
        shop.ask("MUG", PHONES[0])  # one person, two requests
    with time_machine.travel(now - timedelta(days=2), tick=False):
        shop.stock("TEE-M", 5)
        shop.work()
        shop.ask("MUG", PHONES[5])
    with app.app_context():
        found = figures.waiting(shop.store_id, period_until(now, "America/New_York", 7), told=4)
        of_many = figures.waiting(shop.store_id, period_until(now, "America/New_York", 7), told=figures.MOST_TOLD + 1)
    assert (found.people.now, found.people.before, found.requests, found.variants) == (2, 4, 2, 1)
    assert (of_many.people.now, of_many.people.before) == (2, None)


def test_somebody_who_says_stop_twice_is_one_opt_out(shop: Shop) -> None:
    lived(shop)
    link = stop_link(shop, PHONES[0])
    for _ in range(2):
        shop.client.post(link, data={"channel": "sms"}, follow_redirects=True)
    add_up(shop)
    desk = Desk.of(shop)
    assert "Opt-outs 1" in words(desk.page(""))
    page = words(desk.page("/opt-outs"))
    assert page.count("Opted out") == 1
    assert "The link in a message" in page


def stop_link(shop: Shop, phone: str) -> str:
    """The address of a shopper's preference page."""
    from nexnotify.customers.service import find_contact
    from nexnotify.ledger.values import stop_url
    from nexnotify.stores.models import Store

    with shop.app.app_context():
        contact = find_contact(db.session.get_one(Store, shop.store_id), "sms", phone)
        assert contact is not None
        address = stop_url(shop.store_id, contact.id)
        db.session.remove()
    return address[address.index("/s/") :]


def test_most_wanted_counts_people_by_channel(shop: Shop) -> None:
    for sku, phones in (("TEE-M", 1), ("MUG", 3)):
        shop.product(sku)
        for phone in PHONES[:phones]:
            shop.ask(sku, phone)
    shop.ask_by_email("MUG")
    page = Desk.of(shop).page("")
    rows = re.findall(r"<tr>\s*<td class=\"nx-lead\">.*?</tr>", page, re.DOTALL)
    assert [re.findall(r"MUG|TEE-M|\b\d+\b", words(row))[:4] for row in rows] == [
        ["MUG", "3", "1", "4"],
        ["TEE-M", "1", "0", "1"],
    ]
    assert "4 people waiting: 3 by text message, 1 by email" in words(rows[0])


def test_every_number_leads_to_a_list(shop: Shop) -> None:
    lived(shop)
    desk = Desk.of(shop)
    links = re.findall(r'<a class="nx-card nx-stat" href="/admin([^"]*)"', desk.raw("?days=90"))
    assert len(links) == 4
    for link in links:
        desk.page(link)
    asked = words(desk.page("/requests?days=90"))
    assert asked.count("Ann") == 2
    assert "Email" in asked


def test_a_period_that_nobody_offers_is_thirty_days(shop: Shop) -> None:
    desk = Desk.of(shop)
    for days in ("0", "-7", "31", "x", "9" * 30, ""):
        assert 'aria-current="page">30 days<' in desk.page(f"?days={days}"), days


def test_another_store_s_numbers_are_not_ours(shop: Shop, other_shop: Shop) -> None:
    lived(other_shop)
    desk = Desk.of(shop)
    page = words(desk.page("?days=90"))
    assert "People waiting 0" in page
    assert "Messages sent 0" in page
    assert "Nobody waits yet" in page
    assert "Nobody asked in this time" in desk.page("/requests")
    assert "Nobody opted out in this time" in desk.page("/opt-outs")


# --- for everybody to read -----------------------------------------------------------------------------------------


def test_each_plot_is_told_in_words_and_in_a_table(shop: Shop) -> None:
    lived(shop)
    page = Desk.of(shop).page("?days=7")
    assert page.count('<canvas role="img" aria-label="') == 3
    assert page.count("View as table") == 3
    assert re.search(r'aria-label="New requests, [^"]*: 2 text message, 1 email\. Most on [^"]*: 3\.', page)
    assert re.search(r'aria-label="Opt-outs and restocks, [^"]*: 0 opt-outs, 1 restocks', page)


def test_the_plotting_library_is_loaded_here_alone(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert "vendor/chart" in desk.raw("")
    for path in ("/waitlist", "/messages", "/templates", "/requests"):
        assert "vendor/chart" not in desk.raw(path)


# --- trouble -------------------------------------------------------------------------------------------------------


def change_sender(shop: Shop, **values: Any) -> None:
    with shop.app.app_context(), transaction():
        mine = (GatewayInstance.store_id == shop.store_id, GatewayInstance.channel == "sms")
        db.session.execute(sa.update(GatewayInstance).where(*mine).values(**values))


def test_trouble_comes_first_each_with_its_remedy(shop: Shop) -> None:
    lived(shop)
    change_sender(shop, paused_at=datetime.now(UTC), paused_reason="The account is suspended.")
    page = Desk.of(shop).page("")
    said = words(page)
    assert "Outbox is paused The account is suspended. What waits for it is kept. Look at the gateway" in said
    assert "Nothing sends your text messages and emails yet" in said
    assert "Quiet hours are off" in said
    # The worst first, and all of it before the numbers.
    places = [said.index(part) for part in ("Outbox is paused", "Nothing sends your", "Quiet hours", "People waiting")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "values,title",
    [
        ({"check_ok": False, "check_detail": "Wrong password."}, "Outbox fails its check Wrong password."),
        ({"kind": "gone"}, "Outbox has no plugin"),
    ],
)
def test_a_gateway_that_could_not_send_is_named(shop: Shop, values: dict[str, Any], title: str) -> None:
    change_sender(shop, **values)
    assert title in words(Desk.of(shop).page(""))


def test_messages_whose_fate_nobody_knows_are_counted(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", "+12015550199")
    shop.send()
    desk = Desk.of(shop)
    assert "Nobody knows whether 1 message arrived" in words(desk.page(""))
    assert '"/admin/messages?status=uncertain"' in desk.raw("")


def test_many_failures_are_trouble_and_a_few_are_life(shop: Shop) -> None:
    shop.put("settings", {"confirmations": False})
    shop.product("TEE-M")
    for number in range(4):
        shop.product(f"MUG-{number}")
        shop.ask(f"MUG-{number}", "+12015550190")
        shop.stock(f"MUG-{number}", 1)
    shop.put("settings", {"frequency_cap": None})
    shop.work()
    add_up(shop)
    desk = Desk.of(shop)
    assert "were not delivered" not in desk.page("")
    shop.ask("TEE-M", "+12015550190")
    shop.stock("TEE-M", 1)
    shop.work()
    add_up(shop)
    assert "5 of 5 messages were not delivered" in words(desk.page(""))


def test_a_worker_that_does_not_run_is_noticed(shop: Shop) -> None:
    shop.product("TEE-M")
    now = datetime.now(UTC)
    with time_machine.travel(now - timedelta(minutes=10), tick=False):
        shop.ask("TEE-M")
    assert "1 message should have gone more than five minutes ago" in words(Desk.of(shop).page(""))


def test_stock_for_an_unknown_sku_is_named(shop: Shop) -> None:
    shop.put("stock", {"levels": [{"sku": f"NOPE-{number}", "on_hand": 1} for number in range(4)]})
    page = words(Desk.of(shop).page(""))
    assert "Stock was told for something that is no product of yours" in page
    assert "and 1 more" in page


# --- first steps ---------------------------------------------------------------------------------------------------


def steps(page: str) -> dict[str, bool]:
    """Step → whether it is ticked."""
    items = re.findall(r"<li( class=\"nx-done\")?><svg.*?</svg>\s*<div><b>(.*?)</b>", page, re.DOTALL)
    return {title: bool(done) for done, title in items}


def test_first_steps_tick_by_what_is_there(shop: Shop) -> None:
    desk = Desk.of(shop)
    fresh = steps(desk.page(""))
    assert len(fresh) == 7
    assert not any(fresh.values())
    # A new store has nothing to plot and everything to do.
    said = words(desk.page(""))
    assert said.index("First steps") < said.index("People waiting")
    assert "View as table" not in said
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.put("settings", {"terms_url": "https://acme.example/t", "privacy_url": "https://acme.example/p"})
    desk.post(f"/gateways/{desk.id_of('/gateways', 'gateways')}/test", to="+12015550123")
    unsent = steps(desk.page(""))
    assert not unsent["Send yourself a test"]
    shop.send()
    with shop.app.app_context(), transaction():
        db.session.execute(sa.update(StaffUser).values(tf_primary_method="authenticator"))
    done = steps(desk.page(""))
    assert [title for title, ticked in done.items() if not ticked] == ["Add a gateway, and check it"]
    change_sender(shop, kind="kannel", check_ok=True)
    page = desk.page("")
    assert all(steps(page).values())
    assert re.search(r'<details class="nx-fold">', page)
    assert "7 of 7 done" in words(page)


def test_a_gateway_that_fails_its_check_does_not_count(shop: Shop) -> None:
    change_sender(shop, kind="kannel", check_ok=False)
    assert not steps(Desk.of(shop).page(""))["Add a gateway, and check it"]


def test_first_steps_are_put_away_for_one_person_and_brought_back(shop: Shop) -> None:
    desk, other = Desk.of(shop), Desk.of(shop, "viewer")
    page = desk.post("/first-steps/hide")
    assert not steps(page)
    assert "The first steps are put away (0 of 7 done)" in words(page)
    assert steps(other.page(""))
    assert steps(desk.post("/first-steps/show"))
    assert not steps(other.post("/first-steps/hide"))
    assert "First steps put away" in desk.page("/settings/audit")


# --- what it costs -------------------------------------------------------------------------------------------------


# Only there: PostgreSQL scans small tables, whatever their indexes.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_query_finds_its_rows_by_an_index(app: Flask, shop: Shop) -> None:
    lived(shop)
    scans: list[str] = []

    def explain(connection: sa.Connection, _c: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            plan = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            scans.extend(row[3] for row in plan if row[3].startswith(TABLES))

    with app.app_context():
        period = period_until(datetime.now(UTC), "America/New_York", 30)
        sa.event.listen(db.engine, "before_cursor_execute", explain)
        figures.sums(shop.store_id, period)
        figures.waiting(shop.store_id, period, told=2)
        latest_restocks(shop.store_id, 5)
        most_wanted(shop.store_id, 5)
        sa.event.remove(db.engine, "before_cursor_execute", explain)
        db.session.remove()
    assert scans == []


# --- the demo ------------------------------------------------------------------------------------------------------


def test_the_demo_store_has_a_past(app: Flask) -> None:
    with app.app_context():
        made = make_demo()
        store = db.session.execute(
            sa.text("SELECT id FROM store WHERE key = :key"), {"key": made["store_key"]}
        ).scalar_one()
        period = period_until(datetime.now(UTC), "America/New_York", 30)
        run_outcomes()
        sums = figures.sums(store, period)
        asked, sent = figures.requests(sums), figures.messages(sums)
        waiting = figures.waiting(store, period, sums.total.alerts)
        restocks = latest_restocks(store, 9)
        stopped = figures.opt_outs(sums)
        db.session.remove()
    assert waiting.requests == 59
    assert asked.asked.now > 60
    assert asked.asked.before > 30
    assert sent.delivered > 100
    assert not {"uncertain", "held"} & {name for name, count in sent.daily.totals.items() if count}
    assert len(restocks) == 9
    assert all(item.messages for item in restocks)
    assert stopped.now > 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_demo_store_has_recovered_something_and_says_how_much(app: Flask) -> None:
    with app.app_context():
        made = make_demo()
        run_outcomes()
        db.session.remove()
    key = {"Authorization": f"Bearer {made['api_key']}"}
    told = app.test_client().get("/api/v1/reports/outcomes?days=90", headers=key).get_json()
    total = told["total"]
    assert 20 < total["alerts_clicked"] < total["alerts"]
    assert 0 < total["won"] < total["alerts_clicked"]
    assert 0 < told["signup_rate"] < 1
    assert [sums["currency"] for sums in total["revenue"]] == ["USD"]

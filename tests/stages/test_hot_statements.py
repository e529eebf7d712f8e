"""Planning, claiming and settling cost the same beside a million old messages: every statement reads an index."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import ColumnDefault, event

from nexnotify.campaigns.corrections import correct
from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.campaigns.service import confirm, draft_to_all, hurry, save_draft, stop
from nexnotify.campaigns.summary import summarise
from nexnotify.campaigns.twins import twins
from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.content.models import Template, TemplateVersion
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact, Customer
from nexnotify.db import Encrypted, db, insert_rows, is_postgresql, reserve_ids, transaction
from nexnotify.dispatch.claim import claim
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Accepted, Rejected
from nexnotify.inventory.models import StockChange
from nexnotify.journeys.models import TRIGGERS
from nexnotify.journeys.service import Plan, save, switch_on
from nexnotify.ledger.asking.questions import say_yes
from nexnotify.ledger.links import new_codes
from nexnotify.ledger.models import Alert, Attempt, Message, MessageEvent, ShortLink
from nexnotify.orders.models import Order, OrderLine
from nexnotify.outcomes.models import Click, OrderMatch
from nexnotify.reports.metrics import products_of, span_until
from nexnotify.restock.models import RestockEvent
from nexnotify.restock.steering import recall
from nexnotify.stores.models import Store
from nexnotify.waitlist.conditions import Where
from nexnotify.waitlist.life import ending_soon, expire_unanswered, lapse_unconfirmed
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.workers.adding_up import run_outcomes
from nexnotify.workers.comparing import run_comparisons
from nexnotify.workers.following import run_journeys
from nexnotify.workers.recovering import run_recovery
from nexnotify.workers.steps import run_campaigns, run_lives, run_restock
from tests.credits import with_credits
from tests.rules.test_scanners import IPHONE
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers
from tests.stages.test_prediction import knows
from tests.times import at, later
from tests.web.test_tracking import tell

#: Tables that grow with every message.
GROWING = (
    *("message", "alert", "attempt", "alert_request", "message_event", "decision", "contact"),
    *("short_link", "click", "order_match"),
)
#: Columns that hardly narrow anything down: one store, and nearly all that it ever sent.
WIDE = {"store_id", "status", "kind", "channel", "variant_id", "is_person"}
PHONE = {"User-Agent": IPHONE, "Accept-Language": "en"}
#: Partial indexes of messages that have not gone, of requests that were asked about, and of open ones for several variants: none of them holds the past.
LIVE = re.compile(
    r"\bix_(message_(due|held|no_credit|claimed|uncertain)|alert_request_(renewal|confirm_by|stopped|wide))\b"
)


@dataclass
class Seen:
    """What was asked of the database, each statement once, with values it was asked with."""

    statements: dict[str, Any] = field(default_factory=dict)

    def take(self, _c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH"):
            self.statements.setdefault(statement, values[0] if many and isinstance(values, list) else values)


@contextmanager
def watched() -> Iterator[Seen]:
    seen = Seen()
    event.listen(db.engine, "before_cursor_execute", seen.take)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", seen.take)


@contextmanager
def seen_also(seen: Seen) -> Iterator[None]:
    """Look on."""
    with watched() as more:
        yield
    seen.statements |= more.statements


def test_no_statement_of_a_restock_reads_what_went_out_before(shop: Shop) -> None:
    """From the restock to the accepted text, with the frequency cap on."""
    lane_id = lane_of(shop)
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in numbers(5)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
    shop.stock("TEE-M", 5)
    with inside(shop.app):
        with watched() as seen:
            run_restock()
            with transaction():
                claimed = claim(lane_id, "here:1:1", 5, utcnow())
            with transaction():
                settle([(outgoing, Accepted(f"SM{outgoing.message_id}")) for outgoing in claimed.outgoing], utcnow())
        assert len(claimed.outgoing) == 5
        for table in ("message", "alert", "attempt", "alert_request"):
            assert any(re.search(rf"\b{table}\b", statement) for statement in seen.statements), table
        check_reads(seen)


def test_no_statement_of_a_wave_or_a_recall_reads_what_went_out_before(shop: Shop) -> None:
    """From the first wave over the second to the recall, with priority, places kept and a newer restock."""
    lane_id = lane_of(shop)
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 1}, "keep_place_minutes": 5})
    shop.put("settings", {"alert_order": "priority", "priority_field": "Friend"})
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in numbers(9)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
    with watched_in(shop) as seen:
        shop.stock("TEE-M", 2)
        run_restock()
        with transaction():
            assert len(claim(lane_id, "here:1:1", 1, utcnow()).outgoing) == 1
        with later(minutes=2):
            run_restock()
            shop.stock("TEE-M", 0)
            shop.stock("TEE-M", 5)
            run_restock()
        with transaction():
            newest = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id.desc())).first()
            assert newest is not None
            assert recall(newest, utcnow())
        run_restock()
    with inside(shop.app):
        assert db.session.scalar(sa.select(sa.func.count()).where(Message.status == "cancelled")) == 3
        # How many wait is counted, all of them: by the index of those who do.
        check_reads(seen, keep=lambda fault: "count(*)" not in fault or "ix_alert_request_waiting" not in fault)


@pytest.mark.parametrize("wish", [{"intent": "preordered"}, {"region": "north"}])
def test_no_statement_of_a_restock_for_some_alone_reads_what_went_out_before(shop: Shop, wish: dict[str, str]) -> None:
    """That it can be preordered, for who wanted to hear that; and stock of a region, for who waits there."""
    lane_id = lane_of(shop)
    shop.put("settings", {"switches": {"can_preorder": {"sms": True}}})
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 1}} if "region" in wish else {})
    shop.product("TEE-M")
    shop.put("regions", {"regions": [{"key": "north", "name": "North", "locations": ["berlin"]}]})
    row = {"sku": "TEE-M", "channels": ["sms"], "consent": True, "confirm": False, **wish}
    assert shop.post("requests", {"requests": [row | {"phone": to} for to in numbers(5)]})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
        fill_waitlist(shop)
    with watched_in(shop) as seen:
        if "region" in wish:
            shop.stock("TEE-M", 5, location="berlin")
        else:
            shop.product("TEE-M", unavailable_as="preordered")
        run_restock()
        with transaction():
            claimed = claim(lane_id, "here:1:1", 99, utcnow()).outgoing
            settle([(outgoing, Accepted(f"SM{outgoing.message_id}")) for outgoing in claimed], utcnow())
    assert len(claimed) >= 5
    with inside(shop.app):
        # As in a wave.
        check_reads(seen, keep=lambda fault: "count(*)" not in fault or "ix_alert_request_waiting" not in fault)


def test_no_statement_of_a_sign_up_reads_what_went_out_before(shop: Shop) -> None:
    """A shopper asks, and the confirmation is written."""
    lane_id = lane_of(shop)
    shop.product("TEE-M")
    with inside(shop.app):
        fill_past(shop, lane_id)
        with watched() as seen:
            shop.ask("TEE-M")
        assert any(re.search(r"\balert_request\b", statement) for statement in seen.statements)
        check_reads(seen)


def test_no_statement_of_a_send_or_a_sweep_reads_what_went_out_before(shop: Shop) -> None:
    """From the count beforehand to the end, with the frequency cap on and credits; and what is looked at every minute."""
    lane_id = lane_of(shop)
    shop.product("TEE-M")
    with_credits(shop, 1000)
    rows = [{"id": to, "phone": to, "fields": {"I would like to receive SMS messages": True}} for to in numbers(5)]
    assert shop.put("customers", {"customers": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
        with watched() as seen:
            with transaction():
                store = db.session.get_one(Store, shop.store_id)
                draft = draft_to_all(store, "customers", {}, None, utcnow())
                save_draft(draft, "Hello! Reply STOP to end.", None, utcnow() + timedelta(minutes=1), utcnow())
                assert summarise(store, draft, utcnow()).going == 5
                assert twins(store, draft, utcnow()) == []
                confirm(draft, None, utcnow())
                hurry(draft, utcnow())
            run_campaigns()
            with transaction():
                assert len(claim(lane_id, "here:1:1", 2, utcnow()).outgoing) == 2
            with transaction():
                assert stop(draft, None, utcnow())
            run_campaigns()
            run_recovery()
        # What is held is none of the past; and whose texts are counted beforehand are all read.
        check_reads(seen, keep=lambda fault: "message.status = 'held'" not in fault and "pk_contact" not in fault)


@contextmanager
def watched_in(shop: Shop) -> Iterator[Seen]:
    with inside(shop.app), watched() as seen:
        yield seen


def test_no_statement_of_a_fail_over_reads_what_went_out_before(shop: Shop) -> None:
    """From the restock over the failed texts and the look of a sweep to the emails, with waves."""
    lane_id, emails = lane_of(shop), lane_of(shop, "email")
    shop.put("settings", {"channels": "in_order", "confirmations": False, "failover_minutes": 5})
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 60}})
    shop.product("TEE-M")
    for to in numbers(5):
        both = {"phone": to, "email": f"{to[1:]}@mail.example", "channels": ["sms", "email"], "consent": True}
        shop.widget({"sku": "TEE-M", **both})
    with inside(shop.app):
        fill_past(shop, lane_id)
    shop.stock("TEE-M", 3)
    with watched_in(shop) as seen:
        run_restock()
        with transaction():
            texts = claim(lane_id, "here:1:1", 5, utcnow()).outgoing
        with transaction():
            settle([(outgoing, Rejected("content")) for outgoing in texts], utcnow())
        with later(minutes=2):
            run_lives()
            with transaction():
                assert len(claim(emails, "here:1:1", 5, utcnow()).outgoing) == 3
        assert any("behind_restock_id" in statement for statement in seen.statements)
    with inside(shop.app):
        # How many wait is counted, all of them: by the index of those who do.
        check_reads(seen, keep=lambda fault: "count(*)" not in fault or "ix_alert_request_waiting" not in fault)


def test_no_statement_of_a_correction_reads_what_went_out_before(shop: Shop) -> None:
    """From the look at it over its plan to the claim."""
    lane_id = lane_of(shop)
    shop.put("settings", {"send_undo_seconds": 0})
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in numbers(5)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
    shop.stock("TEE-M", 5)
    with inside(shop.app):
        run_restock()
        with transaction():
            texts = claim(lane_id, "here:1:1", 5, utcnow()).outgoing
        with transaction():
            settle([(outgoing, Accepted(f"SM{outgoing.message_id}")) for outgoing in texts], utcnow())
        newest = sa.select(RestockEvent).order_by(RestockEvent.id.desc()).limit(1)
        with transaction():
            assert recall(db.session.scalars(newest).one(), utcnow())
        run_restock()
        fill_waitlist(shop)
        with watched() as seen:
            with transaction():
                words = {"sms": {"subject": None, "body": "Sorry, [[product]] is not back."}}
                send, _ = correct(db.session.scalars(newest).one(), words, None, utcnow())
                assert summarise(db.session.get_one(Store, shop.store_id), send, utcnow()).going == 5
            run_campaigns()
            with transaction():
                assert len(claim(lane_id, "here:1:1", 5, utcnow()).outgoing) == 5
        check_reads(seen)


@at("2030-01-15 12:00")
def test_no_rule_about_who_hears_of_a_restock_reads_every_order_ever_made(shop: Shop) -> None:
    """With quiet hours, the law's hours, substitutes and orders of the product: planned and decided again."""
    lane_id = lane_of(shop)
    for sku in ("TEE-M", "MUG"):
        shop.product(sku)
    shop.put("products", {"products": [{"id": "tee-m", "title": "Tee", "substitutes": ["mug"]}]})
    shop.put("settings", {"quiet_hours": {"from": "21:00", "to": "09:00"}})
    people = numbers(5)
    rows = [{"id": to, "phone": to, "country": "US", "region": "NJ"} for to in people]
    assert shop.put("customers", {"customers": rows})["errors"] == []
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in people]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
        fill_orders(shop)
    line = {"lines": [{"sku": "MUG", "quantity": 1}], "notify": False}
    bought = {"id": "new", "phone": people[0], "status": "paid", "placed_at": utcnow().isoformat(), **line}
    assert shop.post("orders", {"orders": [bought]})["errors"] == []
    shop.stock("TEE-M", 5)
    tables = (*GROWING, "customer_order", "order_line", "customer")
    with inside(shop.app):
        with watched() as seen:
            run_restock()
            with transaction():
                assert len(claim(lane_id, "here:1:1", 5, utcnow()).outgoing) == 4
        reasons = Counter(db.session.scalars(sa.select(Decision.reason).where(Decision.rules_version > 1)))
        assert reasons["bought"] == 1
        # Whether it was ever ordered is known from the first line that is found.
        seen.statements = {words: how for words, how in seen.statements.items() if "EXISTS" not in words[:20]}
        assert sum("customer_order" in words for words in seen.statements) == 1
        check_reads(seen, tables)


def fill_orders(shop: Shop, count: int = 3000) -> None:
    """Orders of long ago, of the same products, by people who do not wait."""
    at = utcnow() - timedelta(days=60)
    variants = db.session.scalars(sa.select(Variant.id)).all()
    contacts = db.session.scalars(sa.select(Contact.id).where(Contact.last4_hash == "0" * 64)).all()
    when = {"store_id": shop.store_id, "created_at": at, "updated_at": at}
    order = when | {"status": "sent", "placed_at": at, "currency": "USD"}
    customer = when | {"name_key": "", "last_name_key": ""}
    theirs = [
        {"sms_contact_id": one, "email_contact_id": other}
        for one, other in zip(contacts[::2], contacts[1::2], strict=True)
    ]
    with transaction():
        customers = insert(Customer, [customer | each | {"external_id": f"{n}"} for n, each in enumerate(theirs)])
        # So many that a database does better to look one up than to read them all.
        insert(Customer, [customer | {"external_id": f"silent-{n}"} for n in range(2 * count)])
        whose = [
            theirs[n % len(theirs)] | {"external_id": f"old-{n}", "customer_id": customers[n % len(theirs)]}
            for n in range(count)
        ]
        orders = insert(Order, [order | each for each in whose])
        line = {"store_id": shop.store_id, "number": 1, "quantity": 1}
        insert(OrderLine, [line | {"order_id": id, "variant_id": variants[id % 2]} for id in orders])
        db.session.connection().exec_driver_sql("ANALYZE")


def test_no_statement_of_the_life_of_a_request_reads_what_went_out_before(shop: Shop) -> None:
    """Asked to confirm, to renew and again after silence; lapsed, ended, reminded, bought: what a sweep and a yes do."""
    lane_id = lane_of(shop)
    shop.put("settings", {"double_opt_in": True, "reminders": 2, "reconfirm_months": 1})
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in numbers(6)]
    with later(days=-85):
        assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
        fill_waitlist(shop)
        with watched() as seen:
            shop.ask("TEE-M")
            shop.ask("TEE-M")
            run_lives()
            with transaction():
                store = db.session.get_one(Store, shop.store_id)
                contact = db.session.scalars(sa.select(Contact).where(Contact.confirmed_at.is_(None)).limit(1)).one()
                say_yes(store, contact, Proof("keyword"), utcnow())
                lapse_unconfirmed(utcnow())
                assert expire_unanswered(store, utcnow()) == 0
                assert ending_soon(store, utcnow()) > 0
            order = {"id": "1", "status": "new", "phone": numbers(1)[0], "lines": [{"sku": "TEE-M"}]}
            shop.post("orders", {"orders": [order]})
        assert any(re.search(r"\bquestion\b", statement) for statement in seen.statements)
        seen.statements = {
            words: values for words, values in seen.statements.items() if "confirmed_at IS NULL" not in words
        }


def test_no_statement_of_a_click_a_kept_place_or_an_order_reads_what_went_out_before(shop: Shop) -> None:
    """A link is tapped, its place kept, and the shopper buys; and the page of the restock is looked at."""
    lane_id = lane_of(shop)
    shop.put("settings", {"link_domain": "https://go.acme.example", "confirmations": False})
    shop.product("TEE-M")
    with inside(shop.app):
        fill_past(shop, lane_id)
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    shop.stock("TEE-M", 0)
    link = "/l/" + shop.messages()[-1]["body"].split("/l/")[1][:10]
    with inside(shop.app), watched() as seen, later(seconds=10):
        page = shop.client.get(link, headers=PHONE).get_data(as_text=True)
        token = page.split('name="token" value="')[1].split('"')[0]
        assert "Your place is kept" in shop.client.post(f"{link}/place", data={"token": token}).get_data(as_text=True)
        lines = [{"sku": "TEE-M", "price": "20.00"}]
        order = {"id": "1001", "status": "new", "phone": "+12015550123", "lines": lines}
        assert shop.post("orders", {"orders": [order]})["errors"] == []
    assert shop.get("restocks")["restocks"][0]["outcome"]["won"] == 1
    with inside(shop.app):
        for table in ("short_link", "click", "order_match"):
            assert any(re.search(rf"\b{table}\b", statement) for statement in seen.statements), table
        check_reads(seen)


def test_no_statement_of_a_journey_reads_what_went_out_before(shop: Shop) -> None:
    """From the activities, over those whose time has come, to the moment of sending, and the audience of a send."""
    lane_id = lane_of(shop)
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in numbers(5)]
    with inside(shop.app):
        store = db.session.get_one(Store, shop.store_id)
        with transaction():
            db.session.execute(sa.update(Template).where(Template.kind == "back_in_stock").values(active=False))
            for trigger in TRIGGERS:
                plan = Plan("Softly", trigger, Where(), 0, sms_body="[[product]] [[url]]")
                switch_on(save(store, None, plan, utcnow())[0], utcnow())
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
    with inside(shop.app), watched() as seen:
        run_journeys()
    shop.stock("TEE-M", 5)
    with inside(shop.app):
        with seen_also(seen):
            run_restock()
            run_journeys()
            with transaction():
                claimed = claim(lane_id, "here:1:1", 20, utcnow())
        assert len(claimed.outgoing) == 10
        assert any("journey_person" in statement for statement in seen.statements)
        check_reads(seen)


def test_no_statement_that_adds_up_a_day_or_shows_the_metrics_reads_what_went_out_before(shop: Shop) -> None:
    """The past has been added up; then somebody is told, taps and buys."""
    lane_id = lane_of(shop)
    shop.put("settings", {"link_domain": "https://go.acme.example", "confirmations": False})
    shop.product("TEE-M")
    with inside(shop.app):
        fill_past(shop, lane_id)
    for ago in (20, 10):  # what is settled is known at the second look
        with later(minutes=-ago), inside(shop.app):
            run_outcomes()
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    link = "/l/" + shop.messages()[-1]["body"].split("/l/")[1][:10]
    with later(seconds=10):
        assert shop.client.get(link, headers=PHONE).status_code == 302
    with inside(shop.app), watched() as seen:
        run_outcomes()
        shop.get("reports/outcomes?days=7")
        store = db.session.get_one(Store, shop.store_id)
        assert products_of(store, span_until(store, utcnow(), 90))
    with inside(shop.app):
        assert any("INSERT INTO outcome_day" in statement for statement in seen.statements)
        check_reads(seen)


def test_no_statement_that_compares_who_was_told_with_who_was_not_reads_what_went_out_before(shop: Shop) -> None:
    lane_id = lane_of(shop)
    shop.put("settings", {"confirmations": False, "holdout": 50})
    shop.product("TEE-M")
    shop.product("MUG", title="Mug")
    with inside(shop.app):
        fill_past(shop, lane_id)
        fill_orders(shop)
    people = numbers(8, 6000)
    for phone in people:
        shop.ask(phone=phone)
    tell(shop, "orders", order="p1", total="20.00", phone=people[1], visitor="0123456789abcdef", consent=True)
    shop.stock("TEE-M", 50)
    shop.work()
    line = {"sku": "TEE-M", "quantity": 1, "price": "20.00"}
    rows = [{"id": f"n{phone}", "phone": phone, "status": "new", "lines": [line]} for phone in people]
    assert shop.post("orders", {"orders": rows})["errors"] == []
    with later(days=11), inside(shop.app), watched() as seen:
        run_comparisons()
        assert shop.get("reports/lift?days=90")["told"]["buyers"] > 0
    with inside(shop.app):
        assert any("INSERT INTO restock_lift" in statement for statement in seen.statements)
        tables = (*GROWING, "customer_order", "order_line")
        check_reads(seen, tables)


def test_no_statement_of_an_expectation_reads_what_went_out_before(shop: Shop) -> None:
    """Who goes first, who at a later hour until stock runs low, whether few are left: planned and decided again."""
    lane_id = lane_of(shop)
    shop.put("settings", {"likely_first": True, "best_hour": True})
    for sku in ("TEE-M", "MUG"):
        shop.product(sku)
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in numbers(5)]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
        fill_orders(shop)
        with transaction():  # somebody who waits is not new
            waits = sa.select(sa.func.min(AlertRequest.contact_id)).where(AlertRequest.status == "waiting")
            theirs = sa.case((Message.id <= 5, waits.scalar_subquery()), else_=Message.contact_id)
            db.session.execute(sa.update(Message).values(accepted_at=Message.created_at, contact_id=theirs))
            db.session.connection().exec_driver_sql("ANALYZE")
    knows(shop, weeks=1.0)
    body = "[[product]] [[scarcity]] [[url]]"
    with inside(shop.app), transaction():
        kind = sa.select(Template.id).where(Template.kind == "back_in_stock")
        db.session.execute(sa.update(TemplateVersion).where(TemplateVersion.template_id.in_(kind)).values(body=body))
    shop.stock("TEE-M", 1)
    with inside(shop.app), watched() as seen:
        with later(seconds=1):
            run_restock()
        with transaction():
            assert len(claim(lane_id, "here:1:1", 2, utcnow() + timedelta(seconds=2)).outgoing) == 2
            newest = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id.desc()).limit(1)).one()
            newest.delays_until = utcnow() + timedelta(hours=1)
        run_restock()
        run_recovery()
    with inside(shop.app):
        for words in ("short_link", "template_version", "customer_order", "prediction", "delays_until IS NOT NULL"):
            assert any(words in statement for statement in seen.statements), words
        tables = (*GROWING, "customer_order", "customer")
        # How many wait is counted, all of them.
        check_reads(
            seen, tables, keep=lambda fault: not re.search(r"count\(\*\).*(status=\?|'waiting')", fault, re.DOTALL)
        )


NAMES_ITEM = "[[product]] is back: [[url]] Reply STOP to end."


@pytest.mark.parametrize("by, body", [("sms", "Hello! Reply STOP to end."), ("sms", NAMES_ITEM), ("email", NAMES_ITEM)])
def test_no_statement_of_a_send_to_those_who_waited_reads_what_went_out_before(shop: Shop, by: str, body: str) -> None:
    """From the recipients to the end; who they are is asked of all who ever waited, a piece at a time."""
    lane_id, by_lane = lane_of(shop), lane_of(shop, by)
    shop.product("TEE-M")
    address = {"sms": "phone", "email": "email"}[by]
    people = numbers(5) if by == "sms" else [f"p{n}@mail.example" for n in range(5)]
    said_yes = {"I would like to receive SMS messages": True}
    customers = [{"id": to, address: to, "fields": said_yes} for to in people]
    assert shop.put("customers", {"customers": customers})["errors"] == []
    rows = [{"sku": "TEE-M", address: to, "channels": [by], "consent": True, "confirm": False} for to in people]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    with inside(shop.app):
        fill_past(shop, lane_id)
        with transaction():
            then = sa.update(AlertRequest).where(AlertRequest.status == "alerted")
            db.session.execute(then.values(alerted_at=AlertRequest.created_at))
            fill_sends(shop)
    shop.put("settings", {"switches": {"sold_out": {"sms": by != "sms", "email": by != "email", "push": False}}})
    shop.stock("TEE-M", 5)
    with inside(shop.app):
        run_restock()
    with inside(shop.app), watched() as seen:
        with transaction():
            store = db.session.get_one(Store, shop.store_id)
            since = (utcnow() - timedelta(days=7)).isoformat()
            filter_ = {"activity": "back_in_stock", "since": since} | ({"by": by} if by != "sms" else {})
            draft = draft_to_all(store, "waitlist", filter_, None, utcnow())
            subject = None if by == "sms" else "[[product]]"
            save_draft(draft, body, None, utcnow() + timedelta(minutes=1), utcnow(), subject)
            confirm(draft, None, utcnow())
            hurry(draft, utcnow())
        run_campaigns()
        with transaction():
            assert len(claim(by_lane, "here:1:1", 5, utcnow()).outgoing) == 5
    with inside(shop.app):
        # Which of them waited when something came back; and the newest of them.
        seen.statements = {
            words: one
            for words, one in seen.statements.items()
            if not re.search("stock_change|max.alert_request.id", words)
        }
        tables = (*GROWING, "send_recipient")
        check_reads(seen, tables)


def fill_sends(shop: Shop) -> None:
    """Texts of long ago to the same people, who waited then."""
    at, store = utcnow() - timedelta(days=60), {"store_id": shop.store_id}
    old = store | {"source": "waitlist", "purpose": "marketing", "filter": {}, "body": "In!", "created_at": at}
    old |= {"state": "done", "confirmed_at": at, "recipients": 1, "selected": 1, "segments": 1, "cursor": 0}
    rows = db.session.execute(
        sa.select(Alert.message_id, Alert.request_id, Message.contact_id).join(Message, Message.id == Alert.message_id)
    ).all()
    for id, part in zip(insert(Send, [old, old]), (rows[::2], rows[1::2]), strict=True):
        recipients = {row.contact_id: {"message_id": row.message_id, "request_id": row.request_id} for row in part}
        insert(SendRecipient, [store | {"send_id": id, "contact_id": who} | about for who, about in recipients.items()])
    db.session.connection().exec_driver_sql("ANALYZE")


def wide_reads_of(seen: Seen, tables: Sequence[str] = GROWING) -> list[str]:
    return [fault for statement, values in seen.statements.items() for fault in wide_reads(statement, values, tables)]


def check_reads(
    seen: Seen, tables: Sequence[str] = GROWING, *, keep: Callable[[str], bool] = lambda fault: True
) -> None:
    """No statement reads more of what grows than it needs.

    On SQLite also without statistics: nobody gathers them in a merchant's file.

    :param keep: whether a wide read is a fault here.
    """
    faults = wide_reads_of(seen, tables)
    if not is_postgresql():
        forget_statistics()
        faults += wide_reads_of(seen, tables)
    faults = [fault for fault in faults if keep(fault)]
    assert faults == [], "\n\n".join(faults)


def forget_statistics() -> None:
    with transaction():
        connection = db.session.connection()
        connection.exec_driver_sql("DELETE FROM sqlite_stat1")
        connection.exec_driver_sql("ANALYZE sqlite_schema")  # reads what is left: nothing


def fill_past(shop: Shop, lane_id: int, count: int = 5000) -> None:
    """Messages that went out long ago, of the same product, with all that hangs on them; fresh statistics."""
    at = utcnow() - timedelta(days=60)
    variant_id = db.session.scalar(sa.select(Variant.id))
    store, variant, when = {"store_id": shop.store_id}, {"variant_id": variant_id}, {"created_at": at}
    sms = {"channel": "sms", "kind": "back_in_stock"}
    contact = store | when | {"channel": "sms", "address": "+12123001000", "last4_hash": "0" * 64}
    request = store | variant | when | {"status": "alerted", "asked_status": "sold_out", "source": "widget"}
    request |= {"renewed_at": at}
    message = store | variant | when | sms | {"lane_id": lane_id, "body": "In!", "encoding": "gsm7", "segments": 1}
    message |= {"status": "delivered", "due_at": at, "valid_until": at, "attempts": 1, "tries": 1}
    change = store | variant | {"cause": "level", "as_of": at, "at": at, "looked_at": at}
    with transaction():
        contacts = insert(Contact, [contact | {"address_hash": f"{n:064x}"} for n in range(count // 2)])
        whose = [{"contact_id": contacts[n % len(contacts)]} for n in range(count)]
        requests = insert(AlertRequest, [request | each for each in whose])
        messages = insert(Message, [message | each | {"reference": f"{n:032x}"} for n, each in enumerate(whose)])
        [change_id] = insert(StockChange, [change])
        restock = store | variant | {"stock_change_id": change_id, "at": at, "planned_at": at}
        restock |= {"state": "done", "work_at": None}
        [restock_id] = insert(RestockEvent, [restock])
        about = [{"request_id": request_id, "restock_id": restock_id} for request_id in requests]
        of = [{"message_id": message_id} for message_id in messages]
        insert(Alert, [store | sms | one | other for one, other in zip(about, of, strict=True)])
        links = insert(
            ShortLink,
            [store | variant | each | {"code": code} for each, code in zip(of, new_codes(count), strict=True)],
        )
        clicked = {"restock_id": restock_id, "at": at, "is_person": True, "sign": ""}
        insert(Click, [store | clicked | {"link_id": link_id} for link_id in links])
        [order_id] = insert(
            Order,
            [
                store
                | when
                | {"external_id": "0", "status": "new", "placed_at": at, "currency": "USD", "updated_at": at}
            ],
        )
        match = {"order_id": order_id, "by": "contact", "source": "api", "at": at, "restock_id": restock_id}
        insert(
            OrderMatch,
            [store | match | {"key": f"{n:064x}", "request_id": request_id} for n, request_id in enumerate(requests)],
        )
        insert(Attempt, [store | each | {"number": 1, "worker": "here:1:1", "started_at": at} for each in of])
        insert(MessageEvent, [store | each | {"status": "delivered", "at": at} for each in of])
        verdict = {"stage": "plan", "verdict": "send", "reason": "eligible", "rules_version": 1, "at": at}
        insert(Decision, [store | verdict | each for each in about])
        db.session.connection().exec_driver_sql("ANALYZE")


def fill_waitlist(shop: Shop) -> None:
    """Many who wait since today, whom nothing of a sweep is about."""
    waits = {"store_id": shop.store_id, "variant_id": db.session.scalar(sa.select(Variant.id)), "created_at": utcnow()}
    waits |= {"status": "waiting", "asked_status": "sold_out", "source": "widget", "renewed_at": utcnow()}
    with transaction():
        contacts = db.session.scalars(sa.select(Contact.id).order_by(Contact.id.desc()).limit(900)).all()
        insert(AlertRequest, [waits | {"contact_id": contact_id} for contact_id in contacts])
        db.session.connection().exec_driver_sql("ANALYZE")


def insert(model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """The ids of the new rows, in their order; taken beforehand, because to be told them takes ten times as long."""
    ids = list(reserve_ids(model, len(rows)))
    rows = [row | {"id": id} for row, id in zip(rows, ids, strict=True)]
    if is_postgresql():
        insert_as_json(model.__table__, rows)
    else:
        insert_rows(model, rows)
    return ids


def insert_as_json(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """All rows in one parameter: PostgreSQL takes thousands of rows a second one by one, so ten times as many."""
    row = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in table.columns
        if column.name not in rows[0] and isinstance(column.default, ColumnDefault)
    }
    rows = [row | more for more in rows]
    for column in table.columns:
        if isinstance(column.type, Encrypted) and column.name in rows[0]:
            kept = {text: column.type.process_bind_param(text, None) for text in {more[column.name] for more in rows}}
            for more in rows:
                more[column.name] = kept[more[column.name]]
    names = ", ".join(rows[0])
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table.name}, %s)"
    )
    db.session.connection().exec_driver_sql(statement, (json.dumps(rows, default=str),))


def wide_reads(statement: str, values: Any, tables: Sequence[str] = GROWING) -> list[str]:
    """The lines of the statement's plan that read a growing table whole, or by columns that hardly narrow it down."""
    words = "EXPLAIN" if is_postgresql() else "EXPLAIN QUERY PLAN"
    rows = db.session.connection().exec_driver_sql(f"{words} {statement}", values).all()
    lines = [str(row[-1]) for row in rows]
    find = _wide_postgresql if is_postgresql() else _wide_sqlite
    found = [*find(lines, tables), *_whole_restocks(lines, statement)]
    return [f"{line}\n  in {statement}\n  " + "\n  ".join(lines) for line in found]


def _whole_restocks(lines: list[str], statement: str) -> Iterator[str]:
    """The lines that read all of a restock, where some of its people are asked about: for each of them once more.

    SQLite does that without statistics, when it has an index of the restock and one of the person.
    """
    for line in lines:
        found = re.search(r"SEARCH (\w+) USING .*\(store_id=\? AND restock_id=\?\)", line)
        if found and re.search(rf"\b{found[1]}\.request_id (=|IN)", statement):
            yield line


def _wide_sqlite(lines: list[str], tables: Sequence[str]) -> Iterator[str]:
    for line in lines:
        # A search without an index reads one row: max(id).
        if LIVE.search(line):
            continue
        found = re.match(r"SCAN (?P<all>\w+)|SEARCH (?P<some>\w+) USING .*?\((?P<columns>.*)\)", line)
        if not found or (found["all"] or found["some"]) not in tables:
            continue
        if found["all"] or set(re.findall(r"(\w+)[=<>]", found["columns"])) <= WIDE:
            yield line


def _wide_postgresql(lines: list[str], tables: Sequence[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        found = re.search(r"(Seq Scan|Index Scan|Index Only Scan|Bitmap Heap Scan) .*?on (\w+)", line)
        if not found or found[2] not in tables or LIVE.search(line):
            continue
        conditions = next((after for after in lines[place + 1 : place + 5] if "Index Cond" in after), "")
        columns = set(re.findall(r"\((?:\w+\.)?(\w+)\)?(?:::\w+)? ?(?:=|<|>)", conditions))
        if found[1] == "Seq Scan" or columns <= WIDE:
            yield line

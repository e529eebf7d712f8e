"""The metrics beside very many messages: how long their pages take, once the days are added up."""

from __future__ import annotations

import os
import statistics
import time
from contextvars import Context
from datetime import UTC, timedelta

import sqlalchemy as sa

from bench.history import STATEMENTS as PAST
from bench.history import raw_sql
from bench.house import Installation, add_waiting, installation
from bench.lists import EMAIL, PASSWORD, ask, sign_in
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.gateways.service import lane_of, sender_of
from nexnotify.stores.models import Store
from nexnotify.stores.service import create_user
from nexnotify.workers.adding_up import run_outcomes

#: Lines of history of messages; three for each. BENCH_EVENTS makes it less, for a look.
EVENTS = 10_000_000
EVENTS_EACH = 3
VARIANTS, DAYS, ROUNDS = 2_000, 90, 10
#: Seconds between two messages are spread so that each day has as many; each restock is of one day.
STATEMENTS = (
    """INSERT INTO product (id, store_id, external_id, title, published, updated_at)
    SELECT 1 + n, :store, 'p' || n, 'Thing ' || n, 1, :now FROM numbers WHERE n <= :variants""",
    """INSERT INTO variant (id, store_id, product_id, external_id, sku, options, currency, unavailable_as, available,
        updated_at)
    SELECT 1 + n, :store, 1 + n, 'v' || n, 'SKU-' || n, '{}', 'USD', 'sold_out', 5, :now
    FROM numbers WHERE n <= :variants""",
    PAST[0],  # contacts
    """INSERT INTO alert_request (id, store_id, variant_id, contact_id, status, asked_status, first_name, source,
        created_at, alerted_at)
    SELECT n + 1, :store, 2 + (n / 50) * 7919 % :variants, 1 + n % :people, 'alerted', 'sold_out', 'Ann', 'bench', at, at
    FROM (SELECT n, strftime('%Y-%m-%d %H:%M:%f000', :begin, '+' || (n / 50 * 50.0 * :seconds / :messages) || ' seconds')
        AS at FROM numbers)""",
    """INSERT INTO message (id, store_id, reference, kind, channel, contact_id, lane_id, variant_id, body, encoding,
        segments, status, express, due_at, valid_until, attempts, tries, lookups, created_at, accepted_at)
    SELECT n, :store, printf('%032x', n), 'back_in_stock', 'sms', contact_id, :lane, variant_id,
        'Bench: it is back in stock. Reply STOP to end.', 'gsm7', 1,
        CASE WHEN n % 20 = 0 THEN 'undelivered' ELSE 'delivered' END, 0, at, at, 1, 1, 0, at, at
    FROM (SELECT id - 1 AS n, contact_id, variant_id, created_at AS at FROM alert_request WHERE id > 1)""",
    """INSERT INTO message_event (store_id, message_id, from_status, status, at)
    SELECT :store, id, before, after, created_at FROM message,
        (SELECT NULL AS before, 'queued' AS after UNION ALL SELECT 'queued', 'accepted'
         UNION ALL SELECT 'accepted', 'delivered')""",
    """INSERT INTO short_link (id, store_id, code, message_id, variant_id)
    SELECT id, :store, 'c' || id, id, variant_id FROM message WHERE id % 5 = 0""",
    """INSERT INTO click (store_id, link_id, at, is_person, sign)
    SELECT :store, message.id, created_at, 1, '' FROM message WHERE message.id % 5 = 0""",
    """INSERT INTO customer_order (id, store_id, external_id, status, placed_at, currency, total, created_at, updated_at)
    SELECT id, :store, 'o' || id, 'sent', created_at, 'USD', 20, created_at, created_at FROM message WHERE id % 50 = 0""",
    """INSERT INTO order_match (store_id, key, request_id, order_id, "by", source, at, how, counts)
    SELECT :store, 'k' || id, id + 1, id, 'contact', 'api', created_at, 'click', 1 FROM message WHERE id % 50 = 0""",
)


def metrics_p95_ms() -> float:
    """Milliseconds within which 95 of 100 answers of the metrics are made, on SQLite without statistics."""
    events = int(os.environ.get("BENCH_EVENTS", EVENTS))
    with installation() as house:
        with house.app.app_context():
            with transaction():
                create_user(db.session.get_one(Store, house.store_id), EMAIL, PASSWORD, "owner", utcnow())
            _fill(house, events // EVENTS_EACH)
            begun = time.perf_counter()
            run_outcomes()
            print(f"{'':27} ({events:,} events added up in {time.perf_counter() - begun:.0f} s)", flush=True)
            product = db.session.scalar(sa.text("SELECT product_id FROM variant WHERE sku = 'SKU-7'"))
            db.session.remove()
        browser = house.app.test_client()
        Context().run(sign_in, browser)
        addresses = [f"/admin/metrics?days={days}" for days in (7, 30, 90)] + [
            f"/admin/metrics?days=90&product={product}"
        ]
        times = {
            address: [Context().run(ask, browser, address) for _ in range(ROUNDS + 1)][1:] for address in addresses
        }
        times["dashboard"] = [Context().run(ask, browser, "/admin?days=90") for _ in range(3)][1:]
    for address, seconds in times.items():
        print(f"{'':27} ({address}: {statistics.median(seconds) * 1e3:.0f} ms)", flush=True)
    times.pop("dashboard")
    return statistics.quantiles([each for many in times.values() for each in many], n=20)[-1] * 1000


def _fill(house: Installation, messages: int) -> None:
    add_waiting(house.app, house.store_id, 1)  # the one whose encrypted number the others share
    values = _values(house, messages)
    with raw_sql(house, max(messages, VARIANTS)) as link:
        link.execute("DELETE FROM alert_request")
        for statement in STATEMENTS:
            link.execute(statement, values)


def _values(house: Installation, messages: int) -> dict[str, object]:
    store = db.session.get_one(Store, house.store_id)
    variant, sender = find_variant(store, sku="TEE-M"), sender_of(store, "sms")
    assert variant is not None
    assert sender is not None
    now = utcnow().astimezone(UTC).replace(tzinfo=None)
    begin = now - timedelta(days=DAYS - 1)
    return {
        "store": store.id,
        "lane": lane_of(sender).id,
        "address": db.session.scalar(sa.select(sa.type_coerce(Contact.address, sa.Text))),
        "people": max(messages // 2, 2),
        "variants": VARIANTS,
        "messages": messages,
        "seconds": (DAYS - 1) * 86400,
        "now": now.isoformat(" ", "microseconds"),
        "at": now.isoformat(" ", "microseconds"),
        "begin": begin.isoformat(" ", "seconds"),
    }

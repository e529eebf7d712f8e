"""A past: very many messages that went out long ago, and everything that hangs on them, put in by SQL alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta

import sqlalchemy as sa

from bench.house import Installation, add_waiting
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.gateways.service import lane_of, sender_of
from nexnotify.stores.models import Store

#: Messages that each person got.
OLD_EACH = 2
#: People who were told together.
TOLD_EACH = 1_000

#: In the order in which they refer to each other. ``n`` counts the messages from 1; so do the ids.
STATEMENTS = (
    """INSERT INTO contact (id, store_id, channel, address, address_hash, last4_hash, created_at)
    SELECT n, :store, 'sms', :address, lower(hex(randomblob(32))), lower(hex(randomblob(32))), :at
    FROM numbers WHERE n BETWEEN 2 AND :people""",
    """INSERT INTO stock_change (id, store_id, variant_id, cause, location_key, on_hand, available_before,
        available_after, applied, as_of, at, looked_at)
    SELECT :changes + n, :store, :variant, 'level', 'main', 5, 0, 5, 1, :at, :at, :at
    FROM numbers WHERE n <= :restocks""",
    """INSERT INTO restock_event (id, store_id, variant_id, stock_change_id, available_before, available_after, at,
        plan_cursor, planned_at)
    SELECT n, :store, :variant, :changes + n, 0, 5, :at, 0, :at FROM numbers WHERE n <= :restocks""",
    """INSERT INTO alert_request (id, store_id, variant_id, contact_id, status, asked_status, first_name, source,
        created_at, alerted_at)
    SELECT n + 1, :store, :variant, 1 + n % :people, 'alerted', 'sold_out', 'Ann', 'bench', :at, :at FROM numbers""",
    """INSERT INTO decision (store_id, request_id, restock_id, stage, verdict, reason, rules_version, detail, at)
    SELECT :store, n + 1, 1 + (n - 1) / :told_each, 'plan', 'send', 'eligible', 1, '{}', :at FROM numbers""",
    """INSERT INTO message (id, store_id, reference, kind, channel, contact_id, lane_id, variant_id, body, encoding,
        segments, status, express, due_at, valid_until, attempts, tries, lookups, gateway_message_id, created_at,
        accepted_at)
    SELECT n, :store, lower(hex(randomblob(16))), 'back_in_stock', 'sms', 1 + n % :people, :lane, :variant,
        'Bench: Tee, size M, is back in stock. https://shop.example/tee Reply STOP to end.', 'gsm7', 1, 'accepted', 0,
        :at, :at, 1, 1, 0, 'SM' || lower(hex(randomblob(16))), :at, :at
    FROM numbers""",
    """INSERT INTO alert (store_id, request_id, restock_id, channel, kind, step, message_id)
    SELECT :store, n + 1, 1 + (n - 1) / :told_each, 'sms', 'back_in_stock', 0, n FROM numbers""",
    """INSERT INTO attempt (store_id, message_id, number, worker, started_at, finished_at, outcome)
    SELECT :store, n, 1, 'bench:1:1', :at, :at, 'accepted' FROM numbers""",
    """INSERT INTO message_event (store_id, message_id, from_status, status, at)
    SELECT :store, n, from_status, status, :at FROM numbers,
        (SELECT NULL AS from_status, 'queued' AS status UNION ALL SELECT 'queued', 'claimed'
         UNION ALL SELECT 'claimed', 'accepted')""",
)


def fill_history(house: Installation, messages: int) -> None:
    """``messages`` texts that were accepted two months ago, each person having got :data:`OLD_EACH` of them.

    All are of the house's one store and product, so that no statement is helped by belonging to others. Each has its
    request, alert, decision, attempt and three lines of history. The database must be SQLite, and fresh.
    """
    add_waiting(house.app, house.store_id, 1)  # the one whose encrypted number the others share
    values = _values(house, messages)
    with raw_sql(house, messages) as link:
        for statement in STATEMENTS:
            link.execute(statement, values)
        link.execute("UPDATE alert_request SET status = 'cancelled' WHERE status = 'waiting'")


@contextmanager
def raw_sql(house: Installation, most: int) -> Iterator[sqlite3.Connection]:
    """One transaction on the house's file, past the app, with a table ``numbers`` of 1 to ``most``; made to be quick."""
    db.session.remove()
    db.engine.dispose()
    link = sqlite3.connect(house.settings.database_url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in ("synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
        link.execute(f"PRAGMA {pragma}")
    link.execute("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
    link.execute("BEGIN")
    link.execute(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) INSERT INTO numbers SELECT n FROM c",
        (most,),
    )
    yield link
    link.execute("COMMIT")
    link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    link.close()


def _values(house: Installation, messages: int) -> dict[str, object]:
    store = db.session.get_one(Store, house.store_id)
    variant, sender = find_variant(store, sku="TEE-M"), sender_of(store, "sms")
    assert variant is not None
    assert sender is not None
    at = (utcnow() - timedelta(days=60)).astimezone(UTC).replace(tzinfo=None)
    return {
        "store": store.id,
        "variant": variant.id,
        "lane": lane_of(sender).id,
        "address": db.session.scalar(sa.select(sa.type_coerce(Contact.address, sa.Text))),
        "people": messages // OLD_EACH,
        "told_each": TOLD_EACH,
        "restocks": messages // TOLD_EACH,
        "changes": db.session.scalar(sa.text("SELECT max(id) FROM stock_change")),
        "at": at.isoformat(" ", "microseconds"),
    }

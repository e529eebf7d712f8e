"""A store with very long lists, put in by SQL alone, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta

import sqlalchemy as sa

from bench.house import Installation, add_waiting
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, is_postgresql, transaction
from nexnotify.gateways.service import lane_of, sender_of
from nexnotify.stores.models import StaffUser, Store
from nexnotify.stores.service import address_hash, last4_hash

#: The person whom searches look for, and the last four digits of their number, which others have too.
NUMBER, LAST4 = "+12125550123", "0123"
#: Products; a catalogue does not grow with the orders.
VARIANTS = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of what; the rest follows from these."""

    customers: int
    orders: int
    messages: int


#: In the order in which they refer to each other. ``n`` counts from 1, and so do the ids, but those of the house's own
#: first contact, product and message. ``{hash}`` is 64 hex digits made of n; ``{ago}`` the moment as many seconds ago.
STATEMENTS = (
    """INSERT INTO product (id, store_id, external_id, title, published, updated_at)
    SELECT 1 + n, :store, 'p' || n, 'Thing ' || n % 977 || ' of ' || n, {true}, :now FROM numbers WHERE n <= :variants""",
    """INSERT INTO variant (id, store_id, product_id, external_id, sku, options, currency, unavailable_as, available,
        updated_at)
    SELECT 1 + n, :store, 1 + n, 'v' || n, 'SKU-' || n, '{{}}', 'USD', 'sold_out', n % 7, :now
    FROM numbers WHERE n <= :variants""",
    """INSERT INTO contact (id, store_id, channel, address, address_hash, last4_hash, created_at)
    SELECT 1 + n, :store, 'sms', :address, {hash}, 'last4 ' || n % 10000, :now FROM numbers WHERE n <= :customers""",
    """INSERT INTO customer (id, store_id, external_id, first_name, last_name, name_key, last_name_key, sms_contact_id,
        sms_opt_in, created_at, updated_at)
    SELECT n, :store, 'c' || n, 'First' || n * 7919 % 211, 'Last' || n * 104729 % 1009,
        'first' || n * 7919 % 211 || ' last' || n * 104729 % 1009, 'last' || n * 104729 % 1009 || ' first' || n * 7919 % 211,
        1 + n, CASE WHEN n % 10 < 3 THEN {true} WHEN n % 10 < 5 THEN {false} END, :now, {ago_customer}
    FROM numbers WHERE n <= :customers""",
    """INSERT INTO consent_entry (store_id, contact_id, purpose, action, method, evidence, at)
    SELECT :store, 1 + n, CASE WHEN n % 100 = 7 THEN 'all' ELSE 'marketing' END,
        CASE WHEN n % 100 = 7 THEN 'revoked' ELSE 'granted' END, 'api', '{{}}', {ago_customer}
    FROM numbers WHERE n <= :customers AND n % 3 = 1""",
    """INSERT INTO customer_order (id, store_id, external_id, status, placed_at, currency, total, customer_ref, customer_id,
        created_at, updated_at)
    SELECT n, :store, '' || (100000 + n), CASE n % 100 WHEN 1 THEN 'new' WHEN 2 THEN 'cancelled' WHEN 3 THEN 'returned'
        WHEN 4 THEN 'paid' WHEN 5 THEN 'paid' ELSE 'sent' END, {ago_order}, 'USD',
        CASE WHEN n % 50 <> 0 THEN n * 7919 % 50000 / 100.0 END, 'c' || (1 + n * 7919 % :customers),
        1 + n * 7919 % :customers, {ago_order}, {ago_order}
    FROM numbers WHERE n <= :orders""",
    """INSERT INTO order_line (store_id, order_id, number, variant_id, quantity)
    SELECT :store, n, 1, 1 + n * 7919 % :variants, 1 FROM numbers WHERE n <= :orders""",
    """INSERT INTO ticket (id, store_id, external_id, customer_id, subject, opened_by, created_at, updated_at)
    SELECT n, :store, 't' || n, 1 + n * 7919 % :customers, :subject, CASE WHEN n % 5 > 0 THEN 'customer' ELSE 'merchant' END,
        {ago_ticket}, {ago_ticket}
    FROM numbers WHERE n <= :tickets""",
    """INSERT INTO ticket_message (store_id, ticket_id, external_id, author, text, at)
    SELECT :store, n, 'm', 'customer', :subject, {ago_ticket} FROM numbers WHERE n <= :tickets""",
    """INSERT INTO stock_change (id, store_id, variant_id, cause, location_key, applied, as_of, at, looked_at)
    SELECT :changes + n, :store, 1 + n % :variants, 'level', 'main', {true}, {ago_restock}, {ago_restock}, {ago_restock}
    FROM numbers WHERE n <= :restocks""",
    """INSERT INTO restock_event (id, store_id, variant_id, stock_change_id, available_before, available_after, at,
        plan_cursor, planned_at, told)
    SELECT n, :store, 1 + n % :variants, :changes + n, 0, 5, {ago_restock}, 0, {ago_restock}, 100
    FROM numbers WHERE n <= :restocks""",
    """INSERT INTO alert_request (id, store_id, variant_id, contact_id, status, asked_status, first_name, source, created_at,
        alerted_at)
    SELECT 1 + n, :store, 1 + n * 7919 % :variants, 1 + n, CASE WHEN n % 10 = 0 THEN 'waiting' ELSE 'alerted' END,
        'sold_out', 'Ann', 'bench', {ago_customer}, CASE WHEN n % 10 <> 0 THEN {ago_customer} END
    FROM numbers WHERE n <= :customers""",
    """INSERT INTO decision (store_id, request_id, restock_id, stage, verdict, reason, rules_version, detail, at)
    SELECT :store, 1 + n, 1 + n % :restocks, 'plan', 'send', 'eligible', 1, '{{}}', {ago_customer}
    FROM numbers WHERE n <= :customers AND n % 10 <> 0""",
    """INSERT INTO message (id, store_id, reference, kind, channel, contact_id, lane_id, variant_id, body, encoding,
        segments, status, express, due_at, valid_until, attempts, tries, lookups, created_at, accepted_at)
    SELECT n, :store, substr({hash}, 1, 32), CASE WHEN n % 1000 = 0 THEN 'test' WHEN n % 10 < 6 THEN 'back_in_stock'
        WHEN n % 10 < 9 THEN 'order' ELSE 'bulk' END, 'sms', 2 + n * 7919 % :customers, :lane, 1 + n * 7919 % :variants,
        'Bench: your order is on its way.', 'gsm7', 1,
        CASE WHEN n % 100 < 90 THEN 'delivered' WHEN n % 100 < 92 THEN 'undelivered' WHEN n % 100 < 95 THEN 'suppressed'
        WHEN n % 100 = 95 THEN 'expired' ELSE 'accepted' END, {false}, {ago_message}, {ago_message}, 1, 1, 0, {ago_message},
        {ago_message}
    FROM numbers WHERE n <= :messages""",
    """INSERT INTO alert (store_id, request_id, restock_id, channel, kind, step, message_id)
    SELECT :store, 1 + n, 1 + n % :restocks, 'sms', 'back_in_stock', 0, n
    FROM numbers WHERE n <= :customers AND n % 10 <> 0""",
    """INSERT INTO audit_entry (store_id, at, user_id, action, detail)
    SELECT :store, {ago_ticket}, CASE WHEN n % 9 > 0 THEN :person END, CASE n % 100 WHEN 1 THEN 'settings.changed'
        WHEN 2 THEN 'stock.set' WHEN 3 THEN 'template.saved' ELSE 'sign_in.done' END, '{{}}'
    FROM numbers WHERE n <= :tickets""",
    """INSERT INTO send (store_id, source, purpose, state, filter, body, created_by, created_at, cursor, selected,
        recipients, segments)
    SELECT :store, 'customers', 'marketing', CASE WHEN n % 20 = 0 THEN 'draft' ELSE 'done' END, '{{}}', 'Hello', :person,
        {ago_ticket}, 0, 10, 10, 10
    FROM numbers WHERE n <= :sends""",
    "UPDATE contact SET address_hash = :sought WHERE id = :whom",
    "UPDATE contact SET last4_hash = :last4 WHERE last4_hash = 'last4 123'",
)
#: Years over which all of it has come.
YEARS = 2


def fill_lists(house: Installation, size: Size) -> None:
    """A fresh database's one store gets so many customers, orders and messages, and what goes with them.

    On SQLite without statistics, as nobody gathers them there; on PostgreSQL with those that its autovacuum makes.
    """
    add_waiting(house.app, house.store_id, 1)  # the one whose encrypted number the others share
    values = _values(house, size)
    count = max(size.messages, size.orders, size.customers, VARIANTS)
    words = _words(size)
    with transaction():
        connection = db.session.connection()
        if is_postgresql():
            # To check each reference would take most of the time.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(
                "CREATE TEMP TABLE numbers AS SELECT n::bigint FROM generate_series(1, %s) n", (count,)
            )
        else:
            connection.exec_driver_sql("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
            connection.exec_driver_sql(
                "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?)"
                " INSERT INTO numbers SELECT n FROM c",
                (count,),
            )
        for statement in STATEMENTS:
            text = sa.text(statement.format(**words))
            connection.execute(text, {name: values[name] for name in text.compile().params})
        connection.exec_driver_sql("DROP TABLE numbers")
        if is_postgresql():
            for table in ("message", "alert_request", "audit_entry", "customer", "customer_order", "contact", "send"):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                )
    if is_postgresql():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _words(size: Size) -> dict[str, str]:
    """What is written differently for the two databases."""
    span = YEARS * 365 * 86400

    def ago(count: int) -> str:
        seconds = f"({count} - n) * {span / max(count, 1):.6f}"
        if is_postgresql():
            return f"(CAST(:now AS timestamptz) - make_interval(secs => {seconds}))"
        return f"(strftime('%Y-%m-%d %H:%M:%f', :now, '-' || ({seconds}) || ' seconds') || '000')"

    counts = {"customer": size.customers, "order": size.orders, "message": size.messages}
    counts |= {"ticket": size.customers // 4, "restock": size.customers // 100}
    bits = {"true": "true", "false": "false"} if is_postgresql() else {"true": "1", "false": "0"}
    hashed = "md5('' || n) || md5(n || 'x')" if is_postgresql() else "lower(hex(randomblob(32)))"
    return {**bits, "hash": f"({hashed})", **{f"ago_{name}": ago(count) for name, count in counts.items()}}


def _values(house: Installation, size: Size) -> dict[str, object]:
    store = db.session.get_one(Store, house.store_id)
    variant, sender = find_variant(store, sku="TEE-M"), sender_of(store, "sms")
    assert variant is not None
    assert sender is not None
    now = utcnow()
    return {
        "store": store.id,
        "now": now if is_postgresql() else now.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds"),
        "variants": VARIANTS,
        "customers": size.customers,
        "orders": size.orders,
        "messages": size.messages,
        "tickets": size.customers // 4,
        "restocks": size.customers // 100,
        "sends": size.customers // 100,
        "address": db.session.scalar(sa.select(sa.type_coerce(Contact.address, sa.Text))),
        "subject": db.session.scalar(sa.select(sa.type_coerce(Contact.address, sa.Text))),
        "changes": db.session.scalar(sa.text("SELECT max(id) FROM stock_change")),
        "lane": lane_of(sender).id,
        "person": db.session.scalar(sa.select(sa.func.min(StaffUser.id))),
        "sought": address_hash(store.id, "sms", NUMBER),
        "last4": last4_hash(store.id, LAST4),
        "whom": 1 + size.customers // 2,
    }


#: How long ago the middle of what came is.
MIDDLE = timedelta(days=YEARS * 365 / 2)

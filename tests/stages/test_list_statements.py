"""The admin's lists cost the same beside a million rows: whatever is filtered, sorted or searched for, a page reads few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from bench.lists import list_pages
from bench.long_lists import Size, fill_lists
from nexnotify.db import db, transaction
from tests.admin import Desk
from tests.shop import Shop

SIZE = Size(customers=12_000, orders=20_000, messages=30_000)
#: Instructions of SQLite for one statement: reading 12,000 rows takes more than this, a page and a count up to 1,000 less.
MOST_STEPS = 30_000
#: Rows that PostgreSQL reads for one statement.
MOST_ROWS = 3_000
#: What reads a catalogue whole, or everybody who waits, and says so in docs/speed.md.
WHOLE = ("FROM product", "JOIN product", "FROM variant", "alert_request.status IN ('pending', 'waiting')")


@contextmanager
def counted_steps() -> Iterator[Counter[str]]:
    """Statement → the most instructions it took SQLite, counted in hundreds."""
    most: Counter[str] = Counter()
    running = {"statement": "", "steps": 0}

    def step() -> int:
        running["steps"] += 100
        most[running["statement"]] = max(most[running["statement"]], running["steps"])
        return 0

    def begin(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        connection.connection.driver_connection.set_progress_handler(step, 100)
        running.update(statement=statement, steps=0)

    event.listen(db.engine, "before_cursor_execute", begin)
    try:
        yield most
    finally:
        event.remove(db.engine, "before_cursor_execute", begin)
        db.engine.dispose()  # the connections that are watched


def test_no_list_reads_more_than_its_page(app: Flask, shop: Shop) -> None:
    """With statistics and, on SQLite, without: nobody gathers them in a merchant's file."""
    shop.product("TEE-M")
    desk = Desk.of(shop)
    with app.app_context():
        fill_lists(shop, SIZE)
        engine = db.engine
        db.session.remove()
    addresses = [address for _, address in list_pages(SIZE)]
    assert len(addresses) > 50
    if engine.dialect.name == "postgresql":
        with app.app_context():
            found = rows_read(desk, addresses)
    else:
        with app.app_context():
            with counted_steps() as found:
                visit(desk, addresses)
            with transaction():
                db.session.connection().exec_driver_sql("ANALYZE")
            db.session.remove()
            with counted_steps() as with_statistics:
                visit(desk, addresses)
        found |= with_statistics
    most = MOST_ROWS if engine.dialect.name == "postgresql" else MOST_STEPS
    wide = {text: count for text, count in found.items() if count > most and not any(part in text for part in WHOLE)}
    assert wide == {}


def visit(desk: Desk, addresses: list[str]) -> None:
    for address in addresses:
        answer = desk.browser.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"


def rows_read(desk: Desk, addresses: list[str]) -> Counter[str]:
    """Statement → the rows that PostgreSQL read for it, with every value it was asked with."""
    asked: dict[str, tuple[str, Any]] = {}

    def take(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.setdefault(f"{statement} {values}", (statement, values))

    event.listen(db.engine, "before_cursor_execute", take)
    visit(desk, addresses)
    event.remove(db.engine, "before_cursor_execute", take)
    found: Counter[str] = Counter()
    for statement, values in asked.values():
        [plan] = (
            db.session.connection()
            .exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", values)
            .scalar_one()
        )
        found[statement] = max(found[statement], _rows(plan["Plan"]))
    db.session.remove()
    return found


def _rows(node: dict[str, Any]) -> int:
    own = 0
    if "Scan" in node["Node Type"] and "Relation Name" in node:
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(own) + sum(_rows(child) for child in node.get("Plans", ()))

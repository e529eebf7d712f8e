"""Fan-out: planning a restock against the bare insert of the rows it made, in one run."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.house import add_waiting, installation, restock
from nexnotify.db import db
from nexnotify.workers.steps import run_restock

#: What a plan writes.
TABLES = ("message", "message_event", "alert", "decision")
CHUNK = 1000
#: The pause that planning leaves between two chunks for other writers, in seconds.
PAUSE = 0.005


def fanout_vs_insert(people: int = 100_000) -> float:
    """Seconds from restock to the last planned message, divided by those of inserting the same rows ready-made.

    Both leave the same pause between two chunks.
    """
    with installation() as house:
        add_waiting(house.app, house.store_id, people)
        restock(house.store_id)
        begun = time.monotonic()
        run_restock()
        planned = time.monotonic() - begun
        db.session.remove()
        db.engine.dispose()
        return planned / bare_insert(Path(house.settings.database_url.removeprefix("sqlite:///")), TABLES)


def bare_insert(database: Path, tables: Sequence[str]) -> float:
    """Seconds to insert what was written to these tables once more into them, emptied, by the driver alone."""
    link = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        link.execute(f"PRAGMA {pragma}")
    ready: list[tuple[str, list[Any]]] = []
    for table in tables:
        rows = link.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        ready.append((f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows))
    for table in reversed(tables):
        link.execute(f"DELETE FROM {table}")
    link.execute("VACUUM")
    begun = time.monotonic()
    for first in range(0, len(ready[0][1]), CHUNK):
        link.execute("BEGIN IMMEDIATE")
        for statement, rows in ready:
            link.executemany(statement, rows[first : first + CHUNK])
        link.execute("COMMIT")
        time.sleep(PAUSE)
    seconds = time.monotonic() - begun
    link.close()
    return seconds

"""SQLite as we run it: several processes write to one file, each in its turn."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

#: Seconds a writer waits for its turn.
BUSY_TIMEOUT = 15


def prepare_sqlite(engine: sa.Engine) -> None:
    """Durable, checked, and with transactions that say at their beginning whether they write."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # Without this the driver opens deferred transactions by itself; we say BEGIN below.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-16384",  # KiB for each connection; with the usual 2 MiB large indexes are read again and again
            f"busy_timeout={BUSY_TIMEOUT * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A deferred transaction that turns to writing fails at once when another writes: take the lock first.
        if connection.get_execution_options().get("nexnotify_write", False):
            _take_write_lock(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _take_write_lock(connection: sa.Connection) -> None:
    """``BEGIN IMMEDIATE``, asked for every few milliseconds.

    SQLite itself would soon ask only ten times a second, and so miss the short gaps that a bulk writer leaves.
    """
    driver: Any = connection.connection.driver_connection
    ends = time.monotonic() + BUSY_TIMEOUT
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < ends:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # the rest says what it waits for
                    break
                time.sleep(random.uniform(0.001, 0.003))
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try, whose error every caller knows
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT * 1000}")

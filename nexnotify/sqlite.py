"""SQLite as we run it: several processes write to one file, each in its turn."""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

#: Seconds a writer waits for its turn.
BUSY_TIMEOUT = 15
#: Of the file that those who wait for the write lock hold; it stands beside the database and is always empty.
_WAITING = "-waiting"


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
    """``BEGIN IMMEDIATE``, asked for every few milliseconds, while :func:`somebody_waits` says so to bulk writers.

    SQLite itself would soon ask only ten times a second, and so miss the short gaps that a bulk writer leaves.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        if _is_free(driver):
            return
        ends = time.monotonic() + BUSY_TIMEOUT
        with _waiting(connection.engine):
            while time.monotonic() < ends:
                time.sleep(random.uniform(0.001, 0.003))
                if _is_free(driver):
                    return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try, whose error every caller knows
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT * 1000}")


def _is_free(driver: Any) -> bool:
    """Take the lock unless somebody has it."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def somebody_waits(engine: sa.Engine) -> bool:
    """Whether anybody, in any process, waits for the write lock at this moment."""
    with _waiting_file(engine) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _waiting(engine: sa.Engine) -> Iterator[None]:
    with _waiting_file(engine) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def _waiting_file(engine: sa.Engine) -> Iterator[int]:
    """The open file; each opening has a lock of its own, which ends with it, however its process does."""
    file = os.open(f"{engine.url.database}{_WAITING}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)

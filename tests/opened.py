"""The shop that most tests begin with, opened in earnest once on each kind of database and copied from then on.

What opening it wrote is kept as the database wrote it down, and put into the empty database of the next test with the
moment of that test. ``tests/house/test_opened.py`` holds the copy against a shop that was opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import utcnow
from nexnotify.db import UtcDateTime, db
from nexnotify.settings import Settings
from tests.postgres import standing
from tests.shop import Shop

#: What ``init`` writes, which every database has already.
OF_THE_INSTALLATION = {"alembic_version", "instance_secret"}


@dataclass
class Table:
    """The rows of one table as they lie there, and which of their columns are moments."""

    name: str
    columns: list[str]
    moments: list[int]
    rows: list[list[Any]] = field(default_factory=list)

    @property
    def listed(self) -> str:
        """The columns as SQL lists them."""
        return ", ".join(f'"{name}"' for name in self.columns)

    def at(self, moment: str) -> list[list[Any]]:
        """The rows as if they had been written at another moment."""
        return [
            [
                moment if place in self.moments and value not in (None, r"\N") else value
                for place, value in enumerate(row)
            ]
            for row in self.rows
        ]


@dataclass
class _Opened:
    """A shop, and all that its opening wrote."""

    store_id: int
    key: str
    secret: str
    secret_keys: str
    tables: list[Table]


_known: dict[str, _Opened] = {}


def open_shop(app: Flask) -> Shop:
    """``Shop.open(app)`` on an empty database."""
    settings: Settings = app.extensions["nexnotify"].settings
    kind = "sqlite" if settings.is_sqlite else "postgresql"
    known = _known.get(kind)
    if known is None or known.secret_keys != settings.secret_keys:
        shop = Shop.open(app)
        tables = written(settings.database_url)
        _known[kind] = _Opened(shop.store_id, shop.key, shop.secret, settings.secret_keys, tables)
        return shop
    with _speaking_to(settings.database_url) as database:
        for table in known.tables:
            database.write(table)
    return Shop(app, app.test_client(), known.store_id, known.key, known.secret)


def written(url: str) -> list[Table]:
    """The tables of a database that have rows, but those of the installation."""
    with _speaking_to(url) as database:
        return [table for table in map(database.read, _tables()) if table.rows]


def _tables() -> list[Table]:
    return [
        Table(
            table.name,
            [column.name for column in table.columns],
            [place for place, column in enumerate(table.columns) if isinstance(column.type, UtcDateTime)],
        )
        for table in db.metadata.sorted_tables
        if table.name not in OF_THE_INSTALLATION
    ]


class _Sqlite:
    """Rows as Python's own driver gives and takes them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._now = f"{utcnow():%Y-%m-%d %H:%M:%S.%f}"

    def read(self, table: Table) -> Table:
        rows = self._connection.execute(f"SELECT {table.listed} FROM {table.name}")
        table.rows = [list(row) for row in rows]
        return table

    def write(self, table: Table) -> None:
        marks = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} ({table.listed}) VALUES ({marks})"
        self._connection.executemany(statement, table.at(self._now))


class _Postgres:
    """Rows as COPY writes and reads them: no driver makes anything of a value."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._now = f"{utcnow().astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}"
        connection.execute("SET LOCAL session_replication_role = replica")  # in any order

    def read(self, table: Table) -> Table:
        with self._connection.cursor().copy(f"COPY {table.name} ({table.listed}) TO STDOUT") as copied:
            text = b"".join(copied).decode()
        table.rows = [line.split("\t") for line in text.split("\n")[:-1]]
        return table

    def write(self, table: Table) -> None:
        with self._connection.cursor().copy(f"COPY {table.name} ({table.listed}) FROM STDIN") as copied:
            copied.write("".join("\t".join(row) + "\n" for row in table.at(self._now)))
        if "id" in table.columns:
            self._connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))"
            )


@contextmanager
def _speaking_to(url: str) -> Iterator[_Sqlite | _Postgres]:
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        connection = sqlite3.connect(address.database or "")
        try:
            connection.execute("PRAGMA synchronous=OFF")
            with connection:
                yield _Sqlite(connection)
        finally:
            connection.close()
    else:
        with standing(url).transaction() as transaction:
            yield _Postgres(transaction.connection)

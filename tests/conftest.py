"""What every test stands on: a database of its own, a clock it can set, a shop it can talk to, and no way out."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from nexnotify import create_app
from nexnotify.cli.common import prepare_database
from nexnotify.db import db
from nexnotify.secrets import new_key
from nexnotify.settings import Settings
from tests.apidoc import Client
from tests.once import COMPILED_TEMPLATES, compile_statements_once, share_what_is_common
from tests.opened import OF_THE_INSTALLATION, open_shop
from tests.postgres import PostgresServer, available, standing
from tests.shop import Shop

KEY = new_key()
os.environ.pop("NEXNOTIFY_PUBLIC_URL", None)
share_what_is_common()


def pytest_collection_finish() -> None:
    """What stays is not searched for garbage: the searches took a quarter of all tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def _no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that speaks to anything but this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"A test tried to reach {host}.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


# --- databases -----------------------------------------------------------------------------------------------------


def make_settings(folder: Path, database_url: str = "", **more: Any) -> Settings:
    """Settings of a test installation; the widget's limits are off unless a test is about them."""
    values: dict[str, Any] = dict.fromkeys(("signups_per_ip", "signups_per_contact", "signups_per_store"), 0)
    values |= {"send_threads": 8, "log_level": "WARNING"}
    return Settings(
        instance=folder, database_url=database_url, queue_url="memory:", secret_keys=KEY, **{**values, **more}
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy."""
    folder = tmp_path_factory.mktemp("template")
    migrate(make_settings(folder))
    with_checkpoint = sa.create_engine(f"sqlite:///{folder / 'nexnotify.sqlite'}")
    with with_checkpoint.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with_checkpoint.dispose()
    return folder / "nexnotify.sqlite"


def migrate(settings: Settings) -> None:
    """Bring a database up to date, as the command does."""
    app = create_app(settings)
    with app.app_context():
        prepare_database()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started by the tests themselves."""
    assert available(), "PostgreSQL is neither installed nor in the environment: run make install."
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a migrated database; tests leave it empty."""
    postgres.create_database("nexnotify")
    url = postgres.url("nexnotify")
    migrate(make_settings(tmp_path_factory.mktemp("postgres"), url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "nexnotify.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_database")
        yield url
        empty(url)


#: A table this large, in bytes, is truncated: what is deleted stays in the file, and would be read by every scan.
LARGE = 400_000


def empty(url: str) -> None:
    """Take every row out of a PostgreSQL database but those that ``init`` makes, and let ids start at 1 again.

    Rows are deleted, because to truncate forty tables and their indexes takes a hundred times as long.
    """
    with standing(url).transaction() as transaction:
        connection = transaction.connection
        sizes = connection.execute(
            "SELECT relname, pg_relation_size(relid) FROM pg_stat_user_tables ORDER BY 1"
        ).fetchall()
        tables = {name: size for name, size in sizes if name not in OF_THE_INSTALLATION}
        any_rows = ", ".join(f"EXISTS (SELECT FROM {name})" for name in tables)
        found = connection.execute(f"SELECT {any_rows}").fetchone()
        assert found is not None
        connection.execute("SET LOCAL session_replication_role = replica")  # in any order
        for name, has_rows in zip(tables, found, strict=True):
            if has_rows:
                connection.execute(f"DELETE FROM {name}")
        large = [name for name, size in tables.items() if size > LARGE]
        if large:
            connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        connection.execute("SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences")


# --- the app -------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of the test's installation; override to change them."""
    return make_settings(tmp_path, database_url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on the test's database."""
    app = create_app(settings)
    app.config["TESTING"] = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = Client
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    compile_statements_once(app)
    if settings.is_sqlite:
        never_wait_for_the_disk(app)
    # A password is hashed as in earnest, only not for a fifth of a second.
    app.extensions["security"].pwd_context.update(argon2__memory_cost=64, argon2__time_cost=1, argon2__parallelism=1)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def never_wait_for_the_disk(app: Flask) -> None:
    """What a test's SQLite file has written outlives no loss of power, and need not."""
    with app.app_context():
        sa.event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser, signed out."""
    return app.test_client()


@pytest.fixture
def shop(app: Flask) -> Shop:
    """A store with its outboxes, quiet hours off, seen through the public surface."""
    return open_shop(app)


@pytest.fixture
def other_shop(app: Flask, shop: Shop) -> Shop:
    """Another store of the same installation."""
    return Shop.open(app, name="Other Shop")

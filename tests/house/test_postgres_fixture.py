"""The tests' own PostgreSQL: it starts from whatever programs there are, and leaves nothing behind."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PostgresServer, system_bin, wheel_bin


@pytest.mark.parametrize("source", [system_bin, wheel_bin], ids=["system", "wheel"])
def test_a_server_starts_serves_databases_and_leaves_nothing(source: Callable[[], Path | None]) -> None:
    programs = source()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have PostgreSQL from the system and from the wheel")
        pytest.skip("no PostgreSQL from this source")

    with PostgresServer(programs) as server:
        address = server.create_database("first").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE promise (id int PRIMARY KEY)")
            connection.execute("INSERT INTO promise VALUES (7)")

        copy = server.create_database("second", template="first").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(copy) as connection:
            assert connection.execute("SELECT id FROM promise").fetchall() == [(7,)]
            assert connection.execute("SHOW max_connections").fetchone() == ("200",)
            server.drop_database("first")

        folder, process = server._folder, server._process
        assert folder is not None
        assert process is not None
        assert folder.exists()
    assert process.poll() is not None
    assert not folder.exists()


def test_programs_in_a_closed_folder_are_copied_where_the_server_may_read_them(tmp_path: Path) -> None:
    programs = wheel_bin()
    if programs is None or os.geteuid() != 0:
        pytest.skip("only for root, with the wheel")
    package = programs.parent.parent
    home = tmp_path / "closed"
    shutil.copytree(package / "pginstall", home / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.parent / f"{package.name}.libs", home / f"{package.name}.libs")
    home.chmod(0o700)

    with PostgresServer(home / package.name / "pginstall" / "bin") as server:
        server.create_database("anything")


def test_a_database_name_is_never_more_than_a_name() -> None:
    with pytest.raises(ValueError, match="not a plain database name"):
        PostgresServer()._execute('CREATE DATABASE "{}"', 'x"; DROP DATABASE y; --')

"""Bulk work on SQLite lets those who wait to write go first."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.db import db, transaction
from nexnotify.sqlite import prepare_sqlite, somebody_waits
from nexnotify.turns import BREATH, LONGEST_BREATH, let_others_write


def writers_of(folder: Path) -> sa.Engine:
    """An engine whose transactions all write."""
    engine = sa.create_engine(f"sqlite:///{folder / 'shop.db'}", execution_options={"nexnotify_write": True})
    prepare_sqlite(engine)
    with engine.begin() as link:
        link.execute(sa.text("CREATE TABLE line (n INTEGER)"))
    return engine


def test_what_a_merchants_file_was_told_outlives_a_loss_of_power(tmp_path: Path) -> None:
    """The tests' own files do without: nobody cuts their power."""
    with writers_of(tmp_path).connect() as link:
        asked = {name: link.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
    assert asked == {"journal_mode": "wal", "synchronous": 2}  # FULL


def test_a_writer_that_has_to_wait_is_seen_until_it_has_its_turn(tmp_path: Path) -> None:
    engine = writers_of(tmp_path)

    def signs_up() -> None:
        with engine.begin() as link:
            link.execute(sa.text("INSERT INTO line VALUES (1)"))

    other = threading.Thread(target=signs_up)
    with engine.begin():
        assert not somebody_waits(engine), "whoever writes does not wait"
        other.start()
        ends = time.monotonic() + 5
        while not somebody_waits(engine):
            assert time.monotonic() < ends
            time.sleep(0.001)
    other.join()
    assert not somebody_waits(engine)
    with engine.connect() as link:
        assert link.scalar(sa.text("SELECT count(*) FROM line")) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bulk_work_pauses_shortly_when_nobody_waits_and_not_for_ever_when_somebody_does(app: Flask) -> None:
    locked, held = threading.Event(), threading.Event()

    def holds_the_lock() -> None:
        with app.app_context(), transaction():
            locked.set()
            held.wait(30)

    def waits() -> None:
        with app.app_context(), transaction():
            pass

    with app.app_context():
        begun = time.monotonic()
        let_others_write()
        assert time.monotonic() - begun >= BREATH
        threads = [threading.Thread(target=holds_the_lock), threading.Thread(target=waits)]
        threads[0].start()
        assert locked.wait(30), "or the other is through before it"
        threads[1].start()
        ends = time.monotonic() + 20
        while not somebody_waits(db.engine):
            assert time.monotonic() < ends
            time.sleep(0.001)
        begun = time.monotonic()
        let_others_write()
        assert LONGEST_BREATH <= time.monotonic() - begun < 5
        held.set()
        for thread in threads:
            thread.join()

"""Several workers on one database."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.accepted import AcceptedTexts
from bench.house import add_waiting, installation, restock
from bench.processes import running
from nexnotify.workers.steps import run_restock
from tests.postgres import PostgresServer, available
from tests.stubs.twilio_stub import TwilioStub

#: Texts in flight in each worker.
THREADS = 16
DELAY = 0.1


def two_workers_speedup(count: int = 1600) -> float:
    """Texts a second of two worker processes ÷ those of one, each with the same few threads.

    On PostgreSQL where its programs are there, else on SQLite.
    """
    with _database() as make_database:
        return _rate(make_database(), 2, count) / _rate(make_database(), 1, count)


@contextmanager
def _database() -> Iterator[Callable[[], str]]:
    if not available():
        print(f"{'':27} (on SQLite: there is no PostgreSQL here)", flush=True)
        yield lambda: ""
        return
    with PostgresServer() as server:
        names = iter(("one", "two"))
        yield lambda: server.create_database(next(names))


def _rate(database_url: str, workers: int, count: int) -> float:
    """Texts a second once all run: over the middle of the texts, without the start and the last ones."""
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder:
        log = Path(folder) / "accepted"
        queue = database_url or f"sqlite:///{folder}/queue.sqlite"
        with (
            TwilioStub(DELAY, log) as stub,
            installation(THREADS, stub.url, queue=queue, database_url=database_url) as house,
        ):
            add_waiting(house.app, house.store_id, count)
            restock(house.store_id)
            run_restock()
            with running(house, "worker", count=workers):
                accepted = AcceptedTexts(log)
                accepted.wait_for(count, 120)
    moments = sorted(at for _, at in accepted.texts)
    first, last = count // 4, count * 9 // 10
    return (last - first) / (moments[last] - moments[first])

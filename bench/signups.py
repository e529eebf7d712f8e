"""Sign-ups through the widget's endpoint: against a view that does nothing, and beside a fan-out."""

from __future__ import annotations

import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from bench.house import Installation, add_waiting, installation, restock
from nexnotify.catalog.service import ProductData, VariantData
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.inventory.intake import take_product
from nexnotify.settings import ROOT
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_restock
from nexnotify.workers.supervisor import serve_commands

ROUNDS = 5
SECONDS = 3.0
PEOPLE = 100_000
#: Every load's own: a hundred and more of them fit into the seven digits behind an area code.
_first_numbers = itertools.count(2_000_000, 60_000)


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the load saw."""

    count: int
    seconds: float
    p99_s: float
    #: Answers other than 202.
    refused: int

    @property
    def rate(self) -> float:
        """Sign-ups a second."""
        return self.count / self.seconds


def signup_vs_empty_view() -> float:
    """Sign-ups a second, divided by the requests a second of an empty Flask view under the same gunicorn arguments.

    Confirmations are on, as in a new store, and no limit counts.
    """
    with _house() as house, _web(house) as signups, _web(house, "bench.empty_view:app") as empty:
        path = f"/widget/v1/{house.store_key}/requests"
        for port, where in ((signups, path), (empty, "/")):
            _load(port, where, lambda: time.sleep(1))
        ratios = []
        for _ in range(ROUNDS):
            bare = _load(empty, "/", lambda: time.sleep(SECONDS)).rate
            ratios.append(_load(signups, path, lambda: time.sleep(SECONDS)).rate / bare)
        return statistics.median(ratios)


def signup_during_fanout() -> float:
    """Sign-ups a second while 100,000 texts of another product are planned, divided by those before."""
    alone, during = beside_fanout()
    return during.rate / alone.rate


def signup_during_fanout_p99_s() -> float:
    """Seconds that 99 of 100 sign-ups take at most while 100,000 texts are planned."""
    return beside_fanout()[1].p99_s


def beside_fanout() -> tuple[Load, Load]:
    """The load alone, and while a restock is planned."""
    with _house() as house, _web(house) as port:
        path = f"/widget/v1/{house.store_key}/requests"
        add_waiting(house.app, house.store_id, PEOPLE)
        _load(port, path, lambda: time.sleep(1))
        alone = _load(port, path, lambda: time.sleep(SECONDS))
        restock(house.store_id)
        return alone, _load(port, path, run_restock)


@contextmanager
def _house() -> Iterator[Installation]:
    """With a sold-out mug for sign-ups to wait for."""
    with installation(queue="", more_settings={"confirmations": True}) as house:
        with transaction():
            store = db.session.get_one(Store, house.store_id)
            take_product(
                store,
                ProductData("mug", "Mug", variants=[VariantData("mug", "MUG", url="https://shop.example/mug")]),
                utcnow(),
            )
        yield house


@contextmanager
def _web(house: Installation, app: str = "wsgi:app") -> Iterator[int]:
    """The port of a web server as ``serve`` starts it."""
    settings = house.settings
    own = {
        "INSTANCE": str(settings.instance),
        "SECRET_KEYS": settings.secret_keys,
        "SIGNUPS_PER_IP": "0",
        "SIGNUPS_PER_CONTACT": "0",
        "SIGNUPS_PER_STORE": "0",
        "LOG_LEVEL": "WARNING",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXNOTIFY_")}
    port = _free_port()
    command = serve_commands(f"127.0.0.1:{port}", settings.web_workers, settings.web_threads)["web"]
    environment = kept | {f"NEXNOTIFY_{name}": value for name, value in own.items()}
    process = subprocess.Popen([*command[:-1], app], cwd=ROOT, env=environment)
    try:
        _wait_ready(port)
        yield port
    finally:
        process.terminate()
        process.wait(15)


def _load(port: int, path: str, meanwhile: Callable[[], None]) -> Load:
    """Sign-ups as long as ``meanwhile`` takes."""
    command = [sys.executable, "-m", "bench.signup_load", str(port), path, "MUG", str(next(_first_numbers))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        meanwhile()
        answer, _ = process.communicate()
    seen = Load(**json.loads(answer))
    if seen.refused:
        raise RuntimeError(f"{seen.refused} of {seen.refused + seen.count} requests were refused")
    return seen


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_ready(port: int) -> None:
    """Until a worker answers; gunicorn itself listens sooner."""
    for _ in range(300):
        link = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            link.request("GET", "/")
            link.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            link.close()
    raise RuntimeError("the web server did not come up")

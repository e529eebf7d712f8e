"""Sending: the whole way from claim to settlement against the bare loop of the same client, in one run."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.house import Installation, add_waiting, installation, restock
from nexnotify.db import db
from nexnotify.gateways.contract import Gateway, OutgoingMessage
from nexnotify.gateways.service import open_gateway, sender_of
from nexnotify.stores.models import Store
from nexnotify.workers.sender import Sender
from nexnotify.workers.steps import run_restock
from tests.stubs.twilio_stub import TwilioStub

THREADS = 64


def send_vs_loop_0ms() -> float:
    """Against a gateway that answers at once."""
    return send_vs_loop(0.0, 4000)


def send_vs_loop_100ms() -> float:
    """Against a gateway that takes 100 ms."""
    return send_vs_loop(0.1, 2000)


def send_vs_loop(delay: float, count: int) -> float:
    """Texts a second of the sender, divided by those of the plugin called from a bare pool of as many threads.

    ``delay`` is how long the stub takes to answer, in seconds.
    """
    with (
        tempfile.TemporaryDirectory(prefix="nxbench-") as folder,
        TwilioStub(delay, Path(folder) / "accepted") as stub,
        installation(THREADS, stub.url) as house,
    ):
        add_waiting(house.app, house.store_id, count)
        restock(house.store_id)
        run_restock()
        return _bare(gateway_of(house), count) / seconds_of_sender(house)


def seconds_of_sender(house: Installation) -> float:
    """Seconds the sender takes for everything that is queued."""
    sender = Sender(house.app, THREADS)
    begun = time.monotonic()
    sender.drain()
    seconds = time.monotonic() - begun
    sender.stop_pool()
    return seconds


def _bare(gateway: Gateway, count: int) -> float:
    """Seconds the same client takes for as many texts, with nothing around it."""
    texts = [
        OutgoingMessage(f"{n:032x}", f"+1212{2000007 + 10 * n}", "Bench: Tee M is back in stock.") for n in range(count)
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        begun = time.monotonic()
        list(pool.map(gateway.send, texts))
        return time.monotonic() - begun


def gateway_of(house: Installation) -> Gateway:
    instance = sender_of(db.session.get_one(Store, house.store_id), "sms")
    assert instance is not None
    return open_gateway(instance)

"""Memory: what a worker holds after very many texts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psutil

from bench.accepted import AcceptedTexts
from bench.house import Installation, add_waiting, installation, restock
from bench.processes import running
from nexnotify.nudge import nudge
from tests.stubs.twilio_stub import TwilioStub

FIRST, ALL = 10_000, 100_000
#: Texts of one restock.
WAVE = 10_000


def worker_memory_growth() -> float:
    """Resident memory of a worker process that has planned and sent 100,000 texts ÷ after the first 10,000 of them."""
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder:
        log = Path(folder) / "accepted"
        with (
            TwilioStub(0.0, log) as stub,
            installation(gateway_url=stub.url, queue=f"sqlite:///{folder}/queue.sqlite") as house,
            running(house, "worker") as [worker],
        ):
            accepted, process = AcceptedTexts(log), psutil.Process(worker.pid)
            sizes = []
            for sent in range(0, ALL, WAVE):
                _wave(house, sent)
                accepted.wait_for(sent + WAVE, 300, every=0.5)
                sizes.append(process.memory_info().rss)
    print(f"{'':27} (MiB after each {WAVE:,}: {', '.join(f'{size / 2**20:.0f}' for size in sizes)})", flush=True)
    return sizes[-1] / sizes[FIRST // WAVE - 1]


def _wave(house: Installation, start: int) -> None:
    """A restock with people who have not been told before."""
    restock(house.store_id, 0)
    add_waiting(house.app, house.store_id, WAVE, start)
    restock(house.store_id, 5)
    nudge("restock")

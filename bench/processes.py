"""Real processes of an installation, as an operator starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.house import Installation
from nexnotify.settings import ROOT


@contextmanager
def running(house: Installation, *arguments: str, count: int = 1) -> Iterator[list[subprocess.Popen[bytes]]]:
    """``nexnotify ARGUMENTS`` on the house's folder, ``count`` times, ended with the block."""
    settings = house.settings
    own = {
        "INSTANCE": str(settings.instance),
        "DATABASE_URL": settings.database_url,
        "QUEUE_URL": settings.queue_url,
        "SECRET_KEYS": settings.secret_keys,
        "SEND_THREADS": str(settings.send_threads),
        "LOG_LEVEL": "WARNING",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXNOTIFY_")}
    environment = kept | {f"NEXNOTIFY_{name}": value for name, value in own.items()}
    command = [sys.executable, "-m", "nexnotify", *arguments]
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            stack.callback(_end, process)
            processes.append(process)
        yield processes


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

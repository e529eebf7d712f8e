"""How long a shopper waits: from the storefront's call to the text that the gateway has accepted."""

from __future__ import annotations

import http.client
import json
import random
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.accepted import AcceptedTexts
from bench.house import Installation, installation, number
from bench.processes import running
from tests.stubs.twilio_stub import TwilioStub

RESTOCKS = 120


def first_text_p99_s() -> float:
    """The 99th percentile of :func:`waits`, in seconds; prints the median, too."""
    found = sorted(waits(RESTOCKS))
    print(f"{'':27} (median {found[len(found) // 2]:.3f} s, longest {found[-1]:.3f} s)", flush=True)
    return found[int(len(found) * 0.99)]


def waits(count: int) -> list[float]:
    """Seconds from the beginning of the stock call to the text accepted, of single restocks one after another.

    Web and worker are the real ``nexnotify serve`` with its SQLite database and queue, idle between two restocks.
    """
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder:
        log = Path(folder) / "accepted"
        with (
            TwilioStub(0.0, log) as stub,
            installation(gateway_url=stub.url, queue=f"sqlite:///{folder}/queue.sqlite") as house,
        ):
            port = _free_port()
            with running(house, "serve", "--bind", f"127.0.0.1:{port}"):
                storefront = _Storefront(house, port)
                accepted = AcceptedTexts(log)
                return [_one(storefront, accepted, n) for n in range(count + 3)][3:]  # the first ones wake everything


def _one(storefront: _Storefront, accepted: AcceptedTexts, n: int) -> float:
    storefront.stock(0)
    person = {"sku": "TEE-M", "phone": number(n), "channels": ["sms"], "consent": True, "confirm": False}
    storefront.call("POST", "requests", {"requests": [person]})
    time.sleep(random.uniform(0.1, 0.3))  # at any moment of the worker's round
    begun = time.time()
    storefront.stock(5)
    accepted.wait_for(n + 1, 30, every=0.005)
    to, at = accepted.texts[-1]
    assert to == number(n)
    return at - begun


class _Storefront:
    """A shop's client of the API, over one connection."""

    def __init__(self, house: Installation, port: int) -> None:
        self._key = house.api_key
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._wait_ready(port)

    def _wait_ready(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stock(self, on_hand: int) -> None:
        self.call("PUT", "stock", {"levels": [{"sku": "TEE-M", "on_hand": on_hand}]})

    def call(self, method: str, path: str, body: Any) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        self._link.request(method, f"/api/v1/{path}", json.dumps(body), headers)
        answer = self._link.getresponse()
        text = answer.read()
        if answer.status != 200 or json.loads(text)["errors"]:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

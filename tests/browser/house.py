"""nexnotify as a process of its own on a free port, and the merchant's side of it through the API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from click.testing import CliRunner

from nexnotify.cli import cli
from tests.kannel import free_ports, wait_for

ROOT = Path(__file__).resolve().parents[2]


class House:
    """A running installation with one store and the demo store; ended, children and all, when the block ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        [port] = free_ports(1)
        self.bind = f"127.0.0.1:{port}"
        self.url = f"http://{self.bind}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NEXNOTIFY_")}
        self.environment = {
            **environment,
            "NEXNOTIFY_INSTANCE": str(folder),
            "NEXNOTIFY_PUBLIC_URL": self.url,
            "NEXNOTIFY_SIGNUPS_PER_IP": "0",
            "NEXNOTIFY_SIGNUPS_PER_CONTACT": "0",
            "NEXNOTIFY_WEB_WORKERS": "1",
            "NEXNOTIFY_WEB_THREADS": "8",
            "NEXNOTIFY_LOG_LEVEL": "WARNING",
        }

    def __enter__(self) -> House:
        self.command("init")
        made = self.command("store", "create", "--name", "Acme & Söhne")
        self.key, self._secret = made["store_key"], made["api_key"]
        self.demo_key = self.command("demo")["store_key"]
        self._log = (self.folder / "serve.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nexnotify", "serve", "--bind", self.bind],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(self._answers, 30, f"nexnotify at {self.url}")
            self.settings(quiet_hours=None)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def command(self, *words: str, typed: str | None = None) -> Any:
        """One command, its answer read as JSON; ``typed`` is its standard input."""
        done = CliRunner().invoke(cli, [*words, "--json"], env=self.environment, input=typed)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "serve.log").read_text()
        try:
            with urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def user(self, email: str, password: str, role: str = "owner", store: str = "") -> None:
        """A person who may sign in to a store, this one's unless another key is named."""
        self.command("user", "create", "--store", store or self.key, "--email", email, "--role", role, typed=password)

    # --- the merchant ----------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, secret: str = "") -> Any:
        """One call of the storefront API, as this store unless another one's key is given."""
        request = Request(
            f"{self.url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {secret or self._secret}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def settings(self, **changes: Any) -> None:
        """Change the store's settings."""
        self.call("PUT", "settings", changes)

    def product(
        self,
        id: str,
        title: str,
        stock: dict[str, int],
        *,
        option: str = "",
        unavailable_as: str = "sold_out",
        **more: Any,
    ) -> None:
        """A product with a variant for each SKU, and its stock."""
        variants = [
            {
                "id": f"v-{sku.lower()}",
                "sku": sku,
                "options": {option: sku.rpartition("-")[2]} if option else {},
                "unavailable_as": unavailable_as,
            }
            for sku in stock
        ]
        product = {"id": id, "title": title, "url": f"https://acme.example/{id}", "variants": variants, **more}
        self.call("PUT", "products", {"products": [product]})
        for sku, on_hand in stock.items():
            self.stock(sku, on_hand)

    def stock(self, sku: str, on_hand: int) -> None:
        """Tell a stock level."""
        self.call("PUT", "stock", {"levels": [{"sku": sku, "on_hand": on_hand}]})

    def requests(self, sku: str) -> list[dict[str, Any]]:
        """Who waits for a SKU."""
        found: list[dict[str, Any]] = self.call("GET", f"requests?sku={sku}")["requests"]
        return found

    def told(self, sku: str, kind: str, seconds: float = 10) -> list[dict[str, Any]]:
        """Messages of a kind, as soon as there are any and all are delivered."""
        end = time.monotonic() + seconds
        while True:
            rows = [row for row in self.call("GET", f"messages?sku={sku}")["messages"] if row["kind"] == kind]
            if rows and all(row["status"] == "delivered" for row in rows):
                return rows
            assert time.monotonic() < end, f"no {kind} for {sku} was delivered: {rows}"
            time.sleep(0.1)

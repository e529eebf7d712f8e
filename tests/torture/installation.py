"""A real installation as processes, to be killed: found through /proc, ended by SIGKILL, started again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

ROOT = Path(__file__).resolve().parents[2]
#: Every kind of process an installation has.
ROLES = ("supervisor", "web master", "web worker", "queue worker")


@dataclass(frozen=True)
class Victim:
    """A process of the installation."""

    role: str
    process: psutil.Process


@dataclass
class _Root:
    """A process that we start ourselves; its children are its own business."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0


@dataclass
class Installation:
    """``serve``, and workers beside it, on one instance folder; also the storefront that talks to it."""

    folder: Path
    #: Empty is SQLite in the folder.
    database_url: str = ""
    workers: int = 1
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs = self.folder / "logs"
        self.logs.mkdir(exist_ok=True)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.bind = f"127.0.0.1:{listener.getsockname()[1]}"
        self.url = f"http://{self.bind}"
        self.api_key = ""
        self._lock = threading.Lock()
        self._roots = [_Root("serve", ["serve", "--bind", self.bind])]
        self._roots += [_Root(f"worker-{number}", ["worker"]) for number in range(1, self.workers + 1)]

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.kill_all()
        if kind is not None:
            print(self.last_words())  # noqa: T201 - pytest shows it with the failure

    # --- its processes -------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXNOTIFY_")}
        own = {"INSTANCE": str(self.folder), "PUBLIC_URL": self.url, "LOG_LEVEL": "WARNING", **self.settings}
        if self.database_url:
            own |= {"DATABASE_URL": self.database_url, "QUEUE_URL": self.database_url}
        return kept | {f"NEXNOTIFY_{name}": value for name, value in own.items()}

    def command(self, *arguments: str) -> Any:
        """Run a command of ``nexnotify`` with ``--json``; its answer."""
        line = [sys.executable, "-m", "nexnotify", *arguments, "--json"]
        done = subprocess.run(
            line, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def keep_running(self) -> None:
        """Start what we start ourselves and does not run; what a process starts, it must start again by itself."""
        with self._lock:
            for root in self._roots:
                if root.process is not None and root.process.poll() is not None:
                    root.process = None
                if root.process is None and time.monotonic() >= root.start_at:
                    self._start(root)

    def _start(self, root: _Root) -> None:
        with (self.logs / f"{root.name}.log").open("ab") as log:
            root.process = subprocess.Popen(
                [sys.executable, "-m", "nexnotify", *root.arguments],
                cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, timeout: float = 60) -> None:
        """Until the web server and its database answer."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.keep_running()
            with contextlib.suppress(OSError, HTTPException), urlopen(f"{self.url}/readyz", timeout=5):
                return
            time.sleep(0.05)
        raise AssertionError(f"The installation did not come up.\n{self.last_words()}")

    def processes(self) -> list[Victim]:
        """What runs now, also what has lost its parent: all that carry our instance folder in their environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if process.environ().get("NEXNOTIFY_INSTANCE") != str(self.folder):
                    continue
                found.append(Victim(_role(process), process))
        return found

    def kill(self, role: str, chance: random.Random) -> bool:
        """SIGKILL for one process of a role, at random; false when there is none at the moment."""
        victims = [victim for victim in self.processes() if victim.role == role]
        if not victims:
            return False
        victim = chance.choice(victims)
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.process.kill()  # by pid and start time, never by name
        with self._lock:
            for root in self._roots:
                if root.process is not None and root.process.pid == victim.process.pid:
                    root.process.wait()
                    root.start_at = time.monotonic() + chance.uniform(0, 0.5)
        return True

    def kill_all(self) -> None:
        """The end: nothing of this installation is left."""
        for _ in range(100):
            victims = self.processes()
            if not victims:
                break
            for victim in victims:
                with contextlib.suppress(psutil.NoSuchProcess):
                    victim.process.send_signal(signal.SIGKILL)
            time.sleep(0.05)
        for root in self._roots:
            if root.process is not None:
                root.process.wait(10)
                root.process = None

    def last_words(self, lines: int = 60) -> str:
        """The ends of the logs."""
        parts = []
        for path in sorted(self.logs.glob("*.log")):
            parts += [f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(parts)

    # --- the storefront ------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, timeout: float = 90) -> Any:
        """A call of the storefront API, repeated until it is answered, as a storefront would."""
        deadline = time.monotonic() + timeout
        address = path if path.startswith("/") else f"/api/v1/{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        while True:
            self.keep_running()
            try:
                request = Request(f"{self.url}{address}", data, headers, method=method)
                with urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:
                words = error.read().decode(errors="replace")
                if error.code < 500 or time.monotonic() > deadline:
                    raise AssertionError(f"{method} {address}: {error.code} {words}") from None
            except (OSError, HTTPException, ValueError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def pages(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        """All rows of a list."""
        address: str | None = f"/api/v1/{path}{'&' if '?' in path else '?'}limit=200"
        while address:
            page = self.call("GET", address)
            yield from page[name]
            address = page["next"]


def _role(process: psutil.Process) -> str:
    line = process.cmdline()
    if "gunicorn" in line:
        parent = process.parent()
        # gunicorn's own children carry its command line; a worker whose master was killed has another parent, but is
        # not the leader of its process group.
        is_child = parent is not None and "gunicorn" in parent.cmdline()
        return "web worker" if is_child or os.getpgid(process.pid) != process.pid else "web master"
    return "queue worker" if "worker" in line else "supervisor"

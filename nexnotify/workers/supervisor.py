"""``serve``: web and worker as two children of one small supervisor."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger(__name__)

#: Seconds before a child that ended is started again; doubled while it keeps ending, up to the last.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: Seconds children get to end by themselves.
GRACE = 9.0


@dataclass(slots=True)
class _Child:
    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    start_at: float = 0.0


class Supervisor:
    """Keeps its children running until it is told to end; then they end with it."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self._children = [_Child(name, command) for name, command in commands.items()]
        self._ending = False
        self._pid = os.getpid()

    def run(self) -> int:
        """Until SIGTERM or SIGINT (one Ctrl-C). Returns the exit code."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while not self._ending:
            for child in self._children:
                self._watch(child)
            time.sleep(0.1)
        return self._stop()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending = True

    def _watch(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            log.warning("%s ended with %s; starting it again", child.name, child.process.returncode)
            child.wait = FIRST_WAIT if now - child.started > LONGEST_WAIT else min(child.wait * 2, LONGEST_WAIT)
            child.process, child.start_at = None, now + child.wait
        if child.process is None and now >= child.start_at:
            # A group of its own, so that a Ctrl-C reaches the supervisor alone and children end in good order;
            # should the supervisor be killed, the kernel ends them.
            child.process = subprocess.Popen(child.command, process_group=0, preexec_fn=self._die_with_parent)  # noqa: PLW1509
            child.started = now

    def _stop(self) -> int:
        running = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return 0

    def _die_with_parent(self) -> None:
        """Linux: SIGTERM for this child when the supervisor dies, however it dies."""
        if sys.platform == "linux":
            import ctypes

            pr_set_pdeathsig = 1
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
            if os.getppid() != self._pid:
                os._exit(1)  # it died before we asked


def serve_commands(bind: str, workers: int, threads: int) -> dict[str, list[str]]:
    """The two children of ``serve``."""
    gunicorn = ["-k", "gthread", "-w", str(workers), "--threads", str(threads), "-b", bind]
    gunicorn += ["--graceful-timeout", "8", "--log-level", "warning", "wsgi:app"]
    return {
        "web": [sys.executable, "-m", "gunicorn", "--chdir", os.fspath(_root()), *gunicorn],
        "worker": [sys.executable, "-m", "nexnotify", "worker"],
    }


def _root() -> str:
    from nexnotify.settings import ROOT

    return os.fspath(ROOT)

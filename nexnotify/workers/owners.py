"""Names of workers that tell whether the worker still lives: host, boot, process and when the process began."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path


def this_owner() -> str:
    """The name of this process as an owner of claims."""
    return f"{_host()}:{os.getpid()}:{_started(os.getpid()) or 0}"


def dead_owners(owners: Sequence[str]) -> list[str]:
    """Those of ``owners`` that ran on this host and surely run no more. Others are left to their leases."""
    return [owner for owner in owners if owner.rsplit(":", 2)[0] == _host() and not _lives(owner)]


def _lives(owner: str) -> bool:
    try:
        _, pid, started = owner.rsplit(":", 2)
        now = _started(int(pid))
    except ValueError:
        return True  # not one of our names
    if now is None:
        return not Path("/proc/self/stat").exists()  # without /proc nobody can tell
    return str(now) == started


def _host() -> str:
    """This machine and this start of it; in containers also the process namespace, since process ids are its own."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return f"{socket.gethostname()[:40]}:{boot.read_text().strip()[:8] if boot.exists() else ''}:{space}"


def _started(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None when there is none (or no /proc)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])

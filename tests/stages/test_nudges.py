"""Nudges: a crowd of sign-ups asks the worker once, and never too little."""

from __future__ import annotations

from pathlib import Path

from nexnotify.nudge import Nudges, make_huey
from nexnotify.settings import Settings


def make_nudges(folder: Path) -> Nudges:
    """On the queue file of an installation."""
    return Nudges(make_huey(Settings(instance=folder)))


def take(nudges: Nudges) -> None:
    """What a worker does with the next one."""
    nudges.huey.execute(nudges.huey.dequeue())


def test_a_nudge_that_waits_already_is_not_queued_again(tmp_path: Path) -> None:
    web, other_web = make_nudges(tmp_path), make_nudges(tmp_path)
    for _ in range(3):
        web("send")
        other_web("send")
        other_web("restock")
    assert web.huey.pending_count() == 2


def test_work_that_comes_once_the_nudge_was_taken_is_nudged_for_anew(tmp_path: Path) -> None:
    web, worker, ran = make_nudges(tmp_path), make_nudges(tmp_path), []
    worker.steps["send"] = lambda: ran.append("send")
    for _ in range(2):
        web("send")
        take(worker)
    assert ran == ["send", "send"]

"""Bulk work and everybody else write in turns."""

from __future__ import annotations

import time

from nexnotify.db import db, is_postgresql
from nexnotify.sqlite import somebody_waits

#: Seconds between two bulk transactions …
BREATH = 0.005
#: … and at most, while others wait to write.
LONGEST_BREATH = 0.06


def let_others_write() -> None:
    """Pause between two transactions of bulk work.

    SQLite has one writer at a time, and they do not queue: a bulk writer that never pauses starves the sign-ups
    (measured: 1,065 a second become 37). Outside any transaction.
    """
    ends = time.monotonic() + LONGEST_BREATH
    time.sleep(BREATH)
    while not is_postgresql() and time.monotonic() < ends and somebody_waits(db.engine):
        time.sleep(BREATH / 2)

"""The step that adds up what came of it, day by day."""

from __future__ import annotations

import time

from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.outcomes.marks import note_changes
from nexnotify.outcomes.recounting import begin_recounts, recount_next
from nexnotify.outcomes.rollups import add_up_next
from nexnotify.turns import let_others_write

#: Seconds that one sweep looks at orders again; it goes on with the next.
RECOUNTS = 10.0


def run_outcomes() -> None:
    """Days on which something changed are added up, each in a transaction of its own."""
    with transaction():
        upto = note_changes(utcnow())
    more = upto > 0
    while more:
        end_read()
        with transaction():
            more = add_up_next(upto)
        let_others_write()
    end_read()


def run_recounts() -> None:
    """Stores that have changed the days within which an order counts have their orders looked at again, some at a time."""
    ends = time.monotonic() + RECOUNTS
    with transaction():
        waiting = begin_recounts(utcnow())
    for store_id in waiting:
        more = True
        while more and time.monotonic() < ends:
            end_read()
            with transaction():
                more = recount_next(store_id)
            let_others_write()
    end_read()

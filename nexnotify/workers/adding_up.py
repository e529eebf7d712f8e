"""The step that adds up what came of it, day by day."""

from __future__ import annotations

from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.outcomes.marks import note_changes
from nexnotify.outcomes.rollups import add_up_next
from nexnotify.turns import let_others_write


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

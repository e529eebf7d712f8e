"""The step ``journeys``: who comes in, and what is said to those whose time has come."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.journeys import entering, planner
from nexnotify.turns import let_others_write

log = logging.getLogger(__name__)


def run_entries() -> None:
    """Activities that have occurred bring people into the journeys that are on."""
    for place in entering.looking(utcnow()):
        try:
            next_place: entering.Place | None = place
            while next_place is not None:
                end_read()
                with transaction():
                    next_place = entering.let_in(next_place)
                let_others_write()
        except (OperationalError, InterfaceError):
            raise  # the database, not the journey
        except Exception:
            # One journey's trouble must not keep people out of the others; it is looked at again at the next sweep.
            log.exception("nobody can be let in", extra={"journey": place.journey_id})
    end_read()


def run_journeys(after_some: Callable[[], None] = lambda: None) -> None:
    """People whose time in a journey has come are decided about. ``after_some`` lets sending begin at once."""
    run_entries()
    for journey_id, _ in planner.journeys_on():
        try:
            while True:
                end_read()
                with transaction():
                    if planner.work_on_some(journey_id, utcnow()) == 0:
                        break
                after_some()
                let_others_write()
        except planner.JourneyFault:
            # One journey's trouble must not hold up the others; it is tried again at the next sweep.
            log.exception("journey cannot be worked on", extra={"journey": journey_id})
    end_read()

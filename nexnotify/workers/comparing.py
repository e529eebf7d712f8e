"""The step that counts what people bought who were told of a restock, and who by chance were not."""

from __future__ import annotations

import logging

from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.outcomes.control_group.counting import count, due, keep
from nexnotify.turns import let_others_write

log = logging.getLogger(__name__)


def run_comparisons() -> None:
    """Restocks whose people are to be counted, each read in full before anything is written."""
    for restock_id in due(utcnow()):
        end_read()
        try:
            found = count(restock_id, utcnow())
            end_read()
            with transaction():
                keep(found)
        except (OperationalError, InterfaceError):
            raise  # the database, not the restock
        except Exception:
            # One restock's trouble must not keep the others from being counted; it is tried again at the next sweep.
            log.exception("cannot compare the people of a restock", extra={"restock": restock_id})
        let_others_write()
    end_read()

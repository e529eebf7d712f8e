"""The step ``imports``: files that staff uploaded are tried, and taken in once they say so."""

from __future__ import annotations

import logging
import time
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.catalog.imports.rows import RefusedRow, UnreadableFile
from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.imports import service
from nexnotify.imports.service import Work
from nexnotify.nudge import nudge
from nexnotify.turns import let_others_write
from nexnotify.words import N_

log = logging.getLogger(__name__)

#: Seconds before a piece that the database refused is tried again.
AGAIN_AFTER = 0.05
#: How often a piece is tried that meets a deadlock.
TRIES = 3
_FAULT = N_(
    "Something went wrong on our side, and our log has it. Import the file again; what was taken in stays as it is."
)


class _Undo(Exception):
    """Leaves a transaction without keeping anything of it."""


def run_imports() -> None:
    """All imports that wait for a worker, the oldest first."""
    seen: list[int] = []
    while (run_id := service.next_run(utcnow(), seen)) is not None:
        end_read()
        seen.append(run_id)
        try:
            _work_on(run_id)
        except (OperationalError, InterfaceError):
            raise  # the database, not the file
        except Exception:
            log.exception("cannot import", extra={"import_run": run_id})
            with transaction():
                service.give_up(run_id, _FAULT, utcnow())
    end_read()


def _work_on(run_id: int) -> None:
    with transaction():
        mine = service.take_up(run_id, utcnow())
    if mine is None:
        return
    status, store, run = mine
    try:
        work = service.read(run, status, store, service.content_of(run_id))
    except UnreadableFile as error:
        with transaction():
            service.give_up(run_id, error.message, utcnow())
        return
    with transaction():
        service.begin_pass(work)
    for piece in work.pieces():
        if not _do(work, piece):
            return
        let_others_write()
    with transaction():
        work.finish(utcnow())
    if status == "running":
        nudge("restock")


def _do(work: Work, piece: list[Any]) -> bool:
    for attempt in range(1, TRIES + 1):
        try:
            kept = _try_piece(work, piece) if work.status == "checking" else _take_piece(work, piece)
        except OperationalError:
            if attempt == TRIES:
                raise
            time.sleep(AGAIN_AFTER)
        else:
            if kept:
                work.advanced(piece)
            return kept
    return False


def _try_piece(work: Work, piece: list[Any]) -> bool:
    """See what would be refused, and undo it."""
    refused: list[RefusedRow] = []
    try:
        with transaction():
            refused = work.take(piece, utcnow())
            raise _Undo
    except _Undo:
        pass
    with transaction():
        return work.advance(piece, refused, utcnow())


def _take_piece(work: Work, piece: list[Any]) -> bool:
    try:
        with transaction():
            if not work.advance(piece, work.take(piece, utcnow()), utcnow()):
                raise _Undo
    except _Undo:
        return False
    return True

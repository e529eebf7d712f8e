"""The life of an import: uploaded, tried, run in pieces, over.

A piece and how far it came are committed together, so a worker that is killed loses a piece at most, and takes none
twice. A try is the same work, undone piece by piece.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.imports.rows import RefusedRow
from nexnotify.db import db, insert_rows
from nexnotify.errors import NexnotifyError
from nexnotify.imports.kinds import KINDS, Kind, Options, line_of
from nexnotify.imports.models import AT_WORK, ImportFault, ImportRun
from nexnotify.imports.reading import doubt_about, open_text
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Items of one transaction.
PIECE = 25
#: A worker that has said nothing for so long is dead.
SILENCE = timedelta(seconds=60)
#: A file over which workers have died for so long is given up: it may be what kills them.
STUBBORN = timedelta(minutes=10)
#: A file that nobody says anything about is deleted after a day, the faults of an import after a month.
KEEP_FILE, KEEP_FAULTS = timedelta(days=1), timedelta(days=30)


_NEVER_READ = N_("It could not be read to its end, however often it was tried. Split it, and import the parts.")


def upload(
    store: Store,
    kind: str,
    file_name: str,
    data: bytes,
    options: Options,
    user_id: int | None,
    now: datetime,
) -> ImportRun:
    """Keep a file, to be tried by a worker."""
    run = ImportRun(
        store_id=store.id,
        kind=kind,
        file_name=file_name,
        with_stock=options.with_stock,
        shop_url=options.shop_url,
        status="checking",
        content=_pack(data),
        user_id=user_id,
        created_at=now,
    )
    db.session.add(run)
    db.session.flush()
    return run


def begin(run: ImportRun) -> bool:
    """Let a (locked) import that was tried run.

    :returns: False when it is not at that point any more.
    """
    if run.status != "checked" or run.taken == 0:
        return False
    _delete_faults(run)
    run.status, run.position, run.taken, run.refused, run.worked_at = "running", 0, 0, 0, None
    return True


def cancel(run: ImportRun, now: datetime) -> bool:
    """End a (locked) import; what was taken in stays.

    :returns: False when it was over.
    """
    if run.status not in ("checking", "checked", "running"):
        return False
    _end(run, "cancelled", now)
    return True


def has_work(now: datetime) -> bool:
    """Whether an import has something for a worker to do."""
    return next_run(now, ()) is not None


def next_run(now: datetime, without: Sequence[int]) -> int | None:
    """The id of the oldest import that waits for a worker, or whose worker is dead."""
    return db.session.scalar(
        sa.select(ImportRun.id)
        .where(
            ImportRun.status.in_(AT_WORK),
            ImportRun.id.not_in(without),
            sa.or_(ImportRun.worked_at.is_(None), ImportRun.worked_at < now - SILENCE),
        )
        .order_by(ImportRun.id)
        .limit(1)
    )


@dataclass(slots=True)
class Work:
    """One pass of one worker over a file. Each method but the first is for a transaction of its own."""

    run_id: int
    status: str
    store: Store
    kind: Kind
    options: Options
    items: list[Any]
    refused: list[RefusedRow]
    #: The row of the last item that is done with. Rows stay what they are when fields of the store change meanwhile.
    position: int

    def pieces(self) -> Iterator[list[Any]]:
        """What is left of the items."""
        left = [item for item in self.items if line_of(item) > self.position]
        for start in range(0, len(left), PIECE):
            yield left[start : start + PIECE]

    def take(self, piece: list[Any], now: datetime) -> list[RefusedRow]:
        """Take items in; what the house refuses is given back."""
        refused = []
        for item in piece:
            try:
                with db.session.begin_nested():
                    self.kind.save(self.store, item, self.options, now)
            except NexnotifyError as error:
                refused.append(RefusedRow(line_of(item), error.message))
        return refused

    def advance(self, piece: list[Any], refused: Sequence[RefusedRow], now: datetime) -> bool:
        """Write down how far it came.

        :returns: False when it was ended, or another worker has it; then nothing of the piece may be kept.
        """
        run = _locked(self.run_id)
        if run is None or run.status != self.status or run.position != self.position:
            return False
        run.position = line_of(piece[-1])
        run.taken += len(piece) - len(refused)
        run.refused += len(refused)
        run.worked_at = now
        _add_faults(run, refused)
        db.session.flush()
        return True

    def advanced(self, piece: list[Any]) -> None:
        """What :meth:`advance` wrote down is committed."""
        self.position = line_of(piece[-1])

    def finish(self, now: datetime) -> None:
        """The pass is over."""
        run = _locked(self.run_id)
        if run is None or run.status != self.status or run.position != self.position:
            return
        if self.status == "running":
            _end(run, "done", now)
        else:
            run.status, run.worked_at = "checked", None


def take_up(run_id: int, now: datetime) -> tuple[str, Store, ImportRun] | None:
    """Claim an import for this worker; None when another one was faster, or nobody should try again."""
    run = _locked(run_id)
    if run is None or run.status not in AT_WORK or (run.worked_at and run.worked_at >= now - SILENCE):
        return None
    if run.worked_at and not run.total and run.created_at < now - STUBBORN:
        give_up(run_id, _NEVER_READ, now)
        return None
    run.worked_at = now
    return run.status, db.session.get_one(Store, run.store_id), run


def content_of(run_id: int) -> bytes:
    """The file as it was uploaded."""
    packed = db.session.scalar(sa.select(ImportRun.content).where(ImportRun.id == run_id))
    return zlib.decompress(base64.b64decode(packed or ""))


def doubt(run: ImportRun) -> str | None:
    """What a person should look at before the file is taken in."""
    return doubt_about(content_of(run.id)) if run.status == "checked" else None


def read(run: ImportRun, status: str, store: Store, data: bytes) -> Work:
    """Read the whole file.

    :raises UnreadableFile: with what to do.
    """
    kind, options = KINDS[run.kind], Options(run.shop_url, run.with_stock)
    rows = list(kind.read(store, open_text(data, run.file_name, store.zone), options))
    items = [row for row in rows if not isinstance(row, RefusedRow)]
    refused = [row for row in rows if isinstance(row, RefusedRow)]
    return Work(run.id, status, store, kind, options, items, refused, run.position)


def begin_pass(work: Work) -> None:
    """At the beginning of a pass: how many items there are, and the rows that were refused for what stands in them."""
    run = _locked(work.run_id)
    if run is None or run.status != work.status or run.position or run.refused:
        return
    run.total, run.refused = len(work.items) + len(work.refused), len(work.refused)
    _add_faults(run, work.refused)


def give_up(run_id: int, problem: str, now: datetime) -> None:
    """The file cannot be read, or a fault of ours stands in the way."""
    run = _locked(run_id)
    if run is not None and run.status in AT_WORK:
        run.problem = problem
        _end(run, "failed" if run.status == "running" else "unreadable", now)


def forget_old(now: datetime) -> None:
    """Delete files that were never run, and faults, which quote their files."""
    left = sa.select(ImportRun).where(
        ImportRun.status.in_(("checking", "checked")), ImportRun.created_at < now - KEEP_FILE
    )
    for run in db.session.scalars(left.with_for_update(skip_locked=True)):
        _end(run, "cancelled", now)
    old = sa.select(ImportRun).where(
        ImportRun.forgotten_at.is_(None), ImportRun.ended_at.is_not(None), ImportRun.created_at < now - KEEP_FAULTS
    )
    for run in db.session.scalars(old.limit(100).with_for_update(skip_locked=True)):
        _delete_faults(run)
        run.forgotten_at = now


def faults_of(run: ImportRun, limit: int | None = None) -> Sequence[ImportFault]:
    """The rows that were refused, in the order of the file."""
    statement = (
        sa.select(ImportFault)
        .where(ImportFault.store_id == run.store_id, ImportFault.import_run_id == run.id)
        .order_by(ImportFault.line, ImportFault.id)
    )
    return db.session.scalars(statement.limit(limit) if limit else statement).all()


def _locked(run_id: int) -> ImportRun | None:
    return db.session.scalar(
        sa.select(ImportRun).where(ImportRun.id == run_id).with_for_update().execution_options(populate_existing=True)
    )


def _end(run: ImportRun, status: str, now: datetime) -> None:
    run.status, run.content, run.worked_at, run.ended_at = status, None, None, now


def _pack(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def _add_faults(run: ImportRun, refused: Sequence[RefusedRow]) -> None:
    insert_rows(
        ImportFault,
        [
            {
                "store_id": run.store_id,
                "import_run_id": run.id,
                "line": row.line,
                "column": row.column[:255] if row.column else None,
                "value": row.value,
                "reason": row.reason,
            }
            for row in refused
        ],
    )


def _delete_faults(run: ImportRun) -> None:
    db.session.execute(
        sa.delete(ImportFault).where(ImportFault.store_id == run.store_id, ImportFault.import_run_id == run.id)
    )

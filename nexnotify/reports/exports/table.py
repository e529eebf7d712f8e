"""What an export is, and how its rows are read: in pieces by id, with no transaction held between two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db, end_read
from nexnotify.reports.periods import PERIODS
from nexnotify.reports.xlsx import Sheet
from nexnotify.stores.models import Store

#: Rows read at a time.
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Filter:
    """A part of the list page's address that chooses rows."""

    title: str
    #: What it may be → what a person calls that; None: anything.
    offered: Mapping[str, str] | None = None

    def word(self, value: str) -> str:
        """What a person calls a value of it."""
        return value if self.offered is None else self.offered[value]


#: The days in which rows were made, as lists offer them.
IN_PERIOD = {name: words for name, (words, _) in PERIODS.items()}


@dataclass(frozen=True, slots=True)
class Export:
    """A workbook that staff can take away."""

    #: In addresses, file names and the audit trail.
    name: str
    title: str
    lead: str
    #: What one row is, one and many.
    unit: tuple[str, str]
    #: By their names in the list page's address.
    filters: Mapping[str, Filter]
    #: The ids that the filter chooses, and the column they stand in.
    chosen: Callable[[Store, Mapping[str, str]], sa.Select[Any]]
    key: Any
    #: The sheets for these ids; their rows have not been read yet.
    sheets: Callable[[Store, sa.Select[Any]], list[Sheet]]

    def count(self, store: Store, wanted: Mapping[str, str]) -> int:
        """How many rows there would be now.

        :raises ValueError: the filter cannot be understood, with what to do.
        """
        return db.session.scalar(self.chosen(store, wanted).with_only_columns(sa.func.count())) or 0

    def book(self, store: Store, wanted: Mapping[str, str]) -> list[Sheet]:
        """The sheets, all of them of what there is now: what comes while they are written is in none.

        :raises ValueError: as :meth:`count`.
        """
        last = db.session.scalar(self.chosen(store, wanted).with_only_columns(sa.func.max(self.key))) or 0
        return self.sheets(store, self.chosen(store, wanted).where(self.key <= last))


def in_batches(statement: Any, key: Any) -> Iterator[Sequence[Any]]:
    """Rows by rising ``key``, which is their column ``id``."""
    after = 0
    while True:
        rows = db.session.execute(statement.where(key > after).order_by(key).limit(BATCH)).all()
        if rows:
            yield rows
        end_read()
        if len(rows) < BATCH:
            return
        after = rows[-1].id

"""Pages of a list. The place in it stands in the address, beside the filters.

A page costs the same wherever it lies and however long the list is. First the ids of its rows are found, in the order of
an index and from the last row of the page before on; then these rows alone are read, with all that is joined to them. So
no join can lead the database to read a store's whole past, which SQLite is quick to do where it has no statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request

from nexnotify.db import IdIn, UtcDateTime, db
from nexnotify.web.admin.sorting import PLACE, Sorting

PAGE = 50
#: Ids are 64-bit; SQLite cannot even be asked for a larger one.
MAX_ID = 2**63 - 1
#: Rows are counted up to here; of more the page says "1,000+".
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, the addresses of its neighbours, and how many rows there are."""

    rows: Sequence[Any]
    next_url: str | None
    prev_url: str | None
    #: Counted up to one more than :data:`MOST_COUNTED`; None where nobody counted.
    total: int | None = None
    sorting: Sorting | None = None

    @property
    def count(self) -> str:
        """The total in words: "312", "1,000+"; empty where nobody counted."""
        if self.total is None:
            return ""
        return f"{MOST_COUNTED:,}+" if self.total > MOST_COUNTED else f"{self.total:,}"


@dataclass(frozen=True, slots=True)
class _Place:
    """A row's place in the order: its value, and its id."""

    value: Any
    id: int


def keyset(shown: Any, ways: Any, sorting: Sorting | None = None, *, size: int = PAGE, count: bool = True) -> Page:
    """The page of a list that the address asks for.

    :param shown: selects what is shown of a row: the listed model first, and what its ids lead to.
    :param ways: a select of ids of rows, or several of which none finds what another does: each reads an index of its
        own. They tell the store and the filters.
    :param sorting: None: the newest first, by id. Only one way can be sorted otherwise.
    """
    ways = [ways] if isinstance(ways, sa.Select) else list(ways)
    key = ways[0].selected_columns[0] if ways else sa.null()
    before = _asked("before", sorting)
    after = _asked("after", sorting) if before is None else None
    found: list[Any] = []
    for way in ways:
        for step in _steps(way, key, sorting, after, before):
            if len(ways) > 1 or len(found) <= size:
                found += db.session.execute(step.limit(size + 1)).all()
    if len(ways) > 1:
        found.sort(key=lambda row: row[0], reverse=before is None)
    ids, more = [row[0] for row in found[:size]], len(found) > size
    if before is not None:
        ids.reverse()
    rows = _read(shown, ids)
    total = _count(ways) if count else None
    if not rows:
        return Page([], None, _address() if after or before else None, total, sorting)
    has_next, has_prev = (True, more) if before is not None else (more, after is not None)
    return Page(
        rows,
        _address(after=_token(rows[-1][0], sorting)) if has_next else None,
        _address(before=_token(rows[0][0], sorting)) if has_prev else None,
        total,
        sorting,
    )


def by_value(
    read: Callable[[tuple[int, int] | None, int, bool], Sequence[Any]], place_of: Callable[[Any], tuple[int, int]]
) -> Page:
    """A page of rows that are computed, so that no index has their order.

    :param read: the rows from a place on, or (third argument) those before it; at most so many.
    :param place_of: a row's value and number, which are its place.
    """
    after, before = _pair("after"), _pair("before")
    found = list(read(before or after, PAGE + 1, before is not None))
    if before is not None:
        rows, has_next, has_prev = found[-PAGE:], True, len(found) > PAGE
    else:
        rows, has_next, has_prev = found[:PAGE], len(found) > PAGE, after is not None
    if not rows:
        return Page([], None, _address() if after or before else None)
    return Page(
        rows,
        _address(after="{1}~{0}".format(*place_of(rows[-1]))) if has_next else None,
        _address(before="{1}~{0}".format(*place_of(rows[0]))) if has_prev else None,
    )


def few(model: Any, ids: Any, *conditions: Any) -> sa.Select[Any]:
    """A way over rows that something else has found: these are read and sorted, and no index of the list is walked.

    :param ids: a select of their ids, within the store.
    """
    found = sorted(set(db.session.scalars(ids)))
    return sa.select(model.id).where(IdIn(model.__table__.c.id, ids=found), *conditions)


def _steps(way: Any, key: Any, sorting: Sorting | None, after: _Place | None, before: _Place | None) -> list[Any]:
    """The way, from its place on and in its order; where values are missing, first those with one, then those without."""
    place, back = before or after, before is not None
    if sorting is None or sorting.column.key == "id":
        falls = (sorting is None or sorting.falls) is not back
        if place is not None:
            way = way.where(key < place.id if falls else key > place.id)
        return [way.order_by(key.desc() if falls else key.asc())]
    column, falls = sorting.column, sorting.falls is not back
    with_value, without = way, way.where(column.is_(None))
    if place is not None and place.value is not None:
        here = sa.tuple_(sa.literal(place.value, column.type), sa.literal(place.id))
        pair = sa.tuple_(column, key)
        with_value = with_value.where(pair < here if falls else pair > here)
    elif place is not None:
        without = without.where(key < place.id if falls else key > place.id)
    order = (column.desc(), key.desc()) if falls else (column.asc(), key.asc())
    with_value = with_value.order_by(*order)
    if not column.nullable:
        return [with_value]
    with_value = with_value.where(column.is_not(None))
    without = without.order_by(key.desc() if falls else key.asc())
    if place is None:
        return [with_value, without]
    if back:
        return [with_value] if place.value is not None else [without, with_value]
    return [without] if place.value is None else [with_value, without]


def _read(shown: Any, ids: Sequence[int]) -> list[Any]:
    """What is shown of these rows, in their order."""
    if not ids:
        return []
    model = shown.column_descriptions[0]["entity"]
    rows = {row[0].id: row for row in db.session.execute(shown.where(model.id.in_(ids)))}
    return [rows[number] for number in ids if number in rows]


def _count(ways: Sequence[Any]) -> int:
    """How many rows the ways find, counted only so far."""
    total = 0
    for way in ways:
        rows = way.limit(MOST_COUNTED - total + 1).subquery()
        total += db.session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0
        if total > MOST_COUNTED:
            break
    return total


# --- the address -----------------------------------------------------------------------------------------------------


def _asked(name: str, sorting: Sorting | None) -> _Place | None:
    """The place that the address tells: an id, and behind it the value that the list is sorted by."""
    text, _, value = request.args.get(name, "").partition("~")
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= MAX_ID):
        return None
    if sorting is None or sorting.column.key == "id":
        return _Place(None, int(text))
    type_ = sorting.column.type
    if not value:
        return _Place("" if isinstance(type_, sa.String) else None, int(text))
    try:
        return _Place(next(read for kind, read in _READ.items() if isinstance(type_, kind))(value), int(text))
    except (ValueError, InvalidOperation, OverflowError):
        return None


def _pair(name: str) -> tuple[int, int] | None:
    texts = request.args.get(name, "").split("~")
    if len(texts) != 2 or not all(text.isascii() and text.isdecimal() and len(text) <= 18 for text in texts):
        return None
    return int(texts[1]), int(texts[0])


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)


def _sum(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite() or abs(found) >= 10**10:
        raise ValueError(text)
    return found


_READ: dict[type, Any] = {UtcDateTime: _moment, sa.Numeric: _sum, sa.String: str}


def _token(row: Any, sorting: Sorting | None) -> str:
    if sorting is None or sorting.column.key == "id":
        return str(row.id)
    value = getattr(row, sorting.column.key)
    if value is None:
        return str(row.id)
    return f"{row.id}~{value.isoformat() if isinstance(value, datetime) else value}"


def _address(**place: str) -> str:
    query = {name: value for name, value in request.args.items() if name not in PLACE}
    text = urlencode({**query, **place})
    return f"{request.path}?{text}" if text else request.path

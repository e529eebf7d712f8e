"""Pages of a list. The place in it stands in the address, beside the filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from nexnotify.db import db

PAGE = 50
#: Ids are 64-bit; SQLite cannot even be asked for a larger one.
MAX_ID = 2**63 - 1
#: Deeper than this nobody reads a list by hand; it keeps an offset from costing much.
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows and the addresses of its neighbours."""

    rows: Sequence[Any]
    next_url: str | None
    prev_url: str | None


def keyset(statement: Any, key: Any, size: int = PAGE) -> Page:
    """Rows by falling ``key`` (an id column that is also the first column's ``id``), from ``after`` or ``before``."""
    after, before = _number("after"), _number("before")
    if before is not None:
        found = db.session.execute(statement.where(key > before).order_by(key.asc()).limit(size + 1)).all()
        rows = list(reversed(found[:size]))
        has_prev, has_next = len(found) > size, True
    else:
        if after is not None:
            statement = statement.where(key < after)
        found = db.session.execute(statement.order_by(key.desc()).limit(size + 1)).all()
        rows = list(found[:size])
        has_prev, has_next = after is not None, len(found) > size
    if not rows:
        return Page([], None, _address() if after is not None or before is not None else None)
    return Page(
        rows,
        _address(after=rows[-1][0].id) if has_next else None,
        _address(before=rows[0][0].id) if has_prev else None,
    )


def numbered(statement: Any, size: int = PAGE) -> Page:
    """Rows in the statement's own order, by page number."""
    number = min(max(_number("page") or 1, 1), MAX_PAGES)
    found = db.session.execute(statement.limit(size + 1).offset((number - 1) * size)).all()
    return Page(
        found[:size],
        _address(page=number + 1) if len(found) > size else None,
        _address(page=number - 1) if number > 1 else None,
    )


def _number(name: str) -> int | None:
    number = request.args.get(name, type=int)
    return number if number is not None and 0 <= number <= MAX_ID else None


def _address(**place: int) -> str:
    query = {name: value for name, value in request.args.items() if name not in ("after", "before", "page")}
    text = urlencode({**query, **place})
    return f"{request.path}?{text}" if text else request.path

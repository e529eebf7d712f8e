"""What lists can be narrowed down by, beside what is each list's own: days, and what somebody searches for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import request

from nexnotify.db import db
from nexnotify.reports.periods import PERIODS
from nexnotify.web.admin.access import current_store


def asked(name: str, most: int = 254) -> str:
    """A part of the address, without what is around it."""
    return request.args.get(name, "").strip()[:most]


def chosen(name: str, offered: Any) -> str:
    """The same where it is one of those offered; else empty."""
    value = request.args.get(name, "")
    return value if value in offered else ""


def period_options(everything: str) -> list[tuple[str, str]]:
    """The menu of periods."""
    return [("", everything), *((name, words) for name, (words, _) in PERIODS.items())]


def since(model: Any, moment: Any, begin: datetime | None) -> list[Any]:
    """Conditions for rows that were made since, of a table whose rows are made one after another.

    Their ids are bounded too: so a list in the order of ids ends where the period does, and reads nothing older.
    """
    if begin is None:
        return []
    mine = sa.select(model.id).where(model.store_id == current_store().id, moment >= begin)
    first = db.session.scalar(mine.order_by(moment).limit(1))
    return [sa.false()] if first is None else [model.id >= first, moment >= begin]

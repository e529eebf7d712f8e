"""What lists can be narrowed down by, beside what is each list's own: days, and what somebody searches for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import request

from nexnotify.clock import from_local, to_local, utcnow
from nexnotify.db import db
from nexnotify.web.admin.access import current_store
from nexnotify.words import N_

#: Word in the address → (what the menu says, days before today).
PERIODS: Mapping[str, tuple[str, int]] = {
    "today": (N_("Today"), 0),
    "7d": (N_("Last 7 days"), 6),
    "30d": (N_("Last 30 days"), 29),
    "90d": (N_("Last 90 days"), 89),
}


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


def begin_of(period: str) -> datetime | None:
    """The midnight of the store at which a period of :data:`PERIODS` begins; None for no period."""
    if period not in PERIODS:
        return None
    zone = current_store().zone
    day = to_local(utcnow(), zone).date() - timedelta(days=PERIODS[period][1])
    return from_local(datetime.combine(day, time()), zone)


def since(model: Any, moment: Any, begin: datetime | None) -> list[Any]:
    """Conditions for rows that were made since, of a table whose rows are made one after another.

    Their ids are bounded too: so a list in the order of ids ends where the period does, and reads nothing older.
    """
    if begin is None:
        return []
    mine = sa.select(model.id).where(model.store_id == current_store().id, moment >= begin)
    first = db.session.scalar(mine.order_by(moment).limit(1))
    return [sa.false()] if first is None else [model.id >= first, moment >= begin]

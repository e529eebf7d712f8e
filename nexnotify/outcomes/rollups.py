"""A store's days added up. A part of a day is always made anew from the rows, never counted on: so running twice, late
receipts, refunds and killed workers leave no difference between the sums and the rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db, insert_rows
from nexnotify.outcomes.marks import PARTS, day_bounds
from nexnotify.outcomes.models import OutcomeCursor, OutcomeDay, OutcomeMark
from nexnotify.outcomes.sources import SOURCES
from nexnotify.stores.models import Store

#: What is money; every other number is a count.
MONEY = ("revenue", "revenue_won")
#: Every number of a row that is added up.
SUMS = (
    "asked",
    "specific",
    "questioned",
    "confirmed",
    "written",
    "taken",
    "in_time",
    "delivered",
    "failed",
    "filtered",
    "held",
    "uncertain",
    "not_sent",
    "clicked",
    "won",
    "assisted",
    "by_page",
    "opted_out",
    "complained",
    "restocks",
    "units",
    "units_sold",
    *MONEY,
)
#: What tells the rows of a part of a day from each other, beside the variant.
CUT = ("part", "channel", "kind", "template_id", "currency", "after")


def add_up_next(upto: int) -> bool:
    """Add up what is marked of one day.

    :param upto: the newest mark that is looked at; a newer one waits for the next run.
    :returns: whether there was one.
    """
    # One at a time: two that add up the same day would both write it.
    db.session.execute(sa.select(OutcomeCursor.name).order_by(OutcomeCursor.name).with_for_update()).all()
    first = sa.select(OutcomeMark.store_id, OutcomeMark.day).where(OutcomeMark.id <= upto)
    row = db.session.execute(first.order_by(OutcomeMark.id).limit(1)).first()
    if row is None:
        return False
    # The marks go first: whoever marks the day after this look has it added up again.
    parts = db.session.scalars(
        sa.delete(OutcomeMark)
        .where(OutcomeMark.store_id == row.store_id, OutcomeMark.day == row.day)
        .returning(OutcomeMark.part)
        .execution_options(synchronize_session=False)
    ).all()
    add_up(db.session.get_one(Store, row.store_id), row.day, set(parts))
    return True


def add_up(store: Store, day: date, parts: Collection[str] = PARTS) -> None:
    """Make one day's sums anew, or some of its parts."""
    db.session.execute(
        sa.delete(OutcomeDay)
        .where(OutcomeDay.store_id == store.id, OutcomeDay.day == day, OutcomeDay.part.in_(parts))
        .execution_options(synchronize_session=False)
    )
    insert_rows(OutcomeDay, rows_of(store, day, parts))


def rows_of(store: Store, day: date, parts: Collection[str] = PARTS) -> list[dict[str, Any]]:
    """What the rows say of a day, as values of :class:`OutcomeDay`."""
    since, until = day_bounds(day, store.zone)
    empty = dict.fromkeys(("variant_id", *CUT)) | {"channel": ""} | dict.fromkeys(SUMS, 0)
    rows = [
        empty
        | {"store_id": store.id, "day": day, "part": part, "whole": False}
        | {name: value for name, value in row.items() if value is not None}
        for part in PARTS
        if part in parts
        for row in db.session.execute(SOURCES[part](store.id, since, until)).mappings()
    ]
    return rows + _whole(rows)


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with all variants together."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in CUT)
        if key not in found:
            found[key] = row | {"variant_id": None, "whole": True}
        else:
            for name in SUMS:
                found[key][name] += row[name]
    return list(found.values())

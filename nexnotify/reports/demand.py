"""Who waits for what, by variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.catalog.queries import ids_matching
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import STATUSES, AlertRequest

#: Written out, because bound values would not match the partial index, which holds open requests and nothing else.
IS_OPEN = sa.text("alert_request.status IN ('pending', 'waiting')")
#: How many they are. Not count(*): SQLite would read an index of all requests there ever were; that of open ones has the
#: quantity too.
PEOPLE = sa.func.count(AlertRequest.quantity)
#: Requests of one status are counted up to here.
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variant and who waits for it."""

    variant: Variant
    waiting: int
    #: That they want, all together.
    units: int
    by_text: int
    by_email: int
    by_push: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A variant's place among those most wanted."""

    waiting: int
    variant_id: int


def most_wanted(store: Store, search: str, place: Place | None, limit: int, *, back: bool = False) -> list[Wanted]:
    """Variants that somebody waits for, most wanted first, from a place on or (``back``) up to it.

    Reads one entry of an index for each open request; those that ended cost nothing.
    """
    waiting = PEOPLE
    statement = sa.select(AlertRequest.variant_id, waiting).where(AlertRequest.store_id == store.id, IS_OPEN)
    if search:
        statement = statement.where(AlertRequest.variant_id.in_(ids_matching(store, search)))
    statement = statement.group_by(AlertRequest.variant_id)
    number = AlertRequest.variant_id
    if place is not None:
        ahead, behind = waiting > place.waiting, waiting < place.waiting
        level = number < place.variant_id if back else number > place.variant_id
        statement = statement.having(sa.or_(ahead if back else behind, sa.and_(waiting == place.waiting, level)))
    order = (waiting.asc(), number.desc()) if back else (waiting.desc(), number.asc())
    rows = db.session.execute(statement.order_by(*order).limit(limit)).all()
    found = _told(store, {row[0]: row[1] for row in rows})
    return found[::-1] if back else found


def _told(store: Store, counts: dict[int, int]) -> list[Wanted]:
    """The rest about these variants."""
    if not counts:
        return []
    ids = list(counts)
    statement = sa.select(Variant).options(joinedload(Variant.product))
    variants = {
        item.id: item for item in db.session.scalars(statement.where(Variant.store_id == store.id, Variant.id.in_(ids)))
    }
    by: dict[int, dict[str, tuple[int, int, datetime]]] = {number: {} for number in ids}
    for number, channel, count, units, oldest in db.session.execute(
        sa.select(
            AlertRequest.variant_id,
            Contact.channel,
            sa.func.count(),
            sa.func.sum(AlertRequest.quantity),
            sa.func.min(AlertRequest.created_at),
        )
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(AlertRequest.store_id == store.id, AlertRequest.variant_id.in_(ids), IS_OPEN)
        .group_by(AlertRequest.variant_id, Contact.channel)
    ):
        by[number][channel] = (count, int(units), oldest)
    return [
        Wanted(
            variants[number],
            counts[number],
            sum(units for _, units, _ in by[number].values()),
            by_text=_on(by[number], "sms"),
            by_email=_on(by[number], "email"),
            by_push=_on(by[number], "push"),
            oldest=min((oldest for _, _, oldest in by[number].values()), default=None),
        )
        for number in ids
    ]


def _on(by: Mapping[str, tuple[int, int, datetime]], channel: str) -> int:
    return by[channel][0] if channel in by else 0


def status_counts(variant: Variant) -> dict[str, int]:
    """How many requests a variant has in each status, at most one more than :data:`MOST_COUNTED` of each."""
    found: dict[str, int] = {}
    for status in STATUSES:
        rows: Any = sa.select(AlertRequest.id).where(
            AlertRequest.store_id == variant.store_id,
            AlertRequest.variant_id == variant.id,
            AlertRequest.status == status,
        )
        counted = sa.select(sa.func.count()).select_from(rows.limit(MOST_COUNTED + 1).subquery())
        if count := db.session.scalar(counted):
            found[status] = count
    return found


def count_words(counts: Sequence[int]) -> str:
    """The sum of such counts: "312", "1,000+"."""
    total = sum(counts)
    return f"{MOST_COUNTED:,}+" if total > MOST_COUNTED else f"{total:,}"

"""What the people of a restock bought: those who were told, and those who by chance were not.

Both groups are looked at by the same means, and by nothing that only being told brings about: not by clicks, nor by what was
matched with them (``outcomes.matching``). Who counts as told is who was to be told when it was decided, whatever became of the
message: that may hang on the person, and then it is no longer chance alone that divides the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import db, upsert
from nexnotify.inventory.models import StockChange
from nexnotify.outcomes.control_group.models import RestockLift
from nexnotify.outcomes.control_group.purchases import purchases
from nexnotify.restock.freed import FREED
from nexnotify.restock.models import OVER, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest, Decision

#: For so long after the last person's days are over, orders that are called off still change the figures.
RETURNS = timedelta(days=30)
#: How soon, and how late at most, a restock is counted anew.
SOONEST, LATEST = timedelta(hours=1), timedelta(days=1)
#: Restocks older than this that were never counted are not begun with.
OLDEST = timedelta(days=200)
#: Reasons for which a message waits that are found after the draw: only those have them who are told.
_AFTER_DRAW = ("best_hour", "bundling", "no_credit")
#: Requests whose orders are read together.
_BATCH = 1000


def due(now: datetime, most: int = 100) -> list[int]:
    """Restocks that are to be counted: those whose time has come, and those that nobody has counted."""
    lift, event = RestockLift.__table__, RestockEvent.__table__
    again = sa.select(lift.c.restock_id).where(lift.c.count_at <= now).order_by(lift.c.count_at, lift.c.id)
    known = sa.exists().where(lift.c.store_id == event.c.store_id, lift.c.restock_id == event.c.id)
    new = (
        sa.select(event.c.id)
        .where(sa.text("restock_event.holdout > 0"), event.c.at > now - OLDEST, ~known)
        .where(event.c.planned_at.is_not(None))
        .order_by(event.c.at, event.c.id)
    )
    return [id for statement in (again, new) for id in db.session.scalars(statement.limit(most))]


def keep(values: Mapping[str, Any]) -> None:
    """Write down what was counted (:func:`count`), in the place of what was counted before."""
    changes = {name: value for name, value in values.items() if name not in ("store_id", "restock_id")}
    statement = upsert(RestockLift.__table__).values(**values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["store_id", "restock_id"], set_=changes))


@dataclass(slots=True)
class _Shopper:
    """Somebody in the draw."""

    group: str
    since: datetime
    until: datetime
    #: Order → what was paid.
    paid: dict[tuple[str, int], Decimal] = field(default_factory=dict)


def count(restock_id: int, now: datetime) -> dict[str, Any]:
    """What the rows say of a restock, as values of :class:`RestockLift`. Nothing is written."""
    event = db.session.get_one(RestockEvent, restock_id)
    store = db.session.get_one(Store, event.store_id)
    shoppers, asked = _in_draw(store, event)
    over = {id: one for id, one in shoppers.items() if one.until <= now}
    _add_purchases(store, event, over, asked)
    sums: dict[str, Any] = dict.fromkeys(
        (f"{group}{name}" for group in ("told", "control") for name in ("", "_buyers", "_revenue", "_squares")), 0
    )
    for one in over.values():
        paid = sum(one.paid.values(), Decimal(0))
        sums[one.group] += 1
        sums[f"{one.group}_buyers"] += bool(one.paid)
        sums[f"{one.group}_revenue"] += paid
        sums[f"{one.group}_squares"] += float(paid) ** 2
    return {
        **sums,
        "store_id": event.store_id,
        "restock_id": event.id,
        "variant_id": event.variant_id,
        "at": event.at,
        "share": event.holdout,
        "pending": len(shoppers) - len(over),
        "counted_at": now,
        "count_at": _again(event, [one.until for one in shoppers.values()], now),
    }


def _again(event: RestockEvent, ends: Sequence[datetime], now: datetime) -> datetime | None:
    if event.state not in OVER:
        return now + SOONEST
    if pending := [end for end in ends if end > now]:
        return max(now + SOONEST, min(*pending, now + LATEST))
    return now + LATEST if now < max(ends, default=event.at) + RETURNS else None


def _in_draw(store: Store, event: RestockEvent) -> tuple[dict[int, _Shopper], dict[int, tuple[int, int]]]:
    """Shopper → who it is, and request → (contact, shopper).

    Who asked for any of several products is not among them: a restock of another of them may tell them meanwhile.
    """
    days, next_at = timedelta(days=store_settings(store).attribution_days), _next_restock(event)
    shoppers: dict[int, _Shopper] = {}
    asked: dict[int, tuple[int, int]] = {}
    for row in _drawn(event):
        is_later = row.until is not None and row.reason not in _AFTER_DRAW
        since = max(row.at, row.until) if is_later else row.at
        until = min(since + days, next_at or since + days)
        if since < until:
            group = "control" if row.reason == "holdout" else "told"
            shoppers.setdefault(row.shopper, _Shopper(group, since, until))
            asked[row.request_id] = (row.contact_id, row.shopper)
    return shoppers, asked


def _drawn(event: RestockEvent) -> Iterator[Any]:
    """Decisions about those in the draw, the first about each request first."""
    return iter(
        db.session.execute(
            sa.select(
                *(Decision.request_id, Decision.shopper, Decision.reason, Decision.at, Decision.until),
                AlertRequest.contact_id,
            )
            .join(
                AlertRequest,
                sa.and_(AlertRequest.store_id == Decision.store_id, AlertRequest.id == Decision.request_id),
            )
            .where(Decision.store_id == event.store_id, Decision.restock_id == event.id)
            .where(Decision.shopper.is_not(None), AlertRequest.scope == "variant")
            .order_by(Decision.id)
        )
    )


def _next_restock(event: RestockEvent) -> datetime | None:
    """When the variant came back once more: those who were not told are told then, so that the comparison ends.

    Units that were kept for somebody and are free again bring no news to them.
    """
    return db.session.scalar(
        sa.select(RestockEvent.at)
        .join(
            StockChange,
            sa.and_(StockChange.store_id == RestockEvent.store_id, StockChange.id == RestockEvent.stock_change_id),
        )
        .where(StockChange.cause != FREED)
        .where(RestockEvent.store_id == event.store_id, RestockEvent.variant_id == event.variant_id)
        .where(RestockEvent.id > event.id)
        .order_by(RestockEvent.id)
        .limit(1)
    )


def _add_purchases(
    store: Store, event: RestockEvent, shoppers: Mapping[int, _Shopper], asked: Mapping[int, tuple[int, int]]
) -> None:
    mine = [(request_id, *who) for request_id, who in asked.items() if who[1] in shoppers]
    if not mine:
        return
    product_id = db.session.scalars(
        sa.select(Variant.product_id).where(Variant.store_id == store.id, Variant.id == event.variant_id)
    ).one()
    since, until = min(one.since for one in shoppers.values()), max(one.until for one in shoppers.values())
    for first in range(0, len(mine), _BATCH):
        some = mine[first : first + _BATCH]
        shopper_of = {contact_id: shopper for _, contact_id, shopper in some}
        bought = purchases(store, product_id, {request: contact for request, contact, _ in some}, since, until)
        for item in bought:
            one = shoppers[shopper_of[item.contact_id]]
            if one.since <= item.at < one.until:
                one.paid[item.key] = item.total

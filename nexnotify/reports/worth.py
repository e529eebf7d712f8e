"""What people wait for, in units and in money: what is left on the table while it cannot be bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.reports.demand import IS_OPEN
from nexnotify.reports.metrics import metrics_of, span_until
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

Sort = Literal["money", "units", "people"]
SORTS: tuple[Sort, ...] = ("money", "units", "people")
#: Variants of a ranking.
MOST = 100
#: How many buy of those told: over so many days, and not before so many alerts.
RATE_DAYS, FEWEST_TOLD = 90, 30
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variant, and what waiting people would spend on it."""

    variant: Variant
    waiting: int
    units: int
    #: Units times price, in the store's currency; None: it has no price there.
    worth: Decimal | None


@dataclass(frozen=True, slots=True)
class Demand:
    """Everything that is waited for, and the variants that matter most."""

    waiting: int
    units: int
    worth: Decimal
    #: Units without a price in the store's currency.
    unpriced: int
    #: Orders for each alert of late; None: too few alerts to say.
    rate: float | None
    wanted: Sequence[Wanted]

    def expected(self, worth: Decimal | None) -> Decimal | None:
        """What of it a restock brings, if as many buy of those told as of late; None where nobody can say."""
        if worth is None or self.rate is None:
            return None
        return (worth * Decimal(str(min(self.rate, 1.0)))).quantize(_CENT)


def demand_of(store: Store, sort: Sort, now: datetime) -> Demand:
    """The ranking of a store. Reads open requests, by an index that has all that is asked, and no message.

    A request for any of several variants counts for the first it names, since one of them will be bought.
    """
    each = _open_requests(store)
    price = sa.case((Variant.currency == store.currency, Variant.price))
    worth = (each.c.units * price).label("worth")
    joined = sa.and_(Variant.store_id == store.id, Variant.id == each.c.variant_id)
    totals = db.session.execute(
        sa.select(
            sa.func.sum(each.c.waiting),
            sa.func.sum(each.c.units),
            sa.func.sum(worth, type_=sa.Numeric(18, 4)),
            sa.func.sum(sa.case((price.is_(None), each.c.units), else_=0)),
        )
        .select_from(each)
        .join(Variant, joined)
    ).one()
    orders = {"money": worth, "units": each.c.units, "people": each.c.waiting}
    first, *rest = (orders[sort], *(column for name, column in orders.items() if name != sort))
    rows = db.session.execute(
        sa.select(Variant, each.c.waiting, each.c.units, sa.type_coerce(worth, sa.Numeric(18, 4)))
        .options(joinedload(Variant.product))
        .select_from(each)
        .join(Variant, joined)
        .order_by(*(column.desc().nulls_last() for column in (first, *rest)), Variant.id)
        .limit(MOST)
    ).all()
    return Demand(
        int(totals[0] or 0),
        int(totals[1] or 0),
        (totals[2] or Decimal(0)).quantize(_CENT),
        int(totals[3] or 0),
        _rate(store, now),
        [Wanted(row[0], row[1], int(row[2]), None if row[3] is None else row[3].quantize(_CENT)) for row in rows],
    )


def _open_requests(store: Store) -> Any:
    number = AlertRequest.variant_id
    counts = (sa.func.count().label("waiting"), sa.func.sum(AlertRequest.quantity).label("units"))
    statement = sa.select(number, *counts).where(AlertRequest.store_id == store.id, IS_OPEN)
    return statement.group_by(number).subquery()


def _rate(store: Store, now: datetime) -> float | None:
    total = metrics_of(store, span_until(store, now, RATE_DAYS)).total
    return total.bought if total.alerts >= FEWEST_TOLD else None

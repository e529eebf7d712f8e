"""What telling adds: people who were told against those who by chance were not, of a store, a product or a restock.

Reads what ``outcomes.control_group`` has added up, a row for each restock, so its cost does not grow with the people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db
from nexnotify.outcomes.control_group.lift import ENOUGH_BUYERS, ENOUGH_PEOPLE, Estimate, Group, Lift, Stratum, lift
from nexnotify.outcomes.control_group.models import RestockLift
from nexnotify.reports.metrics import Span
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.words import N_

#: What the page says, by what is known.
VERDICTS = {
    "nobody": N_("Nobody was left out, so there is nothing to compare with."),
    "pending": N_("Too early: the days in which they may buy are not over."),
    "too_few": N_(
        "Too few data: it takes %(people)s people in each group, and %(buyers)s buyers in both together.",
        people=ENOUGH_PEOPLE,
        buyers=ENOUGH_BUYERS,
    ),
    "unclear": N_("Not told apart from chance: people bought about as often when they were not told."),
    "more": N_("People bought more often when they were told; chance alone would hardly show that."),
    "less": N_("People bought less often when they were told; chance alone would hardly show that."),
}
_OF_GROUP = ("told", "told_buyers", "told_revenue", "told_squares")
_SUMS = (*_OF_GROUP, *(name.replace("told", "control") for name in _OF_GROUP), "pending")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both groups, and what follows from them. Money is in the store's currency."""

    #: With people in the draw whose days for buying are over.
    restocks: int
    told: Group
    control: Group
    #: People whose days are not over; they are in neither group yet.
    pending: int
    lift: Lift
    #: When the oldest of the figures was counted.
    counted_at: datetime | None

    @property
    def is_any(self) -> bool:
        """Whether anybody was drawn at all."""
        return bool(self.told.people or self.control.people or self.pending)

    @property
    def verdict(self) -> str:
        """A key of :data:`VERDICTS`."""
        if not self.is_any:
            return "nobody"
        difference = self.lift.difference
        if difference is None:
            return "pending" if self.pending and not self.told.people else "too_few"
        if not difference.is_clear:
            return "unclear"
        return "more" if difference.value > 0 else "less"

    @property
    def earned(self) -> Estimate | None:
        """Revenue that telling these people added."""
        return self.lift.money.times(self.told.people) if self.lift.money else None

    @property
    def per_restock(self) -> Estimate | None:
        """The same for each restock."""
        return self.earned.times(1 / self.restocks) if self.earned and self.restocks else None

    @property
    def forgone(self) -> Estimate | None:
        """Revenue that was not made because the others were not told."""
        return self.lift.money.times(self.control.people) if self.lift.money else None


def on_page(store: Store, found: Comparison) -> dict[str, Any]:
    """What the template ``admin/metrics/_lift.html`` wants."""
    return {
        "lifted": found,
        "lift_words": VERDICTS[found.verdict],
        "attribution_days": store_settings(store).attribution_days,
    }


def compared(store: Store, span: Span, product: Product | None = None) -> Comparison:
    """The restocks of a period, of the store or of one product."""
    where = [RestockLift.at >= span.since, RestockLift.at < span.until]
    if product is not None:
        mine = sa.select(Variant.id).where(Variant.store_id == store.id, Variant.product_id == product.id)
        where.append(RestockLift.variant_id.in_(mine))
    return _of(store, where)


def compared_at(event: RestockEvent) -> Comparison:
    """One restock."""
    return _of(db.session.get_one(Store, event.store_id), [RestockLift.restock_id == event.id])


def _of(store: Store, where: Sequence[sa.ColumnElement[bool]]) -> Comparison:
    columns = RestockLift.__table__.c
    rows = db.session.execute(
        sa.select(
            *(sa.func.sum(columns[name]).label(name) for name in _SUMS),
            sa.func.count(sa.case((RestockLift.told + RestockLift.control > 0, 1))).label("restocks"),
            sa.func.min(RestockLift.counted_at).label("counted_at"),
        )
        .where(RestockLift.store_id == store.id, *where)
        .group_by(RestockLift.share)
    ).all()
    strata = [Stratum(_group(row, "told"), _group(row, "control")) for row in rows]
    nobody = Group(0, 0)
    return Comparison(
        sum(row.restocks for row in rows),
        sum((stratum.told for stratum in strata), nobody),
        sum((stratum.control for stratum in strata), nobody),
        sum(int(row.pending) for row in rows),
        lift(strata),
        min((row.counted_at for row in rows), default=None),
    )


def _group(row: Any, name: str) -> Group:
    values = row._mapping
    revenue: Decimal = values[f"{name}_revenue"]
    return Group(int(values[name]), int(values[f"{name}_buyers"]), float(revenue), float(values[f"{name}_squares"]))

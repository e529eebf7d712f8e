"""What the codes on the shop's pages have told: when last, how many sign up, and which orders may have been recovered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.outcomes.models import CodeSighting, OrderMatch, ProductView
from nexnotify.reports.measures import Figures
from nexnotify.reports.outcomes import counted, sums
from nexnotify.stores.models import Store


@dataclass(frozen=True, slots=True)
class Views:
    """Views of products since a day, those among them of what shoppers could ask for, and sign-ups of the same visitors."""

    views: int
    unavailable: int
    signups: int

    @property
    def signup_rate(self) -> float | None:
        """Sign-ups of 100 views of what shoppers could ask for; None where there were none."""
        return 100 * self.signups / self.unavailable if self.unavailable else None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Orders of people who had been told shortly before; ``by_page`` are those for which a page's word is all there is."""

    orders: int
    by_page: int
    #: The sum of those in the store's currency.
    revenue: Decimal
    #: Of these: the buyer opened our link before ordering; was told, and did not.
    won: int = 0
    assisted: int = 0
    revenue_won: Decimal = Decimal(0)


def sightings(store: Store) -> dict[str, CodeSighting]:
    """The last view, and the last order, that the pages told: "view" and "order"."""
    rows = db.session.scalars(sa.select(CodeSighting).where(CodeSighting.store_id == store.id))
    return {row.code: row for row in rows}


def views_since(store: Store, day: date) -> Views:
    """The views from a day of the store on."""
    table = ProductView
    sums = [
        sa.func.coalesce(sa.func.sum(column), 0) for column in (table.views, table.unavailable_views, table.signups)
    ]
    row = db.session.execute(sa.select(*sums).where(table.store_id == store.id, table.day >= day)).one()
    return Views(*(int(value) for value in row))


def recovered_of(store: Store, total: Figures) -> Recovered:
    """The orders of days that are added up."""
    revenue, revenue_won = total.money.get(store.currency, (Decimal(0), Decimal(0)))
    counts = total.counts
    return Recovered(total.orders, counts["by_page"], revenue, counts["won"], counts["assisted"], revenue_won)


def recovered_since(store: Store, since: datetime) -> Recovered:
    """The orders placed from a moment on."""
    row = db.session.execute(
        counted(sa.select(sa.func.count(sa.case((OrderMatch.source == "page", 1))), *sums(store)), store).where(
            OrderMatch.at >= since
        )
    ).one()
    by_page, won, assisted, revenue, revenue_won = row
    return Recovered(won + assisted, by_page, revenue or Decimal(0), won, assisted, revenue_won or Decimal(0))

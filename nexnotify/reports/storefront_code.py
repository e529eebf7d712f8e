"""What the codes on the shop's pages have told: when last, how many sign up, and which orders may have been recovered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.orders.models import Order
from nexnotify.outcomes.models import CodeSighting, OrderMatch, PageOrder, ProductView
from nexnotify.stores.models import Store

#: Of an order that did not stay one, nothing was recovered.
_UNDONE = ("cancelled", "returned")


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


def recovered_since(store: Store, since: datetime) -> Recovered:
    """The orders placed from a moment on."""
    total = sa.case((Order.id.is_not(None), Order.total), else_=PageOrder.total)
    currency = sa.func.coalesce(Order.currency, PageOrder.currency)
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(sa.case((OrderMatch.source == "page", 1))),
            sa.func.sum(sa.case((currency == store.currency, total)), type_=sa.Numeric(16, 4)),
        )
        .select_from(OrderMatch)
        .outerjoin(Order, sa.and_(Order.store_id == OrderMatch.store_id, Order.id == OrderMatch.order_id))
        .outerjoin(
            PageOrder, sa.and_(PageOrder.store_id == OrderMatch.store_id, PageOrder.id == OrderMatch.page_order_id)
        )
        .where(
            OrderMatch.store_id == store.id,
            OrderMatch.at >= since,
            sa.or_(Order.id.is_(None), Order.status.not_in(_UNDONE)),
        )
    ).one()
    return Recovered(row[0], row[1], row[2] or Decimal(0))

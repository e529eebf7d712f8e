"""What came of it: who opened a link, and the orders that count for a restock, a product or an order of a list.

Won: they opened our link before ordering. Assisted: they were told and did not. Each order counts once, and only the first
after being told that was not called off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Message
from nexnotify.orders.models import Order
from nexnotify.outcomes.models import Click, OrderMatch, PageOrder
from nexnotify.outcomes.sources import sold_after, span_after, told_before
from nexnotify.outcomes.spans import Span, middle
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store

#: Restocks of one product that its figures are made of, the newest.
MOST_RESTOCKS = 200
#: Literally, as in the partial index.
COUNTS = sa.text("order_match.counts")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one restock, or of several."""

    #: Messages that were made: people told and held back.
    messages: int = 0
    #: People who opened their link.
    clicked: int = 0
    won: int = 0
    assisted: int = 0
    #: Of both, and of those won, in the store's currency.
    revenue: Decimal = Decimal(0)
    revenue_won: Decimal = Decimal(0)
    #: Units that could be sold when it came back, 0 where there is no limit; of them, those sold in the days after.
    units: int = 0
    units_sold: int = 0
    #: End of a span of ``outcomes.spans``, in minutes → orders placed within it after being told.
    after: Mapping[int, int] = field(default_factory=dict)

    @property
    def sell_through(self) -> float | None:
        """Units sold as a share of those that came back; None where nobody can say."""
        return self.units_sold / self.units if self.units else None

    @property
    def time_to_purchase(self) -> Span | None:
        """The span in which the median lies."""
        return middle(self.after)

    @property
    def orders(self) -> int:
        """Won and assisted."""
        return self.won + self.assisted

    @property
    def per_message(self) -> Decimal | None:
        """Revenue of a message; None where there was none."""
        return (self.revenue / self.messages).quantize(_CENT) if self.messages else None

    def __add__(self, other: Outcome) -> Outcome:
        names = ("messages", "clicked", "won", "assisted", "revenue", "revenue_won", "units", "units_sold")
        after = {end: self.after.get(end, 0) + other.after.get(end, 0) for end in {*self.after, *other.after}}
        return Outcome(**{name: getattr(self, name) + getattr(other, name) for name in names}, after=after)


def outcomes_of(store: Store, events: Sequence[RestockEvent]) -> dict[int, Outcome]:
    """Restock id → its figures, in a few queries however many there are."""
    ids = [event.id for event in events]
    if not ids:
        return {}
    clicked = {
        int(row[0] or 0): row[1]
        for row in db.session.execute(
            sa.select(Click.restock_id, sa.func.count(Click.link_id.distinct()))
            .where(Click.store_id == store.id, IdIn(Click.__table__.c.restock_id, ids=ids), Click.is_person)
            .group_by(Click.restock_id)
        )
    }
    orders = {row[0]: row[1:] for row in db.session.execute(_orders_of(store, ids))}
    sold = {row[0]: row[1] for row in db.session.execute(_sold_of(store, ids))}
    times: dict[int, dict[int, int]] = {}
    for restock_id, after, count in db.session.execute(_times_of(store, ids)):
        if after is not None:
            times.setdefault(restock_id, {})[after] = count
    found = {}
    for event in events:
        units = (event.available_after or 0) if event.status == "in_stock" else 0
        won, assisted, revenue, revenue_won = orders.get(event.id, (0, 0, None, None))
        found[event.id] = Outcome(
            event.told + event.held,
            clicked.get(event.id, 0),
            won,
            assisted,
            revenue or Decimal(0),
            revenue_won or Decimal(0),
            max(units, 0),
            min(int(sold.get(event.id) or 0), max(units, 0)),
            times.get(event.id, {}),
        )
    return found


def sums(store: Store) -> tuple[Any, ...]:
    """Orders won, orders assisted, revenue, and revenue of those won, over rows of :func:`counted`."""
    total = sa.case((Order.id.is_not(None), Order.total), else_=PageOrder.total)
    ours = sa.func.coalesce(Order.currency, PageOrder.currency) == store.currency
    money = sa.Numeric(16, 4)
    return (
        sa.func.count(sa.case((OrderMatch.how == "click", 1))),
        sa.func.count(sa.case((OrderMatch.how != "click", 1))),
        sa.func.sum(sa.case((ours, total)), type_=money),
        sa.func.sum(sa.case((sa.and_(ours, OrderMatch.how == "click"), total)), type_=money),
    )


def counted(statement: Any, store: Store) -> Any:
    """A select over the matches of a store that count, with their orders."""
    return (
        statement.select_from(OrderMatch)
        .outerjoin(Order, sa.and_(Order.store_id == OrderMatch.store_id, Order.id == OrderMatch.order_id))
        .outerjoin(
            PageOrder, sa.and_(PageOrder.store_id == OrderMatch.store_id, PageOrder.id == OrderMatch.page_order_id)
        )
        .where(OrderMatch.store_id == store.id, COUNTS)
    )


def _orders_of(store: Store, ids: list[int]) -> Any:
    statement = counted(sa.select(OrderMatch.restock_id, *sums(store)), store)
    return statement.where(IdIn(OrderMatch.__table__.c.restock_id, ids=ids)).group_by(OrderMatch.restock_id)


def _sold_of(store: Store, ids: list[int]) -> Any:
    statement = sa.select(RestockEvent.id, sold_after(RestockEvent)).where(RestockEvent.store_id == store.id)
    return statement.where(IdIn(RestockEvent.__table__.c.id, ids=ids))


def _times_of(store: Store, ids: list[int]) -> Any:
    each = (
        sa.select(OrderMatch.restock_id, OrderMatch.at, told_before().label("told"))
        .where(OrderMatch.store_id == store.id, COUNTS, IdIn(OrderMatch.__table__.c.restock_id, ids=ids))
        .cte("each_order")
    )
    after = span_after(each.c.at, Message.accepted_at)
    told = sa.and_(Message.store_id == store.id, Message.id == each.c.told)
    statement = sa.select(each.c.restock_id, after, sa.func.count()).select_from(each).join(Message, told)
    return statement.group_by(each.c.restock_id, after)


def outcome_of_product(store: Store, product_id: int) -> Outcome:
    """The figures of a product: of the newest restocks of its variants."""
    mine = sa.select(Variant.id).where(Variant.store_id == store.id, Variant.product_id == product_id)
    events = db.session.scalars(
        sa.select(RestockEvent)
        .where(RestockEvent.store_id == store.id, RestockEvent.variant_id.in_(mine))
        .order_by(RestockEvent.id.desc())
        .limit(MOST_RESTOCKS)
    ).all()
    return sum(outcomes_of(store, events).values(), Outcome())


def recovered(store_id: int, order_ids: Collection[int]) -> dict[int, OrderMatch]:
    """Order id → what it counts for, of those that count."""
    if not order_ids:
        return {}
    statement = sa.select(OrderMatch).where(
        OrderMatch.store_id == store_id, OrderMatch.order_id.in_(order_ids), OrderMatch.counts
    )
    return {match.order_id: match for match in db.session.scalars(statement) if match.order_id is not None}

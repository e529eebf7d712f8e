"""The numbers of metrics, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nexnotify.outcomes.rollups import MONEY, SUMS
from nexnotify.outcomes.spans import Span, middle, within

#: Kinds of message that tell of a product that is back: clicks and orders are theirs.
ALERTS = ("back_in_stock", "reminder")
_COUNTS = tuple(name for name in SUMS if name not in MONEY)
_CENT = Decimal("0.01")


@dataclass(slots=True)
class Figures:
    """Sums, and what follows from them. Rates are shares from 0 to 1; None where there is nothing to divide by."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    #: Currency → revenue of orders won and assisted, and of those won.
    money: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    #: End of a span of ``outcomes.spans``, in minutes → orders placed within it after being told.
    after: dict[int, int] = field(default_factory=dict)
    #: Messages of :data:`ALERTS` that a gateway took; of them those known to have arrived, and whose link was opened.
    alerts: int = 0
    alerts_delivered: int = 0
    alerts_clicked: int = 0

    def add(self, row: Any) -> None:
        """Add a row of sums."""
        for name in _COUNTS:
            self.counts[name] += int(row[name] or 0)
        if row.get("kind") in ALERTS:
            self.alerts += int(row["taken"] or 0)
            self.alerts_delivered += int(row["delivered"] or 0)
            self.alerts_clicked += int(row["clicked"] or 0)
        if row.get("after") is not None:
            self.after[row["after"]] = (
                self.after.get(row["after"], 0) + int(row["won"] or 0) + int(row["assisted"] or 0)
            )
        if row.get("currency"):
            both, won = self.money.get(row["currency"], (Decimal(0), Decimal(0)))
            self.money[row["currency"]] = (both + (row["revenue"] or 0), won + (row["revenue_won"] or 0))

    def share(self, part: str, whole: str) -> float | None:
        """One sum as a share of another."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] else None

    @property
    def orders(self) -> int:
        """Won and assisted."""
        return self.counts["won"] + self.counts["assisted"]

    @property
    def clicked(self) -> float | None:
        """Click-through rate of alerts."""
        return self.alerts_clicked / self.alerts if self.alerts else None

    @property
    def converted(self) -> float | None:
        """Orders won for each alert whose link was opened; more than 1 where orders of earlier clicks come in."""
        return self.counts["won"] / self.alerts_clicked if self.alerts_clicked else None

    @property
    def bought(self) -> float | None:
        """Orders for each alert that a gateway took."""
        return self.orders / self.alerts if self.alerts else None

    @property
    def opt_outs_per_1000(self) -> float | None:
        """For each 1,000 messages that gateways took."""
        taken = self.counts["taken"]
        return 1000 * self.counts["opted_out"] / taken if taken else None

    @property
    def time_to_purchase(self) -> Span | None:
        """The span in which the median of the orders lies, counted from the last message that told of the product."""
        return middle(self.after)

    def bought_within(self, minutes: int) -> float | None:
        """The share of orders that were placed within so many minutes of being told."""
        return within(self.after, minutes) / self.orders if self.orders else None

    def per(self, currency: str, people: int) -> Decimal | None:
        """Revenue for each of so many."""
        return (self.money[currency][0] / people).quantize(_CENT) if people and currency in self.money else None

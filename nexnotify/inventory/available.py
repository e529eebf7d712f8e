"""Available-to-sell, and the status of a product that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

IN_STOCK: Final = "in_stock"
#: What a variant can be while it is not in stock; the merchant chooses one for each variant.
STATUSES: Final = ("preordered", "backordered", "sold_out")


@dataclass(frozen=True, slots=True)
class Level:
    """A variant's stock at one location, in units; ``on_hand`` None is unlimited."""

    on_hand: int | None
    committed: int = 0
    safety_stock: int = 0


def available_to_sell(levels: Iterable[Level]) -> int | None:
    """Units that can be sold over all locations: on hand less committed less safety stock.

    None where any location is unlimited; 0 without a location; below 0 where more is promised than there is.
    """
    total = 0
    for level in levels:
        if level.on_hand is None:
            return None
        total += level.on_hand - level.committed - level.safety_stock
    return total


def product_status(published: bool, available: int | None, unavailable_as: str) -> str:
    """``in_stock`` when published and at least one can be sold, else the variant's ``unavailable_as``.

    Raises ValueError where ``unavailable_as`` is not one of STATUSES.
    """
    if unavailable_as not in STATUSES:
        raise ValueError(f"unavailable_as must be one of {', '.join(STATUSES)}, not {unavailable_as!r}")
    if published and (available is None or available >= 1):
        return IN_STOCK
    return unavailable_as

"""Available-to-sell, and the status of a product that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

IN_STOCK: Final = "in_stock"
#: What a variant can be while it is not in stock; the merchant chooses one for each variant.
STATUSES: Final = ("preordered", "backordered", "sold_out")
#: Those in which it can be ordered all the same, before it is in stock → the switch and template for the news of it.
OFFERS: Final = {"preordered": "can_preorder", "backordered": "can_backorder"}


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


def reaches(available: int | None, units: int) -> bool:
    """Whether so many units can be sold; None is unlimited."""
    return available is None or available >= units


def units_needed(store: int, product: int | None, variant: int | None, min_order: int) -> int:
    """The fewest units at which people are told: a minimum of the variant, else of its product, else of the store.

    Never fewer than an order takes, nor than 1, because nothing to sell is no restock.
    """
    own = variant if variant is not None else product if product is not None else store
    return max(own, min_order, 1)


def product_status(published: bool, available: int | None, unavailable_as: str, min_order: int = 1) -> str:
    """``in_stock`` when published and an order of the least units can be met, else the variant's ``unavailable_as``.

    Raises ValueError where ``unavailable_as`` is not one of STATUSES.
    """
    if unavailable_as not in STATUSES:
        raise ValueError(f"unavailable_as must be one of {', '.join(STATUSES)}, not {unavailable_as!r}")
    if published and reaches(available, max(min_order, 1)):
        return IN_STOCK
    return unavailable_as

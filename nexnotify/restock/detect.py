"""The rules that tell a restock from any other change of stock, and say why somebody is not told of one yet."""

from __future__ import annotations

from typing import Final

from nexnotify.inventory.available import OFFERS, reaches

#: Causes of a change that say by themselves that people could not be told before: no stock moved.
BY_RULE: Final = ("minimum", "alerts", "check")


def crosses(before: int | None, after: int | None, needed: int) -> bool:
    """Whether available-to-sell rose across the units needed: below them before, at or above them after.

    None is unlimited. For the first level ever of a variant, the caller gives ``before=0``. Fewer than 1 needed count
    as 1, because nothing to sell is no restock.
    """
    floor = max(needed, 1)
    return not reaches(before, floor) and reaches(after, floor)


def may_open(cause: str, before: int | None, after: int | None, min_order: int) -> bool:
    """Whether after this change something may be preordered or backordered that could not be before.

    The merchant chose so, it came up for sale, its stock is gone, or the check of stock found it. Which of these it is now, the variant says.
    """
    if cause in (*OFFERS, "published", "check"):
        return True
    floor = max(min_order, 1)
    return cause == "level" and reaches(before, floor) and not reaches(after, floor)


def offer_obstacle(alerts: bool, published: bool, told_of: str, status: str) -> str | None:
    """As :func:`obstacle`, for the news that something can be ordered that is not in stock: no units are asked about.

    :param told_of: the product status that the news is of, one of ``inventory.available.OFFERS``.
    :param status: the one it has now. In stock, it is told as a restock.
    """
    if not alerts:
        return "alerts_off"
    return None if published and status == told_of else "offer_over"


def obstacle(alerts: bool, available: int | None, needed: int, quantity: int) -> str | None:
    """Why somebody who wants ``quantity`` units is not told yet of what can be bought; None when nothing is in the way.

    :param alerts: the product is not excluded.
    :param needed: the fewest units at which people are told (``inventory.available.units_needed``).
    :returns: a reason of ``policy.eligibility``.
    """
    if not alerts:
        return "alerts_off"
    if not reaches(available, needed):
        return "below_minimum"
    return None if reaches(available, quantity) else "too_few"

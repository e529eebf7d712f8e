"""The rule that tells a restock from any other change of stock."""

from __future__ import annotations


def crosses(before: int | None, after: int | None, threshold: int) -> bool:
    """Whether available-to-sell rose across the threshold: below it before, at or above it after.

    None is unlimited. For the first level ever of a variant, the caller gives ``before=0``. A threshold below 1 counts
    as 1, because nothing to sell is no restock.
    """
    if before is None:
        return False
    floor = max(threshold, 1)
    return before < floor and (after is None or after >= floor)

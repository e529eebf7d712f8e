"""RULE: how long after being told somebody bought, in spans that sums can be kept of, and the middle of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_HOUR, _DAY = 60, 24 * 60
#: Minutes at which a span ends; each begins where the one before ends. Nothing counts that comes after the last.
SPANS = (
    5, 10, 20, 30, 45, _HOUR, 90, 2 * _HOUR, 3 * _HOUR, 4 * _HOUR, 6 * _HOUR, 8 * _HOUR, 12 * _HOUR, _DAY, 36 * _HOUR,
    2 * _DAY, 3 * _DAY, 4 * _DAY, 5 * _DAY, 7 * _DAY, 10 * _DAY, 14 * _DAY, 21 * _DAY, 30 * _DAY, 60 * _DAY, 366 * _DAY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes between which something lies: after the first, up to the second."""

    after: int
    upto: int


def middle(counts: Mapping[int, int]) -> Span | None:
    """The span in which the median lies (of an even number, the lower of the two in the middle); None of nothing.

    :param counts: the end of a span, one of :data:`SPANS` → how many lie in it.
    """
    half, seen = (sum(counts.values()) + 1) // 2, 0
    if not half:
        return None
    for place, end in enumerate(SPANS):
        seen += counts.get(end, 0)
        if seen >= half:
            return Span(SPANS[place - 1] if place else 0, end)
    raise ValueError(f"spans that there are not: {sorted(set(counts) - set(SPANS))}")


def within(counts: Mapping[int, int], minutes: int) -> int:
    """How many came within so many minutes, which are the end of a span."""
    return sum(count for end, count in counts.items() if end <= minutes)

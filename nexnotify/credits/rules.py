"""RULE: what a text costs in credits, and how far a balance reaches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from nexnotify.words import N_

#: Kind of ledger entry → what it means to a merchant. The reference's table is compared with this one.
KINDS = {
    "opening": N_("Credits that the store began with, or that the operator granted."),
    "purchase": N_("Credits that were bought and paid."),
    "reserve": N_("Put aside for a text that is planned."),
    "settle": N_("The gateway has taken the text; a difference to what was put aside is booked here."),
    "refund": N_("Given back: the text was refused, taken back, or surely never went."),
    "correction": N_("Put right by hand."),
}
#: Kind → its name in lists.
NAMES = {
    "opening": N_("Granted"),
    "purchase": N_("Bought"),
    "reserve": N_("Put aside"),
    "settle": N_("Spent"),
    "refund": N_("Given back"),
    "correction": N_("Corrected"),
}


def needed(segments: int, per_segment: int) -> int:
    """Credits for a text of so many segments."""
    return segments * per_segment


def how_many_fit(amounts: Sequence[int], available: int) -> int:
    """How many of the first amounts ``available`` credits pay. None is left out: those behind do not overtake."""
    return sum(1 for total in accumulate(amounts) if total <= available)


def is_crossing(before: int, after: int, below: int) -> bool:
    """Whether a balance that moved from ``before`` to ``after`` fell below the merchant's threshold just now."""
    return after < below <= before

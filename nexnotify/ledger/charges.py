"""RULE: what a move of a message does to the credits it has taken.

Planned, it has credits put aside; accepted, it is paid, whatever becomes of it later, unless it is refused for good;
ended before it went, it gets them back. A late word that it went after all takes them once more.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Not gone yet, or nobody knows: what it needs stays put aside.
OPEN = frozenset({"held", "queued", "claimed", "uncertain"})
#: The gateway has taken it.
PAID = frozenset({"accepted", "sent", "delivered", "undelivered"})


@dataclass(frozen=True, slots=True)
class Charge:
    """An entry of the credit ledger: what it adds to the balance and to what is reserved, and what the message has."""

    kind: str
    credits: int
    reserved: int
    taken: int


def charge(before: str, after: str, taken: int, cost: int) -> Charge | None:
    """What to book when a message moves from status ``before`` to ``after``.

    :param taken: credits it has taken so far.
    :param cost: credits for the segments that went.
    :returns: None when there is nothing to book.
    """
    aside = taken if before in OPEN else 0
    if after in PAID:
        if before in PAID or (taken == cost and not aside):
            return None
        return Charge("settle", taken - cost, -aside, cost)
    if after in OPEN:
        return Charge("reserve", -cost, cost, cost) if before in OPEN and not taken and cost else None
    # What was accepted has been paid to the gateway, unless that refuses it after all.
    if not taken or (before in PAID and after != "rejected"):
        return None
    return Charge("refund", taken, -aside, 0)

"""RULE: how a message may move. Late, early and repeated news are normal: they change nothing or raise the rank."""

from __future__ import annotations

from nexnotify.words import N_

#: Status → what it means. The README's table is compared with this one.
STATUSES = {
    "held": N_("Planned, but quiet hours, the frequency cap or missing credits stop it; decided again later."),
    "queued": N_("Waits for its turn on the sender's lane."),
    "claimed": N_("A worker has it; the attempt is on record and the gateway is being called."),
    "uncertain": N_(
        "The gateway may have taken it: the call broke off. Not sent again unless the gateway's list lacks it."
    ),
    "accepted": N_("The gateway has taken it."),
    "sent": N_("Handed to the carrier."),
    "delivered": N_("The carrier or the handset confirmed it."),
    "undelivered": N_("The carrier could not deliver it."),
    "rejected": N_("The gateway or the carrier refused it for good."),
    "expired": N_("Its time ran out before it could go."),
    "suppressed": N_("Decided against at the moment of sending: STOP, sold out again, switched off."),
    "cancelled": N_("Taken back before it went."),
}

#: The moves the house itself makes.
MOVES: dict[str, frozenset[str]] = {
    "held": frozenset({"queued", "suppressed", "cancelled", "expired"}),
    "queued": frozenset({"claimed", "held", "suppressed", "cancelled", "expired"}),
    "claimed": frozenset({"accepted", "queued", "rejected", "uncertain", "expired"}),
    "uncertain": frozenset({"accepted", "queued", "rejected", "expired"}),
}

#: A receipt may only raise the rank; ``delivered`` is above the failures, because a handset's word beats a carrier's.
RANK = {
    "claimed": 1,
    "uncertain": 1,
    "accepted": 2,
    "sent": 3,
    "expired": 4,
    "undelivered": 4,
    "rejected": 4,
    "delivered": 5,
}


def may_move(current: str, new: str) -> bool:
    """Whether the house may move a message from ``current`` to ``new``."""
    return new in MOVES.get(current, frozenset())


def by_receipt(current: str, told: str) -> str | None:
    """The status after a receipt, or None when it changes nothing.

    A receipt for a message that never began (held, queued) or that the house ended itself changes nothing; the history
    keeps it all the same.
    """
    if current not in RANK or RANK[told] <= RANK[current]:
        return None
    return told

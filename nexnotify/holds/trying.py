"""A trial of the storefront's call: a unit is kept for nobody, and given back at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from nexnotify.holds.contract import Holds, NoAnswer, Refused, Released, Reservation, Variant
from nexnotify.words import N_

#: The shortest time that a store may set. A unit whose release is lost is free by itself then.
FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: a sentence for each call."""

    said: tuple[str, ...]
    #: Whether each call brought an answer that means something.
    is_fine: bool
    #: Why the last call brought no answer; None: it did.
    trouble: str | None = None


def try_out(holds: Holds, variant: Variant, now: datetime) -> Tried:
    """Ask for one unit, and let it go, also where no answer came: it may be kept. Blocks for two calls; nothing is written.

    :param now: aware UTC.
    """
    key = f"trial-{uuid4().hex}-1"
    try:
        answer = holds.reserve(variant, 1, now + FOR, key)
    except NoAnswer as error:
        lost = N_("Asked for a unit, it gave no answer: %(why)s", why=error)
        return Tried((lost, *_release(holds, Reservation(key)).said), False, str(error))
    if isinstance(answer, Refused):
        return Tried((N_("It answered that it has none: %(why)s", why=answer.detail or "–"),), True)
    kept = N_("It kept a unit.")
    if answer.reference:
        kept = N_("It kept a unit and calls it %(name)s.", name=answer.reference)
    released = _release(holds, answer)
    return Tried((kept, *released.said), released.is_fine, released.trouble)


def _release(holds: Holds, reservation: Reservation) -> Tried:
    try:
        answer = holds.release(reservation)
    except NoAnswer as error:
        return Tried((N_("Asked to let it go, it gave no answer: %(why)s", why=error),), False, str(error))
    if isinstance(answer, Released):
        return Tried((N_("It let it go again."),), True)
    return Tried((N_("Asked to let it go, it said that it had been bought, which it cannot have been."),), False)

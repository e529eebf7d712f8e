"""Calls to a storefront that keeps units: made outside of any transaction, and every way one can end is a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nexnotify.holds.contract import Holds, NoAnswer, Redeemed, Refused, Released, Reservation, Variant

Outcome = Reservation | Refused | Released | Redeemed | NoAnswer


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is to be made, on record."""

    hold_id: int
    store_id: int
    #: What it is about: "asking" or "releasing", and which try; a result counts only while both are so.
    status: str
    tries: int
    variant: Variant
    quantity: int
    until: datetime
    key: str
    reference: str | None


def make_all(calls: Sequence[Call], holds: Holds | NoAnswer) -> list[tuple[Call, Outcome]]:
    """Make one store's calls in their order.

    A storefront that is silent is not waited for again, and one that has no more is not asked for as many of the same,
    unless an earlier call about them had no answer: they may be kept already.

    :param holds: or why there is nobody to call.
    """
    if isinstance(holds, NoAnswer):
        return [(call, holds) for call in calls]
    silent: NoAnswer | None = None
    most: dict[str, int] = {}  # variant → so many, or more, are not to be had
    results: list[tuple[Call, Outcome]] = []
    for call in calls:
        outcome: Outcome
        if silent is not None:
            outcome = silent
        elif _is_first(call) and call.quantity >= most.get(call.variant.id, call.quantity + 1):
            outcome = Refused()
        else:
            outcome = make(call, holds)
        if isinstance(outcome, NoAnswer):
            silent = outcome
        elif isinstance(outcome, Refused):
            most[call.variant.id] = min(call.quantity, most.get(call.variant.id, call.quantity))
        elif isinstance(outcome, Released):
            most.pop(call.variant.id, None)
        results.append((call, outcome))
    return results


def _is_first(call: Call) -> bool:
    return call.status == "asking" and call.tries == 1


def make(call: Call, holds: Holds) -> Outcome:
    """Make a call."""
    try:
        if call.status == "asking":
            answer: object = holds.reserve(call.variant, call.quantity, call.until, call.key)
            fine: tuple[type, ...] = (Reservation, Refused)
        else:
            answer, fine = holds.release(Reservation(call.key, call.reference)), (Released, Redeemed)
    except NoAnswer as error:
        return error
    except Exception as error:  # a fault of the plugin; its words may hold anything
        return NoAnswer(f"The plugin failed with {type(error).__name__}.")
    if isinstance(answer, fine):
        return answer  # type: ignore[return-value]
    return NoAnswer("The plugin's answer means nothing.")

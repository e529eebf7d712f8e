"""RULE: what becomes of a unit that is kept for somebody.

As in a waiting list that gives vouchers: offered, then redeemed, given back or lapsed; given back once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nexnotify.words import N_

#: Status of a hold → what it means to a merchant; the reference's table is compared with this one.
STATUSES: Final = {
    "asking": N_("The storefront is being asked to keep it; the message waits for the answer."),
    "held": N_("The storefront keeps it for this person."),
    "refused": N_("The storefront had none to keep, so nothing was sent; the request keeps its place."),
    "redeemed": N_("The person has bought it."),
    "releasing": N_("It is being given back to the storefront."),
    "released": N_("It was given back, and can be sold to anybody."),
    "lapsed": N_("The time was over, and nothing had been ordered; it went back for the next in line."),
}
#: Those in which something is still to come.
OPEN: Final = ("asking", "held", "releasing")
#: Why a hold ends, or ended → in words.
ENDS: Final = {
    "bought": N_("The person has ordered it."),
    "cancelled": N_("The request has ended."),
    "opted_out": N_("The person has said STOP."),
    "recalled": N_("One of your people recalled the restock."),
    "not_sent": N_("The message did not reach the person."),
    "too_late": N_("The message had to wait, and too little of the time was left; it is asked for anew."),
    "lapsed": N_("Nothing had been ordered by then."),
    "no_answer": N_("The storefront gave no answer, so the message went without a promise."),
}
#: Those after which somebody else can be told: the unit was really kept, and the message does not ask for it anew.
FREES: Final = ("cancelled", "opted_out", "recalled", "not_sent", "lapsed")
#: Statuses of a message that goes no more, and has not come.
FAILED: Final = ("undelivered", "rejected", "expired", "suppressed", "cancelled")
#: Those of one that still waits to go.
WAITING: Final = ("held", "queued")
#: Seconds before the storefront is asked again, one after each try without an answer; then the message goes without.
ASK_AGAIN: Final = (5, 30)
#: A storefront's own end that comes sooner is no promise.
SHORTEST: Final = timedelta(minutes=1)
#: Minutes before it is told again to give something back. After the last, its own deadline has to do.
TELL_AGAIN: Final = (1, 2, 5, 15, 60, 240)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a hold stands when it is looked at."""

    until: datetime
    #: The message's status, and that of its request; None where nobody is known by it any more.
    message: str
    request: str | None
    opted_out: bool = False
    recalled: bool = False
    #: The message has failed, but the same person is told, or about to be, on another channel.
    elsewhere: bool = False


def end_of(standing: Standing, minutes: int, now: datetime) -> str | None:
    """Why a unit is not kept any longer: a key of :data:`ENDS`; None: it is.

    :param minutes: for how long units are kept.
    """
    if standing.request == "bought":
        return "bought"
    if standing.recalled:
        return "recalled"
    if standing.opted_out:
        return "opted_out"
    if standing.request not in ("waiting", "alerted"):
        return "cancelled"
    if standing.message in FAILED and not standing.elsewhere:
        return "not_sent"
    if standing.message in WAITING and not is_worth_telling(standing.until, minutes, now):
        return "too_late"
    return "lapsed" if standing.until <= now else None


def is_worth_telling(until: datetime, minutes: int, now: datetime) -> bool:
    """Whether so much of the time is left that a text may still name its end: half of it."""
    return until - now >= timedelta(minutes=minutes) / 2


def ask_again(tries: int, now: datetime) -> datetime | None:
    """When to ask once more after so many tries without an answer; None: do without."""
    return now + timedelta(seconds=ASK_AGAIN[tries - 1]) if tries <= len(ASK_AGAIN) else None


def tell_again(tries: int, until: datetime, now: datetime) -> datetime | None:
    """When to say once more that something is given back; None: the storefront has ended it by itself."""
    if tries > len(TELL_AGAIN) and until <= now:
        return None
    return now + timedelta(minutes=TELL_AGAIN[min(tries, len(TELL_AGAIN)) - 1])

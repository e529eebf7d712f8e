"""RULE: one shopper asked on several channels; on which of them are they told, and when on the next?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

#: What was accepted and of which nothing bad was heard for so long counts as having come.
CAME_AFTER = timedelta(hours=24)
#: A message has been handed over, or may have been.
_GONE = ("accepted", "sent", "uncertain")
#: Channels with delivery receipts: of the others silence says nothing.
_RECEIPTS = ("sms",)
_COMING = ("held", "queued")

#: "told": the shopper has heard; "gone": a message is out, and may yet fail; "coming": it can go; "no": it cannot.
Standing = Literal["told", "gone", "coming", "no"]


@dataclass(frozen=True, slots=True)
class Way:
    """Another channel on which the same shopper asked for the same."""

    channel: str
    #: The status of its request.
    request: str
    #: Switched on, with a gateway, and its address neither opted out nor unreachable.
    usable: bool
    #: The status of its alert, of this restock or of the one that its request was told of; None: there is none.
    message: str | None = None
    #: When that was handed over, or else written.
    since: datetime | None = None
    #: It was its turn at this restock, and it was passed over for a reason of its own.
    passed_over: bool = False


def standing(way: Way, after: timedelta | None, now: datetime, *, twice: bool = False) -> Standing:
    """How far the shopper has been told on a channel.

    :param after: a text message without a delivery receipt for so long has failed; None: no such limit.
    :param twice: whether that goes for an uncertain one too: rather twice than never.
    """
    if way.request == "bought" or way.message == "delivered":
        return "told"
    if way.message in _GONE and way.since is not None:
        if (
            after is not None
            and way.channel in _RECEIPTS
            and now >= way.since + after
            and (twice or way.message != "uncertain")
        ):
            return "no"
        return "told" if now >= way.since + CAME_AFTER else "gone"
    if way.message == "claimed":
        return "gone"  # a worker is calling the gateway at this moment
    if way.message in _COMING:
        return "coming"
    if way.message is not None:
        return "no"
    if way.request == "alerted":
        return "told"
    return "coming" if way.request == "waiting" and way.usable and not way.passed_over else "no"


def in_the_way(
    channel: str, others: Iterable[tuple[str, Standing]], order: Sequence[str], *, sending: bool = False
) -> str | None:
    """Why nobody is told on this channel now, as a reason of the trace; None: it is its turn.

    :param others: (channel, how far it has come) of the shopper's other channels.
    :param sending: at the moment of sending, a message that has not gone is in nobody's way.
    """
    found = list(others)
    if any(how == "told" for _, how in found):
        return "told_elsewhere"
    if any(how == "gone" for _, how in found):
        return "other_channel"
    place = order.index(channel)
    if not sending and any(how == "coming" and order.index(other) < place for other, how in found):
        return "other_channel"
    return None

"""What support can read to a shopper about a request: true, short, and nothing of the house's insides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nexnotify.waitlist.models import STATUSES, AlertRequest
from nexnotify.words import N_

_ELSEWHERE = N_("The shopper was told on another channel on which they asked.")
_LATER = N_("The product is back; the message will follow.")
_NOT_NOW = N_("The product came back, but no message was sent that time. The request keeps its place.")
_TURN_COMES = N_("The product is back; this request's turn has not come yet.")
_ON_ITS_WAY = N_("The product is back, and the message is on its way.")
_NOT_SENT = N_("The product came back, but the message could not be sent.")
_SENT = N_("The message was sent.")
_ANOTHER_PLACE = N_("The product came back at another location than the one asked for. The request keeps its place.")
_FAILED = N_("The message was sent, but it did not arrive.")

#: Reason of ``policy.eligibility`` → what a shopper hears.
BY_REASON = {
    "eligible": _ON_ITS_WAY,
    "request_closed": N_("The request had ended before the product came back."),
    "erased": N_("The person was erased."),
    "no_consent": N_("There is no agreement to this message, so it was not sent."),
    "opted_out": N_("Messages to this address were ended with STOP."),
    "unreachable": N_("Messages do not reach this address."),
    "switched_off": _NOT_NOW,
    "alert_paused": _NOT_NOW,
    "not_confirmed": N_("We asked whether the number is still theirs. The message goes once they have answered YES."),
    "bought": N_("The product was ordered already, so no message was sent."),
    "sold_out_again": N_("The product sold out again before the message went. The request keeps its place."),
    "alerts_off": _NOT_NOW,
    "below_minimum": _NOT_NOW,
    "too_few": N_("Fewer came back than were asked for. The request keeps its place."),
    "no_unit": N_("The last ones went before the message did. The request keeps its place."),
    "offer_over": N_("It could not be ordered any more when the message was due. The request keeps its place."),
    "told_lately": N_("A message about the same product went a short while ago; the next one follows later."),
    "page_gone": _LATER,
    "frequency_cap": N_("Several messages went already; this one follows later, so that there are not too many."),
    "quiet_hours": N_("The product is back; the message waits for the morning, so that it does not come at night."),
    "no_hours": _LATER,
    "best_hour": _LATER,
    "other_channel": N_("They asked on several channels: it goes to one of them, and to the next only if that fails."),
    "told_elsewhere": _ELSEWHERE,
    "no_credit": _LATER,
    "told_anew": _ON_ITS_WAY,
    "not_told": _NOT_SENT,
    "told_already": _ON_ITS_WAY,
    "bundling": _LATER,
    "bundled": _ON_ITS_WAY,
    "send_paused": _LATER,
    "holdout": N_(
        "The product came back, and that time not everybody who waits got a message. The request keeps its place, and is "
        "among the next to be told."
    ),
    "no_number": N_("There is no mobile number to send the message to."),
    "taken_back": N_("The shop took the message back before it went."),
    "no_gateway": _NOT_SENT,
    "no_text": _NOT_SENT,
}
#: Status of a message → the same.
BY_STATUS = {
    "held": _LATER,
    "queued": _ON_ITS_WAY,
    "claimed": _ON_ITS_WAY,
    "uncertain": _SENT,
    "accepted": _SENT,
    "sent": _SENT,
    "delivered": N_("The message was delivered."),
    "undelivered": _FAILED,
    "rejected": _FAILED,
    "expired": _NOT_SENT,
    "suppressed": _NOT_NOW,
    "cancelled": N_("The shop took the message back before it went."),
}
#: Why a request ended → the same.
BY_END = {
    "shopper": N_("The shopper cancelled it."),
    "merchant": N_("The shop cancelled it."),
    "stop": N_("The shopper said STOP."),
    "unreachable": N_("Messages do not reach this address."),
    "erased": N_("The person was erased."),
    "merged": N_("A later request of the same person took it in."),
    "unconfirmed": N_("Nobody confirmed it in time."),
    "told_elsewhere": _ELSEWHERE,
    "not_renewed": N_("It was kept as long as the store keeps requests, and nobody said that it is still wanted."),
    "bought": N_("The shopper has bought it."),
}
#: Why a restock ended before it was a request's turn → the same; of other reasons, that there was no message.
BY_RESTOCK = {
    "stock_gone": N_("The product came back, and was gone again before this request's turn. It keeps its place."),
}

#: Kinds of messages that say nothing of whether the product was there: what is said while somebody waits, and after.
_BESIDES = ("double_opt_in", "change", "renewal", "journey", "bulk", "correction")


def sentence(request: AlertRequest, events: Sequence[dict[str, Any]]) -> str:
    """How it stands with a request.

    :param events: those of its trace, oldest first.
    """
    if request.status == "pending":
        waits_for_start = N_("This number has said STOP; only START, sent from it, lets it wait.")
        return waits_for_start if request.confirm_by is None else N_("Asked back, and not confirmed yet.")
    if request.status in ("cancelled", "expired"):
        return BY_END.get(request.closed_reason or "", N_("The request has ended."))
    if request.status not in ("waiting", "alerted"):
        return STATUSES[request.status]
    if request.status == "waiting" and any(event["what"] == "journey_waits" for event in events):
        return _LATER
    last = next(
        (
            event
            for event in reversed(events)
            if event["what"].startswith(("message_", "decided_", "restock_", "place_"))
            and event.get("kind") not in _BESIDES
        ),
        None,
    )
    if last is None:
        return N_("Waits: the product has not come back since.")
    kind, _, state = last["what"].partition("_")
    if kind == "place":
        told: str = last["words"]
        return told
    if kind == "restock":
        if state == "on":
            return _TURN_COMES
        if state == "elsewhere":
            return _ANOTHER_PLACE
        return BY_RESTOCK.get(last.get("reason", ""), _NOT_NOW)
    if kind == "decided" or state in ("held", "suppressed"):
        return BY_REASON.get(last.get("reason", ""), BY_STATUS.get(state, _LATER))
    return BY_STATUS[state]

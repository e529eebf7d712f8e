"""Codes in a merchant's words."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from nexnotify.dispatch.merchant import LEFT
from nexnotify.policy.eligibility import REASONS
from nexnotify.words import N_

PRODUCT_STATUSES = {
    "in_stock": N_("In stock"),
    "preordered": N_("Preordered"),
    "backordered": N_("Backordered"),
    "sold_out": N_("Sold Out"),
}
#: News that something not in stock can be ordered → its switch and template.
NEWS_WORDS = {"can_preorder": N_("Can be preordered"), "can_backorder": N_("Can be backordered")}
#: What a template or switch speaks of.
QUESTIONS = PRODUCT_STATUSES | NEWS_WORDS
#: Statuses of messages whose word is not their name.
_STATUSES = {"claimed": N_("Sending"), "undelivered": N_("Not delivered")}
_CHANNELS = {"sms": N_("Text message"), "email": N_("Email"), "push": N_("Push")}

#: Message kind → what a merchant calls it.
KINDS = {
    "back_in_stock": N_("Back in stock"),
    "confirmation": N_("Confirmation"),
    "double_opt_in": N_("Request to confirm"),
    "reminder": N_("Reminder"),
    "change": N_("Change of a request"),
    "renewal": N_("Renewal"),
    "order": N_("Order"),
    "ticket": N_("Ticket"),
    "merchant": N_("To you"),
    "bulk": N_("Bulk"),
    "correction": N_("Correction"),
    "journey": N_("Journey"),
    "campaign": N_("Campaign"),
    "keyword_reply": N_("Answer to a keyword"),
    "test": N_("Test"),
}

#: Reasons of a message's move that are no rule of eligibility: those of gateways, and those of the house.
_MOVES = {
    "invalid_number": N_("This is not a number that exists."),
    "landline": N_("This is a landline, which takes no texts."),
    "content": N_("The carrier or gateway filtered the text for its content."),
    "sender": N_("The carrier does not accept this sender number or name."),
    "not_routable": N_("The gateway has no route to this country or carrier."),
    "expired": N_("The carrier gave up before the handset was reached."),
    "other": N_("The gateway gave no reason that we know."),
    "unknown_outcome": N_("The call to the gateway broke off, so nobody knows yet whether it was taken."),
    "gateway_trouble": N_("The gateway was out of order for a moment; it is tried again."),
    "gateway_paused": N_("The gateway refused our account or settings; it is paused and the queue kept."),
    "rate_limited": N_("The gateway asked us to slow down."),
    "no_time_left": N_("Another try would have come too late to be of use."),
    "too_late": N_("Its time ran out while it waited."),
    "absent": N_("The gateway's own list does not have it, so it surely did not go out."),
    "rather_twice": N_("Nobody could tell; the store's setting is rather twice than never."),
    "reserving": N_("The storefront is asked to keep a unit for this person; it goes when one is."),
    "merchant": N_("One of your people decided it."),
    "erased": N_("The person was erased."),
    LEFT: N_("One of your people decided to leave it as it is."),
}


def channel_word(channel: str) -> str:
    """ "Text message" for sms."""
    return _CHANNELS.get(channel, channel)


def kind_word(kind: str) -> str:
    """ "Back in stock" for back_in_stock."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def status_word(status: str) -> str:
    """ "Not delivered" for undelivered, as the pages call it."""
    return _STATUSES.get(status, status.capitalize())


def without_keys(body: str) -> str:
    """A message's text without the keys in its links: whoever reads it here is not the shopper."""
    return re.sub(r"(/s/(?:yes/|products/)?)[\w.-]{20,}", r"\1•••", body)


def reason_words(reason: str | None) -> str:
    """The sentence for a reason; empty for none."""
    if not reason:
        return ""
    return _MOVES.get(reason) or REASONS.get(reason) or reason.replace("_", " ").capitalize() + "."


def line(at: datetime, what: str, words: str, **more: Any) -> dict[str, Any]:
    """A line of the story of a request; what is empty is left out."""
    return {"at": at, "what": what, "words": words, **{name: value for name, value in more.items() if value}}

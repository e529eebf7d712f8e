"""Codes in a merchant's words."""

from __future__ import annotations

import re

from nexnotify.dispatch.merchant import LEFT
from nexnotify.policy.eligibility import REASONS

PRODUCT_STATUSES = {
    "in_stock": "In stock",
    "preordered": "Preordered",
    "backordered": "Backordered",
    "sold_out": "Sold Out",
}
#: Statuses of messages whose word is not their name.
_STATUSES = {"claimed": "Sending", "undelivered": "Not delivered"}
_CHANNELS = {"sms": "Text message", "email": "Email", "push": "Push"}

#: Message kind → what a merchant calls it.
KINDS = {
    "back_in_stock": "Back in stock",
    "confirmation": "Confirmation",
    "double_opt_in": "Request to confirm",
    "reminder": "Reminder",
    "renewal": "Renewal",
    "order": "Order",
    "ticket": "Ticket",
    "merchant": "To you",
    "bulk": "Bulk",
    "journey": "Journey",
    "campaign": "Campaign",
    "keyword_reply": "Answer to a keyword",
    "test": "Test",
}

#: Reasons of a message's move that are no rule of eligibility: those of gateways, and those of the house.
_MOVES = {
    "invalid_number": "This is not a number that exists.",
    "landline": "This is a landline, which takes no texts.",
    "content": "The carrier or gateway filtered the text for its content.",
    "sender": "The carrier does not accept this sender number or name.",
    "not_routable": "The gateway has no route to this country or carrier.",
    "expired": "The carrier gave up before the handset was reached.",
    "other": "The gateway gave no reason that we know.",
    "unknown_outcome": "The call to the gateway broke off, so nobody knows yet whether it was taken.",
    "gateway_trouble": "The gateway was out of order for a moment; it is tried again.",
    "gateway_paused": "The gateway refused our account or settings; it is paused and the queue kept.",
    "rate_limited": "The gateway asked us to slow down.",
    "no_time_left": "Another try would have come too late to be of use.",
    "too_late": "Its time ran out while it waited.",
    "absent": "The gateway's own list does not have it, so it surely did not go out.",
    "rather_twice": "Nobody could tell; the store's setting is rather twice than never.",
    "merchant": "One of your people decided it.",
    "erased": "The person was erased.",
    LEFT: "One of your people decided to leave it as it is.",
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
    """A message's text without the key in its stop link: whoever reads it here is not the shopper."""
    return re.sub(r"(/s/)[\w.-]{20,}", r"\1•••", body)


def reason_words(reason: str | None) -> str:
    """The sentence for a reason; empty for none."""
    if not reason:
        return ""
    return _MOVES.get(reason) or REASONS.get(reason) or reason.replace("_", " ").capitalize() + "."

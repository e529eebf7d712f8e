"""RULE: what may stand as the sender of a text, and when a name may be used.

A name of letters is one-way: nobody can reply STOP to it, and some countries' carriers refuse it.
"""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from nexnotify.phone import InvalidPhone, to_e164

#: What all providers take: Twilio, Telnyx and others document the same (looked up in 2026).
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
#: Five or six digits in most countries, three to eight over all.
_SHORT_CODE: Final = re.compile(r"\d{3,8}")
#: Countries whose carriers take no names at all (Telnyx's documentation of alphanumeric senders, 2026: the United
#: States with its territories, and Canada). Others want a name registered first, which only the provider knows.
NO_NAMES: Final = frozenset({"US", "CA", "PR", "VI", "GU", "AS", "MP"})


def read_sender(text: str, country: str) -> str:
    """A sender in the one spelling we keep: a name as typed, a number in E.164, a short code as its digits.

    :param country: the store's, in which a national number is read.
    :raises ValueError: neither a name nor a number that can be a sender; the message says what to do.
    """
    typed = " ".join(text.split())
    if not typed or _SHORT_CODE.fullmatch(typed):
        return typed
    if not re.search(r"[^\W\d_]", typed):
        try:
            return to_e164(typed, country)
        except InvalidPhone as error:
            raise ValueError(f"{error.message} A name needs at least one letter.") from None
    if len(typed) > 11:
        raise ValueError(f"A name has 11 characters at most; this one has {len(typed)}.")
    if not _NAME.fullmatch(typed):
        raise ValueError("Carriers take only the letters A to Z without accents, digits and spaces in a name.")
    if country in NO_NAMES:
        raise ValueError("Carriers in your country take no names as senders. Enter a number.")
    return typed


def is_name(sender: str) -> bool:
    """Whether a sender is a name, to which nobody can reply."""
    return any(char.isalpha() for char in sender)


def takes_names(number: str) -> bool:
    """Whether a number (E.164) is in a country whose carriers take names as senders."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return region not in NO_NAMES


def sender_for(sender: str, kind: str, to: str, body: str, stop_url: str) -> str | None:
    """The store's sender for one text; None: it comes from the gateway's own.

    A name is used only where its carriers take one, and only for a text that can be ended without a reply: it has its
    link to end, goes to the merchant, or is a test.
    """
    if sender and is_name(sender):
        ends = kind in ("merchant", "test") or (kind != "keyword_reply" and stop_url in body)
        return sender if ends and takes_names(to) else None
    return sender or None

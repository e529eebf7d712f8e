"""The wording beside the consent box; what was shown is stored with the consent."""

from __future__ import annotations

_WORDING = {
    "en": (
        "I agree to receive one automated text message from {store} at this number when this product is "
        "available. Consent is not a condition of purchase. Message and data rates may apply. "
    ),
    "de": (
        "Ich bin einverstanden, von {store} eine einzelne automatische SMS an diese Nummer zu bekommen, sobald dieses "
        "Produkt verfügbar ist. Die Zustimmung ist keine Bedingung für einen Kauf. Es können Kosten Ihres Anbieters "
        "anfallen. "
    ),
}
#: How to end it: by a reply, or by a link where texts come from a name that nobody can reply to.
_BY_REPLY = {
    "en": "Reply STOP to end, HELP for help.",
    "de": "Mit STOP als Antwort endet es, mit HELP kommt Hilfe.",
}
_BY_LINK = {"en": "A link in the text ends it.", "de": "Mit einem Link in der SMS endet es."}


def disclosure(store_name: str, language: str = "en", can_reply: bool = True) -> str:
    """What a shopper agrees to, in full: who, what, how often, rates, how to end it, no condition of purchase."""
    known = language if language in _WORDING else "en"
    ending = (_BY_REPLY if can_reply else _BY_LINK)[known]
    return _WORDING[known].replace("{store}", store_name) + ending

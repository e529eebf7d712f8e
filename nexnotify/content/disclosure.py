"""The wording beside the consent box; what was shown is stored with the consent."""

from __future__ import annotations

_WORDING = {
    "en": (
        "I agree to receive one automated text message from {store} at this number when this product is "
        "available. Consent is not a condition of purchase. Message and data rates may apply. "
        "Reply STOP to end, HELP for help."
    ),
    "de": (
        "Ich bin einverstanden, von {store} eine einzelne automatische SMS an diese Nummer zu bekommen, sobald dieses "
        "Produkt verfügbar ist. Die Zustimmung ist keine Bedingung für einen Kauf. Es können Kosten Ihres Anbieters "
        "anfallen. Mit STOP als Antwort endet es, mit HELP kommt Hilfe."
    ),
}


def disclosure(store_name: str, language: str = "en") -> str:
    """What a shopper agrees to, in full: who, what, how often, rates, STOP, HELP, no condition of purchase."""
    return _WORDING.get(language, _WORDING["en"]).replace("{store}", store_name)

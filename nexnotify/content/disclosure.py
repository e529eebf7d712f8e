"""The wording beside the consent box; what was shown is stored with the consent."""


def disclosure(store_name: str) -> str:
    """What a shopper agrees to, in full: who, what, how often, rates, STOP, HELP, no condition of purchase."""
    return (
        f"I agree to receive one automated text message from {store_name} at this number when this product is "
        "available. Consent is not a condition of purchase. Message and data rates may apply. "
        "Reply STOP to end, HELP for help."
    )

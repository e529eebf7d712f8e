"""Words to begin a correction with: what a store says to those whom it told something untrue."""

from __future__ import annotations

from nexnotify.content.default import STOP_HINT
from nexnotify.content.defaults_german import END

_PRODUCT = "[[product]] [[variant]]"
_SORRY = f"[[store]]: sorry, our message was a mistake: {_PRODUCT} is not back yet. You keep your place."
_ENTSCHULDIGUNG = (
    f"[[store]]: Entschuldigung, unsere Nachricht war ein Irrtum: {_PRODUCT} ist noch nicht da. Ihr Platz bleibt."
)
#: Language → channel → subject and body; a channel without an entry is worded as a push is.
_WORDS: dict[str, dict[str, tuple[str | None, str]]] = {
    "en": {
        "sms": (None, f"{_SORRY} {STOP_HINT}"),
        "email": (
            "A mistake in our message about [[product]]",
            f"Hello [[firstname]],\n\nour message that {_PRODUCT} is back was a mistake, and we are sorry.\n\n"
            "You keep your place, and we tell you as soon as it is really there.\n\n"
            "To get no more of these: [[stop_url]]\n\n[[store]]",
        ),
        "push": ("A mistake in our message", f"{_PRODUCT} is not back yet. You keep your place."),
    },
    "de": {
        "sms": (None, f"{_ENTSCHULDIGUNG} {END}"),
        "email": (
            "Ein Irrtum in unserer Nachricht über [[product]]",
            f"Guten Tag [[firstname]],\n\nunsere Nachricht, {_PRODUCT} sei wieder da, war ein Irrtum. Wir bitten um "
            "Entschuldigung.\n\nIhr Platz bleibt, und wir melden uns, sobald es wirklich da ist.\n\n"
            "Abbestellen: [[stop_url]]\n\n[[store]]",
        ),
        "push": ("Ein Irrtum in unserer Nachricht", f"{_PRODUCT} ist noch nicht da. Ihr Platz bleibt."),
    },
}


def suggestion(locale: str, channel: str) -> dict[str, str | None]:
    """Subject and body of a correction on a channel, in the store's language where we have it."""
    words = _WORDS["de" if locale.startswith("de") else "en"]
    subject, body = words.get(channel, words["push"])
    return {"subject": subject, "body": body}

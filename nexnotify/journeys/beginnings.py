"""What the words of a new journey begin with, in the language of the store."""

from __future__ import annotations

from collections.abc import Mapping

from nexnotify.stores.models import Store
from nexnotify.waitlist.activities import BACK_IN_STOCK, WAITING

_ENGLISH: Mapping[str, Mapping[str, str]] = {
    BACK_IN_STOCK: {
        "sms_body": "[[store]]: [[product]] [[variant]] is back in stock. [[url]] Reply STOP to end.",
        "email_subject": "[[product]] is back",
        "email_body": (
            "Hello [[firstname]],\n\nit is back in stock:\n\n[[item]]\n\n[[store]]\n\nEnd these emails: [[stop_url]]"
        ),
        "push_subject": "[[product]] is back",
        "push_body": "[[store]]: [[product]] [[variant]] can be bought again. [[url]]",
    },
    WAITING: {
        "sms_body": "[[store]]: you are on the list for [[product]] [[variant]]. Reply STOP to end.",
        "email_subject": "You are on the list for [[product]]",
        "email_body": (
            "Hello [[firstname]],\n\nwe tell you as soon as it is back:\n\n[[item]]\n\n[[store]]\n\n"
            "End these emails: [[stop_url]]"
        ),
        "push_subject": "You are on the list for [[product]]",
        "push_body": "[[store]]: we tell you here when [[product]] [[variant]] is back.",
    },
}
_GERMAN: Mapping[str, Mapping[str, str]] = {
    BACK_IN_STOCK: {
        "sms_body": "[[store]]: [[product]] [[variant]] ist wieder da. [[url]] Ende: STOP",
        "email_subject": "[[product]] ist wieder da",
        "email_body": (
            "Guten Tag [[firstname|]],\n\nwieder lieferbar ist:\n\n[[item]]\n\n[[store]]\n\n"
            "Keine solchen E-Mails mehr: [[stop_url]]"
        ),
        "push_subject": "[[product]] ist wieder da",
        "push_body": "[[store]]: [[product]] [[variant]] kann wieder gekauft werden. [[url]]",
    },
    WAITING: {
        "sms_body": "[[store]]: Sie stehen auf der Liste für [[product]] [[variant]]. Ende: STOP",
        "email_subject": "Sie stehen auf der Liste für [[product]]",
        "email_body": (
            "Guten Tag [[firstname|]],\n\nwir melden uns, sobald es wieder da ist:\n\n[[item]]\n\n[[store]]\n\n"
            "Keine solchen E-Mails mehr: [[stop_url]]"
        ),
        "push_subject": "Sie stehen auf der Liste für [[product]]",
        "push_body": "[[store]]: Wir melden uns hier, sobald [[product]] [[variant]] wieder da ist.",
    },
}


def beginning(store: Store, trigger: str) -> Mapping[str, str]:
    """Field → words, for a journey that begins with an activity."""
    return (_GERMAN if store.locale.startswith("de") else _ENGLISH)[trigger]

"""What the pages of sends share."""

from __future__ import annotations

from flask import Blueprint

from nexnotify.campaigns.models import Send
from nexnotify.credits.service import can_send
from nexnotify.gateways.service import sender_of
from nexnotify.waitlist.activities import NAMES as ACTIVITIES
from nexnotify.waitlist.conditions import Where
from nexnotify.web.admin.access import current_store, may, require, staff_guard
from nexnotify.web.admin.conditions import CONDITIONS
from nexnotify.web.admin.loading import load
from nexnotify.web.languages import number as write_number
from nexnotify.words import N_

bp = Blueprint("admin_sends", __name__)
bp.before_request(staff_guard)

#: Weakest role that may text one person, and many at once.
TO_ONE, TO_MANY = "staff", "admin"
#: Source of an audience → one of its rows, several, and the list they were picked from.
SOURCES = {
    "customers": (N_("customer"), N_("customers"), "admin_customers.index"),
    "orders": (N_("order"), N_("orders"), "admin_orders.index"),
    "tickets": (N_("ticket"), N_("tickets"), "admin_tickets.index"),
    "waitlist": (N_("request"), N_("requests"), "admin_sends.index"),
    "told": (N_("person"), N_("people"), "admin_restocks.index"),
}


def may_text(role: str = TO_ONE) -> bool:
    """Whether "Send text message" is offered to this person: not without a sender, and not without credits."""
    store = current_store()
    return may(role) and sender_of(store, "sms") is not None and can_send(store)


def load_own(send_id: int, *, lock: bool = False) -> Send:
    """A send that this person may write and confirm.

    :raises Forbidden: it goes to many, and their role is too weak for that.
    """
    send = load(Send, send_id, lock=lock)
    require(TO_ONE if send.is_to_one else TO_MANY)
    return send


def counted(number: int, source: str) -> str:
    """ "1 order", "1,204 orders" """
    one, many, _ = SOURCES[source]
    return N_("%(number)s %(noun)s", number=write_number(number), noun=one if number == 1 else many)


def audience_words(send: Send) -> str:
    """Whom a send is for, in a line."""
    if send.is_to_one:
        return N_("One %(source)s", source=SOURCES[send.source][0])
    if send.source == "waitlist":
        return waitlist_words(send)
    if send.source == "told":
        return N_("Those whom a recalled restock had told")
    if send.picked is not None:
        return N_("%(source)s, selected", source=counted(len(send.picked), send.source))
    said = [f"{name.replace('_', '-')} {value}" for name, value in send.filter.items() if value]
    return N_("All %(source)s", source=SOURCES[send.source][1]) + (
        N_(" with %(said)s", said=", ".join(said)) if said else ""
    )


def waitlist_words(send: Send) -> str:
    """The conditions on those who waited, in a line."""
    occurred = N_(
        "%(activity)s has occurred in the last %(days)s days",
        activity=ACTIVITIES.get(send.filter.get("activity", ""), ""),
        days=send.filter.get("days", ""),
    )
    stored = Where.read(send.filter.get("where", {})).stored()
    for name, words in CONDITIONS.items():
        if name in stored:
            occurred = N_("%(said)s, %(name)s %(values)s", said=occurred, name=words, values=", ".join(stored[name]))
    return N_("%(said)s, opted in", said=occurred) if send.filter.get("opt_in") else occurred

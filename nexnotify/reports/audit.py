"""The audit trail in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nexnotify.stores.models import AuditEntry

_WORDS = {
    "sms": "text message",
    "api": "API",
    "sold out": "Sold Out",
    "backordered": "Backordered",
    "preordered": "Preordered",
}


#: Kind of entry → what it is called, and its actions with what a person reads.
KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "settings": (
        "Settings",
        {
            "store.opened": "Store opened",
            "settings.changed": "Settings changed",
            "first_steps.hidden": "First steps put away",
            "first_steps.shown": "First steps brought back",
            "widget.checked": "Widget looked for on a page",
            "storefront_code.checked": "Storefront code looked for on a page",
            "alert.created": "Alert set up",
            "alert.changed": "Alert set-up changed",
            "alert.paused": "Alert paused",
            "alert.resumed": "Alert resumed",
        },
    ),
    "messages": (
        "Products and messages",
        {
            "stock.set": "Stock set by hand",
            "variant.changed": "Product changed by hand",
            "request.cancelled": "Request cancelled",
            "message.left": "Message left alone",
            "message.sent_again": "Message sent again",
            "template.made": "Template made",
            "template.renamed": "Template renamed",
            "template.deleted": "Template deleted",
            "send.confirmed": "Text sent to people",
            "send.tested": "Text tried out",
            "send.taken_back": "Text taken back before it went",
            "send.hurried": "Text sent before its time",
            "send.stopped": "Rest of a text stopped",
            "template.saved": "Template saved",
            "template.switched_on": "Template switched on",
            "template.switched_off": "Template switched off",
        },
    ),
    "customers": (
        "Customers",
        {
            "customer.changed": "Customer's fields changed",
            "customer.revealed": "Customer's addresses shown",
            "customer.exported": "Customer exported",
            "customer.erased": "Customer erased",
            "custom_field.added": "Customer field added",
            "custom_field.changed": "Customer field changed",
            "custom_field.moved": "Customer fields put in another order",
            "custom_field.deleted": "Customer field deleted",
        },
    ),
    "gateways": (
        "Gateways",
        {
            "gateway.added": "Gateway added",
            "gateway.changed": "Gateway changed",
            "gateway.made_sender": "Gateway made the sender",
            "gateway.resumed": "Gateway resumed",
            "gateway.tested": "Test sent",
        },
    ),
    "credits": (
        "Credits",
        {
            "credits.ordered": "Credits ordered",
            "credits.paid": "Credits paid",
            "credits.cancelled": "Purchase of credits cancelled",
            "credits.failed": "Payment of credits failed",
            "credits.granted": "Credits granted",
            "payment.changed": "Way to pay changed",
        },
    ),
    "keys": (
        "Keys, imports and exports",
        {
            "api_key.created": "API key created",
            "api_key.revoked": "API key revoked",
            "instock_notification.exported": "Instock Notification exported",
            "import.uploaded": "File uploaded for an import",
            "import.begun": "Import begun",
            "import.cancelled": "Import ended",
            "customers.exported": "Customers exported",
            "orders.exported": "Orders exported",
            "messages.exported": "Messages exported",
            "consent.exported": "Consent exported",
        },
    ),
    "views": (
        "Saved views",
        {
            "view.saved": "View saved",
            "view.changed": "View changed",
            "view.deleted": "View deleted",
        },
    ),
    "people": (
        "People",
        {
            "user.added": "Person added",
            "invitation.made": "Invited",
            "invitation.sent_again": "Invited again, with a new link",
            "invitation.withdrawn": "Invitation withdrawn",
            "person.joined": "Joined by invitation",
            "person.role_changed": "Role changed",
            "person.removed": "Removed",
        },
    ),
    "signing_in": (
        "Signing in",
        {
            "sign_in.done": "Signed in",
            "sign_in.password_locked": "Locked after too many wrong passwords",
            "sign_in.code_locked": "Locked after too many wrong codes",
            "sign_in.confirm_locked": "Too many wrong passwords in an open session",
            "sign_in.unlocked": "Unlocked",
            "session.ended": "One session ended",
            "session.all_others_ended": "Signed out everywhere else",
            "session.all_ended": "Signed out everywhere",
            "password.changed": "Password changed",
            "password.link_sent": "Link for a new password sent",
            "password.link_failed": "Link for a new password could not be sent",
            "password.reset": "New password set by link",
            "password.set": "New password set on the command line",
            "second_factor.set_up": "Second factor set up",
            "second_factor.switched_off": "Second factor switched off",
            "recovery_code.used": "Recovery code used",
            "recovery_code.all_renewed": "New recovery codes made",
        },
    ),
}
ACTIONS: Mapping[str, str] = {action: words for _, actions in KINDS.values() for action, words in actions.items()}


def audit_title(action: str) -> str:
    """What happened, for a person: "API key created" for api_key.created."""
    if action in ACTIONS:
        return ACTIONS[action]
    title = " ".join(_word(part) for part in action.replace(".", "_").split("_"))
    return title[:1].upper() + title[1:]


def audit_lines(entry: AuditEntry) -> list[str]:
    """What the entry says beside its title, one thing a line; of a change only what is different."""
    lines: list[str] = []
    for name, value in entry.detail.items():
        if name == "by":
            continue
        if name == "changed" and isinstance(value, Mapping):
            for field, (before, after) in value.items():
                lines += _differences(_word(field), before, after)
        else:
            lines.append(f"{_word(name)}: {_text(value)}")
    return lines


def _differences(name: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for part in after:
            yield from _differences(f"{name}, {_word(part)}", before.get(part), after[part])
    elif before != after:
        yield f"{name}: {_text(before)} → {_text(after)}"


def _text(value: Any) -> str:
    if value is None or value is False:
        return "off"
    if value is True:
        return "on"
    if isinstance(value, Mapping):
        return ", ".join(f"{_word(name)} {_text(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(part) for part in value) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) or "empty"


def _word(name: str) -> str:
    plain = str(name).replace("_", " ")
    return _WORDS.get(plain, plain)

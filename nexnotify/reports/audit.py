"""The audit trail in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nexnotify.stores.models import AuditEntry
from nexnotify.words import N_

_WORDS = {
    "sms": N_("text message"),
    "api": "API",
    "sold out": N_("Sold Out"),
    "backordered": N_("Backordered"),
    "preordered": N_("Preordered"),
    "can preorder": N_("Can be preordered"),
    "can backorder": N_("Can be backordered"),
}


#: Kind of entry → what it is called, and its actions with what a person reads.
KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "settings": (
        N_("Settings"),
        {
            "store.opened": N_("Store opened"),
            "settings.changed": N_("Settings changed"),
            "holds.changed": N_("Held units set up"),
            "first_steps.hidden": N_("First steps put away"),
            "first_steps.shown": N_("First steps brought back"),
            "widget.checked": N_("Widget looked for on a page"),
            "storefront_code.checked": N_("Storefront code looked for on a page"),
            "alert.created": N_("Alert set up"),
            "alert.changed": N_("Alert set-up changed"),
            "alert.paused": N_("Alert paused"),
            "alert.resumed": N_("Alert resumed"),
        },
    ),
    "messages": (
        N_("Products and messages"),
        {
            "stock.set": N_("Stock set by hand"),
            "product.changed": N_("Alerts or substitutes of a product changed"),
            "variant.changed": N_("Product changed by hand"),
            "request.cancelled": N_("Request cancelled"),
            "message.left": N_("Message left alone"),
            "message.sent_again": N_("Message sent again"),
            "template.made": N_("Template made"),
            "template.renamed": N_("Template renamed"),
            "template.deleted": N_("Template deleted"),
            "send.confirmed": N_("Text sent to people"),
            "send.tested": N_("Text tried out"),
            "send.taken_back": N_("Text taken back before it went"),
            "send.hurried": N_("Text sent before its time"),
            "send.paused": N_("Text paused"),
            "send.resumed": N_("Text gone on with"),
            "send.stopped": N_("Rest of a text stopped"),
            "journey.added": N_("Journey added"),
            "journey.changed": N_("Journey changed"),
            "journey.switched_on": N_("Journey switched on"),
            "journey.switched_off": N_("Journey switched off"),
            "journey.deleted": N_("Journey deleted"),
            "restock.sent_now": N_("Restock approved or sent at once"),
            "restock.held": N_("Restock put on hold"),
            "restock.went_on": N_("Restock's hold ended"),
            "restock.capped": N_("Restock limited to some people"),
            "restock.cancelled": N_("Restock cancelled before anybody was told"),
            "restock.recalled": N_("Restock recalled"),
            "restock.corrected": N_("Correction of a restock confirmed"),
            "restock.told_exported": N_("List of those told exported"),
            "template.saved": N_("Template saved"),
            "template.switched_on": N_("Template switched on"),
            "template.switched_off": N_("Template switched off"),
        },
    ),
    "customers": (
        N_("Customers"),
        {
            "customer.changed": N_("Customer's fields changed"),
            "customer.revealed": N_("Customer's addresses shown"),
            "customer.exported": N_("Customer exported"),
            "customer.erased": N_("Customer erased"),
            "shopper.erased": N_("Shopper erased"),
            "region.added": N_("Region added"),
            "region.changed": N_("Region changed"),
            "region.deleted": N_("Region deleted"),
            "custom_field.added": N_("Customer field added"),
            "custom_field.changed": N_("Customer field changed"),
            "custom_field.moved": N_("Customer fields put in another order"),
            "custom_field.deleted": N_("Customer field deleted"),
        },
    ),
    "gateways": (
        N_("Gateways"),
        {
            "gateway.added": N_("Gateway added"),
            "gateway.changed": N_("Gateway changed"),
            "gateway.made_sender": N_("Gateway made the sender"),
            "gateway.resumed": N_("Gateway resumed"),
            "gateway.tested": N_("Test sent"),
        },
    ),
    "credits": (
        N_("Credits"),
        {
            "credits.ordered": N_("Credits ordered"),
            "credits.paid": N_("Credits paid"),
            "credits.cancelled": N_("Purchase of credits cancelled"),
            "credits.failed": N_("Payment of credits failed"),
            "credits.granted": N_("Credits granted"),
            "payment.changed": N_("Way to pay changed"),
        },
    ),
    "keys": (
        N_("Keys, imports and exports"),
        {
            "api_key.created": N_("API key created"),
            "api_key.revoked": N_("API key revoked"),
            "instock_notification.exported": N_("Instock Notification exported"),
            "import.uploaded": N_("File uploaded for an import"),
            "import.begun": N_("Import begun"),
            "import.cancelled": N_("Import ended"),
            "customers.exported": N_("Customers exported"),
            "orders.exported": N_("Orders exported"),
            "messages.exported": N_("Messages exported"),
            "activities.exported": N_("Activities exported"),
            "consent.exported": N_("Consent exported"),
            "credits.exported": N_("Credits exported"),
            "metrics.exported": N_("Metrics exported"),
            "demand.exported": N_("Demand exported"),
        },
    ),
    "views": (
        N_("Saved views"),
        {"view.saved": N_("View saved"), "view.changed": N_("View changed"), "view.deleted": N_("View deleted")},
    ),
    "people": (
        N_("People"),
        {
            "user.added": N_("Person added"),
            "invitation.made": N_("Invited"),
            "invitation.sent_again": N_("Invited again, with a new link"),
            "invitation.withdrawn": N_("Invitation withdrawn"),
            "person.joined": N_("Joined by invitation"),
            "person.role_changed": N_("Role changed"),
            "person.removed": N_("Removed"),
        },
    ),
    "signing_in": (
        N_("Signing in"),
        {
            "sign_in.done": N_("Signed in"),
            "sign_in.password_locked": N_("Locked after too many wrong passwords"),
            "sign_in.code_locked": N_("Locked after too many wrong codes"),
            "sign_in.confirm_locked": N_("Too many wrong passwords in an open session"),
            "sign_in.unlocked": N_("Unlocked"),
            "session.ended": N_("One session ended"),
            "session.all_others_ended": N_("Signed out everywhere else"),
            "session.all_ended": N_("Signed out everywhere"),
            "language.changed": N_("Language changed"),
            "password.changed": N_("Password changed"),
            "password.link_sent": N_("Link for a new password sent"),
            "password.link_failed": N_("Link for a new password could not be sent"),
            "password.reset": N_("New password set by link"),
            "password.set": N_("New password set on the command line"),
            "second_factor.set_up": N_("Second factor set up"),
            "second_factor.switched_off": N_("Second factor switched off"),
            "recovery_code.used": N_("Recovery code used"),
            "recovery_code.all_renewed": N_("New recovery codes made"),
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

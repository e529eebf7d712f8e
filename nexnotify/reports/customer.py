"""What happened with one customer, as a timeline for pages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.customers.models import ConsentEntry, ConsentWording, Contact, Customer
from nexnotify.customers.people import contacts_of
from nexnotify.db import db
from nexnotify.ledger.models import Message
from nexnotify.orders.models import ORDER_STATUSES
from nexnotify.receipts.models import InboundMessage
from nexnotify.reports.activities import back_in_stock_lines
from nexnotify.reports.clicks import click_lines, opened_by
from nexnotify.reports.customer_orders import order_events, ticket_messages
from nexnotify.reports.happening import Happening
from nexnotify.reports.trace import CLOSED
from nexnotify.reports.words import PRODUCT_STATUSES, channel_word, kind_word, reason_words
from nexnotify.waitlist.activities import NAMES, WAITING
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

#: The newest of each kind of happening that a page shows.
SHOWN = 100

_PURPOSES = {
    "requested": "alerts",
    "transactional": N_("orders and tickets"),
    "marketing": "marketing",
    "all": "everything",
}
_METHODS = {
    "widget": N_("on your shop's page"),
    "api": N_("through the API"),
    "import": N_("from a file"),
    "keyword": N_("by text message"),
    "page": N_("on the shopper's page"),
    "gateway": N_("told by the gateway"),
    "staff": N_("by your people"),
}


def timeline(customer: Customer) -> tuple[list[Happening], bool]:
    """What happened, newest first, and whether there is more than is shown."""
    contacts = {contact.id: contact for contact in contacts_of(customer).values()}
    # Of what happened at one moment, the consequence stands first here, and so above its cause.
    sources = [_messages(contacts), _inbound(contacts), _requests(contacts), _consents(contacts)]
    sources.append(click_lines(opened_by(customer.store_id, list(contacts), SHOWN + 1)))
    sources.append(back_in_stock_lines(customer.store_id, list(contacts), SHOWN + 1))
    sources += [_orders(customer, list(contacts)), _tickets(customer, list(contacts))]
    found = [line for lines in sources for line in lines]
    found.append(Happening(customer.created_at, N_("First told of by the shop"), "neutral"))
    more = len(found) > SHOWN
    found.sort(key=lambda line: line.at, reverse=True)
    return found[:SHOWN], more


def marketing_state(customer: Customer) -> tuple[bool, str]:
    """Whether marketing texts may go to the customer, and what decides it."""
    contact = contacts_of(customer).get("sms")
    if contact is None:
        return False, N_("No number is known, so no text can go.")
    if contact.opted_out_at is not None:
        wins = (
            N_(" The field says yes; the STOP wins until they text START and opt in again.")
            if customer.sms_opt_in
            else ""
        )
        return False, N_("This number has said STOP.%(wins)s", wins=wins)
    if contact.id in may_be_sent_marketing(customer.store_id, [contact.id]):
        return True, N_("Has opted in, and not said STOP since.")
    if customer.sms_opt_in:
        return False, (
            N_(
                "The field says yes, but nobody has agreed for this number since it became theirs, or since its last STOP. "
                "Set the field to no and to yes again once they have."
            )
        )
    return False, N_("Has not opted in.")


# --- rows ------------------------------------------------------------------------------------------------------------

Contacts = dict[int, Contact]


def _theirs(model: Any, contacts: Contacts) -> tuple[Any, ...]:
    store_ids = {contact.store_id for contact in contacts.values()}
    return model.store_id.in_(store_ids), model.contact_id.in_(list(contacts))


def newest(model: Any, contacts: Contacts, limit: int | None) -> list[Any]:
    statement = sa.select(model).where(*_theirs(model, contacts)).order_by(model.id.desc()).limit(limit)
    return list(db.session.scalars(statement))


def request_rows(contacts: Contacts, limit: int | None) -> list[Any]:
    statement = (
        sa.select(AlertRequest, Variant)
        .options(joinedload(Variant.product))
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .where(*_theirs(AlertRequest, contacts))
    )
    return list(db.session.execute(statement.order_by(AlertRequest.id.desc()).limit(limit)))


def consent_rows(contacts: Contacts, limit: int | None) -> list[Any]:
    statement = (
        sa.select(ConsentEntry, ConsentWording.text)
        .outerjoin(ConsentWording, ConsentWording.version == ConsentEntry.wording_version)
        .where(*_theirs(ConsentEntry, contacts))
    )
    return list(db.session.execute(statement.order_by(ConsentEntry.id.desc()).limit(limit)))


# --- lines -----------------------------------------------------------------------------------------------------------


def _requests(contacts: Contacts) -> list[Happening]:
    lines = []
    for item, variant in request_rows(contacts, SHOWN + 1):
        name = ", ".join(filter(None, (variant.product.title, variant.name)))
        link = ("request", item.id)
        by = channel_word(contacts[item.contact_id].channel).lower()
        was = PRODUCT_STATUSES[item.asked_status]
        lines.append(
            Happening(
                item.created_at,
                NAMES[WAITING],
                "info",
                N_("%(name)s, which was %(was)s, by %(by)s.", name=name, was=was, by=by),
                "",
                link,
            )
        )
        if item.alerted_at:
            lines.append(Happening(item.alerted_at, N_("Told that it is back"), "ok", f"{name}.", "", link))
        if item.closed_at:
            lines.append(Happening(item.closed_at, N_("Waits no more"), "neutral", _closed(name, item), "", link))
    return lines


def _closed(name: str, item: AlertRequest) -> str:
    return name + ". " + CLOSED[item.closed_reason] if item.closed_reason in CLOSED else f"{name}."


def _messages(contacts: Contacts) -> list[Happening]:
    return [
        Happening(
            item.created_at,
            channel_word(item.channel) + ": " + kind_word(item.kind),
            "info",
            reason_words(item.reason),
            item.body,
            ("message", item.id),
            item.status,
        )
        for item in newest(Message, contacts, SHOWN + 1)
    ]


def _inbound(contacts: Contacts) -> list[Happening]:
    return [
        Happening(item.at, N_("Wrote to you"), "warn" if item.keyword == "stop" else "info", "", item.body)
        for item in newest(InboundMessage, contacts, SHOWN + 1)
    ]


def _consents(contacts: Contacts) -> list[Happening]:
    lines = []
    for entry, wording in consent_rows(contacts, SHOWN + 1):
        given = entry.action != "revoked"
        said = {
            "granted": N_("Consent to %(purpose)s given"),
            "confirmed": N_("Consent to %(purpose)s confirmed"),
            "revoked": N_("Consent to %(purpose)s taken back"),
        }[entry.action]
        title = "STOP" if entry.purpose == "all" else said % {"purpose": _PURPOSES[entry.purpose]}
        by = channel_word(contacts[entry.contact_id].channel).lower()
        words = N_("For %(by)s, %(method)s.", by=by, method=_METHODS.get(entry.method, entry.method))
        if because := entry.evidence.get("because"):
            words += N_(" Because %(because)s.", because=because)
        lines.append(Happening(entry.at, title, "ok" if given else "bad", words, wording or ""))
    return lines


def _orders(customer: Customer, contact_ids: list[int]) -> list[Happening]:
    return [
        Happening(
            event.at,
            N_("Order %(external_id)s", external_id=order.external_id),
            "info",
            ORDER_STATUSES[event.status],
            "",
            ("order", order.id),
        )
        for event, order in order_events(customer, contact_ids, SHOWN + 1)
    ]


def _tickets(customer: Customer, contact_ids: list[int]) -> list[Happening]:
    return [
        Happening(
            message.at,
            N_("Wrote in a ticket") if message.author == "customer" else N_("Answered in a ticket"),
            "info",
            ticket.subject,
            message.text,
            ("ticket", ticket.id),
        )
        for message, ticket in ticket_messages(customer, contact_ids, SHOWN + 1)
    ]

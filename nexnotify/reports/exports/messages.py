"""Messages: what was written to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.models import SendRecipient
from nexnotify.catalog.models import Product, Variant
from nexnotify.customers.models import Contact
from nexnotify.customers.service import search_contacts
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.ledger.models import Message
from nexnotify.ledger.transitions import STATUSES
from nexnotify.reports.dashboard.figures import OUTCOMES
from nexnotify.reports.exports.table import IN_PERIOD, Export, Filter, in_batches
from nexnotify.reports.periods import begin_of
from nexnotify.reports.sends import GROUPS
from nexnotify.reports.words import KINDS, channel_word, kind_word, reason_words, status_word, without_keys
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import Store
from nexnotify.words import N_

_COLUMNS = (
    Column("Message", 10, "number"),
    Column("Kind", 16),
    Column("Channel", 14),
    Column("To", 30),
    Column("Status", 14),
    Column("Why", 40),
    Column("Written", 19, "moment"),
    Column("Accepted", 19, "moment"),
    Column("Delivered", 19, "moment"),
    Column("Product", 36),
    Column("SKU", 18),
    Column("Subject", 30),
    Column("Text", 60),
    Column("Segments", 9, "number"),
    Column("Credits", 9, "number"),
    Column("Attempts", 9, "number"),
    Column("Gateway", 18),
    Column("Gateway’s id", 30),
    Column("Reference", 34),
)


#: What a list's address calls it → the statuses it means.
STATUSES_OF: Mapping[str, tuple[str, ...]] = {
    **GROUPS,
    **{status: (status,) for status in STATUSES},
    "failed": OUTCOMES["not_delivered"],
}
#: The recipient that a message was written for.
OF_SEND = sa.and_(SendRecipient.store_id == Message.store_id, SendRecipient.message_id == Message.id)


def _chosen(store: Store, wanted: Mapping[str, str]) -> sa.Select[Any]:
    statement = sa.select(Message.id).where(Message.store_id == store.id)
    if wanted.get("status") in STATUSES_OF:
        statement = statement.where(Message.status.in_(STATUSES_OF[wanted["status"]]))
    if wanted.get("kind") in KINDS:
        statement = statement.where(Message.kind == wanted["kind"])
    if begin := begin_of(wanted.get("made", ""), store.zone):
        statement = statement.where(Message.created_at >= begin)
    if send := wanted.get("send"):
        number = int(send) if send.isascii() and send.isdecimal() and len(send) <= 18 else 0  # no send's
        statement = statement.join(SendRecipient, OF_SEND).where(SendRecipient.send_id == number)
    if search := wanted.get("q"):
        statement = statement.where(Message.contact_id.in_(search_contacts(store, search)))
    return statement


def _sheets(store: Store, chosen: sa.Select[Any]) -> list[Sheet]:
    return [Sheet("Messages", _COLUMNS, _rows(chosen))]


def _rows(chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    statement = (
        chosen.with_only_columns(
            Message.id,
            Message.kind,
            Message.channel,
            Contact.address,
            Message.status,
            Message.reason,
            Message.created_at,
            Message.accepted_at,
            Message.delivered_at,
            Product.title,
            Variant.sku,
            Message.subject,
            Message.body,
            Message.segments,
            Message.credits,
            Message.tries,
            GatewayInstance.name,
            Message.gateway_message_id,
            Message.reference,
        )
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .join(Lane, sa.and_(Lane.store_id == Message.store_id, Lane.id == Message.lane_id))
        .join(
            GatewayInstance,
            sa.and_(GatewayInstance.store_id == Lane.store_id, GatewayInstance.id == Lane.gateway_id),
        )
        .outerjoin(Variant, sa.and_(Variant.store_id == Message.store_id, Variant.id == Message.variant_id))
        .outerjoin(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
    )
    for batch in in_batches(statement, Message.id):
        for number, kind, channel, address, status, reason, *rest in batch:
            *moments, title, sku, subject, body = rest[:7]
            words = (kind_word(kind), channel_word(channel), address, status_word(status), reason_words(reason))
            yield (number, *words, *moments, title, sku, subject, without_keys(body), *rest[7:])


MESSAGES = Export(
    "messages",
    N_("Messages"),
    N_("Everything that was written to somebody, with its text and what became of it."),
    (N_("message"), N_("messages")),
    {
        "q": Filter(N_("Number or email")),
        "status": Filter(N_("Status"), {name: name.replace("_", " ") for name in STATUSES_OF}),
        "kind": Filter(N_("Kind"), KINDS),
        "made": Filter(N_("Made"), IN_PERIOD),
        "send": Filter(N_("Send")),
    },
    _chosen,
    Message.id,
    _sheets,
)

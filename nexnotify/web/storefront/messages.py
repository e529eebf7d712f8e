"""Messages out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.catalog.models import Variant
from nexnotify.catalog.service import find_variant
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_contact, normalise
from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.ledger.models import Message
from nexnotify.ledger.transitions import STATUSES
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import moment, next_address, page_of, refuse_unknown_filters
from nexnotify.web.storefront import blueprint


@blueprint.get("/messages")
def get_messages() -> ResponseReturnValue:
    """Messages, newest first, by ``sku`` (or ``variant_id``), ``to`` and ``status``."""
    refuse_unknown_filters(("sku", "variant_id", "to", "status"))
    store, (after, limit) = the_store(), page_of("after")
    statement = (
        sa.select(Message, Contact, GatewayInstance.name, Variant.sku)
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .join(Lane, sa.and_(Lane.store_id == Message.store_id, Lane.id == Message.lane_id))
        .join(
            GatewayInstance,
            sa.and_(GatewayInstance.store_id == Lane.store_id, GatewayInstance.id == Lane.gateway_id),
        )
        .outerjoin(Variant, sa.and_(Variant.store_id == Message.store_id, Variant.id == Message.variant_id))
        .where(Message.store_id == store.id)
    )
    if "sku" in request.args or "variant_id" in request.args:
        variant = find_variant(store, sku=request.args.get("sku"), variant_id=request.args.get("variant_id"))
        statement = statement.where(Message.variant_id == (variant.id if variant else 0))
    if (to := request.args.get("to")) is not None:
        statement = statement.where(Message.contact_id == _contact_id(store, to))
    if (status := request.args.get("status")) is not None:
        if status not in STATUSES:
            raise Invalid(f"A message's status is one of {', '.join(STATUSES)}.", fields={"status": "unknown"})
        statement = statement.where(Message.status == status)
    if after is not None:
        statement = statement.where(Message.id < after)
    rows = db.session.execute(statement.order_by(Message.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1][0].id if len(rows) > limit else None
    return jsonify(messages=[_row(*row) for row in rows[:limit]], next=next_address(last))


def _contact_id(store: Store, to: str) -> int:
    # A plus in an address comes as a space where the caller did not escape it.
    channel = "email" if "@" in to else "sms"
    text = to if channel == "email" or not to.startswith(" ") else "+" + to.strip()
    try:
        contact = find_contact(store, channel, normalise(store, channel, text))
    except (InvalidPhone, InvalidEmail) as error:
        raise Invalid("There is no such address.", fields={"to": str(error)}) from None
    return contact.id if contact else 0


def _row(message: Message, contact: Contact, gateway: str, sku: str | None) -> dict[str, Any]:
    return {
        "reference": message.reference,
        "kind": message.kind,
        "channel": message.channel,
        "to": contact.address,
        "sku": sku,
        "status": message.status,
        "reason": message.reason,
        "subject": message.subject,
        "body": message.body,
        "segments": message.segments,
        "encoding": message.encoding,
        "gateway": gateway,
        "gateway_id": message.gateway_message_id,
        "attempts": message.attempts,
        "due_at": moment(message.due_at),
        "created_at": moment(message.created_at),
        "accepted_at": moment(message.accepted_at),
        "delivered_at": moment(message.delivered_at),
    }

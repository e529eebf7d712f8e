"""All that is held about one person, as a file for them."""

from __future__ import annotations

from typing import Any

from nexnotify.catalog.regions import place_names
from nexnotify.clock import isoformat
from nexnotify.customers.custom_fields import fields_of
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.people import contacts_of, values_of
from nexnotify.db import db
from nexnotify.ledger.models import Message
from nexnotify.receipts.models import InboundMessage
from nexnotify.reports.activities import back_in_stock_file
from nexnotify.reports.clicks import opened_by
from nexnotify.reports.customer import consent_rows, newest, request_rows
from nexnotify.reports.customer_orders import orders_file, tickets_file
from nexnotify.waitlist.together import browsers_with


def person_file(customer: Customer) -> dict[str, Any]:
    """All we hold about a customer, whole, as a file for them."""
    names = {item.id: item.name for item in fields_of(customer.store_id)}
    contacts = list(contacts_of(customer).values())
    contact_ids = [contact.id for contact in contacts]
    browsers = db.session.scalars(browsers_with(customer.store_id, contact_ids)).all()
    return {
        "id": customer.external_id,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "fields": {names[number]: value for number, value in values_of([customer])[customer.id].items()},
        "created_at": isoformat(customer.created_at),
        "updated_at": isoformat(customer.updated_at),
        "addresses": [_address_file(contact) for contact in (*contacts, *browsers)],
        "orders": orders_file(customer, contact_ids),
        "tickets": tickets_file(customer, contact_ids),
    }


def _address_file(contact: Contact) -> dict[str, Any]:
    mine = {contact.id: contact}
    requests = request_rows(mine, None)
    places = place_names(contact.store_id, {item.region_id for item, _ in requests})
    return {
        "channel": contact.channel,
        "address": contact.address,
        "opted_out_at": isoformat(contact.opted_out_at),
        "consent": [
            {
                "at": isoformat(entry.at),
                "purpose": entry.purpose,
                "action": entry.action,
                "method": entry.method,
                "wording": wording,
                "page_url": entry.page_url,
                "ip": entry.ip,
                "user_agent": entry.user_agent,
                "evidence": entry.evidence,
            }
            for entry, wording in consent_rows(mine, None)
        ],
        "requests": [
            {
                "at": isoformat(item.created_at),
                "product": f"{variant.product.title} {variant.name}".strip(),
                "quantity": item.quantity,
                "intent": item.intent,
                "place": places[item.region_id][2] if item.region_id else None,
                "first_name": item.first_name,
                "zone": item.zone,
                "status": item.status,
                "source": item.source,
                "page_url": item.page_url,
                "alerted_at": isoformat(item.alerted_at),
                "closed_at": isoformat(item.closed_at),
                "closed_reason": item.closed_reason,
            }
            for item, variant in requests
        ],
        "back_in_stock": back_in_stock_file(contact.store_id, contact.id),
        "messages_to_them": _messages_file(mine),
        "links_opened": [isoformat(click.at) for click in opened_by(contact.store_id, [contact.id], None)],
        "messages_from_them": [
            {"at": isoformat(item.at), "body": item.body} for item in newest(InboundMessage, mine, None)
        ],
    }


def _messages_file(mine: dict[int, Contact]) -> list[dict[str, Any]]:
    return [
        {
            "at": isoformat(item.created_at),
            "kind": item.kind,
            "subject": item.subject,
            "body": item.body,
            "status": item.status,
            "accepted_at": isoformat(item.accepted_at),
            "delivered_at": isoformat(item.delivered_at),
        }
        for item in newest(Message, mine, None)
    ]

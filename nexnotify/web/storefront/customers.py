"""Customers in and out."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from nexnotify.clock import utcnow
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.customers.custom_fields import MAX_FIELDS, fields_of
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.people import CHANNELS, CustomerData, of_contacts, take_customer, values_of
from nexnotify.customers.service import find_contact, normalise
from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import Payload, Text, moment, next_address, page_of, refuse_unknown_filters
from nexnotify.web.storefront import blueprint

PersonName = Annotated[str, Field(max_length=255)]
FieldValue = bool | int | float | str | None


class CustomerPayload(Payload):
    """What is left out stays; null empties."""

    id: Annotated[Text, Field(description="The storefront's.")]
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: (
        Annotated[str, Field(max_length=60, description="A national number is read in the store's country.")] | None
    ) = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="Of the address, two capital letters. It helps to tell the shopper's local hours."
    )
    region: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,10}$")] | None = Field(
        None, description="Of the address: of the United States, the two letters of the state."
    )
    fields: Annotated[dict[Text, FieldValue], Field(max_length=MAX_FIELDS)] = Field(
        {}, description="Name of a custom field → its value; fields that are left out stay."
    )


@blueprint.put("/customers")
def put_customers() -> ResponseReturnValue:
    """Make or change customers; what is left out stays."""
    store, now = the_store(), utcnow()

    def save(row: CustomerPayload) -> str:
        take_customer(store, _data(row), "api", now)
        return row.id

    answer, saved = bulk("customers", CustomerPayload, save, lock_order=lambda row: (row.id,))
    return jsonify({**answer, "customers": [{"id": customer_id} for _, customer_id in saved]})


def _data(row: CustomerPayload) -> CustomerData:
    told = {name: getattr(row, name) for name in row.model_fields_set}
    for name in ("first_name", "last_name"):
        if name in told:
            told[name] = told[name] or None
    return CustomerData(**told)


@blueprint.get("/customers")
def get_customers() -> ResponseReturnValue:
    """Customers, newest first, by ``id``, ``email`` and ``phone``."""
    refuse_unknown_filters(("id", *CHANNELS))
    store, (after, limit) = the_store(), page_of("after")
    statement = sa.select(Customer).where(Customer.store_id == store.id, Customer.erased_at.is_(None))
    if (external_id := request.args.get("id")) is not None:
        statement = statement.where(Customer.external_id == external_id)
    for name in CHANNELS:
        if (address := request.args.get(name)) is not None:
            statement = statement.where(Customer.id.in_(of_contacts(store, _contact_ids(store, name, address))))
    if after is not None:
        statement = statement.where(Customer.id < after)
    found = db.session.scalars(statement.order_by(Customer.id.desc()).limit(limit + 1)).all()
    page = found[:limit]
    return jsonify(customers=customer_rows(store, page), next=next_address(page[-1].id if len(found) > limit else None))


def _contact_ids(store: Store, name: str, address: str) -> list[int]:
    # A plus in an address comes as a space where the caller did not escape it.
    text = "+" + address.strip() if name == "phone" and address.startswith(" ") else address
    try:
        contact = find_contact(store, CHANNELS[name], normalise(store, CHANNELS[name], text))
    except (InvalidPhone, InvalidEmail) as error:
        raise Invalid("There is no such address.", fields={name: str(error)}) from None
    return [contact.id] if contact else []


def customer_rows(store: Store, customers: list[Customer] | Any) -> list[dict[str, Any]]:
    """Customers as answers write them."""
    names = {item.id: item.name for item in fields_of(store.id)}
    values = values_of(customers)
    ids = {number for item in customers for number in (item.sms_contact_id, item.email_contact_id) if number}
    contacts = sa.select(Contact).where(Contact.store_id == store.id, Contact.id.in_(ids))
    addresses = {contact.id: contact.address for contact in db.session.scalars(contacts)}
    open_to_marketing = may_be_sent_marketing(store.id, ids)
    return [
        {
            "id": item.external_id,
            "first_name": item.first_name,
            "last_name": item.last_name,
            "email": addresses.get(item.email_contact_id or 0),
            "phone": addresses.get(item.sms_contact_id or 0),
            "country": item.country,
            "region": item.region,
            "fields": {names[number]: value for number, value in values[item.id].items()},
            "may_be_sent_marketing": item.sms_contact_id in open_to_marketing,
            "created_at": moment(item.created_at),
            "updated_at": moment(item.updated_at),
        }
        for item in customers
    ]

"""Customers as storefronts, files and staff tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.imports.rows import ABSENT, Absent
from nexnotify.customers.consent import Proof, tell_marketing
from nexnotify.customers.custom_fields import fields_of
from nexnotify.customers.field_values import BadValue, Value, fold, no_such_field, read_value
from nexnotify.customers.former import hand_over
from nexnotify.customers.models import Contact, Customer, CustomField, CustomFieldValue
from nexnotify.customers.service import find_or_make_contact, normalise
from nexnotify.db import db, insert_ignore
from nexnotify.errors import Invalid
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Column of the address as callers name it → its channel.
CHANNELS = {"phone": "sms", "email": "email"}
#: Length of a name's key; who is named at greater length is found by the beginning.
MAX_KEY = 255
#: From so many names on, a search walks the list instead of gathering what it finds.
MANY = 2000
#: Sorts behind every text that begins like it.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class CustomerData:
    """What is told of a customer. What is absent stays; None empties."""

    id: str
    first_name: str | Absent | None = ABSENT
    last_name: str | Absent | None = ABSENT
    email: str | Absent | None = ABSENT
    phone: str | Absent | None = ABSENT
    #: Of the address: ISO 3166, "US" and "NY".
    country: str | Absent | None = ABSENT
    region: str | Absent | None = ABSENT
    #: Name of a field → its value, not yet read by the field's type.
    fields: Mapping[str, Any] = field(default_factory=dict)


def take_customer(store: Store, data: CustomerData, method: str, now: datetime) -> Customer:
    """Make or change a customer. The same again changes nothing.

    :param method: who tells it, for the consent ledger: "api", "import" or "staff".
    :raises Invalid: an address that is none or another customer's, an unknown field, or a value of the wrong type.
    """
    values = read_fields(store, data.fields)
    addresses = _read_addresses(store, data)
    customer = _find_or_make(store, data.id, now)
    before = _state(customer)
    for column in ("first_name", "last_name", "country", "region"):
        if not isinstance(told := getattr(data, column), Absent):
            setattr(customer, column, told)
    customer.name_key = name_key(customer.first_name, customer.last_name)
    customer.last_name_key = name_key(customer.last_name, customer.first_name)
    for name, address in addresses.items():
        _set_address(store, customer, name, address, method, now)
    changed = set_values(store, customer, values, method, now)
    if changed or _state(customer) != before:
        customer.updated_at = now
    db.session.flush()
    return customer


def set_values(
    store: Store, customer: Customer, values: Mapping[CustomField, Value], method: str, now: datetime
) -> list[str]:
    """Set fields of a (locked) customer; what the opt-in says goes into the consent ledger.

    :returns: the names of those that changed.
    """
    had = {row.custom_field_id: row for row in _rows(customer)}
    changed = []
    for item, value in values.items():
        row = had.get(item.id)
        if item.is_sms_opt_in:
            before, customer.sms_opt_in = customer.sms_opt_in, None if value is None else bool(value)
            _tell_opt_in(customer, item, method, now)
        elif (before := row.value if row else None) != value or type(before) is not type(value):
            _set_row(customer, item, row, value)
        if before != value:
            changed.append(item.name)
    if changed:
        customer.updated_at = now
    db.session.flush()
    return changed


def read_fields(store: Store, given: Mapping[str, Any]) -> dict[CustomField, Value]:
    """Fields and their values by the names that a caller wrote.

    :raises Invalid: with every name and value that is not right.
    """
    if not given:
        return {}
    known = {item.name_key: item for item in fields_of(store.id)}
    values: dict[CustomField, Value] = {}
    wrong: dict[str, str] = {}
    for name, raw in given.items():
        item = known.get(fold(name))
        if item is None:
            wrong[f"fields.{name}"] = no_such_field(name, [each.name for each in known.values()])
            continue
        try:
            values[item] = read_value(item.type, item.choices, raw)
        except BadValue as problem:
            wrong[f"fields.{name}"] = f"{item.name}: {problem}"
    if wrong:
        raise Invalid(" ".join(wrong.values()), fields=wrong)
    return values


def values_of(customers: Sequence[Customer]) -> dict[int, dict[int, Value]]:
    """Customer id → field id → value, the opt-in's included; fields without a value are left out."""
    if not customers:
        return {}
    store_id, found = customers[0].store_id, {item.id: dict[int, Value]() for item in customers}
    rows = db.session.scalars(
        sa.select(CustomFieldValue).where(
            CustomFieldValue.store_id == store_id, CustomFieldValue.customer_id.in_(list(found))
        )
    )
    for row in rows:
        found[row.customer_id][row.custom_field_id] = row.value
    opt_in = opt_in_field(store_id)
    for item in customers:
        if item.sms_opt_in is not None:
            found[item.id][opt_in.id] = item.sms_opt_in
    return found


def opt_in_field(store_id: int) -> CustomField:
    """The store's field whose yes is consent to marketing."""
    return next(item for item in fields_of(store_id) if item.is_sms_opt_in)


def contacts_of(customer: Customer, *, lock: bool = False) -> dict[str, Contact]:
    """Channel → contact."""
    ids = [number for number in (customer.sms_contact_id, customer.email_contact_id) if number is not None]
    statement = sa.select(Contact).where(Contact.store_id == customer.store_id, Contact.id.in_(ids))
    if lock:
        statement = statement.order_by(Contact.id).with_for_update(key_share=True)
        statement = statement.execution_options(populate_existing=True)
    return {contact.channel: contact for contact in db.session.scalars(statement)}


def of_contacts(store: Store, contact_ids: Sequence[int]) -> sa.CompoundSelect[Any]:
    """Ids of the customers whose address is one of these contacts."""
    return _one_of(store, [Customer.sms_contact_id.in_(contact_ids), Customer.email_contact_id.in_(contact_ids)])


def named(store: Store, text: str) -> tuple[sa.CompoundSelect[Any] | None, sa.ColumnElement[bool]]:
    """Customers whose first or last name begins like this, or first and last name in either order.

    :returns: their ids, None where there are very many; and the condition, which then uses no index: walking the list
        finds a page of them soon, while gathering them all would take long.
    """
    key = fold(text)[:MAX_KEY]
    ways = [sa.and_(column >= key, column < key + _LAST) for column in (Customer.name_key, Customer.last_name_key)]
    ids = _one_of(store, ways)
    columns = [sa.func.coalesce(column, "") for column in (Customer.name_key, Customer.last_name_key)]
    condition = sa.or_(*(sa.and_(column >= key, column < key + _LAST) for column in columns))
    count = sa.select(sa.func.count()).select_from(ids.limit(MANY).subquery())
    return (ids if (db.session.scalar(count) or 0) < MANY else None), condition


def _one_of(store: Store, ways: Sequence[sa.ColumnElement[bool]]) -> sa.CompoundSelect[Any]:
    """Any of these conditions, each by an index of its own; somebody may be found twice."""
    return sa.union_all(*(sa.select(Customer.id).where(Customer.store_id == store.id, way) for way in ways))


def name_key(first: str | None, then: str | None) -> str:
    """A name as it is searched for, from its beginning on."""
    return fold(" ".join(filter(None, (first, then))))[:MAX_KEY]


def forget_customer(customer: Customer, now: datetime) -> None:
    """Erase who it was. The row stays, so that what points to it does not break."""
    db.session.execute(
        sa.delete(CustomFieldValue).where(
            CustomFieldValue.store_id == customer.store_id, CustomFieldValue.customer_id == customer.id
        )
    )
    customer.external_id = customer.first_name = customer.last_name = customer.sms_opt_in = None
    customer.name_key = customer.last_name_key = ""
    customer.sms_contact_id = customer.email_contact_id = customer.country = customer.region = None
    customer.erased_at = customer.updated_at = now
    db.session.flush()


# --- parts -----------------------------------------------------------------------------------------------------------


def _find_or_make(store: Store, external_id: str, now: datetime) -> Customer:
    """The customer with the storefront's id, locked for the rest of the transaction."""
    db.session.execute(
        insert_ignore(Customer).values(
            store_id=store.id, external_id=external_id, name_key="", last_name_key="", created_at=now, updated_at=now
        )
    )
    return db.session.scalars(
        sa.select(Customer)
        .where(Customer.store_id == store.id, Customer.external_id == external_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _state(customer: Customer) -> tuple[Any, ...]:
    names = customer.first_name, customer.last_name
    return *names, customer.sms_contact_id, customer.email_contact_id, customer.country, customer.region


def _read_addresses(store: Store, data: CustomerData) -> dict[str, str | None]:
    """Name of the column → the address in its one spelling; only those that are told."""
    read: dict[str, str | None] = {}
    wrong: dict[str, str] = {}
    for name, channel in CHANNELS.items():
        typed = getattr(data, name)
        if isinstance(typed, Absent):
            continue
        try:
            read[name] = normalise(store, channel, typed) if typed and typed.strip() else None
        except (InvalidPhone, InvalidEmail) as problem:
            wrong[name] = str(problem)
    if wrong:
        raise Invalid(" ".join(wrong.values()), fields=wrong)
    return read


def _set_address(store: Store, customer: Customer, name: str, address: str | None, method: str, now: datetime) -> None:
    column = f"{CHANNELS[name]}_contact_id"
    contact = find_or_make_contact(store, CHANNELS[name], address, now) if address else None
    before, after = getattr(customer, column), contact.id if contact else None
    if before == after:
        return
    if contact is not None:
        owner = db.session.scalar(
            sa.select(Customer.external_id).where(
                Customer.store_id == store.id, getattr(Customer, column) == contact.id, Customer.id != customer.id
            )
        )
        if owner is not None:
            words = (
                N_("This number is that of customer %(owner)s.", owner=owner)
                if name == "phone"
                else N_("This email address is that of customer %(owner)s.", owner=owner)
            )
            raise Invalid(words, fields={name: words})
    if name == "phone" and before is not None:
        # Whoever gets this number next has agreed to nothing.
        old = contacts_of(customer, lock=True)["sms"]
        tell_marketing(old, False, Proof(method, evidence={"because": "the customer has another number"}), now)
    hand_over(customer, before, after)
    setattr(customer, column, after)
    db.session.flush()


def _tell_opt_in(customer: Customer, item: CustomField, method: str, now: datetime) -> None:
    contact = contacts_of(customer, lock=True).get("sms")
    if contact is not None:
        tell_marketing(contact, customer.sms_opt_in is True, Proof(method, evidence={"field": item.name}), now)


def _rows(customer: Customer) -> Sequence[CustomFieldValue]:
    return db.session.scalars(
        sa.select(CustomFieldValue).where(
            CustomFieldValue.store_id == customer.store_id, CustomFieldValue.customer_id == customer.id
        )
    ).all()


def _set_row(customer: Customer, item: CustomField, row: CustomFieldValue | None, value: Value) -> None:
    if value is None:
        if row is not None:
            db.session.delete(row)
    elif row is not None:
        row.value = value
    else:
        made = CustomFieldValue(
            store_id=customer.store_id, customer_id=customer.id, custom_field_id=item.id, value=value
        )
        db.session.add(made)

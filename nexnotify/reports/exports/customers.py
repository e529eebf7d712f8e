"""Customers with their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.customers.custom_fields import fields_of
from nexnotify.customers.models import Contact, Customer, CustomField, CustomFieldValue
from nexnotify.customers.search import OPT_INS, found_by
from nexnotify.db import IdIn, db
from nexnotify.reports.exports.table import Export, Filter, in_batches
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import Store
from nexnotify.words import N_

_PLAIN = (
    Column("Customer", 10, "number"),
    Column("Id in the shop", 18),
    Column("First name", 18),
    Column("Last name", 18),
    Column("Number", 18),
    Column("Email", 30),
    Column("May be sent marketing texts", 14, "flag"),
    Column("STOP at", 19, "moment"),
    Column("Known since", 19, "moment"),
    Column("Changed", 19, "moment"),
)
_KINDS: dict[str, Literal["text", "number", "day", "flag"]] = {"yes_no": "flag", "number": "number", "date": "day"}


def _chosen(store: Store, wanted: Mapping[str, str]) -> sa.Select[Any]:
    statement = sa.select(Customer.id).where(Customer.store_id == store.id, Customer.erased_at.is_(None))
    if wanted.get("opt_in") in OPT_INS:
        statement = statement.where(Customer.sms_opt_in.is_(OPT_INS[wanted["opt_in"]]))
    if search := wanted.get("q"):
        statement = statement.where(found_by(store, search))
    return statement


def _sheets(store: Store, chosen: sa.Select[Any]) -> list[Sheet]:
    fields = list(fields_of(store.id))
    columns = [*_PLAIN, *(Column(item.name, 16, _KINDS.get(item.type, "text")) for item in fields)]
    return [Sheet("Customers", columns, _rows(store, chosen, fields))]


def _rows(store: Store, chosen: sa.Select[Any], fields: Sequence[CustomField]) -> Iterator[tuple[Any, ...]]:
    sms, email = aliased(Contact), aliased(Contact)
    statement = (
        chosen.with_only_columns(
            Customer.id,
            Customer.external_id,
            Customer.first_name,
            Customer.last_name,
            sms.address.label("number"),
            email.address.label("email"),
            Customer.sms_contact_id,
            sms.opted_out_at,
            Customer.created_at,
            Customer.updated_at,
            Customer.sms_opt_in,
        )
        .outerjoin(sms, sa.and_(sms.store_id == Customer.store_id, sms.id == Customer.sms_contact_id))
        .outerjoin(email, sa.and_(email.store_id == Customer.store_id, email.id == Customer.email_contact_id))
    )
    readers = [(item.id, item.is_sms_opt_in, _reader(item)) for item in fields]
    for batch in in_batches(statement, Customer.id):
        allowed = may_be_sent_marketing(store.id, [row.sms_contact_id for row in batch if row.sms_contact_id])
        values = _values(store, [row.id for row in batch])
        for row in batch:
            yield (
                *row[:4],
                row.number or None,
                row.email or None,
                row.sms_contact_id in allowed,
                *row[7:10],
                *(
                    row.sms_opt_in if is_opt_in else read(values.get((row.id, field_id)))
                    for field_id, is_opt_in, read in readers
                ),
            )


def _values(store: Store, ids: list[int]) -> dict[tuple[int, int], Any]:
    """(customer, field) → what it holds."""
    rows = db.session.execute(
        sa.select(CustomFieldValue.customer_id, CustomFieldValue.custom_field_id, CustomFieldValue.value).where(
            CustomFieldValue.store_id == store.id, IdIn(CustomFieldValue.__table__.c.customer_id)
        ),
        {"b_ids": ids},
    )
    return {(customer, field): value for customer, field, value in rows}


def _reader(item: CustomField) -> Callable[[Any], Any]:
    if item.type == "date":
        return lambda value: date.fromisoformat(value) if value else None
    return lambda value: value


CUSTOMERS = Export(
    "customers",
    N_("Customers"),
    N_("The people your shop knows, with a column for each of your fields."),
    (N_("customer"), N_("customers")),
    {"q": Filter(N_("Name, email or number")), "opt_in": Filter(N_("Opt-in field"), {name: name for name in OPT_INS})},
    _chosen,
    Customer.id,
    _sheets,
)

"""Customers: the list, and each one's page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from sqlalchemy.orm import aliased

from nexnotify.clock import to_local, utcnow
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.customers.custom_fields import fields_of
from nexnotify.customers.field_values import BadValue, Value, read_value
from nexnotify.customers.models import Contact, Customer, CustomField
from nexnotify.customers.people import contacts_of, opt_in_field, set_values, values_of
from nexnotify.customers.search import OPT_INS, find
from nexnotify.db import transaction
from nexnotify.errors import NotFound
from nexnotify.outcomes.marks import mark_contacts
from nexnotify.outcomes.page_orders import forget_visitors
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.receipts.erasing import erase_person, erased_with
from nexnotify.reports.customer import marketing_state, timeline
from nexnotify.reports.person_file import person_file
from nexnotify.reports.words import without_keys
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import MAY_EXPORT, MAY_REVEAL, current_store, requires, staff_guard
from nexnotify.web.admin.customer_forms import input_name, shown, values_form
from nexnotify.web.admin.erasing import erase_named
from nexnotify.web.admin.filters import asked, chosen
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import few, keyset
from nexnotify.web.admin.sends.picking import picking
from nexnotify.web.admin.sorting import By, asked_sorting
from nexnotify.words import N_

bp = Blueprint("admin_customers", __name__)
bp.before_request(staff_guard)


SORTED_BY = {
    "told": By(Customer.id, N_("Longest known first"), N_("Latest known first")),
    "name": By(Customer.name_key, N_("Name, A to Z"), N_("Name, Z to A"), falls_first=False),
    "changed": By(Customer.updated_at, N_("Longest unchanged first"), N_("Latest changed first")),
}


@bp.get("")
def index() -> ResponseReturnValue:
    """Customers, by name, address and opt-in."""
    store = current_store()
    search, opt_in = asked("q"), chosen("opt_in", OPT_INS)
    sms, email = aliased(Contact), aliased(Contact)
    shown: Any = (
        sa.select(Customer, sms, email)
        .outerjoin(sms, sa.and_(sms.store_id == Customer.store_id, sms.id == Customer.sms_contact_id))
        .outerjoin(email, sa.and_(email.store_id == Customer.store_id, email.id == Customer.email_contact_id))
    )
    problem, ways = None, []
    try:
        ways = [_way(store, search, opt_in)]
    except (InvalidPhone, InvalidEmail) as error:
        problem = str(error)
    page = keyset(shown, ways, asked_sorting(SORTED_BY))
    return render_template(
        "admin/customers/index.html",
        page=page,
        q=search,
        opt_in=opt_in,
        problem=problem,
        field=opt_in_field(store.id),
        picking=picking("customers", [row[0].id for row in page.rows], {"q": search, "opt_in": opt_in}, page.total),
        allowed=may_be_sent_marketing(store.id, [row[1].id for row in page.rows if row[1]]),
    )


def _way(store: Store, search: str, opt_in: str) -> Any:
    """How the list's rows are found.

    :raises InvalidPhone: digits that are no number.
    :raises InvalidEmail: not an email address.
    """
    kept: list[Any] = [Customer.erased_at.is_(None)]
    if opt_in:
        kept.append(Customer.sms_opt_in.is_(OPT_INS[opt_in]))
    found = find(store, search) if search else None
    if found and found.ids is not None:
        return few(Customer, found.ids, *kept)
    if found:
        kept.append(found.condition)
    return sa.select(Customer.id).where(Customer.store_id == store.id, *kept)


@bp.get("/<int:customer_id>")
def customer(customer_id: int) -> ResponseReturnValue:
    """One customer: contact data, fields, and everything that happened."""
    item = _load(customer_id)
    return _page(item, _form(item, fields_of(item.store_id)))


def _load(customer_id: int, *, lock: bool = False) -> Customer:
    item = load(Customer, customer_id, lock=lock)
    if item.erased_at is not None:
        raise NotFound(N_("This customer was erased."))
    return item


def _form(item: Customer, fields: Sequence[CustomField]) -> FlaskForm:
    return values_form(fields, values_of([item])[item.id])


def _page(item: Customer, form: FlaskForm, *, revealed: bool = False) -> str:
    happened, more = timeline(item)
    may_be_texted, why = marketing_state(item)
    return render_template(
        "admin/customers/customer.html",
        customer=item,
        contacts=contacts_of(item),
        form=form,
        happened=happened,
        more=more,
        may_be_texted=may_be_texted,
        why=why,
        revealed=revealed,
    )


@bp.post("/<int:customer_id>/reveal")
@requires(MAY_REVEAL)
def reveal(customer_id: int) -> ResponseReturnValue:
    """Show the addresses, this once. It is written down who looked."""
    item, now = _load(customer_id), utcnow()
    with transaction():
        audit(current_store(), "customer.revealed", current_user.id, now, customer=item.id)
    answer = make_response(_page(item, _form(item, fields_of(item.store_id)), revealed=True))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/<int:customer_id>/fields")
@requires("staff")
def set_fields(customer_id: int) -> ResponseReturnValue:
    """Set custom fields by hand; what the opt-in says goes into the consent ledger."""
    item = _load(customer_id)
    fields = fields_of(item.store_id)
    form = _form(item, fields)
    values = _read(form, fields, values_of([item])[item.id])
    if values is None:
        return _page(item, form), 422
    now = utcnow()
    with transaction():
        changed = set_values(current_store(), _load(customer_id, lock=True), values, "staff", now)
        if changed:
            audit(current_store(), "customer.changed", current_user.id, now, customer=item.id, fields=changed)
    flash(N_("Saved.") if changed else N_("Nothing was different."), "success")
    return redirect(url_for(".customer", customer_id=customer_id))


def _read(form: FlaskForm, fields: Sequence[CustomField], had: dict[int, Value]) -> dict[CustomField, Value] | None:
    """What was changed in the form; None when something is not right, which then stands beside its field."""
    values: dict[CustomField, Value] = {}
    wrong = not form.validate()
    for item in fields:
        box = form[input_name(item)]
        if (typed := (box.data or "").strip()) == shown(had.get(item.id)):
            continue  # untouched, which also spares a choice that is offered no more
        try:
            values[item] = read_value(item.type, item.choices, typed)
        except BadValue as problem:
            box.errors, wrong = [str(problem)], True
    return None if wrong else values


@bp.post("/<int:customer_id>/export")
@requires(MAY_EXPORT, fresh=True)
def export(customer_id: int) -> ResponseReturnValue:
    """All we hold about the person, as a JSON file for them."""
    item, now = _load(customer_id), utcnow()
    text = without_keys(json.dumps(person_file(item), ensure_ascii=False, indent=2))
    with transaction():
        audit(current_store(), "customer.exported", current_user.id, now, customer=item.id)
    answer = Response(text, content_type="application/json; charset=utf-8")
    day = to_local(now, current_store().zone)
    answer.headers["Content-Disposition"] = f'attachment; filename="customer-{item.id}-{day:%Y-%m-%d}.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.route("/<int:customer_id>/erase", methods=["GET", "POST"])
@requires("admin", fresh=True)
def erase(customer_id: int) -> ResponseReturnValue:
    """Erase the person, once their name is typed."""
    item = _load(customer_id)

    def work(now: datetime) -> None:
        customer = _load(customer_id, lock=True)
        contacts = erased_with(customer)
        mark_contacts(current_store(), contacts)
        erase_person(customer, now)
        forget_visitors(customer.store_id, contacts)
        audit(current_store(), "customer.erased", current_user.id, now, customer=customer_id)

    name = " ".join(item.full_name.split()) or str(item.external_id)
    page = url_for(".customer", customer_id=customer_id)
    return erase_named(name, erased_with(item), page, work, N_("The customer is erased."), url_for(".index"))

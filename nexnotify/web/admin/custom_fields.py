"""Which fields customers have."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.customers.custom_fields import add_field, change_field, delete_field, fields_of, move_field
from nexnotify.customers.field_values import TYPES
from nexnotify.customers.models import CustomField
from nexnotify.db import transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.customer_forms import FieldForm, NewFieldForm, TypedNameForm
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.loading import load
from nexnotify.words import N_

bp = Blueprint("admin_custom_fields", __name__)
bp.before_request(staff_guard)


@bp.get("")
@requires("admin")
def index() -> ResponseReturnValue:
    """The fields in their order, and a form for another."""
    return _list(NewFieldForm(formdata=None))


def _list(form: NewFieldForm) -> str:
    fields = fields_of(current_store().id)
    return render_template("admin/customers/fields.html", fields=fields, form=form, types=TYPES)


@bp.post("")
@requires("admin")
def add() -> ResponseReturnValue:
    """Add a field."""
    form, now = NewFieldForm(), utcnow()
    if not form.validate():
        return _list(form), 422
    try:
        with transaction():
            item = add_field(current_store(), form.name.data or "", form.type.data, form.lines)
            audit(current_store(), "custom_field.added", current_user.id, now, name=item.name, type=item.type)
    except Invalid as error:
        put_errors(form, error.fields)
        return _list(form), 422
    flash(N_("Added: %(name)s.", name=item.name), "success")
    return redirect(url_for(".index"))


@bp.route("/<int:custom_field_id>", methods=["GET", "POST"])
@requires("admin")
def field(custom_field_id: int) -> ResponseReturnValue:
    """Rename a field, or change what can be chosen."""
    item = load(CustomField, custom_field_id)
    form = FieldForm(data={"name": item.name, "choices": "\n".join(item.choices)})
    if request.method == "GET" or not form.validate():
        return _edit(item, form), 200 if request.method == "GET" else 422
    now = utcnow()
    try:
        with transaction():
            item = load(CustomField, custom_field_id, lock=True)
            before = {"name": item.name, "choices": item.choices}
            change_field(item, form.name.data or "", form.lines)
            changed = {key: [was, getattr(item, key)] for key, was in before.items() if was != getattr(item, key)}
            if changed:
                audit(current_store(), "custom_field.changed", current_user.id, now, field=item.name, changed=changed)
    except Invalid as error:
        put_errors(form, error.fields)
        return _edit(load(CustomField, custom_field_id), form), 422
    flash(N_("Saved: %(name)s.", name=item.name), "success")
    return redirect(url_for(".index"))


def _edit(item: CustomField, form: FieldForm) -> str:
    return render_template("admin/customers/field.html", field=item, form=form, types=TYPES)


@bp.post("/<int:custom_field_id>/move")
@requires("admin")
def move(custom_field_id: int) -> ResponseReturnValue:
    """One place up, or down."""
    load(CustomField, custom_field_id)
    up, now = request.form.get("to") == "up", utcnow()
    with transaction():
        item = load(CustomField, custom_field_id, lock=True)
        if move_field(item, up):
            audit(
                current_store(), "custom_field.moved", current_user.id, now, name=item.name, to="up" if up else "down"
            )
    return redirect(url_for(".index", _anchor=f"field-{custom_field_id}"))


@bp.route("/<int:custom_field_id>/delete", methods=["GET", "POST"])
@requires("admin")
def delete(custom_field_id: int) -> ResponseReturnValue:
    """Delete a field and what customers have in it, once its name is typed."""
    item, form = load(CustomField, custom_field_id), TypedNameForm()
    if item.is_sms_opt_in:
        form.form_errors = [N_("The opt-in cannot be deleted: without it nobody could say yes to texts.")]
    if request.method == "GET" or item.is_sms_opt_in or not form.matches(item.name):
        page = render_template("admin/customers/delete_field.html", field=item, form=form)
        return page, 200 if request.method == "GET" else 422
    now = utcnow()
    try:
        with transaction():
            delete_field(load(CustomField, custom_field_id, lock=True))
            audit(current_store(), "custom_field.deleted", current_user.id, now, name=item.name, type=item.type)
    except Conflict as error:
        flash(error.message, "error")
        return redirect(url_for(".index"))
    flash(N_("Deleted: %(name)s.", name=item.name), "success")
    return redirect(url_for(".index"))

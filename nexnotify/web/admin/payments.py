"""Ways to pay for credits: set up by the form their plugin describes."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from wtforms import Form, PasswordField

from nexnotify.clock import utcnow
from nexnotify.credits.buying import configure, configured, hook_url, payment_form, plugin_of
from nexnotify.credits.models import Payment
from nexnotify.db import transaction
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.credit_forms import ActiveForm
from nexnotify.words import N_

bp = Blueprint("admin_payments", __name__)
bp.before_request(staff_guard)


@bp.route("/<way>", methods=["GET", "POST"])
@requires("owner", fresh=True)
def edit(way: str) -> ResponseReturnValue:
    """The settings of one way to pay; secrets are kept when they are left empty."""
    plugin_of(way)
    payment = configured(current_store(), way)
    stored = json.loads(payment.settings) if payment else {}
    if request.method == "GET":
        active = ActiveForm(formdata=None, data={"active": payment.active if payment else True})
        return _page(way, payment, active, payment_form(way, None, stored), stored)
    active = ActiveForm()
    fields = payment_form(way, request.form, stored)
    if not (active.validate() & fields.validate()):
        return _page(way, payment, active, fields, stored), 422
    now = utcnow()
    values = {field.short_name: field.data for field in fields}
    with transaction():
        changed = configure(current_store(), way, values, active.active.data, now)
        if changed:
            audit(current_store(), "payment.changed", current_user.id, now, kind=way, **changed)
    flash(N_("Saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return redirect(url_for(".edit", way=way))


def _page(kind: str, payment: Payment | None, active: ActiveForm, fields: Form, stored: dict[str, Any]) -> str:
    plugin = plugin_of(kind)
    return render_template(
        "admin/credits/payment.html",
        plugin=plugin,
        active=active,
        fields=fields,
        stored=[f.short_name for f in fields if isinstance(f, PasswordField) and stored.get(f.short_name)],
        address=hook_url(payment) if payment and not plugin.by_hand else None,
    )

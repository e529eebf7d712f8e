"""Units that the storefront keeps for whom a text tells: for how long, and where it is asked."""

from __future__ import annotations

import json

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import Form, IntegerField, PasswordField
from wtforms.validators import NumberRange, Optional

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.holds.models import HoldSource
from nexnotify.holds.sources import configure, hold_kinds, plugin_of, source_form, source_of
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.words import N_

bp = Blueprint("admin_holds", __name__)
bp.before_request(staff_guard)


class HoldsForm(FlaskForm):
    """For how long a unit is kept."""

    hold_minutes = IntegerField(
        N_("Hold a unit for so many minutes"),
        [Optional(), NumberRange(5, 2880, N_("Write a number from 5 to 2,880, or leave it empty."))],
        description=N_(
            "Who is told has a unit for so long; then it goes to the next in line. Empty: nothing is held. Put "
            "[[held_until]] into the template, and the text says until when, wherever a unit is really held."
        ),
    )


@bp.route("", methods=["GET", "POST"])
@requires("admin", fresh=True)
def index() -> ResponseReturnValue:
    """The minutes, and the settings of the storefront's plugin; a secret is kept when it is left empty."""
    store = current_store()
    source = source_of(store.id)
    kind = source.kind if source else next(iter(hold_kinds().kinds))
    stored = json.loads(source.settings) if source else {}
    if request.method == "GET":
        form = HoldsForm(data={"hold_minutes": store_settings(store).hold_minutes})
        return _page(form, kind, source_form(kind, None, stored), source)
    form, fields = HoldsForm(), source_form(kind, request.form, stored)
    is_off = form.hold_minutes.data is None and not any(request.form.get(name) for name in fields.data)
    if not (form.validate() & (is_off or fields.validate())):
        return _page(form, kind, fields, source), 422
    changed = _save(form, kind, None if is_off else fields)
    flash(N_("Saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return redirect(url_for(".index"))


def _save(form: HoldsForm, kind: str, fields: Form | None) -> bool:
    now = utcnow()
    with transaction():
        store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
        changed = merge_settings(store, {"hold_minutes": form.hold_minutes.data})
        if changed:
            audit(store, "settings.changed", current_user.id, now, changed=changed)
        if fields is None:
            return bool(changed)
        different = configure(store, kind, {field.short_name: field.data for field in fields}, now)
        if different:
            audit(store, "holds.changed", current_user.id, now, kind=kind, **different)
    return bool(changed or different)


def _page(form: HoldsForm, kind: str, fields: Form, source: HoldSource | None) -> str:
    return render_template(
        "admin/holds/index.html",
        form=form,
        fields=fields,
        plugin=plugin_of(kind),
        source=source,
        stored=[field.short_name for field in fields if isinstance(field, PasswordField)] if source else [],
        tabs=settings_tabs("admin_holds.index"),
    )

"""Units that the storefront keeps for whom a text tells: for how long, and where it is asked."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import Form, IntegerField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.db import db, end_read, transaction
from nexnotify.errors import NotFound
from nexnotify.holds.contract import Variant
from nexnotify.holds.models import HoldSource
from nexnotify.holds.sources import configure, heard, hold_kinds, opened, plugin_of, source_form, source_of
from nexnotify.holds.trying import try_out
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.web.admin.trials import TOO_MANY, may_test
from nexnotify.words import N_

bp = Blueprint("admin_holds", __name__)
bp.before_request(staff_guard)


class TrialForm(FlaskForm):
    """What a unit of is asked for, for a moment."""

    sku = StringField(
        "SKU",
        [InputRequired(N_("Write the SKU of a variant that you have in stock.")), Length(max=200)],
        filters=[lambda text: (text or "").strip()],
        description=N_("Your storefront is asked for one unit of it, and to let it go again. Nobody is told."),
    )


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
    source, kind = source_of(store.id), _kind(store)
    if kind is None:
        return _show(store), 200 if request.method == "GET" else NotFound.status
    if request.method == "GET":
        return _show(store)
    stored = json.loads(source.settings) if source and source.kind == kind else {}
    form, fields = HoldsForm(), source_form(kind, request.form, stored)
    is_off = form.hold_minutes.data is None and not any(request.form.get(name) for name in fields.data)
    if not (form.validate() & (is_off or fields.validate())):
        return _page(form, kind, fields, source), 422
    changed = _save(form, kind, None if is_off else fields)
    flash(N_("Saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return redirect(url_for(".index"))


@bp.post("/try")
@requires("admin", fresh=True)
def try_call() -> ResponseReturnValue:
    """Both calls, for nobody, outside any transaction; what came of them is shown, and whether there was an answer kept."""
    store, form, now = current_store(), TrialForm(), utcnow()
    source = source_of(store.id)
    if source is None:
        raise NotFound(N_("Save first where your storefront is asked."))
    variant = find_variant(store, sku=form.sku.data or "")
    if form.validate() and variant is None:
        form.sku.errors = [N_("No variant has this SKU.")]
    if form.errors or variant is None:
        return _show(store, trial=form), 422
    with transaction():
        if not may_test(store, "held units", now):
            form.sku.errors = [TOO_MANY]
    if form.sku.errors:
        return _show(store, trial=form), 429
    holds, asked = opened(source), Variant(variant.external_id, variant.sku)
    end_read()
    tried = try_out(holds, asked, now)
    with transaction():
        heard(store.id, tried.trouble, utcnow())
    return _show(store, trial=form, tried=tried)


def _show(store: Store, **more: Any) -> str:
    """The page as it is saved."""
    source, kind = source_of(store.id), _kind(store)
    if kind is None:
        return _page(None, None, None, source)
    form = HoldsForm(formdata=None, data={"hold_minutes": store_settings(store).hold_minutes})
    stored = json.loads(source.settings) if source and source.kind == kind else {}
    return _page(form, kind, source_form(kind, None, stored), source, **more)


def _kind(store: Store) -> str | None:
    """The plugin that was chosen: in the address, else the store's, else the first. None: there is none."""
    kinds, source = hold_kinds().kinds, source_of(store.id)
    asked = request.args.get("kind")
    return asked if asked in kinds else source.kind if source else next(iter(kinds), None)


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


def _page(form: HoldsForm | None, kind: str | None, fields: Form | None, source: HoldSource | None, **more: Any) -> str:
    is_known = source is not None and source.kind == kind
    return render_template(
        "admin/holds/index.html",
        form=form,
        fields=fields,
        plugin=plugin_of(kind) if kind else None,
        kinds=hold_kinds(),
        source=source,
        stored=[field.short_name for field in fields or () if isinstance(field, PasswordField)] if is_known else [],
        tabs=settings_tabs("admin_holds.index"),
        **{"trial": TrialForm(formdata=None), "tried": None, **more},
    )

"""Templates: listed, made, tried out, saved as a new version, switched on and off, and deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.content.keeping import delete_template, in_place_of, new_template, rename_template, switch_off, switch_on
from nexnotify.content.models import KINDS, Template, TemplateVersion, token_kind
from nexnotify.content.service import save_template, template_problems
from nexnotify.content.tokens import TOKENS, Token
from nexnotify.db import db, transaction
from nexnotify.errors import Conflict, Invalid, NotFound
from nexnotify.notices.events import is_to_merchant
from nexnotify.stores.models import StaffUser, Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import store_settings
from nexnotify.web.admin.access import current_store, require, requires, staff_guard
from nexnotify.web.admin.forms import TemplateForm, put_errors
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.template_forms import NewTemplateForm, TemplateNameForm
from nexnotify.web.admin.template_preview import may_lack_link, parts_of, plainly, preview_context
from nexnotify.web.admin.template_words import can_switch, off_means, title_of
from nexnotify.words import N_

bp = Blueprint("admin_templates", __name__)
bp.before_request(staff_guard)


@bp.get("")
def index() -> ResponseReturnValue:
    """All templates: those to the merchant, those to customers."""
    rows = db.session.execute(
        sa.select(Template, TemplateVersion)
        .join(
            TemplateVersion,
            sa.and_(
                TemplateVersion.store_id == Template.store_id,
                TemplateVersion.template_id == Template.id,
                TemplateVersion.number == Template.version,
            ),
        )
        .where(Template.store_id == current_store().id, Template.deleted_at.is_(None))
        .order_by(Template.channel.desc(), Template.standard.desc(), Template.id)
    ).all()
    order = list(KINDS)
    rows = sorted(rows, key=lambda row: order.index(row[0].kind))
    return render_template(
        "admin/templates/index.html",
        to_merchant=[row for row in rows if is_to_merchant(row[0].kind)],
        to_customers=[row for row in rows if not is_to_merchant(row[0].kind)],
        title_of=title_of,
        parts_of=parts_of,
        can_switch=can_switch,
        settings=store_settings(current_store()),
    )


def _load(template_id: int, lock: bool = False) -> Template:
    template = load(Template, template_id, lock=lock)
    if template.deleted_at is not None:
        raise NotFound(N_("This template has been deleted."))
    return template


# --- made, named, switched, deleted ------------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@requires("admin")
def new() -> ResponseReturnValue:
    """Name it, choose what it is for, and go on to write it."""
    form = NewTemplateForm()
    if request.method == "GET" or not form.validate():
        return _new_page(form), 200 if request.method == "GET" else 422
    store, now, status = current_store(), utcnow(), form.product_status.data or None
    name, kind, channel = form.name.data or "", form.kind.data, form.channel.data
    try:
        with transaction():
            _lock_store()
            template = new_template(store, kind, channel, name, status, current_user.id, now)
            audit(store, "template.made", current_user.id, now, **_about(template))
    except Invalid as error:
        put_errors(form, error.fields)
        return _new_page(form), 422
    flash(N_("%(name)s is created. Write what it says.", name=template.name), "success")
    return redirect(url_for("admin_templates.edit", template_id=template.id))


def _new_page(form: NewTemplateForm) -> str:
    return render_template("admin/templates/new.html", form=form)


def _lock_store() -> None:
    """Names and places are checked before they are taken, so one person at a time."""
    db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)


def _about(template: Template) -> dict[str, Any]:
    """What the audit trail says of a template."""
    return {"template": template.name, "kind": title_of(template), "channel": template.channel}


@bp.post("/<int:template_id>/name")
@requires("admin")
def rename(template_id: int) -> ResponseReturnValue:
    """Give it another name."""
    template, form, now = _load(template_id), TemplateNameForm(), utcnow()
    try:
        if not form.validate():
            raise Invalid(fields={"name": " ".join(form.name.errors)})
        with transaction():
            _lock_store()
            template = _load(template_id, lock=True)
            before = template.name
            rename_template(template, form.name.data or "")
            if before != template.name:
                audit(current_store(), "template.renamed", current_user.id, now, name=[before, template.name])
    except Invalid as error:
        flash(N_("The name was not changed. %(get)s", get=error.fields.get("name", "")), "error")
        return redirect(url_for(".edit", template_id=template_id))
    flash(
        N_("It is called %(name)s now.", name=template.name)
        if before != template.name
        else N_("It has that name already."),
        "success",
    )
    return redirect(url_for(".edit", template_id=template_id))


@bp.post("/<int:template_id>/switch")
@requires("admin")
def switch(template_id: int) -> ResponseReturnValue:
    """The eye: off where it was on, on where it was off."""
    _load(template_id)
    now, wanted = utcnow(), request.form.get("active") == "1"
    try:
        with transaction():
            _lock_store()
            template = _load(template_id, lock=True)
            words = _switched(template, wanted)
            if words:
                action = "template.switched_on" if wanted else "template.switched_off"
                audit(current_store(), action, current_user.id, now, **_about(template))
    except Conflict as error:
        flash(error.message, "error")
    else:
        flash(
            words
            or (
                N_("%(name)s is on already.", name=template.name)
                if wanted
                else N_("%(name)s is off already.", name=template.name)
            ),
            "success",
        )
    if request.form.get("back") == "edit":
        return redirect(url_for(".edit", template_id=template_id))
    return redirect(url_for(".index", _anchor=f"template-{template_id}"))


def _switched(template: Template, wanted: bool) -> str:
    """Switch it, and say what follows; empty when it was so already."""
    if template.active == wanted:
        return ""
    if not wanted:
        switch_off(template)
        return N_(
            "%(name)s is off: %(template)s What is planned already still goes out.",
            name=template.name,
            template=off_means(template),
        )
    before = switch_on(template)
    if before is not None:
        return N_("%(name)s is on, in place of %(name2)s, which is off now.", name=template.name, name2=before.name)
    return N_("%(name)s is on: ", name=template.name) + (
        N_("it is offered when you write to people.") if template.kind == "custom" else N_("it goes out by itself.")
    )


@bp.route("/<int:template_id>/delete", methods=["GET", "POST"])
@requires("admin")
def delete(template_id: int) -> ResponseReturnValue:
    """Ask once more, then take it away."""
    template, now = _load(template_id), utcnow()
    if request.method == "GET":
        return render_template("admin/templates/delete.html", template=template, kind=title_of(template))
    try:
        with transaction():
            _lock_store()
            template = _load(template_id, lock=True)
            delete_template(template, now)
            audit(current_store(), "template.deleted", current_user.id, now, **_about(template))
    except Conflict as error:
        flash(error.message, "error")
        return redirect(url_for(".edit", template_id=template_id))
    flash(N_("Deleted: %(name)s.", name=template.name), "success")
    return redirect(url_for(".index"))


# --- written -----------------------------------------------------------------------------------------------------------


@bp.route("/<int:template_id>", methods=["GET", "POST"])
def edit(template_id: int) -> ResponseReturnValue:
    """Write it, look at it, save it. While somebody types, the page asks for the preview alone."""
    template = _load(template_id)
    versions = db.session.execute(
        sa.select(TemplateVersion, StaffUser.email)
        .outerjoin(StaffUser, StaffUser.id == TemplateVersion.created_by)
        .where(TemplateVersion.store_id == template.store_id, TemplateVersion.template_id == template.id)
        .order_by(TemplateVersion.number.desc())
    ).all()
    if request.method == "GET":
        shown = _asked_for([row[0] for row in versions], template.version)
        form = TemplateForm(formdata=None, data={"body": shown.body, "subject": shown.subject})
        return _page(template, form, versions, shown.number)
    require("admin")
    form = TemplateForm()
    is_fine = form.validate()
    if is_fine and not _LOOK & request.form.keys() and _save(template_id, form):
        flash(N_("Saved. Messages that are planned from now on use it."), "success")
        return redirect(url_for("admin_templates.edit", template_id=template_id))
    template = _load(template_id)
    if "plain" in request.form:
        form.body.data = plainly(template, form)
    if is_fine and _LOOK & request.form.keys():
        put_errors(form, template_problems(template.channel, form.body.data or "", form.subject.data, template.kind))
    if "HX-Request" in request.headers:
        page = render_template("admin/templates/_live.html", **preview_context(template, form))
        return page, 422 if form.errors else 200
    return _page(template, form, versions, None), 422 if form.errors else 200


#: Buttons that look and do not save.
_LOOK = {"preview", "example", "plain"}


def _asked_for(versions: list[TemplateVersion], current: int) -> TemplateVersion:
    """The version that the address names, else the one in use."""
    by_number = {version.number: version for version in versions}
    return by_number.get(request.args.get("version", current, type=int), by_number[current])


def _save(template_id: int, form: TemplateForm) -> bool:
    now, body = utcnow(), (form.body.data or "").strip()
    try:
        with transaction():
            template = _load(template_id, lock=True)
            before = template.version
            save_template(template, body, form.subject.data or None, current_user.id, now)
            if template.version != before:
                detail = _about(template) | {"version": template.version}
                audit(current_store(), "template.saved", current_user.id, now, **detail)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    return True


def _page(template: Template, form: TemplateForm, versions: Any, number: int | None) -> str:
    return render_template(
        "admin/templates/edit.html",
        kind=title_of(template),
        purpose=KINDS.get(template.kind, ""),
        versions=versions,
        number=number,
        tokens=tokens_for(template),
        without_link=may_lack_link(template, form.body.data or "", form.subject.data or ""),
        name_form=TemplateNameForm(formdata=None, data={"name": template.name}),
        can_switch=can_switch(template),
        off_means=off_means(template),
        in_place_of=None if template.kind == "custom" else in_place_of(template),
        needs_number=is_to_merchant(template.kind) and not store_settings(current_store()).merchant_number,
        **preview_context(template, form),
    )


def tokens_for(template: Template) -> list[Token]:
    """The tokens that messages of this template can fill."""
    kind = token_kind(template.kind)
    return [token for token in TOKENS.values() if kind in token.kinds]

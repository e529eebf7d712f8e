"""Templates: read, tried out, and saved as a new version."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.content.models import KEYWORD_REPLIES, KINDS, Template, TemplateVersion
from nexnotify.content.segments import count
from nexnotify.content.service import render_text, samples, save_template, template_problems
from nexnotify.content.tokens import TOKENS, InvalidTemplate, Token, UnresolvedToken, compile_template
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.models import StaffUser
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import TemplateForm, put_errors
from nexnotify.web.admin.loading import load

bp = Blueprint("admin_templates", __name__)
bp.before_request(staff_guard)

#: Template kind → what a merchant calls it.
TITLES = {
    "back_in_stock": "Back in stock",
    "confirmation": "Confirmation",
    "stop_reply": "Answer to STOP",
    "start_reply": "Answer to START",
    "help_reply": "Answer to HELP",
}


def title_of(template: Template) -> str:
    """ "Back in stock, Backordered" """
    title = TITLES.get(template.kind, template.kind.replace("_", " ").capitalize())
    return f"{title}, {PRODUCT_STATUSES[template.product_status]}" if template.product_status else title


@bp.get("")
def index() -> ResponseReturnValue:
    """All templates, by kind and channel."""
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
        .where(Template.store_id == current_store().id)
        .order_by(Template.channel.desc(), Template.id)
    ).all()
    by_kind = {kind: [row for row in rows if row[0].kind == kind] for kind in KINDS}
    return render_template(
        "admin/templates/index.html", by_kind=by_kind, titles=TITLES, purposes=KINDS, title_of=title_of, preview=preview
    )


@bp.route("/<int:template_id>", methods=["GET", "POST"])
def edit(template_id: int) -> ResponseReturnValue:
    """Write it, look at it, save it."""
    template = load(Template, template_id)
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
    if is_fine and "preview" not in request.form and _save(template_id, form):
        flash("Saved. Messages that are planned from now on use it.", "success")
        return redirect(url_for("admin_templates.edit", template_id=template_id))
    if "preview" in request.form and is_fine:
        put_errors(form, template_problems(template.channel, form.body.data or "", form.subject.data, template.kind))
    return _page(load(Template, template_id), form, versions, None), 422 if form.errors else 200


def _asked_for(versions: list[TemplateVersion], current: int) -> TemplateVersion:
    """The version that the address names, else the one in use."""
    by_number = {version.number: version for version in versions}
    return by_number.get(request.args.get("version", current, type=int), by_number[current])


def _save(template_id: int, form: TemplateForm) -> bool:
    now, body = utcnow(), (form.body.data or "").strip()
    try:
        with transaction():
            template = load(Template, template_id, lock=True)
            before = template.version
            save_template(template, body, form.subject.data or None, current_user.id, now)
            if template.version != before:
                detail = {"template": title_of(template), "channel": template.channel, "version": template.version}
                audit(current_store(), "template.saved", current_user.id, now, **detail)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    return True


def _page(template: Template, form: TemplateForm, versions: Any, number: int | None) -> str:
    return render_template(
        "admin/templates/edit.html",
        template=template,
        title=title_of(template),
        purpose=KINDS.get(template.kind, ""),
        form=form,
        versions=versions,
        number=number,
        shown=preview(template.channel, form.body.data or "", form.subject.data),
        tokens=tokens_for(template),
        without_link=_may_lack_link(template, form.body.data or "", form.subject.data or ""),
    )


def tokens_for(template: Template) -> list[Token]:
    """The tokens that messages of this template can fill."""
    kind = "keyword_reply" if template.kind in KEYWORD_REPLIES else template.kind
    return [token for token in TOKENS.values() if kind in token.kinds]


def preview(channel: str, body: str, subject: str | None) -> dict[str, Any] | None:
    """The text as it would arrive, filled with samples, and what it costs; None when it does not compile.

    Counted by what the sender itself counts with.
    """
    values = samples() | {"store": current_store().name}
    try:
        title = compile_template(subject).fill(values) if subject else None
        text = render_text(channel, compile_template(body).fill(values), title)
    except (InvalidTemplate, UnresolvedToken):
        return None
    counted = count(text.body)
    plain = "".join("?" if char in counted.culprits else char for char in text.body)
    return {
        "body": text.body,
        "subject": text.subject,
        "segments": text.segments,
        "units": counted.units,
        "left": counted.units_left,
        "encoding": text.encoding,
        "culprits": counted.culprits if channel == "sms" else (),
        "segments_without": count(plain).segments,
    }


def _may_lack_link(template: Template, *texts: str) -> bool:
    """Whether a product without an address would keep this message from being sent: ``[[url]]`` and nothing else."""
    if template.kind in KEYWORD_REPLIES:
        return False
    values: dict[str, str | None] = {**samples(), "url": None}
    try:
        for text in texts:
            compile_template(text).fill(values)
    except UnresolvedToken:
        return True
    except InvalidTemplate:
        return False
    return False

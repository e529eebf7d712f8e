"""Templates: read, tried out, and saved as a new version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.content.models import (
    EVENT_TEMPLATES,
    KEYWORD_REPLIES,
    KINDS,
    TITLES,
    Template,
    TemplateVersion,
    token_kind,
)
from nexnotify.content.preview import Preview, preview, room, write_plainly
from nexnotify.content.service import samples, save_template, template_problems
from nexnotify.content.tokens import TOKENS, InvalidTemplate, Token, UnresolvedToken, compile_template
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.gateways.estimate import money
from nexnotify.gateways.service import sender_of
from nexnotify.reports.examples import Example, examples
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.models import StaffUser
from nexnotify.stores.service import audit
from nexnotify.stores.settings import store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import TemplateForm, put_errors
from nexnotify.web.admin.loading import load

bp = Blueprint("admin_templates", __name__)
bp.before_request(staff_guard)


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
        "admin/templates/index.html",
        by_kind=by_kind,
        titles=TITLES,
        purposes=KINDS,
        title_of=title_of,
        parts_of=_parts,
        event_kinds=EVENT_TEMPLATES,
        settings=store_settings(current_store()),
    )


@bp.post("/<int:template_id>/switch")
def switch(template_id: int) -> ResponseReturnValue:
    """The eye: off where it was on, on where it was off."""
    require("admin")
    now, wanted = utcnow(), request.form.get("active") == "1"
    with transaction():
        template = load(Template, template_id, lock=True)
        if template.kind not in EVENT_TEMPLATES:
            raise NotFound("Only templates of orders and tickets can be switched off.")
        if template.active != wanted:
            template.active = wanted
            action = "template.switched_on" if wanted else "template.switched_off"
            audit(current_store(), action, current_user.id, now, template=title_of(template))
    words = "is on: it goes out by itself" if wanted else "is off: it is kept, and not sent"
    flash(f"{title_of(template)} {words}.", "success")
    return redirect(url_for("admin_templates.index") + f"#template-{template_id}")


@bp.route("/<int:template_id>", methods=["GET", "POST"])
def edit(template_id: int) -> ResponseReturnValue:
    """Write it, look at it, save it. While somebody types, the page asks for the preview alone."""
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
    if is_fine and not _LOOK & request.form.keys() and _save(template_id, form):
        flash("Saved. Messages that are planned from now on use it.", "success")
        return redirect(url_for("admin_templates.edit", template_id=template_id))
    template = load(Template, template_id)
    if "plain" in request.form:
        form.body.data = _plainly(template, form)
    if is_fine and _LOOK & request.form.keys():
        put_errors(form, template_problems(template.channel, form.body.data or "", form.subject.data, template.kind))
    if "HX-Request" in request.headers:
        return render_template("admin/templates/_live.html", **_context(template, form)), 422 if form.errors else 200
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
        title=title_of(template),
        purpose=KINDS.get(template.kind, ""),
        versions=versions,
        number=number,
        tokens=tokens_for(template),
        without_link=_may_lack_link(template, form.body.data or "", form.subject.data or ""),
        **_context(template, form),
    )


def tokens_for(template: Template) -> list[Token]:
    """The tokens that messages of this template can fill."""
    kind = token_kind(template.kind)
    return [token for token in TOKENS.values() if kind in token.kinds]


# --- how it will arrive --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """The preview for one example, and the way to the next."""

    example: Example
    #: Its place among the examples, counted from 1, and how many there are.
    number: int
    count: int
    #: None when it cannot be written: the template is wrong, or a token of ``missing`` has no value.
    text: Preview | None
    missing: tuple[str, ...]
    #: What it costs to send, where the sender's price is known.
    cost: str | None

    @property
    def room(self) -> int:
        """Units that fit into the parts it takes."""
        return (
            room("gsm7" if self.text and self.text.encoding == "gsm7" else "ucs2", self.text.segments)
            if self.text
            else 0
        )


def _context(template: Template, form: TemplateForm) -> dict[str, Any]:
    """What the preview and the counter need, on the page and while somebody types."""
    return {"template": template, "form": form, "shown": _shown(template, form)}


def _shown(template: Template, form: TemplateForm) -> Shown:
    choice = examples(current_store(), template.kind, template.product_status)
    asked = request.values.get("example", request.values.get("shown", 1, type=int), type=int)
    number = (asked - 1) % len(choice) + 1 if asked is not None else 1
    example = choice[number - 1]
    text: Preview | None = None
    missing: tuple[str, ...] = ()
    try:
        text = preview(template.channel, form.body.data or "", form.subject.data, example.values)
    except UnresolvedToken as error:
        missing = error.names
    except InvalidTemplate:
        pass
    return Shown(example, number, len(choice), text, missing, _cost(template, text))


def _cost(template: Template, text: Preview | None) -> str | None:
    sender = sender_of(current_store(), template.channel)
    if template.channel != "sms" or text is None or sender is None or sender.prices is None:
        return None
    return money(sender.prices.text * text.segments, sender.prices.currency, exact=True)


def _plainly(template: Template, form: TemplateForm) -> str:
    """What was typed, with the characters that force Unicode written plainly."""
    body = form.body.data or ""
    text = _shown(template, form).text
    return write_plainly(body, text.culprits) if text else body


def _parts(version: TemplateVersion, channel: str) -> int | None:
    """Parts of a text with values of ordinary length; None for an email."""
    if channel != "sms":
        return None
    return preview(channel, version.body, None, {**samples(), "store": current_store().name}).segments


def _may_lack_link(template: Template, *texts: str) -> bool:
    """Whether a product without an address would keep this message from being sent: ``[[url]]`` and nothing else."""
    if template.kind in KEYWORD_REPLIES or template.kind in EVENT_TEMPLATES:
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

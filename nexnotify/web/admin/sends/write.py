"""Write, check, confirm: the three steps from a draft to a send."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice

from nexnotify.campaigns import service
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.summary import summarise
from nexnotify.campaigns.twins import Twin, twins
from nexnotify.clock import utcnow
from nexnotify.content.models import Template
from nexnotify.content.preview import write_plainly
from nexnotify.content.service import current_version, custom_templates
from nexnotify.db import db, transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.gateways.service import sender_of
from nexnotify.nudge import nudge
from nexnotify.stores.models import StaffUser, Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import store_settings
from nexnotify.web.admin.access import current_store, requires
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.sends.blueprint import SOURCES, TO_ONE, audience_words, bp, load_own
from nexnotify.web.admin.sends.forms import TestForm, WriteForm, filled, trial_form
from nexnotify.web.admin.sends.looking import (
    as_seen,
    begins_at,
    context,
    cost,
    credits_for,
    lacks_way_out,
    shown,
    tokens_for,
)
from nexnotify.words import N_, translated

_NO_GATEWAY = {
    "sms": N_("There is no gateway for text messages, so nothing was sent. Connect one first."),
    "email": N_("There is no gateway for emails, so nothing was sent. Connect one first."),
    "push": N_("There is no gateway for pushes, so nothing was sent. Connect one first."),
}
#: Buttons that look and do not save.
_LOOK = {"preview", "example", "plain", "use"}


@bp.route("/<int:send_id>/write", methods=["GET", "POST"])
@requires(TO_ONE)
def write(send_id: int) -> ResponseReturnValue:
    """Write it and look at it. While somebody types, the page asks for the preview alone."""
    send = load_own(send_id)
    if send.state != "draft":
        return too_late(send)
    if request.method == "GET":
        return _write_page(send, filled(send, current_store().zone))
    form = WriteForm()
    is_fine = form.validate()
    looks = _LOOK & request.form.keys()
    if is_fine and not looks and _save(send_id, form):
        return redirect(url_for("admin_sends.check", send_id=send_id))
    send = load_own(send_id)
    if "plain" in request.form:
        text = shown(send, form.body.data or "", form.subject.data).text
        form.body.data = write_plainly(form.body.data or "", text.culprits) if text else form.body.data
    if "use" in request.form and (template := _template(send, form)) is not None:
        form.body.data, form.subject.data = current_version(template).body, current_version(template).subject
    if is_fine and looks and form.body.data:
        put_errors(form, service.problems_of(send, form.body.data, form.subject.data))
    status = 422 if form.errors else 200
    if "HX-Request" in request.headers:
        return render_template("admin/sends/_live.html", **context(send, form)), status
    return _write_page(send, form), status


def _write_page(send: Send, form: WriteForm) -> str:
    found = custom_templates(current_store(), send.by)
    form.template.choices = [SelectChoice(0, N_("None: your own words")), *(SelectChoice(t.id, t.name) for t in found)]
    summary = summarise(current_store(), send, begins_at(send, utcnow())) if send.picked is not None else None
    return render_template(
        "admin/sends/write.html",
        words=audience_words(send),
        tokens=tokens_for(send),
        summary=summary,
        back=_back(send),
        templates=found,
        settings=store_settings(current_store()),
        **context(send, form),
    )


def _template(send: Send, form: WriteForm) -> Template | None:
    """The custom template that was chosen."""
    return next((item for item in custom_templates(current_store(), send.by) if item.id == form.template.data), None)


def _version_of(send: Send, form: WriteForm, body: str) -> int | None:
    """The version of the chosen template, while its words are unchanged."""
    template = _template(send, form)
    version = current_version(template) if template else None
    return version.id if version is not None and version.body.strip() == body else None


def _save(send_id: int, form: WriteForm) -> bool:
    now = utcnow()
    try:
        with transaction():
            send = load_own(send_id, lock=True)
            body = (form.body.data or "").strip()
            version_id, moment = _version_of(send, form, body), form.moment(current_store().zone)
            service.save_draft(send, body, version_id, moment, now, form.subject.data)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    except Conflict as error:
        flash(error.message, "warning")
    return True


@bp.get("/<int:send_id>/check")
@requires(TO_ONE)
def check(send_id: int) -> ResponseReturnValue:
    """Who gets it, who does not, what it costs; nothing has left yet."""
    send = load_own(send_id)
    if send.state != "draft":
        return too_late(send)
    if not send.body:
        return redirect(url_for("admin_sends.write", send_id=send_id))
    return check_page(send, _test_form(send))


def check_page(send: Send, form: FlaskForm, fresh: list[Twin] | None = None) -> str:
    """:param fresh: what happened since the page was last looked at, so that nothing was confirmed."""
    store, now = current_store(), utcnow()
    begins = begins_at(send, now)
    summary, same = summarise(store, send, begins), twins(store, send, now)
    return render_template(
        "admin/sends/check.html",
        send=send,
        words=audience_words(send),
        summary=summary,
        cost=cost(summary.segments),
        credits=credits_for(summary.segments),
        begins=begins if send.scheduled_for else None,
        undo=0 if send.is_to_one or send.scheduled_for else store_settings(store).send_undo_seconds,
        twins=[(twin, _who(twin.send.confirmed_by)) for twin in same],
        fresh=bool(fresh),
        seen=as_seen(send),
        can_go=sender_of(store, send.by) is not None,
        shown=shown(send, send.body, send.words.get(send.by, {}).get("subject")),
        form=form,
        is_late=send.scheduled_for is not None and send.scheduled_for <= now,
        lacks_way_out=lacks_way_out(send),
        back=_back(send),
    )


def _test_form(send: Send) -> TestForm:
    own = store_settings(current_store()).merchant_number if send.by == "sms" else current_user.email
    return trial_form(send.by, own or "")


def _who(user_id: int | None) -> str:
    person = db.session.get(StaffUser, user_id) if user_id is not None else None
    return person.email if person else N_("Somebody")


@bp.post("/<int:send_id>/confirm")
@requires(TO_ONE)
def confirm(send_id: int) -> ResponseReturnValue:
    """Send it. Pressed twice, or in two windows, it is sent once."""
    send = load_own(send_id)
    refusal = _refusal(send)
    if refusal:
        flash(refusal, "warning")
        return redirect(url_for("admin_sends.write", send_id=send_id))
    now, known = utcnow(), set(request.form.getlist("known", type=int))
    fresh: list[Twin] = []
    changed = False
    with transaction():
        # Two people who confirm at the same moment see each other.
        store = db.session.get_one(
            Store, current_store().id, with_for_update={"key_share": True}, populate_existing=True
        )
        send = load_own(send_id, lock=True)
        if send.state == "draft":
            # Somebody else may have gone on writing it meanwhile.
            changed = request.form.get("seen", as_seen(send)) != as_seen(send)
            fresh = [twin for twin in twins(store, send, now) if twin.send.id not in known]
        if not changed and not fresh and service.confirm(send, current_user.id, now):
            audit(store, "send.confirmed", current_user.id, now, **_told(send_id))
    if changed:
        flash(
            N_("The text or its time was changed after you looked at it, so nothing was sent. Look again."), "warning"
        )
        return redirect(url_for("admin_sends.check", send_id=send_id))
    if fresh:
        send = load_own(send_id)
        return check_page(send, _test_form(send), fresh), 409
    nudge("campaigns")
    return redirect(url_for("admin_sends.show", send_id=send_id))


def _refusal(send: Send) -> str | None:
    """Why a draft cannot be confirmed as it is."""
    if send.state != "draft":
        return None
    if not send.body:
        return N_("There is no text yet. Write one first.")
    if sender_of(current_store(), send.by) is None:
        return _NO_GATEWAY[send.by]
    now = utcnow()
    if send.scheduled_for is not None and send.scheduled_for <= now:
        return N_("The time you chose is over. Choose another, or send it now.")
    summary = summarise(current_store(), send, begins_at(send, now))
    if summary.people == 0:
        return N_("Nobody would get this text, so nothing was sent.")
    credits = credits_for(summary.segments)
    if credits is not None and credits.missing:
        return N_("%(missing)s credits are missing for this text, so nothing was sent.", missing=f"{credits.missing:,}")
    return None


def _told(send_id: int) -> dict[str, Any]:
    send = load_own(send_id)
    # What is to one person may name them, and nobody erases the audit trail.
    return {"to": audience_words(send)} | ({} if send.is_to_one else {"text": send.body})


@bp.post("/<int:send_id>/discard")
@requires(TO_ONE)
def discard(send_id: int) -> ResponseReturnValue:
    """Throw a draft away."""
    send = load_own(send_id)
    back = _back(send)
    with transaction():
        gone = service.discard(send)
    flash(N_("The draft is thrown away.") if gone else N_("It was confirmed meanwhile, so it stays."), "success")
    return redirect(back[1] if gone else url_for("admin_sends.show", send_id=send_id))


def too_late(send: Send) -> ResponseReturnValue:
    return redirect(url_for("admin_sends.show", send_id=send.id))


def _back(send: Send) -> tuple[str, str]:
    """Where the audience came from: the words of a link, and its address."""
    one, many, index = SOURCES[send.source]
    if send.is_to_one and send.picked:
        place: dict[str, Any] = {f"{one}_id": send.picked[0]}
        address = url_for(f"{index.partition('.')[0]}.{one}", **place)
        return _capital(one), address
    return _capital(many), url_for(index)


def _capital(noun: str) -> str:
    words = translated(noun)
    return words[:1].upper() + words[1:]

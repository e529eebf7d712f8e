"""The correction of a recalled restock: written, looked at with its people and its cost, confirmed once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from sqlalchemy.orm import joinedload
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from nexnotify.campaigns.corrections import can_correct, correct, correction_of, draft_of, words_for
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.summary import some_people, summarise
from nexnotify.campaigns.texts import Texts
from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.content.preview import Preview, preview
from nexnotify.content.service import MAX_EMAIL, samples
from nexnotify.content.tokens import TOKENS, UnresolvedToken
from nexnotify.db import transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.nudge import nudge
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.sends.blueprint import TO_MANY
from nexnotify.web.admin.sends.looking import begins_at, cost, credits_for
from nexnotify.words import N_

bp = Blueprint("admin_corrections", __name__)
bp.before_request(staff_guard)

#: Longest subject, in characters.
MAX_SUBJECT = 200


class CorrectionForm(FlaskForm):
    """Words for each channel; only those on which somebody was told are asked for."""

    sms_body = TextAreaField(N_("Text message"), [Length(max=MAX_EMAIL)])
    email_subject = StringField(N_("Subject of the email"), [Length(max=MAX_SUBJECT)])
    email_body = TextAreaField(N_("Email"), [Length(max=MAX_EMAIL)])
    push_subject = StringField(N_("Title of the push message"), [Length(max=MAX_SUBJECT)])
    push_body = TextAreaField(N_("Push message"), [Length(max=MAX_EMAIL)])

    def words(self, channels: Any) -> dict[str, dict[str, str | None]]:
        """What was typed, by channel."""
        return {
            channel: {
                "subject": self[f"{channel}_subject"].data if f"{channel}_subject" in self else None,
                "body": (self[f"{channel}_body"].data or "").replace("\r\n", "\n"),
            }
            for channel in channels
        }


@bp.route("/<int:restock_id>/correction", methods=["GET", "POST"])
@requires(TO_MANY)
def write(restock_id: int) -> ResponseReturnValue:
    """Write it, and look at it: nothing is kept before it is confirmed."""
    event = load(RestockEvent, restock_id)
    if (sent := _sent(event)) is not None:
        return redirect(url_for("admin_sends.show", send_id=sent.id))
    if not can_correct(event):
        flash(N_("Only a recalled restock can be corrected. Recall it first."), "warning")
        return redirect(url_for("admin_restocks.plan", restock_id=restock_id))
    words = words_for(current_store(), event)
    if request.method == "GET":
        given = {f"{channel}_{name}": text for channel, each in words.items() for name, text in each.items()}
        return _page(event, CorrectionForm(formdata=None, data=given), list(words))
    form = CorrectionForm()
    return _looked_at(event, form, list(words))


def _sent(event: RestockEvent) -> Send | None:
    """The correction that goes or has gone."""
    known = correction_of(event)
    return known if known is not None and known.state != "cancelled" else None


def _looked_at(event: RestockEvent, form: CorrectionForm, channels: list[str]) -> ResponseReturnValue:
    """The page with the words as typed, and with what confirming them would do."""
    draft = None
    if form.validate():
        try:
            draft = draft_of(event, form.words(channels), current_user.id, utcnow())
        except Invalid as error:
            put_errors(form, error.fields)
        except Conflict as error:
            flash(error.message, "warning")
    return make_response(_page(event, form, channels, draft), 422 if draft is None else 200)


def _page(event: RestockEvent, form: CorrectionForm, channels: list[str], draft: Send | None = None) -> str:
    summary = summarise(current_store(), draft, begins_at(draft, utcnow())) if draft is not None else None
    return render_template(
        "admin/restocks/correction.html",
        event=event,
        variant=load(Variant, event.variant_id, joinedload(Variant.product)),
        form=form,
        channels=channels,
        tokens=[token for token in TOKENS.values() if "correction" in token.kinds],
        draft=draft,
        summary=summary,
        shown={channel: _shown(draft, channel) for channel in channels} if draft is not None else {},
        cost=cost(summary.segments) if summary and summary.segments else None,
        credits=credits_for(summary.segments) if summary and summary.segments else None,
    )


def _shown(draft: Send, channel: str) -> Preview | None:
    """The words as the first person of a channel gets them; None where a token has no value for them."""
    texts = Texts(current_store(), draft, channel=channel)
    people = some_people(current_store(), draft, 1, channel)
    one = people[0] if people else None
    own = (one.first_name, one.last_name, one.contact_id) if one else (samples()["firstname"], None, 0)
    try:
        return preview(channel, texts.body, texts.subject, texts.values(*own))
    except UnresolvedToken:
        return None


@bp.post("/<int:restock_id>/correction/confirm")
@requires(TO_MANY)
def confirm(restock_id: int) -> ResponseReturnValue:
    """Send it. Pressed twice, or in two windows, it is sent once."""
    event, form, now = load(RestockEvent, restock_id), CorrectionForm(), utcnow()
    channels = list(words_for(current_store(), event))
    if not form.validate():
        return _looked_at(event, form, channels)
    try:
        with transaction():
            locked = load(RestockEvent, restock_id, lock=True)
            send, is_new = correct(locked, form.words(channels), current_user.id, now)
            if is_new:
                words = {channel: each["body"] for channel, each in send.words.items()}
                audit(current_store(), "restock.corrected", current_user.id, now, restock=restock_id, words=words)
    except Invalid:
        return _looked_at(load(RestockEvent, restock_id), form, channels)
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for("admin_restocks.plan", restock_id=restock_id))
    nudge("campaigns")
    return redirect(url_for("admin_sends.show", send_id=send.id))

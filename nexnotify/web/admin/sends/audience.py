"""A new text to those who waited: whom it is for comes first, its words after."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from wtforms import BooleanField, IntegerField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from nexnotify.campaigns.service import draft_to_all
from nexnotify.clock import isoformat, utcnow
from nexnotify.db import transaction
from nexnotify.errors import Invalid
from nexnotify.waitlist.activities import BACK_IN_STOCK, NAMES, WAITING
from nexnotify.web.admin.access import current_store, requires
from nexnotify.web.admin.conditions import ConditionsForm
from nexnotify.web.admin.forms import refuse
from nexnotify.web.admin.sends.blueprint import TO_MANY, bp
from nexnotify.words import N_

#: Longest time that is looked back.
MOST_DAYS = 365


class AudienceForm(ConditionsForm):
    """Whom a text is for, by what has occurred."""

    activity = RadioField(
        N_("Activity"),
        choices=[
            SelectChoice(name, N_("%(activity)s has occurred", activity=NAMES[name]))
            for name in (BACK_IN_STOCK, WAITING)
        ],
        default=BACK_IN_STOCK,
    )
    days = IntegerField(
        N_("In the last days"),
        [
            InputRequired(N_("Write a number of days.")),
            NumberRange(1, MOST_DAYS, N_("Write a number from 1 to %(most)s.", most=MOST_DAYS)),
        ],
        default=7,
    )
    by = RadioField(
        N_("By"),
        choices=[
            SelectChoice("sms", N_("Text message, to those who opted in to texts")),
            SelectChoice("email", N_("Email, to those who asked by email")),
            SelectChoice("push", N_("Push, to the browsers that asked")),
        ],
        default="sms",
    )
    opt_in = BooleanField(N_("Only customers whose opt-in says yes"))

    def validate(self, extra_validators: object = None) -> bool:
        """For those who wait no stock has come anywhere."""
        fine: bool = super().validate(extra_validators)
        if fine and self.activity.data == WAITING and self.where.locations:
            return refuse(self.locations, N_("No stock has come yet for those who wait. Leave this empty."))
        if fine and self.activity.data == WAITING and self.by.data != "sms":
            return refuse(
                self.by, N_("By email and push people hear of what came back, as they asked to. Choose that.")
            )
        return fine


@bp.route("/new", methods=["GET", "POST"])
@requires(TO_MANY)
def new() -> ResponseReturnValue:
    """Choose whom it is for; a draft then holds the conditions."""
    form, now = AudienceForm(), utcnow()
    if request.method == "GET" or not form.validate():
        page = render_template("admin/sends/new.html", form=form)
        return page, 200 if request.method == "GET" else 422
    days: int = form.days.data
    filter_ = {
        "activity": form.activity.data,
        "days": days,
        "since": isoformat(now - timedelta(days=days)),
        "where": form.where.stored(),
        "by": form.by.data,
        "opt_in": "yes" if form.opt_in.data else "",
    }
    try:
        with transaction():
            send = draft_to_all(current_store(), "waitlist", filter_, current_user.id, now)
    except Invalid:
        flash(
            N_("Nobody is like that, so nobody would get it. Look further back, or name fewer conditions."), "warning"
        )
        return render_template("admin/sends/new.html", form=form), 422
    return redirect(url_for("admin_sends.write", send_id=send.id))

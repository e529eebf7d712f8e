"""Settings of order and ticket texts: whether they go out, from whom, and the merchant's own number."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.gateways.senders import takes_sender
from nexnotify.gateways.service import sender_of
from nexnotify.stores.models import Store
from nexnotify.stores.senders import is_name
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.settings import settings_tabs

bp = Blueprint("admin_texts", __name__)
bp.before_request(staff_guard)


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


class TextsForm(FlaskForm):
    """The Active tick, and the two fields that it opens."""

    order_texts = BooleanField(
        "Active",
        description="Customers are texted about their orders and tickets, and you are, by the templates that are "
        "switched on. Back in stock texts have switches of their own.",
    )
    sms_sender = StringField(
        "Sender",
        [Length(max=60, message="60 characters is the most.")],
        description="What all your texts come from. To let customers reply, a phone number of your gateway’s. If they "
        "may not, the name of your store: at most 11 letters A to Z, digits and spaces, and at least one letter. Empty: "
        "what the gateway is set up with.",
        filters=[_stripped],
    )
    merchant_number = StringField(
        "Number",
        [Length(max=60, message="60 characters is the most.")],
        description="Your own phone number. Texts meant for you, such as “Merchant: order paid”, go there; without it "
        "they cannot be sent.",
        filters=[_stripped],
    )
    long_waitlist = IntegerField(
        "Long waitlist",
        [Optional(), NumberRange(0, 1_000_000, "Write a number from 0 to 1,000,000.")],
        description="You are told once when more people than this wait for a product: by text, or by email to the "
        "owners where texts are not active or your number is missing. 0: never.",
    )


_FIELDS = ("order_texts", "sms_sender", "merchant_number", "long_waitlist")
#: What an empty field means.
_EMPTY = {"sms_sender": "", "merchant_number": "", "long_waitlist": 0}


@bp.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """The form."""
    settings = store_settings(current_store())
    if request.method == "GET":
        return _page(TextsForm(formdata=None, data=settings.model_dump(include=set(_FIELDS))))
    require("admin")
    form = TextsForm()
    if form.validate() and _save(form):
        return redirect(url_for("admin_texts.index"))
    return _page(form), 422


def _page(form: TextsForm) -> str:
    store = current_store()
    saved, gateway = store_settings(store), sender_of(store, "sms")
    return render_template(
        "admin/texts/index.html",
        form=form,
        gateway=gateway,
        ignored=bool(saved.sms_sender and gateway and not takes_sender(gateway, saved.sms_sender)),
        by_name=is_name(saved.sms_sender),
        saved=saved,
        tabs=settings_tabs("admin_texts.index"),
    )


def _save(form: TextsForm) -> bool:
    now = utcnow()
    # What was not asked stays as it is: the two fields come with the tick.
    asked = {name: form[name].data for name in _FIELDS if name == "order_texts" or name in request.form}
    changes = {name: value if value is not None else _EMPTY[name] for name, value in asked.items()}
    try:
        with transaction():
            store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
            changed = merge_settings(store, changes)
            if changed:
                audit(store, "settings.changed", current_user.id, now, changed=changed)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    flash("Saved." if changed else "Nothing was different, so nothing was changed.", "success")
    return True

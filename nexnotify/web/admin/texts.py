"""Settings of order and ticket texts: whether they go out, from whom, and the merchant's own number."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.gateways.service import sender_of
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.settings import settings_tabs

bp = Blueprint("admin_texts", __name__)
bp.before_request(staff_guard)


class TextsForm(FlaskForm):
    """The Active tick, and the number it asks for."""

    order_texts = BooleanField(
        "Active",
        description="Customers are texted about their orders and tickets, and you are, by the templates that are "
        "switched on. Back in stock texts have switches of their own.",
    )
    merchant_number = StringField(
        "Number",
        [Length(max=60, message="60 characters is the most.")],
        description="Your own phone number. Texts meant for you, such as “Merchant: order paid”, go there; without it "
        "they cannot be sent.",
        filters=[lambda text: text.strip() if text else text],
    )


@bp.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """The form."""
    settings = store_settings(current_store())
    if request.method == "GET":
        form = TextsForm(formdata=None, data=settings.model_dump(include={"order_texts", "merchant_number"}))
        return _page(form)
    require("admin")
    form = TextsForm()
    if form.validate() and _save(form):
        return redirect(url_for("admin_texts.index"))
    return _page(form), 422


def _page(form: TextsForm) -> str:
    store = current_store()
    return render_template(
        "admin/texts/index.html",
        form=form,
        sender=sender_of(store, "sms"),
        saved=store_settings(store),
        tabs=settings_tabs("admin_texts.index"),
    )


def _save(form: TextsForm) -> bool:
    now = utcnow()
    changes = {"order_texts": form.order_texts.data, "merchant_number": form.merchant_number.data or ""}
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

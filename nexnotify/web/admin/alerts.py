"""The store's text alert: set up in three guided steps, shown with what it did last, paused and resumed.

The alert is no row of its own: it is the switches, the texts of the templates, and a name that can be paused.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from wtforms import Field, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from nexnotify.clock import utcnow
from nexnotify.content.models import TemplateVersion
from nexnotify.content.service import Rendered, samples, wording
from nexnotify.content.tokens import UnresolvedToken
from nexnotify.db import db, transaction
from nexnotify.errors import NotFound
from nexnotify.gateways.service import awaits_number, sender_of
from nexnotify.inventory.available import STATUSES
from nexnotify.reports.told import last_restock
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import StoreSettings, merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.web.admin.settings_form import SwitchesForm
from nexnotify.words import N_

bp = Blueprint("admin_alerts", __name__)
bp.before_request(staff_guard)

DEFAULT_NAME = N_("SMS InStock Notifications")
CHANNELS = ("sms", "email")


class AlertForm(SwitchesForm):
    """All steps of the guide; those that are not shown travel along hidden."""

    to_phone = SelectField(
        N_("To Phone"),
        choices=[SelectChoice("ToPhone", N_("ToPhone: the mobile number that the shopper left"))],
        default="ToPhone",
        description=N_("Each text goes to the one who asked for it."),
    )
    message = SelectField(
        N_("Message"),
        choices=[SelectChoice("Message", N_("Message: the product's text for its status"))],
        default="Message",
        description=N_("What the text says, filled in for each product and shopper."),
    )
    name = StringField(
        N_("Alert name"),
        [DataRequired(N_("Write a name.")), Length(max=100, message=N_("100 characters is the most."))],
        description=N_("Only your people see it."),
        filters=[lambda text: text.strip() if text else text],
    )

    @classmethod
    def of(cls, settings: StoreSettings) -> AlertForm:
        """The form as the store has it."""
        data: dict[str, Any] = {
            f"{status}_{channel}": getattr(getattr(settings.switches, status), channel)
            for status in STATUSES
            for channel in CHANNELS
        }
        return cls(formdata=None, data={**data, "name": settings.alert.name if settings.alert else DEFAULT_NAME})

    def text_statuses(self) -> list[str]:
        """The statuses that texts are chosen for."""
        return [status for status in STATUSES if self[f"{status}_sms"].data]

    def validate(self, extra_validators: Any = None) -> bool:
        """An alert without any text is none."""
        fine: bool = super().validate(extra_validators)
        if not self.text_statuses():
            self.sold_out_sms.errors = [N_("Choose at least one status for text messages.")]
            return False
        return fine


#: The fields that each step asks.
STEPS: tuple[tuple[str, ...], ...] = (
    tuple(f"{status}_{channel}" for status in STATUSES for channel in CHANNELS),
    ("to_phone", "message"),
    ("name",),
)


@bp.get("")
def index() -> ResponseReturnValue:
    """The alert and what it did last."""
    require("admin")
    store = current_store()
    settings, gateway = store_settings(store), sender_of(store, "sms")
    return render_template(
        "admin/alerts/index.html",
        alert=settings.alert,
        switches={status: getattr(settings.switches, status) for status in STATUSES},
        last=last_restock(store),
        gateway=gateway,
        awaiting=gateway is not None and awaits_number(gateway),
        tabs=settings_tabs("admin_alerts.index"),
    )


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Set the alert up, or set it up anew, a step at a time. Nothing is kept between two steps but in the form."""
    require("admin")
    if request.method == "GET":
        return _step(AlertForm.of(store_settings(current_store())), 0)
    form = AlertForm()
    at = min(max(request.form.get("step", 1, type=int), 1), len(STEPS)) - 1
    form.validate()
    texts = _texts(form)
    if any(isinstance(text, str) for _, text, _ in texts):
        form.message.errors = [text for _, text, _ in texts if isinstance(text, str)]
    if request.form.get("go") == "back":
        return _step(form, max(at - 1, 0), errors=False)
    wrong = [number for number, names in enumerate(STEPS) if number <= at and any(form[name].errors for name in names)]
    if wrong or form.csrf_token.errors:
        return _step(form, min(wrong, default=at)), 422
    if at + 1 < len(STEPS):
        return _step(form, at + 1, errors=False)
    _save(form)
    return redirect(url_for("admin_alerts.index"))


def _step(form: AlertForm, at: int, *, errors: bool = True) -> str:
    shown = STEPS[at]
    for field in form:
        if not errors or field.name not in (*shown, "csrf_token"):
            field.errors = []
    return render_template(
        "admin/alerts/guide.html",
        form=form,
        at=at,
        hidden=[_hidden(field) for field in form if field.name not in (*shown, "csrf_token") and field.data],
        texts=_texts(form),
        is_new=store_settings(current_store()).alert is None,
        tabs=settings_tabs("admin_alerts.index"),
    )


def _hidden(field: Field) -> tuple[str, str]:
    """Name and value of a field of another step; a box that is not ticked sends nothing."""
    return field.name, "y" if field.data is True else str(field.data)


def _texts(form: AlertForm) -> list[tuple[str, Rendered | str, int | None]]:
    """For each status with texts: the text as it would arrive, or why there is none, and its template."""
    store = current_store()
    values = samples() | {"store": store.name}
    found: list[tuple[str, Rendered | str, int | None]] = []
    for status in form.text_statuses():
        try:
            text = wording(store, "back_in_stock", "sms", status)
            version = db.session.get_one(TemplateVersion, text.version_id)
            found.append((status, text.render(values), version.template_id))
        except (LookupError, UnresolvedToken) as error:
            found.append(
                (
                    status,
                    N_("There is no text for %(status)s: %(error)s", status=PRODUCT_STATUSES[status], error=error),
                    None,
                )
            )
    return found


def _save(form: AlertForm) -> None:
    now = utcnow()
    with transaction():
        store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
        before = store_settings(store).alert
        switches = {status: {channel: form[f"{status}_{channel}"].data for channel in CHANNELS} for status in STATUSES}
        alert = {"name": form.name.data, "active": before is None or before.active}
        changed = merge_settings(store, {"switches": switches, "alert": alert})
        if changed:
            audit(store, "alert.changed" if before else "alert.created", current_user.id, now, changed=changed)
    flash(
        N_("%(name)s is saved.", name=form.name.data) if before else N_("%(name)s is set up.", name=form.name.data),
        "success",
    )


@bp.post("/pause")
def pause() -> ResponseReturnValue:
    """Stop the store's text alerts; shoppers keep their places."""
    require("admin")
    _set_active(False)
    flash(N_("Paused. Nobody is texted about a restock until you resume it; shoppers keep their places."), "success")
    return redirect(url_for("admin_alerts.index"))


@bp.post("/resume")
def resume() -> ResponseReturnValue:
    """Go on with them, from the next restock."""
    require("admin")
    _set_active(True)
    flash(N_("Resumed. Shoppers are texted from the next restock on."), "success")
    return redirect(url_for("admin_alerts.index"))


def _set_active(active: bool) -> None:
    now = utcnow()
    with transaction():
        store = db.session.scalars(
            sa.select(Store)
            .where(Store.id == current_store().id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        alert = store_settings(store).alert
        if alert is None:
            raise NotFound(N_("There is no alert yet."))
        if merge_settings(store, {"alert": {"name": alert.name, "active": active}}):
            audit(store, "alert.resumed" if active else "alert.paused", current_user.id, now, name=alert.name)

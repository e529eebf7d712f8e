"""Compatible Software: what joins the store to the platform it runs on, and the licence of its SMS gateway."""

from __future__ import annotations

import json
import re

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Regexp

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import (
    add_gateway,
    awaits_number,
    change_gateway,
    gateways_of,
    registry,
    sender_of,
)
from nexnotify.ledger.opening import take_over_queue
from nexnotify.nudge import nudge
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, requires, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.gateways import check_and_tell
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.words import N_

bp = Blueprint("admin_compatible", __name__)
bp.before_request(staff_guard)

#: The gateway kind that is licensed by one key, and the setting that holds it.
LICENSED, LICENCE = "cdyne", "license_key"


class TenantForm(FlaskForm):
    """The store's number on its platform."""

    platform_tenant_id = StringField(
        N_("Tenant ID (Foundry Tenant ID)"),
        [Regexp(r"^[A-Za-z0-9-]{0,40}$", message=N_("Write letters and digits only, such as 12345."))],
        filters=[lambda text: re.sub(r"\s", "", text) if text else text],
        description=N_(
            "The number of your store on the platform that your other software runs on, usually 5 digits. In "
            "TrueCommerce Foundry: select your name, then Alert Subscriptions; it stands in the grey bar at the top."
        ),
    )


class LicenceForm(FlaskForm):
    """The key of the SMS gateway's account."""

    licence = PasswordField(
        N_("SMS Gateway License"),
        [DataRequired(N_("Write the licence key."))],
        description=N_("The licence key that your SMS gateway's provider sent you."),
    )


@bp.get("")
def index() -> ResponseReturnValue:
    """Both forms."""
    require("admin")
    return _page()


def _page(tenant: TenantForm | None = None, licence: LicenceForm | None = None) -> str:
    store = current_store()
    gateway = _licensed(store)
    return render_template(
        "admin/compatible/index.html",
        tenant=tenant
        or TenantForm(formdata=None, data={"platform_tenant_id": store_settings(store).platform_tenant_id}),
        licence=licence or LicenceForm(formdata=None),
        plugin=registry().kinds.get(LICENSED),
        gateway=gateway,
        awaiting=gateway is not None and awaits_number(gateway),
        sender=sender_of(store, "sms"),
        tabs=settings_tabs("admin_compatible.index"),
    )


def _licensed(store: Store) -> GatewayInstance | None:
    """The store's gateway of the licensed kind; of several, the one that sends, else the newest."""
    found = [gateway for gateway in gateways_of(store) if gateway.kind == LICENSED]
    return max(found, key=lambda gateway: (gateway.is_sender, gateway.id), default=None)


@bp.post("")
def save_tenant() -> ResponseReturnValue:
    """Keep the tenant id."""
    require("admin")
    form, now = TenantForm(), utcnow()
    if not form.validate():
        return _page(tenant=form), 422
    with transaction():
        store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
        changed = merge_settings(store, {"platform_tenant_id": form.platform_tenant_id.data or ""})
        if changed:
            audit(store, "settings.changed", current_user.id, now, changed=changed)
    flash(N_("Tenant ID saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    if form.platform_tenant_id.data and not re.fullmatch(r"\d{5}", form.platform_tenant_id.data):
        flash(N_("Most tenant ids have 5 digits. Please compare yours once more."), "warning")
    return redirect(url_for("admin_compatible.index"))


@bp.post("/licence")
@requires("admin", fresh=True)
def save_licence() -> ResponseReturnValue:
    """Put the key into the store's licensed gateway, or add the gateway with it."""
    plugin = registry().kinds.get(LICENSED)
    if plugin is None:
        raise NotFound(N_("The gateway that takes a licence is not installed."))
    form, now, store = LicenceForm(), utcnow(), current_store()
    known = _licensed(store)
    if known and not form.licence.data:
        flash(N_("The licence is kept as it is."), "success")
        return redirect(url_for("admin_compatible.index"))
    if not form.validate():
        return _page(licence=form), 422
    try:
        with transaction():
            if known is None:
                instance = add_gateway(store, LICENSED, plugin.label, {LICENCE: form.licence.data}, now)
                detail = {}
            else:
                instance = load(GatewayInstance, known.id, lock=True)
                detail = change_gateway(instance, {**json.loads(instance.settings), LICENCE: form.licence.data}, now)
            if instance.is_sender:
                take_over_queue(instance)
            action = "gateway.changed" if known else "gateway.added"
            audit(store, action, current_user.id, now, kind=instance.kind, name=instance.name, **detail)
    except Invalid as error:
        put_errors(form, {{LICENCE: "licence"}.get(name, name): words for name, words in error.fields.items()})
        return _page(licence=form), 422
    check_and_tell(instance.id, N_("Licence saved in the gateway %(name)s.", name=instance.name))
    nudge("send")
    return redirect(url_for("admin_compatible.index"))

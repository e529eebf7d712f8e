"""Gateways: added by the form their plugin describes, checked, chosen, paused and resumed."""

from __future__ import annotations

import json
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.customers.service import find_or_make_contact, normalise
from nexnotify.db import end_read, transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.gateways.contract import Gateway, Health
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import (
    add_gateway,
    awaits_number,
    change_gateway,
    check_gateway,
    gateways_of,
    make_sender,
    open_gateway,
    record_check,
    registry,
    rename_gateway,
    resume,
    set_prices,
    settings_form,
)
from nexnotify.ledger.answers import queue_test
from nexnotify.ledger.opening import take_over_queue
from nexnotify.nudge import nudge
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, require, requires, staff_guard
from nexnotify.web.admin.forms import GatewayNameForm, TestForm, put_errors
from nexnotify.web.admin.gateway_form import gateway_page, put_gateway_errors, typed_settings
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.prices import PricesForm
from nexnotify.web.admin.trials import TOO_MANY, may_test
from nexnotify.words import N_

bp = Blueprint("admin_gateways", __name__)
bp.before_request(staff_guard)


@bp.get("")
def index() -> ResponseReturnValue:
    """The store's gateways, the kinds there are, and the plugins that cannot be used."""
    kinds = registry()
    return render_template(
        "admin/gateways/index.html",
        gateways=gateways_of(current_store()),
        kinds=kinds.kinds,
        broken=kinds.broken,
        reasons={plugin.name: plugin.reason for plugin in kinds.broken},
        awaits_number=awaits_number,
    )


@bp.route("/add/<kind>", methods=["GET", "POST"])
@requires("admin", fresh=True)
def add(kind: str) -> ResponseReturnValue:
    """Add a gateway. What the provider says is shown; only malformed fields are refused."""
    plugin = _plugin(kind)
    name_form = GatewayNameForm(data={"name": plugin.label.partition(" (")[0]})
    if request.method == "GET":
        return gateway_page(plugin, name_form, settings_form(plugin), None)
    fields, values = typed_settings(plugin, {})
    if name_form.validate() & fields.validate():
        now, store = utcnow(), current_store()
        try:
            with transaction():
                instance = add_gateway(store, kind, name_form.name.data, values, now)
                if instance.is_sender:
                    take_over_queue(instance)
                audit(store, "gateway.added", current_user.id, now, kind=kind, name=instance.name)
        except Invalid as error:
            put_gateway_errors(error, name_form, fields)
        else:
            check_and_tell(instance.id, N_("Gateway added."))
            nudge("send")
            return redirect(url_for("admin_gateways.edit", gateway_id=instance.id))
    return gateway_page(plugin, name_form, fields, None), 422


@bp.route("/<int:gateway_id>", methods=["GET", "POST"])
@requires("admin", fresh=True)
def edit(gateway_id: int) -> ResponseReturnValue:
    """Change a gateway. Saving lifts a pause, since the settings may have been its cause."""
    instance = load(GatewayInstance, gateway_id)
    plugin = registry().kinds.get(instance.kind)
    if plugin is None:
        return _broken_page(instance)
    stored = json.loads(instance.settings)
    name_form = GatewayNameForm(data={"name": instance.name})
    if request.method == "GET":
        return gateway_page(plugin, name_form, settings_form(plugin, None, stored), instance)
    fields, values = typed_settings(plugin, stored)
    if name_form.validate() & fields.validate():
        now = utcnow()
        try:
            with transaction():
                instance = load(GatewayInstance, gateway_id, lock=True)
                _save(instance, name_form.name.data, values, now)
                if instance.is_sender:
                    take_over_queue(instance)
        except Invalid as error:
            put_gateway_errors(error, name_form, fields)
        else:
            check_and_tell(gateway_id, N_("Gateway saved."))
            nudge("send")
            return redirect(url_for("admin_gateways.edit", gateway_id=gateway_id))
    return gateway_page(plugin, name_form, fields, load(GatewayInstance, gateway_id)), 422


def _save(instance: GatewayInstance, name: str, values: dict[str, str], now: datetime) -> None:
    """Save what was typed, and write down what of it is different."""
    before = _shown(instance)
    rename_gateway(instance, name)
    detail = change_gateway(instance, values, now)
    changed = {key: [before[key], value] for key, value in _shown(instance).items() if before[key] != value}
    if changed or detail:
        detail["changed"] = changed | detail.get("changed", {})
        audit(current_store(), "gateway.changed", current_user.id, now, kind=instance.kind, name=name, **detail)


def _shown(instance: GatewayInstance) -> dict[str, str | bool]:
    return {"name": instance.name, "sends": instance.is_sender, "paused": instance.paused_at is not None}


def _plugin(kind: str) -> type[Gateway]:
    try:
        return registry().get(kind)
    except UnknownGateway as error:
        raise NotFound(str(error)) from None


def _broken_page(instance: GatewayInstance) -> ResponseReturnValue:
    try:
        registry().get(instance.kind)
        reason = ""
    except UnknownGateway as error:
        reason = str(error)
    return render_template("admin/gateways/broken.html", gateway=instance, reason=reason)


# --- what can be done with one -------------------------------------------------------------------------------------


@bp.post("/<int:gateway_id>/check")
def check(gateway_id: int) -> ResponseReturnValue:
    """Ask the provider whether the settings work, without sending a text."""
    require("admin")
    load(GatewayInstance, gateway_id)
    check_and_tell(gateway_id, N_("Checked."))
    return redirect(url_for("admin_gateways.edit", gateway_id=gateway_id))


def check_and_tell(gateway_id: int, done: str) -> None:
    """Ask outside any transaction, keep the answer, show it."""
    instance = load(GatewayInstance, gateway_id)
    try:
        opened = open_gateway(instance)
    except UnknownGateway as error:
        health = Health(False, str(error))
    else:
        end_read()
        health = check_gateway(opened)
    with transaction():
        record_check(load(GatewayInstance, gateway_id, lock=True), health, utcnow())
    if health.ok:
        flash(f"{done} {health.detail}", "success")
    else:
        flash(N_("%(done)s But the check says: %(detail)s", done=done, detail=health.detail), "warning")


@bp.post("/<int:gateway_id>/sender")
def sender(gateway_id: int) -> ResponseReturnValue:
    """New messages of its channel go through it from now on, and so does what waits."""
    require("admin")
    if awaits_number(load(GatewayInstance, gateway_id)):
        flash(N_("It has no number to send from yet. Enter the number first; texts go on as they do."), "warning")
        return redirect(url_for("admin_gateways.edit", gateway_id=gateway_id))
    now = utcnow()
    with transaction():
        instance = load(GatewayInstance, gateway_id, lock=True)
        make_sender(instance)
        moved = take_over_queue(instance)
        audit(current_store(), "gateway.made_sender", current_user.id, now, name=instance.name, messages_moved=moved)
    nudge("send")
    flash(
        N_("%(name)s sends from now on. %(moved)s waiting messages moved to it.", name=instance.name, moved=moved)
        if moved
        else N_("%(name)s sends from now on.", name=instance.name),
        "success",
    )
    return redirect(url_for("admin_gateways.index"))


@bp.post("/<int:gateway_id>/resume")
def resume_sending(gateway_id: int) -> ResponseReturnValue:
    """Lift a pause: what is wrong has been mended at the provider's."""
    require("admin")
    load(GatewayInstance, gateway_id)
    now = utcnow()
    with transaction():
        instance = load(GatewayInstance, gateway_id, lock=True)
        if instance.paused_at is not None:
            audit(current_store(), "gateway.resumed", current_user.id, now, name=instance.name)
        resume(instance, now)
        if instance.is_sender:
            take_over_queue(instance)
    nudge("send")
    said = (
        N_("%(name)s is sending again.", name=instance.name)
        if instance.paused_at is None
        else N_("%(name)s does not send. %(reason)s", name=instance.name, reason=instance.paused_reason)
    )
    flash(said, "success" if instance.paused_at is None else "warning")
    return redirect(url_for("admin_gateways.index"))


@bp.post("/<int:gateway_id>/test")
def send_test(gateway_id: int) -> ResponseReturnValue:
    """Send one real message through this gateway."""
    require("admin")
    instance, form, now, store = load(GatewayInstance, gateway_id), TestForm(), utcnow(), current_store()
    plugin = registry().kinds.get(instance.kind)
    if plugin is None:
        return _broken_page(instance)
    address = _address(instance, form) if form.validate() else None
    if address is not None and awaits_number(instance):
        put_errors(form, {"to": N_("This gateway has no number to send from yet.")})
    elif address is not None:
        with transaction():
            allowed = may_test(store, address, now)
            contact = find_or_make_contact(store, instance.channel, address, now)
            made = queue_test(store, load(GatewayInstance, gateway_id), contact, now) if allowed else None
            if made is not None:
                audit(store, "gateway.tested", current_user.id, now, name=instance.name, message=made)
        if made is not None:
            nudge("send")
            flash(N_("The test is on its way. Reload this page to follow it."), "success")
            return redirect(url_for("admin_messages.message", message_id=made))
        stopped = N_("This address has said STOP or cannot be reached, so nothing may be sent to it.")
        put_errors(form, {"to": stopped if allowed else TOO_MANY})
    name_form = GatewayNameForm(formdata=None, data={"name": instance.name})
    fields = settings_form(plugin, None, json.loads(instance.settings))
    return gateway_page(plugin, name_form, fields, instance, form), 422


@bp.post("/<int:gateway_id>/prices")
def set_costs(gateway_id: int) -> ResponseReturnValue:
    """Write down what the provider charges."""
    require("admin")
    instance, form, now = load(GatewayInstance, gateway_id), PricesForm(), utcnow()
    if form.validate():
        with transaction():
            instance = load(GatewayInstance, gateway_id, lock=True)
            changed = set_prices(instance, form.prices())
            if changed:
                audit(current_store(), "gateway.changed", current_user.id, now, name=instance.name, changed=changed)
        flash(N_("Prices saved."), "success")
        return redirect(url_for("admin_gateways.edit", gateway_id=gateway_id, _anchor="prices"))
    plugin, name_form = _plugin(instance.kind), GatewayNameForm(formdata=None, data={"name": instance.name})
    fields = settings_form(plugin, None, json.loads(instance.settings))
    return gateway_page(plugin, name_form, fields, instance, prices=form), 422


def _address(instance: GatewayInstance, form: TestForm) -> str | None:
    if instance.channel == "push":
        put_errors(form, {"to": N_("Nobody can type a browser's address. Ask on a page of your shop to try it.")})
        return None
    try:
        return normalise(current_store(), instance.channel, form.to.data)
    except (InvalidPhone, InvalidEmail) as error:
        put_errors(form, {"to": str(error)})
        return None

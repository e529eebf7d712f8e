"""The form of one gateway: the fields its plugin describes, what was typed, and the page around them."""

from __future__ import annotations

import json
from typing import Any

from flask import render_template, request
from wtforms import Form, PasswordField

from nexnotify.clock import utcnow
from nexnotify.errors import Invalid
from nexnotify.gateways.contract import Gateway
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import awaits_number, callback_url, settings_form
from nexnotify.web.admin.access import current_store
from nexnotify.web.admin.forms import GatewayNameForm, TestForm, put_errors
from nexnotify.web.admin.prices import PricesForm, prices_card
from nexnotify.words import N_


def typed_settings(plugin: type[Gateway], stored: dict[str, Any]) -> tuple[Form, dict[str, str]]:
    """The plugin's form with what was typed, and its raw values; a box that is not ticked sends nothing."""
    names = [field.name for field in settings_form(plugin)]
    values = {name: request.form[name] for name in names if name in request.form}
    return settings_form(plugin, values, stored), values


def put_gateway_errors(error: Invalid, name_form: GatewayNameForm, fields: Form) -> None:
    put_errors(name_form, {name: words for name, words in error.fields.items() if name == "name"})
    put_errors(fields, {name: words for name, words in error.fields.items() if name != "name"})


def gateway_page(
    plugin: type[Gateway],
    name_form: GatewayNameForm,
    fields: Form,
    instance: GatewayInstance | None,
    test: TestForm | None = None,
    prices: PricesForm | None = None,
) -> str:
    stored, store = json.loads(instance.settings) if instance else {}, current_store()
    return render_template(
        "admin/gateways/edit.html",
        plugin=plugin,
        gateway=instance,
        name_form=name_form,
        fields=fields,
        stored=[
            field.short_name for field in fields if isinstance(field, PasswordField) and stored.get(field.short_name)
        ],
        addresses=_addresses(plugin, instance) if instance else [],
        test=test or TestForm(formdata=None),
        awaiting=instance is not None and awaits_number(instance),
        costs=prices_card(instance, plugin, store.currency, utcnow(), prices) if instance else None,
    )


def _addresses(plugin: type[Gateway], instance: GatewayInstance) -> list[tuple[str, str, str]]:
    """The callback addresses that this kind of gateway can use: (id, label, address)."""
    can = plugin.capabilities
    if plugin.receive is Gateway.receive:
        return []
    shown = [
        ("receipts", N_("Delivery receipts"), can.receipts),
        ("inbound", N_("Texts from shoppers (STOP)"), can.inbound),
    ]
    return [(kind, label, callback_url(instance, kind)) for kind, label, use in shown if use]

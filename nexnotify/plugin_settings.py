"""What a merchant has typed into a plugin's form: secrets are kept when left empty, and never said again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, PasswordField


def form_of(settings: type[Form], data: Mapping[str, Any] | None, stored: Mapping[str, Any]) -> Form:
    """A plugin's form, filled from ``data``, or from what is stored where that is None; empty secrets keep what is stored."""
    form = settings(MultiDict(data) if data is not None else None, data=dict(stored))
    for field in form:
        if isinstance(field, PasswordField) and data is not None and not field.data and stored.get(field.short_name):
            field.data = stored[field.short_name]
            field.raw_data = [field.data]
    return form


def changes(form: Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What is different between two values of a plugin's settings, for the audit trail.

    :param form: the plugin's: its password fields are the secrets.
    :returns: ``changed``, name → [before, after], and ``secrets_changed``, names alone; nothing where nothing is.
    """
    secret = {field.short_name for field in form if isinstance(field, PasswordField)}
    different = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    shown = {name: pair for name, pair in different.items() if name not in secret}
    hidden = sorted(different.keys() & secret)
    return ({"changed": shown} if shown else {}) | ({"secrets_changed": hidden} if hidden else {})

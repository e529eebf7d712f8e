"""What a gateway's new settings change, for the audit trail; secrets only by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Form, PasswordField


def settings_changes(form: Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The difference between two values of a gateway's settings.

    :param form: the settings form of its kind: its password fields are the secrets.
    :returns: ``changed``, name → [before, after], and ``secrets_changed``, names alone; nothing where nothing is.
    """
    different = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    secret = [name for name in different if isinstance(form[name], PasswordField)]
    plain = {name: pair for name, pair in different.items() if name not in secret}
    return ({"changed": plain} if plain else {}) | ({"secrets_changed": secret} if secret else {})

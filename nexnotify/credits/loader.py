"""Finds payment plugins: every ``*.py`` in a folder, imported by path, checked against the contract.

A file that cannot be used is kept with its reason, for the admin to show; it never stops the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nexnotify.credits.contract import Payment
from nexnotify.plugin_files import ContractBroken, check_plugin, load_classes


@dataclass(frozen=True, slots=True)
class Payments:
    """The ways to pay at hand, by key, and the files that could not be used, name → reason."""

    kinds: Mapping[str, type[Payment]] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)


def load_payments(folder: Path) -> Payments:
    """All plugins of a folder; names that begin with an underscore are left alone."""
    return Payments(*load_classes(folder, "PAYMENT", check_class))


def check_class(found: object, name: str) -> type[Payment]:
    """The class itself, when it keeps the contract.

    :raises ContractBroken: with one sentence on what is wrong.
    """
    kind = check_plugin(found, "PAYMENT", Payment, name)
    if kind.begin is Payment.begin:
        raise ContractBroken("PAYMENT must override begin().")
    if kind.by_hand != (kind.receive is Payment.receive):
        raise ContractBroken("Either receive() tells what was paid, or by_hand says that an owner does.")
    return kind

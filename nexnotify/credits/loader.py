"""Finds payment plugins: every ``*.py`` in a folder, imported by path, checked against the contract.

A file that cannot be used is kept with its reason, for the admin to show; it never stops the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nexnotify.credits.contract import Payment, PaymentSettings
from nexnotify.plugin_files import ContractBroken, load_classes


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
    if not (isinstance(found, type) and issubclass(found, Payment)) or found is Payment:
        raise ContractBroken("PAYMENT must be a subclass of nexnotify.credits.contract.Payment.")
    if found.begin is Payment.begin:
        raise ContractBroken("PAYMENT must override begin().")
    key, label = getattr(found, "key", None), getattr(found, "label", None)
    if key != name:
        raise ContractBroken(f"key is {key!r}, but the file's name says {name!r}.")
    if not (isinstance(label, str) and label.strip()):
        raise ContractBroken("label is missing: the name that merchants see.")
    if not (isinstance(found.Settings, type) and issubclass(found.Settings, PaymentSettings)):
        raise ContractBroken("Settings must be a subclass of nexnotify.credits.contract.PaymentSettings.")
    if found.by_hand != (found.receive is Payment.receive):
        raise ContractBroken("Either receive() tells what was paid, or by_hand says that an owner does.")
    return found

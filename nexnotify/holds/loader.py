"""Finds the plugins of storefronts that keep units: every ``*.py`` in a folder, checked against the contract.

A file that cannot be used is kept with its reason, for the admin to show; it never stops the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nexnotify.holds.contract import Holds
from nexnotify.plugin_files import ContractBroken, check_plugin, load_classes


@dataclass(frozen=True, slots=True)
class HoldKinds:
    """The plugins at hand, by key, and the files that could not be used, name → reason."""

    kinds: Mapping[str, type[Holds]] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)


def load_holds(folder: Path) -> HoldKinds:
    """All plugins of a folder; names that begin with an underscore are left alone."""
    return HoldKinds(*load_classes(folder, "HOLDS", check_class))


def check_class(found: object, name: str) -> type[Holds]:
    """The class itself, when it keeps the contract.

    :raises ContractBroken: with one sentence on what is wrong.
    """
    kind = check_plugin(found, "HOLDS", Holds, name)
    if kind.reserve is Holds.reserve or kind.release is Holds.release:
        raise ContractBroken("HOLDS must override reserve() and release().")
    return kind

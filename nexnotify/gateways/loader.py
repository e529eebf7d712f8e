"""Finds gateway plugins: every ``*.py`` in a folder, imported by path, checked against the contract.

A file that cannot be imported or breaks the contract is kept as a :class:`BrokenPlugin` with its reason, for the admin
to show; it never stops the app. Files whose name begins with an underscore are left alone.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from nexnotify.gateways.contract import Capabilities, Channel, Gateway
from nexnotify.plugin_files import ContractBroken, check_plugin, load_classes

#: Fields that the house adds to every form.
RESERVED_FIELDS = frozenset({"name", "rate"})


class UnknownGateway(LookupError):
    """No plugin of that name; the words name those there are."""


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A file that could not be used, and why."""

    name: str
    reason: str


class Registry:
    """The gateway kinds at hand."""

    def __init__(self, kinds: Iterable[type[Gateway]], broken: Iterable[BrokenPlugin] = ()) -> None:
        #: By key, in alphabetical order.
        self.kinds: Mapping[str, type[Gateway]] = MappingProxyType({kind.key: kind for kind in kinds})
        self.broken: tuple[BrokenPlugin, ...] = tuple(broken)

    def get(self, key: str) -> type[Gateway]:
        """The plugin class of that key.

        :raises UnknownGateway: naming the known kinds, the nearest one, or what is wrong with its file.
        """
        if key in self.kinds:
            return self.kinds[key]
        for plugin in self.broken:
            if plugin.name == key:
                raise UnknownGateway(f"The gateway plugin '{key}' is broken: {plugin.reason}")
        near = difflib.get_close_matches(key, self.kinds, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UnknownGateway(f"There is no gateway kind '{key}'.{hint} Known kinds: {', '.join(self.kinds) or 'none'}.")


def load(folder: Path) -> Registry:
    """All plugins of a folder.

    :raises NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"The folder of gateway plugins is missing: {folder}")
    kinds, broken = load_classes(folder, "GATEWAY", check_class)
    return Registry(kinds.values(), (BrokenPlugin(*each) for each in broken.items()))


def check_class(found: object, name: str) -> type[Gateway]:
    """The class itself, when it keeps the contract.

    :raises ContractBroken: with one sentence on what is wrong.
    """
    kind = check_plugin(found, "GATEWAY", Gateway, name)
    if inspect.isabstract(kind) or kind.send is Gateway.send:
        raise ContractBroken("GATEWAY must override send().")
    if kind.channel not in get_args(Channel):
        raise ContractBroken(f"channel is {kind.channel!r}; it must be one of {', '.join(get_args(Channel))}.")
    if not isinstance(kind.default_rate, int | float) or kind.default_rate < 0:
        raise ContractBroken("default_rate must be a number of segments per second, 0 for no limit.")
    _check_fields(kind)
    _check_capabilities(kind)
    return kind


def _check_fields(kind: type[Gateway]) -> None:
    fields = {field.name for field in kind.Settings()}
    taken = RESERVED_FIELDS & fields
    if taken:
        raise ContractBroken(f"Settings has a field named '{min(taken)}', which the house adds itself.")
    strange = set(kind.number_fields) - fields
    if strange:
        raise ContractBroken(f"number_fields names '{min(strange)}', which is no field of Settings.")


def _check_capabilities(kind: type[Gateway]) -> None:
    can = kind.capabilities
    if not isinstance(can, Capabilities):
        raise ContractBroken("capabilities must be a Capabilities.")
    if can.lookup and kind.lookup is Gateway.lookup:
        raise ContractBroken("capabilities promises lookup, but lookup() is not overridden.")
    if can.inbound and kind.receive is Gateway.receive:
        raise ContractBroken("capabilities promises inbound texts, but receive() is not overridden.")
    if can.lists_opt_outs and kind.opted_out is Gateway.opted_out:
        raise ContractBroken("capabilities promises opt-outs, but opted_out() is not overridden.")

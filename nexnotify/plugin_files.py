"""Plugins as files: each ``*.py`` of a folder is imported by its path and asked for its one class."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Protocol, TypeVar

from wtforms import Form

Kind = TypeVar("Kind")


class HasSettings(Protocol):
    """What each contract's base class has."""

    Settings: ClassVar[type[Form]]


Plugin = TypeVar("Plugin", bound=HasSettings)


class ContractBroken(Exception):
    """A class does not keep its contract; the words say where."""


def load_classes(
    folder: Path, name: str, check: Callable[[object, str], Kind]
) -> tuple[dict[str, Kind], dict[str, str]]:
    """The class called ``name`` of each file, in the order of the files; names that begin with an underscore are left alone.

    :param check: gives the class back, or raises :class:`ContractBroken`; its second argument is the file's name.
    :returns: what can be used, and why the rest cannot, both by the file's name. A broken file stops nothing.
    """
    good: dict[str, Kind] = {}
    broken: dict[str, str] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        try:
            good[path.stem] = check(getattr(_import(path, f"nexnotify_{name.lower()}"), name, None), path.stem)
        except ContractBroken as error:
            broken[path.stem] = str(error)
        except (Exception, SystemExit) as error:
            broken[path.stem] = f"{type(error).__name__}: {error}"
    return good, broken


def check_plugin(found: object, constant: str, base: type[Plugin], name: str) -> type[Plugin]:
    """What every contract asks for: a subclass of ``base``, whose key is the file's name, with a label and a form.

    :raises ContractBroken: with one sentence on what is wrong.
    """
    if found is None:
        raise ContractBroken(f"The file defines no class named {constant}.")
    if not (isinstance(found, type) and issubclass(found, base)) or found is base:
        raise ContractBroken(f"{constant} must be a subclass of {_name(base)}.")
    key, label = getattr(found, "key", None), getattr(found, "label", None)
    if key != name:
        raise ContractBroken(f"key is {key!r}, but the file's name says {name!r}.")
    if not (isinstance(label, str) and label.strip()):
        raise ContractBroken("label is missing: the name that merchants see.")
    if not (isinstance(found.Settings, type) and issubclass(found.Settings, base.Settings)):
        raise ContractBroken(f"Settings must be a subclass of {_name(base.Settings)}.")
    return found


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _import(path: Path, prefix: str) -> ModuleType:
    """The file as a module of its own, under a name that no package has."""
    name = f"{prefix}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses look their module up while they are being made
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise
    return module

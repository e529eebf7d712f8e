"""What every app of a run has in common is made once: a test's app takes what the first one made.

Nothing of it can differ between the apps of one run: it comes from the files of the product alone.
"""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from typing import Any

import sqlalchemy as sa
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule
from whitenoise import WhiteNoise

from nexnotify.db import db
from nexnotify.settings import ROOT


class CompiledTemplates(BytecodeCache):
    """Templates compiled once for all apps of a run."""

    def __init__(self) -> None:
        self.code: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        found = self.code.get((bucket.key, bucket.checksum))
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


COMPILED_TEMPLATES = CompiledTemplates()


# --- routes ---------------------------------------------------------------------------------------------------------

_compile_rule = Rule.compile
_rules: dict[Any, dict[str, Any]] = {}
_COMPILED = ("_parts", "_trace", "_converters", "arguments")


def _compile_rule_once(rule: Rule) -> None:
    """Most of the time it takes to make an app goes into compiling its routes."""
    key = (
        *(rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.map.host_matching),
        tuple(sorted((rule.defaults or {}).items())),
        tuple(rule.map.converters.items()),
    )
    if key not in _rules:
        _compile_rule(rule)
        _rules[key] = {name: getattr(rule, name) for name in _COMPILED}
        _rules[key] |= {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
        return
    for name, value in _rules[key].items():
        setattr(rule, name, value if name in _COMPILED else value.__get__(rule))


# --- plugins --------------------------------------------------------------------------------------------------------

_compile_source = SourceFileLoader.source_to_code
_sources: dict[Any, Any] = {}


def _compile_plugin_once(loader: SourceFileLoader, data: Any, path: Any, **options: Any) -> Any:
    """Each app imports its own plugins, and where no bytecode is kept it compiled them anew."""
    if not str(path).startswith(str(ROOT / "plugins")):
        return _compile_source(loader, data, path, **options)
    key = (str(path), bytes(data))
    if key not in _sources:
        _sources[key] = _compile_source(loader, data, path, **options)
    return _sources[key]


# --- static files ---------------------------------------------------------------------------------------------------

_add_files = WhiteNoise.add_files
_static: dict[Any, Any] = {}


def _find_files_once(served: WhiteNoise, root: str, prefix: str | None = None) -> None:
    """Pictures and scripts do not change in a run."""
    key = (root, prefix, served.max_age)
    if key not in _static:
        _add_files(served, root, prefix)
        _static[key] = dict(served.files)
    served.files.update(_static[key])


# --- statements -----------------------------------------------------------------------------------------------------

_engines: dict[str, sa.Engine] = {}


def compile_statements_once(app: Flask) -> None:
    """Let the app speak the dialect of the first app on such a database, and take over the statements it compiled.

    A statement is known by its dialect, an object of each engine, so every test compiled all of its own anew.
    """
    with app.app_context():
        engine = db.engine
    first = _engines.get(engine.dialect.name)
    if first is None or first.dialect.server_version_info is None:  # one that never connected knows nothing of it
        _engines[engine.dialect.name] = engine
        engine._compiled_cache = LRUCache(5000)
    else:
        engine.dialect.initialize = lambda _connection: None  # what it would ask is known to the first
        engine.dialect = engine.pool._dialect = first.dialect
        engine._compiled_cache = first._compiled_cache


def share_what_is_common() -> None:
    """From now on."""
    Rule.compile = _compile_rule_once
    SourceFileLoader.source_to_code = _compile_plugin_once
    WhiteNoise.add_files = _find_files_once

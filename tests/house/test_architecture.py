"""The house keeps its own rules: one direction of imports, one commit, one clock, modules that fit in a head."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("nexnotify", "plugins") for path in (ROOT / folder).rglob("*.py"))
HOUSE = [path for path in SOURCES if path.is_relative_to(ROOT / "nexnotify")]

MODULE_LINES = 300
FUNCTION_LINES = 50
#: Not read from top to bottom: lists of tables, and a suite of tests that plugins subclass.
MAY_BE_LONG = ("nexnotify/migrations/versions/", "nexnotify/gateways/testkit.py")

#: Readers of the wall clock; ``time.monotonic`` measures spans and is free.
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "ctime"}
CLOCK_OWNERS = {"datetime", "date", "time"}
#: Plays a provider, whose clock is its own.
HAS_ITS_OWN_CLOCK = ("nexnotify/gateways/testkit.py",)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), name_of(path))


def method_calls(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, owner and name of every ``owner.name(…)``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func.value), node.func.attr


def test_every_import_goes_down_the_list_of_layers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It sets up logging of its own, which silences every logger that this process has: later tests listen to them.
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    assert lint_imports(config_filename=str(ROOT / "setup.cfg"), no_cache=True) == 0, capsys.readouterr().out


def test_only_transaction_commits() -> None:
    """A second commit somewhere would tear a transaction in two."""
    found = [
        f"{name_of(path)}:{line}" for path in SOURCES for line, _, method in method_calls(path) if method == "commit"
    ]
    assert {place.partition(":")[0] for place in found} == {"nexnotify/db.py"}, found


def test_only_the_clock_module_reads_the_clock() -> None:
    """Everything else is given ``now``, so that a test can be at any hour."""
    found = {
        f"{name_of(path)}:{line}: {owner}.{method}()"
        for path in HOUSE
        if not name_of(path).startswith(HAS_ITS_OWN_CLOCK)
        for line, owner, method in method_calls(path)
        if method in CLOCKS and owner.split(".")[-1] in CLOCK_OWNERS
    }
    assert {place.partition(":")[0] for place in found} == {"nexnotify/clock.py"}, found


def test_a_module_fits_in_a_head() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in SOURCES}
    long = {name: lines for name, lines in lengths.items() if lines > MODULE_LINES and not name.startswith(MAY_BE_LONG)}
    assert long == {}, f"more than {MODULE_LINES} lines; split by subject"


def test_a_function_fits_on_a_screen() -> None:
    long = {
        f"{name_of(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        if not name_of(path).startswith(MAY_BE_LONG[0])
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    }
    assert long == {}, f"more than {FUNCTION_LINES} lines"


def test_every_module_says_what_it_is_for() -> None:
    assert [name_of(path) for path in SOURCES if tree(path).body and not ast.get_docstring(tree(path))] == []


def test_no_module_is_a_drawer_for_everything() -> None:
    assert [
        name_of(path) for path in SOURCES if path.stem in {"util", "utils", "helpers", "misc", "common_utils"}
    ] == []


def test_tables_are_declared_in_models_alone() -> None:
    """A table declared anywhere else is easily missed by the migrations."""
    elsewhere = [
        name_of(path)
        for path in SOURCES
        if path.name != "models.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "__tablename__" for target in node.targets)
    ]
    assert elsewhere == []

"""The words of the project: nothing is left half said, and each thing has one name."""

import ast
import re
from pathlib import Path

import pytest

from nexnotify.reports.audit import ACTIONS
from nexnotify.reports.exports import EXPORTS

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".py", ".md", ".html", ".css", ".js", ".toml", ".cfg", ".txt", ".mako", ""}
#: Promises to oneself: a thing is done, or it stands under "Not there yet" in the README.
UNFINISHED = ("TODO", "FIXME", "XXX", "HACK")
#: The right word, by the wrong one; words that are right in another sense are not listed.
WRONG = {
    "subscriber": "contact, or alert request",
    "blacklist": "suppression",
    "whitelist": "allowed",
}


def files() -> list[Path]:
    """The project's own text files, as the checkout holds them."""
    skipped = {".git", ".venv", ".venv-bench", "instance", "build", "vendor", "data", "__pycache__"}
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if any(part in skipped or part.endswith(("_cache", ".egg-info")) for part in parts):
            continue
        if path.is_file() and path.suffix in SUFFIXES and path != Path(__file__):
            found.append(path)
    return found


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files()}


@pytest.mark.parametrize("word", UNFINISHED)
def test_nothing_is_left_half_done(words: dict[str, str], word: str) -> None:
    assert [name for name, text in words.items() if re.search(rf"\b{word}\b", text)] == []


@pytest.mark.parametrize("word", WRONG)
def test_a_thing_has_one_name(words: dict[str, str], word: str) -> None:
    found = [name for name, text in words.items() if re.search(rf"\b{word}s?\b", text, re.IGNORECASE)]
    assert found == [], f"say {WRONG[word]}"


def test_the_audit_trail_has_words_for_everything_that_is_written_into_it() -> None:
    verbs = {action.partition(".")[2] for action in ACTIONS}
    found = [
        node.value
        for path in (ROOT / "nexnotify").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z_]+\.[a-z_]+", node.value)
    ]
    assert {action for action in found if action.partition(".")[2] in verbs} <= ACTIONS.keys()
    assert {f"{name}.exported" for name in EXPORTS} <= ACTIONS.keys()


def test_whatever_is_handed_to_the_audit_trail_has_its_words() -> None:
    """Also by a verb that is new, or put together: then its parts that are there must be those of some action."""
    calls = [
        node
        for path in (ROOT / "nexnotify").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and re.match("audit", getattr(node.func, "attr", getattr(node.func, "id", "")))
    ]
    given = [name for call in calls for argument in call.args for name in actions_in(argument)]
    assert len(given) > 50
    assert [name for name in given if not any(re.fullmatch(name, action) for action in ACTIONS)] == []


def actions_in(argument: ast.expr) -> list[str]:
    """The actions of an argument, as patterns."""
    if isinstance(argument, ast.IfExp):
        return actions_in(argument.body) + actions_in(argument.orelse)
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    known = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if not any("." in word for word in known):
        return []
    return ["".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)]

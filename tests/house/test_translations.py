"""Every language is whole: no sentence missing, none with other values or markup, and compiled as it stands."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from nexnotify import errors
from nexnotify.web.languages import CATALOGUES, ENGLISH, LANGUAGES
from tools.translations import as_mo, as_po, extracted, languages, read, updated

PATHS = languages()
EACH = pytest.mark.parametrize("path", PATHS, ids=[path.parts[-3] for path in PATHS])


def pairs(message: Message) -> list[tuple[str, str]]:
    """Each English text of a message beside what stands for it; of plurals, the last English one for all but the first."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    one, many = message.id
    first, *others = message.string
    return [(one, first), *((many, other) for other in others)]


def values(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]|%%", text))


def markup(text: str) -> list[str]:
    return sorted(re.findall(r"<[^>]+>|&\w+;", text))


def test_each_language_that_is_offered_has_a_catalogue() -> None:
    assert {path.parts[-3] for path in PATHS} == LANGUAGES.keys() - {ENGLISH}
    assert all(path.is_relative_to(CATALOGUES) for path in PATHS)


@pytest.fixture(scope="module")
def sources():
    return extracted()


@EACH
def test_the_catalogue_is_that_of_the_sources(path: Path, sources) -> None:
    assert path.read_bytes() == as_po(updated(path, sources)), "run make translations"


@EACH
def test_the_compiled_catalogue_is_the_one_that_is_read(path: Path) -> None:
    assert path.with_suffix(".mo").read_bytes() == as_mo(read(path)), "run make translations"


@EACH
def test_no_sentence_is_missing_or_guessed(path: Path) -> None:
    catalogue = read(path)
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []
    assert [english for message in catalogue if message.id for english, said in pairs(message) if not said] == []
    assert len(catalogue) > 1500


@EACH
def test_values_markup_and_edges_are_those_of_the_english(path: Path) -> None:
    wrong = []
    for message in read(path):
        for english, said in pairs(message) if message.id else ():
            if (
                values(english) != values(said)
                or markup(english) != markup(said)
                or (english[:1].isspace(), english[-1:].isspace()) != (said[:1].isspace(), said[-1:].isspace())
                or ('"' in said and '"' not in english)
            ):
                wrong.append((english, said))
    assert wrong == []


@EACH
def test_what_our_faults_say_is_translated(path: Path) -> None:
    catalogue = read(path)
    for _name, kind in inspect.getmembers(errors, inspect.isclass):
        words = (kind.__doc__ or "").split("\n")[0]
        if issubclass(kind, errors.NexnotifyError) and "`" not in words:
            assert catalogue.get(words) is not None, words


def test_what_the_admin_says_after_a_press_is_marked_for_translation() -> None:
    said = {"flash", "refuse", "NotFound", "Conflict", "Forbidden", "TooMany", "Invalid"}
    plain = []
    for path in sorted((CATALOGUES.parent / "web" / "admin").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said:
                plain += [f"{path.name}: {arg.value}" for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    assert plain == []

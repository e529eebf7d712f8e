"""The words of the project: nothing is left half said, and each thing has one name."""

import re
from pathlib import Path

import pytest

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

"""The pictures of the documents are there, are used, say in words what they show, and are light enough to look at."""

import re
import struct
from pathlib import Path

from tools.pictures import DESK, FOLDER, MOST, PHONE, PICTURES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))


def named() -> list[tuple[str, Path]]:
    """(words, file) of every picture in a document."""
    return [
        (words, (path.parent / target).resolve())
        for path in DOCUMENTS
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", path.read_text())
    ]


def test_every_picture_that_is_shown_is_there_and_every_one_that_is_there_is_shown() -> None:
    there = set(FOLDER.glob("*"))
    assert {path for _, path in named()} == there
    assert {path.stem for path in there} == {picture.name for picture in PICTURES}, "run tools/pictures.py"


def test_every_picture_says_in_words_what_it_shows() -> None:
    assert [path.name for words, path in named() if len(words.split()) < 5] == []


def test_every_picture_is_light_and_as_wide_as_a_desk_or_a_phone() -> None:
    for path in FOLDER.glob("*.png"):
        content = path.read_bytes()
        assert len(content) <= MOST, path.name
        assert struct.unpack(">II", content[16:24]) in (DESK, PHONE), path.name

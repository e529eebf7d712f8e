"""Bring every language's catalogue up to date with the sources, and compile it: ``make translations``.

New sentences arrive empty and old ones go; a test fails until somebody has translated them.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = ROOT / "nexnotify" / "translations"
#: Where words are, and how each kind of file is read.
METHODS = [("nexnotify/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}}
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "lazy_pgettext": ((1, "c"), 2)}


def languages() -> list[Path]:
    """The catalogue of each language but English."""
    return sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po"))


def extracted() -> Catalog:
    """Every sentence that the sources mark."""
    catalogue = Catalog()
    found = extract_from_dir(
        str(ROOT), METHODS, OPTIONS, KEYWORDS, directory_filter=lambda path: not Path(path).name.startswith(".")
    )
    for _file, _line, message, _comments, context in found:
        catalogue.add(message, context=context)
    return catalogue


def read(path: Path) -> Catalog:
    """A language's catalogue as it lies there."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def updated(path: Path, sources: Catalog) -> Catalog:
    """The same with the sentences of the sources: new ones empty, old ones gone, none guessed."""
    catalogue = read(path)
    catalogue.update(sources, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def as_po(catalogue: Catalog) -> bytes:
    """The text that translators edit."""
    file = BytesIO()
    write_po(file, catalogue, width=120, sort_output=True, no_location=True)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """The form that is read while it runs."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> None:
    sources = extracted()
    for path in languages():
        catalogue = updated(path, sources)
        path.write_bytes(as_po(catalogue))
        path.with_suffix(".mo").write_bytes(as_mo(catalogue))
        missing = sum(1 for message in catalogue if message.id and not (message.string and all(message.string)))
        print(f"{path.parts[-3]}: {len(catalogue)} sentences, {missing} not translated")


if __name__ == "__main__":
    main()

"""What we ship of others is what we say it is."""

import hashlib
import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
RECORD = json.loads((STATIC / "vendor" / "VENDOR.json").read_text())
FIRST_VISIT = ["vendor/bootstrap-5.3.9.min.css", "vendor/bootstrap-5.3.9.bundle.min.js", "vendor/htmx-2.0.11.min.js",
               "vendor/inter-5.3.0-latin.woff2", "admin/icons.svg", "admin/nx.css", "admin/nx.js", "admin/theme.js"]  # fmt: skip


@pytest.mark.parametrize("entry", RECORD, ids=[entry["file"] for entry in RECORD])
def test_a_vendored_file_is_the_one_that_was_recorded(entry: dict[str, str]) -> None:
    content = (STATIC / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["licence"]


def test_nothing_in_the_vendor_folder_is_unrecorded() -> None:
    recorded = {entry["file"] for entry in RECORD if entry["file"].startswith("vendor/")}
    there = {f"vendor/{path.name}" for path in (STATIC / "vendor").iterdir()}
    assert there - {"vendor/VENDOR.json"} == recorded


def test_each_package_comes_with_its_licence() -> None:
    packages = {entry["name"] for entry in RECORD}
    assert packages == {entry["name"] for entry in RECORD if entry["file"].endswith(".LICENSE.txt")}


def test_every_icon_a_page_asks_for_is_in_the_sprite() -> None:
    there = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "admin" / "icons.svg").read_text()))
    asked = set()
    for path in (STATIC.parent / "templates").rglob("*.html"):
        asked |= set(re.findall(r"""\bicon\(\s*["']([a-z0-9-]+)["']""", path.read_text()))
    assert asked <= there, sorted(asked - there)


def test_a_first_visit_to_the_admin_stays_light() -> None:
    import gzip

    total = sum(
        len(content) if name.endswith(".woff2") else len(gzip.compress(content, 9))
        for name in FIRST_VISIT
        for content in [(STATIC / name).read_bytes()]
    )
    assert total < 140_000

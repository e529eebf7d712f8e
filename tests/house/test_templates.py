"""Pages stay within a strict Content-Security-Policy: no inline style, no inline script, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(path for path in ROOT.rglob("*.html") if "email" not in path.relative_to(ROOT).parts)
FORBIDDEN = {
    "an inline style": r"""\sstyle\s*=\s*["']|<style\b""",
    "an inline handler": r"""<[^>]*\son[a-z]+\s*=\s*["']""",
    "hx-on or js: values": r"""\bhx-on|["']js:""",
    "a file from elsewhere": r"""(src|href)\s*=\s*["'](https?:)?//""",
    "an inline script": r"""<script(?![^>]*\bsrc=)(?![^>]*type="application/json")""",
}


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_a_page_needs_no_exception_from_the_content_security_policy(page: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", page.read_text(), flags=re.DOTALL)
    assert [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []


def test_no_script_of_ours_sets_a_style_attribute_or_evaluates_text() -> None:
    for path in (ROOT.parent / "static" / "admin").glob("*.js"):
        assert not re.search(r"\beval\(|new Function|innerHTML|setAttribute\(.style", path.read_text()), path.name

"""Colours that are too close are found, by the formula of WCAG 2."""

import re
from pathlib import Path

import pytest

from nexnotify.content.contrast import WORN, contrast, poor

SCRIPT = Path(__file__).resolve().parents[2] / "static" / "widget" / "v1" / "nexnotify.js"


@pytest.mark.parametrize(
    "one,other,ratio",
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#ffffff", 1),
        ("#777777", "#ffffff", 4.48),  # the grey that famously just fails
        ("#767676", "#ffffff", 4.54),  # and the one that just passes
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_what_the_standard_s_own_examples_say(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    "look,found",
    [
        ({}, set()),
        ({"accent": "#0b6a7c"}, {("on_accent", "dark")}),  # the dark page's words on buttons are dark
        ({"accent": "#0b6a7c", "on_accent": "#ffffff"}, set()),
        ({"accent": "#ffd400", "on_accent": "#ffffff"}, {("on_accent", "")}),
        ({"background": "#ffffff"}, {("text", "dark"), ("error", "dark")}),
        ({"background": "#fafafa", "text": "#777777", "error": "#b3141d", "border": "#79716b"}, {("text", "")}),
        ({"background": "#ffffff", "text": "#000000", "error": "#b3141d", "border": "#eeeeee"}, {("border", "")}),
        ({"accent": None, "text": None}, set()),
    ],
)
def test_what_is_hard_to_read_is_named_with_the_page_it_is_on(
    look: dict[str, str | None], found: set[tuple[str, str]]
) -> None:
    assert {(item.pair.ink, item.page) for item in poor(look)} == found


def test_the_rule_knows_what_the_widget_wears() -> None:
    light, dark = re.findall(r"^:host(?:\(\[data-dark\]\))?\{(.*?)\}", SCRIPT.read_text(), re.MULTILINE | re.DOTALL)[:2]
    names = {"accent": "a", "on_accent": "oa", "background": "bg", "text": "t", "border": "b", "error": "e"}
    for block, page in ((light, "light"), (dark, "dark")):
        for name, short in names.items():
            value = re.search(rf"--{short}:var\([\w-]+,(#[0-9a-f]+)\)", block)
            assert value is not None, (page, name)
            colour = value.group(1)
            assert WORN[page][name] == (colour if len(colour) == 7 else "#" + "".join(2 * each for each in colour[1:]))

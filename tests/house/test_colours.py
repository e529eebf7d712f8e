"""Text can be read, and fields can be seen, in the light and in the dark (WCAG 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "static" / "admin" / "nx.css").read_text()


def tokens(selector: str) -> dict[str, str]:
    block = CSS[CSS.index(selector) :]
    return dict(re.findall(r"--nx-([a-z0-9-]+):\s*(#[0-9a-f]{6})\b", block[: block.index("}")]))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


THEMES = {"light": tokens(':root, [data-bs-theme="light"]'), "dark": tokens('[data-bs-theme="dark"] {')}
TEXT = [
    *[(ink, on) for ink in ("ink", "ink-2", "ink-3", "brand", "bad") for on in ("card", "bg")],
    *[
        (ink, on)
        for ink in ("ink", "ink-2")
        for on in ("ok-soft", "warn-soft", "bad-soft", "info-soft", "neutral-soft")
    ],
    *[(kind, f"{kind}-soft") for kind in ("ok", "warn", "bad", "info", "neutral")],
    *[("brand-d", "soft"), ("on", "brand"), ("on", "brand-d"), ("on-dark", "dark"), ("dark-link", "dark")],
    *[("ink", "bubble"), ("ink", "mark")],
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ink,ground", TEXT)
def test_words_can_be_read(theme: str, ink: str, ground: str) -> None:
    assert contrast(THEMES[theme][ink], THEMES[theme][ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", ["ctl", "email", "text", "push"])
def test_the_edge_of_a_field_and_a_bar_of_a_chart_can_be_seen(theme: str, mark: str) -> None:
    assert contrast(THEMES[theme][mark], THEMES[theme]["card"]) >= 3

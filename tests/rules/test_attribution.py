"""Which message an order counts for: the last click before it, else the last telling; and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nexnotify.outcomes.attribution import Credit, Told, credit

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
TEE, MUG = 1, 2


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def told(request: int, at: float, click: float | None = None, product: int = TEE) -> Told:
    """A request that was told, and opened, so many hours ago."""
    return Told(request, product, ago(at), None if click is None else ago(click))


CASES: list[tuple[str, list[Told], set[int], Credit | None]] = [
    ("nobody was told", [], {TEE}, None),
    ("told, not clicked", [told(1, 5)], {TEE}, Credit(1, "told")),
    ("clicked", [told(1, 5, 4)], {TEE}, Credit(1, "click")),
    ("told of something else", [told(1, 5, 4, MUG)], {TEE}, None),
    ("the order does not say what was bought", [told(1, 5, 4, MUG)], set(), Credit(1, "click")),
    ("of two that were told the last counts", [told(1, 9), told(2, 5)], {TEE}, Credit(2, "told")),
    ("in whatever order they are known", [told(2, 5), told(1, 9)], {TEE}, Credit(2, "told")),
    ("a click counts more than a later telling", [told(1, 9, 8), told(2, 5)], {TEE}, Credit(1, "click")),
    ("of two clicks the last counts", [told(1, 9, 1), told(2, 5, 4)], {TEE}, Credit(1, "click")),
    ("a click on something else does not win it", [told(1, 9, 8, MUG), told(2, 5)], {TEE}, Credit(2, "told")),
    ("bought both", [told(1, 9, 8, MUG), told(2, 5)], {TEE, MUG}, Credit(1, "click")),
    ("told at one moment by two channels", [told(1, 5), told(2, 5)], {TEE}, Credit(2, "told")),
]


@pytest.mark.parametrize("rows, bought, expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_order_counts_for(rows: list[Told], bought: set[int], expected: Credit | None) -> None:
    assert credit(rows, bought, {}) == expected


AGAIN: list[tuple[str, list[Told], dict[int, datetime], Credit]] = [
    ("the same message, bought twice", [told(1, 9, 8)], {1: ago(7)}, Credit(1, "click")),
    ("told by two channels, bought twice", [told(1, 9), told(2, 9, 1)], {1: ago(7)}, Credit(1, "click")),
    ("told again since: a new sale", [told(1, 9), told(2, 5)], {1: ago(7)}, Credit(2, "told")),
    ("something else was bought before", [told(1, 9.5, None, MUG), told(2, 9)], {1: ago(7)}, Credit(2, "told")),
]


@pytest.mark.parametrize("rows, before, expected", [case[1:] for case in AGAIN], ids=[case[0] for case in AGAIN])
def test_being_told_sells_once(rows: list[Told], before: dict[int, datetime], expected: Credit) -> None:
    assert credit(rows, {TEE, MUG}, before) == expected

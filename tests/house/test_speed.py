"""docs/speed.md explains what ``make bench`` measures, all of it and nothing else."""

from bench.figures import FIGURES
from tests.house.test_docs import ROOT, code, table

SPEED = ROOT / "docs" / "speed.md"


def test_every_figure_of_make_bench_is_explained_with_its_goal() -> None:
    said = [(row[0], row[2]) for row in table(SPEED, "The figures")]
    assert said == [(code(f.name), f"{'≥' if f.at_least else '≤'} {f.goal:g}") for f in FIGURES]


def test_every_figure_has_its_function_in_bench() -> None:
    for figure in FIGURES:
        module, _, function = figure.measure.partition(":")
        path = ROOT / f"{module.replace('.', '/')}.py"
        assert f"\ndef {function}(" in path.read_text(), figure.name

"""``make bench``: prints a table and writes ``bench/results.json``; with names, measures only those."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import FIGURES, Figure, NotRun

RESULTS = Path(__file__).with_name("results.json")


def main(names: list[str]) -> int:
    """Each figure is the median of a few runs. Returns the exit code: 1 where a measurement failed."""
    unknown = set(names) - {figure.name for figure in FIGURES}
    if unknown:
        print(f"There is no figure {', '.join(sorted(unknown))}. There are: {', '.join(f.name for f in FIGURES)}.")
        return 2
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if names and RESULTS.exists() else {}
    results |= {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    failed = False
    for figure in FIGURES:
        if names and figure.name not in names:
            continue
        try:
            results[figure.name] = _measure(figure)
        except NotRun as reason:
            results.pop(figure.name, None)
            print(f"{figure.name:27} not run: {reason}", flush=True)
        except Exception:
            failed = True
            traceback.print_exc()
            print(f"{figure.name:27} failed", flush=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if failed else 0


def _measure(figure: Figure) -> dict[str, Any]:
    """Measure, and print the line of the table."""
    values = [figure.once() for _ in range(figure.runs)]
    value = statistics.median(values)
    unit = "" if figure.unit == "ratio" else f" {figure.unit}"
    sign = "≥" if figure.at_least else "≤"
    spread = f"{min(values):.2f} to {max(values):.2f}" if figure.runs > 1 else "one run"
    verdict = "" if figure.is_met(value) else "  MISSED"
    print(
        f"{figure.name:27} {value:6.2f}{unit}  (goal {sign} {figure.goal:g}; {spread}){verdict}  {figure.words}",
        flush=True,
    )
    return {"value": round(value, 3), "unit": figure.unit}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

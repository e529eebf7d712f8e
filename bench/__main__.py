"""``make bench``: prints a table and writes ``bench/results.json``."""

from __future__ import annotations

import json
import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path

from bench.sending import send_vs_loop

RUNS = 3
#: name → (what it is, how it is measured, the goal)
FIGURES = {
    "send_vs_loop_0ms": ("texts/s, gateway answers at once, ÷ the bare client", lambda: send_vs_loop(0.0, 4000), 0.70),
    "send_vs_loop_100ms": ("texts/s, gateway answers after 100 ms, ÷ the same", lambda: send_vs_loop(0.1, 2000), 0.95),
}


def main() -> None:
    """Each figure is the median of a few runs."""
    results: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    for name, (words, measure, goal) in FIGURES.items():
        values = [measure() for _ in range(RUNS)]
        value = round(statistics.median(values), 3)
        results[name] = {"value": value, "unit": "ratio"}
        print(f"{name:20} {value:6.2f}  (goal {goal:.2f}; {min(values):.2f} to {max(values):.2f})  {words}", flush=True)
    Path(__file__).with_name("results.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

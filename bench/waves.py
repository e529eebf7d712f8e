"""What waves are good for: 1,000 restocks with random buyers, told by each policy. ``python -m bench.waves``.

A discrete-event simulation around the rule that the planner asks (``nexnotify/restock/waves.py``): nothing is sent, no
database is used. Each restock has its own list, units, share of people who would buy, and speed of buyers; all policies
are tried on the same restocks and the same people. docs/waves.md says what the figures show and what not.
"""

from __future__ import annotations

import argparse
import bisect
import heapq
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nexnotify.restock.waves import Standing, Stop, Wave, next_wave
from nexnotify.stores.waves import Automatic, PerUnit, Staged, Waves

BEGIN = datetime(2026, 1, 5, 10, tzinfo=UTC)
#: After so long a restock is looked at no more: the day is over.
DAY = 24 * 60.0
POLICIES: dict[str, Waves] = {
    "all at once": "all",
    "1 per unit, hourly": PerUnit(kind="per_unit", people=1, minutes=60),
    "3 per unit, hourly": PerUnit(kind="per_unit", people=3, minutes=60),
    "staged, 30 % each 30 min": Staged(kind="staged", percent=30, minutes=30),
    "automatic, each 15 min": Automatic(kind="automatic", minutes=15),
}


@dataclass(frozen=True, slots=True)
class Restock:
    """One restock: what comes in, and for each who waits after how many minutes they come; None: never."""

    units: int
    come_after: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    units: int
    wanting: int
    told: int
    sold: int
    disappointed: int
    #: Minutes to the last sale.
    minutes: float


def invent(chance: random.Random) -> Restock:
    """A list of 20 to 5,000, units for 1 % of them up to more than all would buy, a few to many of whom buy, in their time.

    The time from text to checkout is log-normal: the median of a restock between 5 and 40 minutes, with a long tail.
    """
    people = round(10 ** chance.uniform(1.3, 3.7))
    units = max(1, round(people * 10 ** chance.uniform(-2, -0.2)))
    share, median = chance.betavariate(2, 6), chance.uniform(5, 40)
    come = [chance.lognormvariate(0, 1) * median if chance.random() < share else None for _ in range(people)]
    return Restock(units, come)


def run(restock: Restock, policy: Waves, order: Callable[[range], Iterable[int]] = iter, each: float = 0.0) -> Outcome:
    """Let one restock happen: waves when the rule says so, shoppers when they come.

    :param order: the people of a wave, by their place in the list, in the order in which their texts go.
    :param each: minutes that the lane takes for a text; what has not gone when stock is gone does not go.
    """
    units, told, disappointed = restock.units, 0, 0
    coming: list[tuple[float, float]] = []
    sales: list[float] = []
    texts: list[float] = []
    now, last_at = 0.0, None

    def decide() -> Wave | Stop:
        lately = 0 if policy == "all" else len(sales) - bisect.bisect_right(sales, now - policy.minutes)
        unsent = len(texts) - bisect.bisect_right(texts, now)
        standing = Standing(units, len(restock.come_after) - told, told, len(sales), lately, last_at, unsent)
        return next_wave(policy, standing, BEGIN + timedelta(minutes=now))

    while True:
        found = decide()
        at = DAY if isinstance(found, Stop) else (found.at - BEGIN).total_seconds() / 60
        while coming and coming[0][0] <= min(at, DAY):
            now, told_at = heapq.heappop(coming)
            if units:
                units -= 1
                sales.append(now)
            elif told_at <= sales[-1]:
                disappointed += 1
            if not isinstance(found, Stop) and not units:
                break  # the planner is woken when stock is gone
        else:
            if isinstance(found, Stop) or at >= DAY:
                break
            now = at
            found = decide()
            if isinstance(found, Stop) or found.at > BEGIN + timedelta(minutes=now):
                continue
            size = len(restock.come_after) - told if found.size is None else found.size
            free_at = max(now, texts[-1] + each) if texts else now
            for place, person in enumerate(order(range(told, min(told + size, len(restock.come_after))))):
                texts.append(free_at + place * each)
                after = restock.come_after[person]
                if after is not None:
                    heapq.heappush(coming, (texts[-1] + after, texts[-1]))
            told, last_at = min(told + size, len(restock.come_after)), BEGIN + timedelta(minutes=now)
    wanting = sum(after is not None for after in restock.come_after)
    if sales and not units:
        told = bisect.bisect_right(texts, sales[-1])
    return Outcome(restock.units, wanting, told, len(sales), disappointed, sales[-1] if sales else 0.0)


def compare(restocks: Sequence[Restock]) -> list[tuple[str, list[Outcome]]]:
    """Every policy on the same restocks."""
    return [(name, [run(restock, policy) for restock in restocks]) for name, policy in POLICIES.items()]


def table(compared: Sequence[tuple[str, list[Outcome]]]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| policy | units sold | people told | disappointed | for each 100 told | median minutes to the last sale | 90 % |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, outcomes in compared:
        possible = sum(min(one.units, one.wanting) for one in outcomes)
        sold, told = sum(one.sold for one in outcomes), sum(one.told for one in outcomes)
        late, times = sum(one.disappointed for one in outcomes), sorted(one.minutes for one in outcomes)
        tenth = statistics.quantiles(times, n=10)[-1]
        lines.append(
            f"| {name} | {100 * sold / possible:.1f} % | {told:,} | {late:,} | {100 * late / told:.1f} "
            f"| {statistics.median(times):,.0f} | {tenth:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table, all restocks together and those where units are scarce."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restocks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    restocks = [invent(chance) for _ in range(asked.restocks)]
    scarce = [one for one in restocks if one.units < sum(after is not None for after in one.come_after)]
    for title, some in (("All", restocks), ("Fewer units than people who would buy", scarce)):
        print(f"{title}: {len(some):,} restocks, {sum(len(one.come_after) for one in some):,} people, ", end="")
        print(f"{sum(one.units for one in some):,} units; seed {asked.seed}\n\n{table(compare(some))}\n")


if __name__ == "__main__":
    main()

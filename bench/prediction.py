"""What telling the likeliest of a wave first is good for, against plain order. ``python -m bench.prediction``.

The simulation of ``bench.waves``, with people who differ: some open alerts and buy, some never do. A model is learned from
earlier restocks by the code that the worker runs, from what a store can see of people; how likely somebody really is, it
does not see. The same restocks then happen in plain order, in the model's, and in that of somebody who knows who will buy.
docs/prediction.md says what the figures show and what not.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.waves import Outcome, Restock, run
from nexnotify.ledger.planning.likelihood import FEATURES, HELD_BACK, Model, is_better
from nexnotify.outcomes.fit import fit
from nexnotify.stores.waves import Automatic, PerUnit, Waves

POLICIES: dict[str, Waves] = {
    "all at once": "all",
    "3 per unit, hourly": PerUnit(kind="per_unit", people=3, minutes=60),
    "automatic, each 15 min": Automatic(kind="automatic", minutes=15),
}
#: Restocks that a model is learned from.
BEFORE = 100


@dataclass(frozen=True, slots=True)
class List:
    """One restock, and what a store can see of each who waits."""

    restock: Restock
    #: In the order of ``FEATURES``.
    seen: Sequence[tuple[float, ...]]


def invent(chance: random.Random) -> List:
    """A list of 20 to 1,000. Each person's likelihood comes from a liking that nobody sees, which also made their past."""
    people = round(10 ** chance.uniform(1.3, 3.0))
    units = max(1, round(people * 10 ** chance.uniform(-2, -0.5)))
    median = chance.uniform(5, 40)
    come: list[float | None] = []
    seen = []
    for _ in range(people):
        liking, told = chance.gauss(0, 1), min(chance.expovariate(0.5), 8)
        share = 1 / (1 + math.exp(1.4 - 1.2 * liking))
        clicks = sum(chance.random() < min(1.0, 1.8 * share) for _ in range(int(told)))
        bought = sum(chance.random() < 0.6 * share for _ in range(int(told)))
        orders = bought + sum(chance.random() < share for _ in range(2))
        seen.append(
            (chance.uniform(0, 12), float(chance.choice((1, 1, 1, 2))), float(min(orders, 10)), float(min(clicks, 5)),
             float(min(int(told) - bought, 5)), 1.0, float(chance.random() < 0.8))
        )  # fmt: skip
        come.append(chance.lognormvariate(0, 1) * median if chance.random() < share else None)
    # Who has waited longest stands first.
    places = sorted(range(people), key=lambda place: -seen[place][0])
    return List(Restock(units, [come[place] for place in places]), [seen[place] for place in places])


def learn(lists: Sequence[List]) -> tuple[Model, dict[str, float]]:
    """The model that a store with such a past would have, and its figures."""
    examples = [
        (values, int(after is not None), number, values[0] * 7)
        for number, one in enumerate(lists)
        for values, after in zip(one.seen, one.restock.come_after, strict=True)
    ]
    found = fit(list(FEATURES), examples, HELD_BACK)
    assert found is not None
    return Model(found["intercept"], found["weights"], found["means"]), found["figures"]


def orders(one: List, model: Model) -> dict[str, Callable[[range], Iterable[int]]]:
    """The three orders within a wave."""
    likely = [model.likelihood(values) for values in one.seen]
    comes = one.restock.come_after
    return {
        "plain": iter,
        "likeliest first": lambda wave: sorted(wave, key=lambda person: -likely[person]),
        "who will buy first (nobody can)": lambda wave: sorted(wave, key=lambda person: comes[person] is None),
    }


def table(lists: Sequence[List], model: Model, each: float) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| policy | order within a wave | units sold | people told | disappointed | for each 100 told | median minutes to the last sale |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    possible = sum(min(one.restock.units, sum(after is not None for after in one.restock.come_after)) for one in lists)
    for policy_name, policy in POLICIES.items():
        found: dict[str, list[Outcome]] = {}
        for one in lists:
            for name, order in orders(one, model).items():
                found.setdefault(name, []).append(run(one.restock, policy, order, each))
        for name, outcomes in found.items():
            told, late = sum(one.told for one in outcomes), sum(one.disappointed for one in outcomes)
            sold = sum(one.sold for one in outcomes)
            middle = statistics.median(one.minutes for one in outcomes)
            lines.append(
                f"| {policy_name} | {name} | {100 * sold / possible:.1f} % | {told:,} | {late:,} "
                f"| {100 * late / told:.1f} | {middle:,.0f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Print what was learned, and a table for a fast lane and for one text a second and one each ten."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restocks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    model, figures = learn([invent(chance) for _ in range(BEFORE)])
    print(
        f"Learned from {figures['learned']:,} alerts; on {figures['tested']:,} later ones AUC {figures['auc']:.3f} ",
        end="",
    )
    print(
        f"± {figures['auc_error']:.3f}, plain order {figures['auc_plain']:.3f}; Brier {figures['brier']:.4f}, ", end=""
    )
    print(f"the same for all {figures['brier_same']:.4f}; {'used' if is_better(figures) else 'not used'}\n")
    lists = [invent(chance) for _ in range(asked.restocks)]
    print(f"{len(lists):,} restocks, {sum(len(one.seen) for one in lists):,} people, ", end="")
    print(f"{sum(one.restock.units for one in lists):,} units; seed {asked.seed}\n")
    for words, each in (("30 texts a second", 1 / 1800), ("1 text a second", 1 / 60), ("1 text in 10 seconds", 1 / 6)):
        print(f"A lane of {words}:\n\n{table(lists, model, each)}\n")


if __name__ == "__main__":
    main()

"""Fitting a model: numbers in, numbers out. ``python -m nexnotify.outcomes.fit`` reads and writes JSON.

It runs in a process of its own for a moment, because scikit-learn takes about 100 MB that a worker would keep, and
because nothing but plain numbers is to come of it: no pickle is written or read.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any


def fit(names: Sequence[str], examples: Sequence[Sequence[Any]], held_back: float) -> dict[str, Any] | None:
    """Learn from the earlier part of history, and test on the later.

    :param examples: in the order of time: (features, 1 or 0, restock, days waited) each.
    :param held_back: the share to test on.
    :returns: intercept, weights, means and figures; None where one of the parts has only one kind of outcome.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.metrics import brier_score_loss  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    cut = round(len(examples) * (1 - held_back))
    earlier, later = examples[:cut], examples[cut:]
    if any(len({example[1] for example in part}) < 2 for part in (earlier, later)):
        return None
    scaler = StandardScaler()
    rows = scaler.fit_transform([example[0] for example in earlier])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(rows, [example[1] for example in earlier])
    weights = model.coef_[0] / scaler.scale_
    found = model.predict_proba(scaler.transform([example[0] for example in later]))[:, 1]
    happened = [example[1] for example in later]
    share = sum(example[1] for example in earlier) / len(earlier)
    auc, auc_plain = _auc(later, found), _auc(later, [example[3] for example in later])
    return {
        "intercept": float(model.intercept_[0] - (weights * scaler.mean_).sum()),
        "weights": dict(zip(names, map(float, weights), strict=True)),
        "means": dict(zip(names, map(float, scaler.mean_), strict=True)),
        "figures": {
            "tested": len(later),
            "tested_yes": sum(happened),
            "learned": len(earlier),
            "auc": auc,
            "auc_plain": auc_plain,
            "auc_error": _error(auc, sum(happened), len(later) - sum(happened)),
            "brier": float(brier_score_loss(happened, found)),
            "brier_same": float(brier_score_loss(happened, [share] * len(later))),
        },
    }


def _auc(examples: Sequence[Sequence[Any]], scores: Sequence[float]) -> float:
    """How often somebody who bought stood before somebody who did not, told of the same restock: order matters nowhere else.

    A half where no restock had both.
    """
    from sklearn.metrics import roc_auc_score

    restocks: dict[Any, list[tuple[int, float]]] = defaultdict(list)
    for example, score in zip(examples, scores, strict=True):
        restocks[example[2]].append((example[1], float(score)))
    pairs = right = 0.0
    for people in restocks.values():
        yes = sum(outcome for outcome, _ in people)
        here = yes * (len(people) - yes)
        if here:
            pairs += here
            right += here * float(roc_auc_score([one for one, _ in people], [score for _, score in people]))
    return right / pairs if pairs else 0.5


def _error(auc: float, yes: int, no: int) -> float:
    """The standard error of an AUC: Hanley and McNeil, 1982."""
    first, second = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (yes - 1) * (first - auc * auc) + (no - 1) * (second - auc * auc)
    return math.sqrt(max(spread, 0.0) / (yes * no))


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump(fit(given["names"], given["examples"], given["held_back"]), sys.stdout)

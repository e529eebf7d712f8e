"""Decisions as rows: what the trace is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from nexnotify.db import insert_tuples
from nexnotify.policy.eligibility import RULES_VERSION, Hold, Send, Skip, Verdict
from nexnotify.waitlist.models import Decision

_WORDS = {Send: "send", Hold: "hold", Skip: "skip"}
_COLUMNS = (
    "store_id",
    "request_id",
    "restock_id",
    "stage",
    "verdict",
    "reason",
    "until",
    "rules_version",
    "detail",
    "at",
)
_NO_DETAIL: dict[str, Any] = {}
_NOBODY: Mapping[int, int] = {}


def _detail(verdict: Verdict) -> Mapping[str, Any]:
    return _NO_DETAIL if isinstance(verdict, Skip) else verdict.detail or _NO_DETAIL


def record_decisions(
    store_id: int,
    stage: str,
    decided: Iterable[tuple[int, int, Verdict, str | None]],
    now: datetime,
    shoppers: Mapping[int, int] = _NOBODY,
) -> None:
    """Write down what was decided at ``stage`` ("plan" or "send"): (request, restock, verdict, words or None) each.

    :param shoppers: request → who stands for its shopper, of those in the draw of who is told of this restock.
    """
    columns: tuple[str, ...] = _COLUMNS
    rows: list[tuple[Any, ...]] = [
        (
            store_id,
            request_id,
            restock_id,
            stage,
            _WORDS[type(verdict)],
            verdict.reason,
            None if isinstance(verdict, Send) else verdict.until,
            RULES_VERSION,
            {"detail": words} if words else _detail(verdict),
            now,
        )
        for request_id, restock_id, verdict, words in decided
    ]
    if shoppers:
        columns, rows = (*columns, "shopper"), [(*row, _shopper(row, shoppers)) for row in rows]
    insert_tuples(Decision, columns, rows)


def _shopper(row: tuple[Any, ...], shoppers: Mapping[int, int]) -> int | None:
    """Null for those who had not come to the draw: something else kept them from being told."""
    _, request_id, _, _, verdict, reason, *_ = row
    return shoppers.get(request_id) if verdict != "skip" or reason == "holdout" else None

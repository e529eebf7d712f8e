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


def _detail(verdict: Verdict) -> Mapping[str, Any]:
    return _NO_DETAIL if isinstance(verdict, Skip) else verdict.detail or _NO_DETAIL


def record_decisions(
    store_id: int, stage: str, decided: Iterable[tuple[int, int, Verdict, str | None]], now: datetime
) -> None:
    """Write down what was decided at ``stage`` ("plan" or "send"): (request, restock, verdict, words or None) each."""
    insert_tuples(
        Decision,
        _COLUMNS,
        [
            (
                store_id,
                request_id,
                restock_id,
                stage,
                _WORDS[type(verdict)],
                verdict.reason,
                verdict.until if isinstance(verdict, Hold) else None,
                RULES_VERSION,
                {"detail": words} if words else _detail(verdict),
                now,
            )
            for request_id, restock_id, verdict, words in decided
        ],
    )

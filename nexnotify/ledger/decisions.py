"""Decisions as rows: what the trace is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nexnotify.policy.eligibility import RULES_VERSION, Hold, Send, Skip, Verdict


def decision_row(
    store_id: int,
    request_id: int,
    restock_id: int,
    stage: str,
    verdict: Verdict,
    now: datetime,
    detail: dict[str, Any],
) -> dict[str, Any]:
    """A decision as a row."""
    words = {Send: "send", Hold: "hold", Skip: "skip"}
    return {
        "store_id": store_id,
        "request_id": request_id,
        "restock_id": restock_id,
        "stage": stage,
        "verdict": words[type(verdict)],
        "reason": verdict.reason,
        "until": verdict.until if isinstance(verdict, Hold) else None,
        "rules_version": RULES_VERSION,
        "detail": {name: value for name, value in detail.items() if name != "reason"},
        "at": now,
    }

"""The lines of a request's story about what was decided."""

from __future__ import annotations

from functools import reduce
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.told import STAGE
from nexnotify.clock import isoformat
from nexnotify.db import db
from nexnotify.ledger.planning.likelihood import order_words
from nexnotify.policy.eligibility import REASONS
from nexnotify.reports.words import line
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.words import N_

#: What told where a shopper is: the sources of ``policy.places``.
_SOURCES = {
    "sign_up": N_("the browser at sign-up"),
    "address": N_("the customer's address"),
    "number": N_("the number"),
    "country": N_("the store's country"),
    "store": N_("the store's time zone"),
}
_VERDICTS = {
    "send": N_("A message was planned."),
    "hold": N_("The message was held back."),
    "skip": N_("Nobody was told."),
}
#: The same about the correction of a recalled restock.
_CORRECTIONS = {
    "send": N_("A correction was planned."),
    "hold": N_("The correction was held back."),
    "skip": N_("No correction was sent."),
}


def decision_lines(request: AlertRequest) -> list[dict[str, Any]]:
    """What was decided about a request, at each restock and for each correction."""
    mine = (Decision.store_id == request.store_id, Decision.request_id == request.id)
    rows = db.session.scalars(sa.select(Decision).where(*mine).order_by(Decision.id)).all()
    back = N_("The shopper had been told by mistake. They wait on, at the place they had.")
    taken = [row for row in rows if row.stage == STAGE and row.detail.get("detail") == "place_back"]
    lines = [line(row.at, "place_back", back, restock_id=row.restock_id) for row in taken]
    return lines + [
        line(
            decision.at,
            f"{'corrected' if decision.stage == STAGE else 'decided'}_{decision.verdict}",
            (_CORRECTIONS if decision.stage == STAGE else _VERDICTS)[decision.verdict] + " " + REASONS[decision.reason],
            reason=decision.reason,
            stage=decision.stage,
            restock_id=decision.restock_id,
            until=isoformat(decision.until) if decision.verdict == "hold" else None,
            clock=_clock(decision.detail),
            order=order_words(decision.detail),
            rules_version=decision.rules_version,
        )
        for decision in rows
    ]


def _clock(detail: dict[str, Any]) -> str | None:
    """Whose local hours were asked, where they were."""
    if "zones" not in detail:
        return None
    first, *more = (_SOURCES[source] for source in detail["by"].split("+"))
    by = reduce(lambda words, source: words + ", " + source, more, first)
    return N_("Local hours of %(zones)s, by %(source)s.", zones=", ".join(detail["zones"]), source=by)

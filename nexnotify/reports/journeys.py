"""What journeys did with one request, for its story."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.journeys.models import REASONS, Journey, JourneyPerson
from nexnotify.policy.eligibility import REASONS as RULES
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_


def journey_lines(request: AlertRequest) -> list[dict[str, Any]]:
    """Each journey that the request came into, and what was decided in it; ``journey_waits``: it is to be told there."""
    rows = db.session.execute(
        sa.select(JourneyPerson, Journey.name)
        .join(Journey, sa.and_(Journey.store_id == JourneyPerson.store_id, Journey.id == JourneyPerson.journey_id))
        .where(JourneyPerson.store_id == request.store_id, JourneyPerson.request_id == request.id)
        .order_by(JourneyPerson.id)
    ).all()
    lines = []
    for person, name in rows:
        said = N_("It came into the journey “%(name)s”.", name=name)
        what = "journey_waits" if person.state == "inside" and person.occurrence else "journey_entered"
        lines.append({"at": person.occurred_at, "what": what, "words": said})
        if person.decided_at is not None:
            lines.append(_decided(person, name))
    return lines


def _decided(person: JourneyPerson, name: str) -> dict[str, Any]:
    why = journey_reason(person.reason)
    if person.state == "sent":
        words = N_("The journey “%(name)s” wrote to the shopper.", name=name)
    elif person.state == "left":
        words = N_("It left the journey “%(name)s”: nobody was written to. %(why)s", name=name, why=why)
    else:
        words = N_("It waits on in the journey “%(name)s”. %(why)s", name=name, why=why)
    line: dict[str, Any] = {"at": person.decided_at, "what": f"journey_{person.state}", "words": words}
    return line | ({"reason": person.reason} if person.reason else {})


def journey_reason(reason: str | None) -> str:
    """Why somebody waits on in a journey, or left it, in words; empty for none."""
    return REASONS.get(reason or "") or RULES.get(reason or "", "")

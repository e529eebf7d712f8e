"""The story of one request: why it was told, held or passed over. "I asked and never heard" is answered here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.clock import isoformat
from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message, MessageEvent
from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.policy.eligibility import REASONS
from nexnotify.reports.clicks import opened
from nexnotify.reports.words import PRODUCT_STATUSES, reason_words
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import STATUSES, AlertRequest, Decision
from nexnotify.words import N_

#: Why a request ended, in words.
CLOSED = {
    "shopper": N_("The shopper cancelled it."),
    "merchant": N_("The merchant cancelled it."),
    "stop": N_("The shopper said STOP."),
    "unreachable": N_("The gateway said that this address cannot receive messages."),
    "erased": N_("The person was erased."),
}
_VERDICTS = {
    "send": N_("A message was planned."),
    "hold": N_("The message was held back."),
    "skip": N_("Nobody was told."),
}


def trace(request: AlertRequest) -> dict[str, Any]:
    """Everything that is known about a request, oldest first, each line with its reason and in words."""
    events = [*_asked(request), *_consent(request), *_decisions(request), *_messages(request)]
    events += [*_clicks(request), *_kept(request), *_ended(request)]
    events.sort(key=lambda event: event["at"])
    for event in events:
        event["at"] = isoformat(event["at"])
    return {
        "id": request.id,
        "status": request.status,
        "summary": _summary(request, events),
        "events": events,
    }


def _line(at: datetime, what: str, words: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "what": what, "words": words, **{name: value for name, value in more.items() if value}}


def _asked(request: AlertRequest) -> list[dict[str, Any]]:
    variant = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == request.store_id, Variant.id == request.variant_id)
    ).one()
    words = N_("Asked to be told about %(name)s", name=f"{variant.product.title} {variant.name}".strip())
    return [
        _line(
            request.created_at,
            "asked",
            N_(
                "%(words)s, which was %(asked_status)s.",
                words=words,
                asked_status=PRODUCT_STATUSES[request.asked_status],
            ),
            source=request.source,
        )
    ]


def _consent(request: AlertRequest) -> list[dict[str, Any]]:
    entries = db.session.scalars(
        sa.select(ConsentEntry)
        .where(
            ConsentEntry.store_id == request.store_id,
            ConsentEntry.contact_id == request.contact_id,
            ConsentEntry.at >= request.created_at,
        )
        .order_by(ConsentEntry.id)
    )
    words = {
        "granted": N_("Consent was given."),
        "revoked": N_("Consent was taken back: every message to this address ended."),
    }
    return [
        _line(entry.at, f"consent_{entry.action}", words[entry.action], purpose=entry.purpose, method=entry.method)
        for entry in entries
    ]


def _decisions(request: AlertRequest) -> list[dict[str, Any]]:
    rows = db.session.execute(
        sa.select(Decision, RestockEvent.available_after)
        .join(
            RestockEvent,
            sa.and_(RestockEvent.store_id == Decision.store_id, RestockEvent.id == Decision.restock_id),
        )
        .where(Decision.store_id == request.store_id, Decision.request_id == request.id)
        .order_by(Decision.id)
    )
    return [
        _line(
            decision.at,
            f"decided_{decision.verdict}",
            _VERDICTS[decision.verdict] + " " + REASONS[decision.reason],
            reason=decision.reason,
            stage=decision.stage,
            restock_id=decision.restock_id,
            until=isoformat(decision.until),
            rules_version=decision.rules_version,
        )
        for decision, _ in rows
    ]


def _messages(request: AlertRequest) -> list[dict[str, Any]]:
    rows = db.session.execute(
        sa.select(MessageEvent, Message.reference, Message.kind)
        .join(Message, sa.and_(Message.store_id == MessageEvent.store_id, Message.id == MessageEvent.message_id))
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .where(Alert.store_id == request.store_id, Alert.request_id == request.id)
        .order_by(MessageEvent.id)
    )
    return [
        _line(
            event.at,
            f"message_{event.status}",
            MESSAGE_STATUSES[event.status] + (" " + reason_words(event.reason) if event.reason else ""),
            reason=event.reason,
            detail=event.detail,
            reference=reference,
            kind=kind,
        )
        for event, reference, kind in rows
    ]


def _clicks(request: AlertRequest) -> list[dict[str, Any]]:
    told = sa.select(Alert.message_id).where(Alert.store_id == request.store_id, Alert.request_id == request.id)
    ids = [number for number in db.session.scalars(told) if number is not None]
    return [
        _line(click.at, "clicked", N_("The link in the message was opened."))
        for click in opened(request.store_id, ids)
        if not click.sign
    ]


def _kept(request: AlertRequest) -> list[dict[str, Any]]:
    if request.kept_at is None:
        return []
    words = N_("It had sold out again when the shopper came. They wait on, at the place they had.")
    return [_line(request.kept_at, "place_kept", words)]


def _ended(request: AlertRequest) -> list[dict[str, Any]]:
    if request.closed_at is None:
        return []
    reason = request.closed_reason or ""
    return [_line(request.closed_at, request.status, CLOSED.get(reason, STATUSES[request.status]), reason=reason)]


def _summary(request: AlertRequest, events: list[dict[str, Any]]) -> str:
    """One sentence that support can read to a shopper."""
    if request.status == "cancelled":
        return CLOSED.get(request.closed_reason or "", STATUSES["cancelled"])
    told = [event for event in events if event["what"].startswith(("message_", "decided_", "place_"))]
    if request.status == "waiting" and not told:
        return N_("Waits: the product has not come back since.")
    if request.status in ("waiting", "alerted") and told:
        return N_("%(status)s Last: %(told)s", status=STATUSES[request.status], told=told[-1]["words"])
    return STATUSES[request.status]


def contact_of(request: AlertRequest) -> Contact:
    """Whose request it is."""
    return db.session.scalars(
        sa.select(Contact).where(Contact.store_id == request.store_id, Contact.id == request.contact_id)
    ).one()

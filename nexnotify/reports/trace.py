"""The story of one request: why it was told, held or passed over. "I asked and never heard" is answered here."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.models import SendRecipient
from nexnotify.catalog.models import Variant
from nexnotify.catalog.regions import place_names
from nexnotify.clock import isoformat, utcnow
from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.journeys.models import JourneyPerson
from nexnotify.ledger.models import Alert, Message, MessageEvent, Question
from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.reports.activities import came_back_lines
from nexnotify.reports.clicks import opened_lines
from nexnotify.reports.decided import decision_lines
from nexnotify.reports.holds import hold_lines
from nexnotify.reports.journeys import journey_lines
from nexnotify.reports.passed_by import not_reached
from nexnotify.reports.shopper import sentence
from nexnotify.reports.wishes import wish_lines
from nexnotify.reports.words import PRODUCT_STATUSES, line, reason_words
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.life import ends_at
from nexnotify.waitlist.models import INTENTS, AlertRequest
from nexnotify.waitlist.models import STATUSES as REQUEST_STATUSES
from nexnotify.waitlist.scope import skus_wanted
from nexnotify.words import N_

#: Why a request ended, in words.
CLOSED = {
    "shopper": N_("The shopper cancelled it."),
    "merchant": N_("The merchant cancelled it."),
    "stop": N_("The shopper said STOP."),
    "unreachable": N_("The gateway said that this address cannot receive messages."),
    "erased": N_("The person was erased."),
    "merged": N_("A later request of the same person took it in."),
    "unconfirmed": N_("Nobody confirmed it in time."),
    "told_elsewhere": N_("The shopper was told on another channel on which they asked."),
    "not_renewed": N_("It was kept as long as the store keeps requests, and nobody said that it is still wanted."),
    "bought": N_("The shopper has bought it."),
}
#: What a shopper was asked, by the question's cause.
_ASKED = {
    "sign_up": N_("The shopper was asked to confirm it."),
    "wish": N_("The shopper was asked to confirm the change."),
    "idle": N_("Nothing was heard of this number for long, so it was asked whether it is still the same person’s."),
    "renewal": N_("The shopper was asked whether it is still wanted."),
}
_YES = {
    "sign_up": N_("The shopper confirmed it."),
    "wish": N_("The shopper confirmed the change."),
    "idle": N_("The shopper confirmed it."),
}
_NOT_ASKED = {
    "sign_up": N_("The shopper could not be asked to confirm it."),
    "wish": N_("The shopper could not be asked to confirm the change."),
    "idle": N_("The shopper could not be asked to confirm it."),
    "renewal": N_("The shopper could not be asked whether it is still wanted."),
}


def trace(request: AlertRequest) -> dict[str, Any]:
    """Everything that is known about a request, oldest first, each line with its reason and in words."""
    parts = (
        _asked,
        _consent,
        _questions,
        wish_lines,
        came_back_lines,
        journey_lines,
        decision_lines,
        _messages,
        hold_lines,
        opened_lines,
        _kept,
        _ended,
        not_reached,
    )
    events = [event for part in parts for event in part(request)]
    events.sort(key=lambda event: event["at"])
    ends = ends_at(request, store_settings(db.session.get_one(Store, request.store_id)), utcnow())
    for event in events:
        event["at"] = isoformat(event["at"])
    return {
        "id": request.id,
        "status": request.status,
        "summary": sentence(request, events),
        "ends_at": isoformat(ends),
        "events": events,
    }


def _asked(request: AlertRequest) -> list[dict[str, Any]]:
    variant = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == request.store_id, Variant.id == request.variant_id)
    ).one()
    words = N_("Asked to be told about %(name)s", name=f"{variant.product.title} {variant.name}".strip())
    said = N_(
        "%(words)s, which was %(asked_status)s.", words=words, asked_status=PRODUCT_STATUSES[request.asked_status]
    )
    if any_of := skus_wanted(request.store_id, [request]).get(request.id):
        said = N_("%(said)s Any of these would do: %(skus)s.", said=said, skus=", ".join(any_of))
    if request.quantity > 1:
        said = N_("%(said)s Wants %(quantity)s units.", said=said, quantity=request.quantity)
    if request.intent != IN_STOCK:
        said = N_("%(said)s Wants to hear: %(intent)s", said=said, intent=INTENTS[request.intent])
    if place := place_names(request.store_id, {request.region_id}).get(request.region_id or 0):
        said = N_("%(said)s Only stock at %(place)s counts.", said=said, place=place[2])
    return [line(request.created_at, "asked", said, source=request.source)]


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
        "confirmed": N_("Consent was confirmed from the address itself."),
        "revoked": N_("Consent was taken back: every message to this address ended."),
    }
    return [
        line(entry.at, f"consent_{entry.action}", words[entry.action], purpose=entry.purpose, method=entry.method)
        for entry in entries
    ]


def _questions(request: AlertRequest) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        sa.select(Question)
        .where(Question.store_id == request.store_id, Question.request_id == request.id)
        .order_by(Question.id)
    ).all()
    lines = []
    for row in rows:
        words = _ASKED[row.cause] if row.message_id else _NOT_ASKED[row.cause] + " " + reason_words(row.reason)
        lines.append(line(row.asked_at, "question_asked", words, reason=row.reason))
        if row.answered_at:
            yes = _YES.get(row.cause, N_("The shopper said that it is still wanted."))
            lines.append(line(row.answered_at, "question_answered", yes))
    return lines


def _messages(request: AlertRequest) -> list[dict[str, Any]]:
    about = sa.union(
        *(
            sa.select(table.message_id).where(table.store_id == request.store_id, table.request_id == request.id)
            for table in (Alert, Question, JourneyPerson, SendRecipient)
        )
    )
    rows = db.session.execute(
        sa.select(MessageEvent, Message.reference, Message.kind)
        .join(Message, sa.and_(Message.store_id == MessageEvent.store_id, Message.id == MessageEvent.message_id))
        .where(MessageEvent.store_id == request.store_id, MessageEvent.message_id.in_(about))
        .order_by(MessageEvent.id)
    )
    return [
        line(
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


def _kept(request: AlertRequest) -> list[dict[str, Any]]:
    if request.kept_at is None:
        return []
    words = N_("It had sold out again when the shopper came. They wait on, at the place they had.")
    return [line(request.kept_at, "place_kept", words)]


def _ended(request: AlertRequest) -> list[dict[str, Any]]:
    if request.closed_at is None:
        return []
    reason = request.closed_reason or ""
    return [
        line(request.closed_at, request.status, CLOSED.get(reason, REQUEST_STATUSES[request.status]), reason=reason)
    ]


def contact_of(request: AlertRequest) -> Contact:
    """Whose request it is."""
    return db.session.scalars(
        sa.select(Contact).where(Contact.store_id == request.store_id, Contact.id == request.contact_id)
    ).one()

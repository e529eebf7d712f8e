"""The story of one request: why it was told, held or passed over. "I asked and never heard" is answered here."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.clock import isoformat, utcnow
from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import db
from nexnotify.inventory.available import IN_STOCK
from nexnotify.journeys.models import JourneyPerson
from nexnotify.ledger.likelihood import order_words
from nexnotify.ledger.models import Alert, Message, MessageEvent, Question
from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.policy.eligibility import REASONS
from nexnotify.reports.activities import came_back_lines
from nexnotify.reports.clicks import opened
from nexnotify.reports.journeys import journey_lines
from nexnotify.reports.shopper import sentence
from nexnotify.reports.words import PRODUCT_STATUSES, reason_words
from nexnotify.restock.models import BEFORE, STATES, RestockEvent
from nexnotify.restock.waves import ENDED
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.covering import covered_by
from nexnotify.waitlist.life import ends_at
from nexnotify.waitlist.models import INTENTS, AlertRequest, Decision
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
#: Restocks without a decision that a story tells of: the latest.
MOST_RESTOCKS = 50
#: What told where a shopper is: the sources of ``policy.places``.
_SOURCES = {
    "sign_up": N_("the browser at sign-up"),
    "address": N_("the customer's address"),
    "number": N_("the number"),
    "country": N_("the store's country"),
    "store": N_("the store's time zone"),
}
#: What a shopper was asked, by the question's cause.
_ASKED = {
    "sign_up": N_("The shopper was asked to confirm it."),
    "idle": N_("Nothing was heard of this number for long, so it was asked whether it is still the same person’s."),
    "renewal": N_("The shopper was asked whether it is still wanted."),
}
_YES = {"sign_up": N_("The shopper confirmed it."), "idle": N_("The shopper confirmed it.")}
_NOT_ASKED = {
    "sign_up": N_("The shopper could not be asked to confirm it."),
    "idle": N_("The shopper could not be asked to confirm it."),
    "renewal": N_("The shopper could not be asked whether it is still wanted."),
}
_VERDICTS = {
    "send": N_("A message was planned."),
    "hold": N_("The message was held back."),
    "skip": N_("Nobody was told."),
}


def trace(request: AlertRequest) -> dict[str, Any]:
    """Everything that is known about a request, oldest first, each line with its reason and in words."""
    parts = (
        _asked,
        _consent,
        _questions,
        came_back_lines,
        journey_lines,
        _decisions,
        _messages,
        _clicks,
        _kept,
        _ended,
        _not_reached,
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


def _line(at: datetime, what: str, words: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "what": what, "words": words, **{name: value for name, value in more.items() if value}}


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
    return [_line(request.created_at, "asked", said, source=request.source)]


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
        _line(entry.at, f"consent_{entry.action}", words[entry.action], purpose=entry.purpose, method=entry.method)
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
        lines.append(_line(row.asked_at, "question_asked", words, reason=row.reason))
        if row.answered_at:
            yes = _YES.get(row.cause, N_("The shopper said that it is still wanted."))
            lines.append(_line(row.answered_at, "question_answered", yes))
    return lines


def _decisions(request: AlertRequest) -> list[dict[str, Any]]:
    mine = (Decision.store_id == request.store_id, Decision.request_id == request.id)
    rows = db.session.scalars(sa.select(Decision).where(*mine).order_by(Decision.id))
    return [
        _line(
            decision.at,
            f"decided_{decision.verdict}",
            _VERDICTS[decision.verdict] + " " + REASONS[decision.reason],
            reason=decision.reason,
            stage=decision.stage,
            restock_id=decision.restock_id,
            until=isoformat(decision.until),
            clock=_clock(decision.detail),
            order=order_words(decision.detail),
            rules_version=decision.rules_version,
        )
        for decision in rows
    ]


def _not_reached(request: AlertRequest) -> list[dict[str, Any]]:
    """Restocks at which nothing was decided about this request: they ended before its turn, or it is still to come."""
    mine = sa.exists().where(
        Decision.store_id == request.store_id,
        Decision.request_id == request.id,
        Decision.restock_id == RestockEvent.id,
    )
    told_at = None if request.status == "waiting" else request.alerted_at  # who keeps the place was told before
    until = request.closed_at or told_at or datetime.max.replace(tzinfo=UTC)
    events = db.session.scalars(
        sa.select(RestockEvent)
        .where(
            RestockEvent.store_id == request.store_id,
            RestockEvent.variant_id.in_(covered_by(request)),
            RestockEvent.at >= request.created_at,
            RestockEvent.status.in_((IN_STOCK, request.intent)),
            sa.func.coalesce(RestockEvent.planned_at, RestockEvent.at) <= until,
            ~mine,
        )
        .order_by(RestockEvent.id.desc())
        .limit(MOST_RESTOCKS)
    )
    return [_restock(request, event) for event in events if request.status == "waiting" or event.planned_at]


def _restock(request: AlertRequest, event: RestockEvent) -> dict[str, Any]:
    if event.state in (*BEFORE, "telling"):
        news = N_("The product is back, and it is not this request's turn yet.")
        if event.status != IN_STOCK:
            news = N_("The product can be ordered, and it is not this request's turn yet.")
        words = news + " " + STATES[event.state]
        return _line(event.at, "restock_on", words, restock_id=event.id)
    if event.reason in (None, "everyone_told"):
        words = N_("The product came in again while this request did not wait.")
    else:
        words = N_("The product came in again, and it was not this request's turn before the restock ended.")
        words = words + " " + ENDED[event.reason]
    return _line(event.planned_at or event.at, "restock_ended", words, reason=event.reason, restock_id=event.id)


def _clock(detail: dict[str, Any]) -> str | None:
    """Whose local hours were asked, where they were."""
    if "zones" not in detail:
        return None
    first, *more = (_SOURCES[source] for source in detail["by"].split("+"))
    by = reduce(lambda words, source: words + ", " + source, more, first)
    return N_("Local hours of %(zones)s, by %(source)s.", zones=", ".join(detail["zones"]), source=by)


def _messages(request: AlertRequest) -> list[dict[str, Any]]:
    about = sa.union(
        *(
            sa.select(table.message_id).where(table.store_id == request.store_id, table.request_id == request.id)
            for table in (Alert, Question, JourneyPerson)
        )
    )
    rows = db.session.execute(
        sa.select(MessageEvent, Message.reference, Message.kind)
        .join(Message, sa.and_(Message.store_id == MessageEvent.store_id, Message.id == MessageEvent.message_id))
        .where(MessageEvent.store_id == request.store_id, MessageEvent.message_id.in_(about))
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
    told = db.session.execute(
        sa.select(Alert.message_id, RestockEvent.variant_id)
        .join(RestockEvent, sa.and_(RestockEvent.store_id == Alert.store_id, RestockEvent.id == Alert.restock_id))
        .where(Alert.store_id == request.store_id, Alert.request_id == request.id)
    ).all()
    links = {(row.message_id, row.variant_id) for row in told}  # a message may serve several products, each with a link
    ids = {row.message_id for row in told if row.message_id is not None}
    return [
        _line(click.at, "clicked", N_("The link in the message was opened."))
        for click in opened(request.store_id, ids)
        if not click.sign and (click.message_id, click.variant.id) in links
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
    return [
        _line(request.closed_at, request.status, CLOSED.get(reason, REQUEST_STATUSES[request.status]), reason=reason)
    ]


def contact_of(request: AlertRequest) -> Contact:
    """Whose request it is."""
    return db.session.scalars(
        sa.select(Contact).where(Contact.store_id == request.store_id, Contact.id == request.contact_id)
    ).one()

"""The list of journeys, and one with its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.content.models import TITLES, Template
from nexnotify.content.preview import Preview, preview
from nexnotify.content.service import as_sent, samples
from nexnotify.content.tokens import InvalidTemplate, UnresolvedToken
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.journeys.models import STATES, Journey, JourneyPerson
from nexnotify.journeys.service import journeys_of
from nexnotify.journeys.texts import KIND
from nexnotify.ledger.models import Message
from nexnotify.reports.journeys import journey_reason
from nexnotify.stores.settings import CHANNELS, store_settings
from nexnotify.waitlist.activities import BACK_IN_STOCK, NAMES, WAITING
from nexnotify.waitlist.models import AlertRequest
from nexnotify.web.admin.access import current_store
from nexnotify.web.admin.filters import chosen
from nexnotify.web.admin.journeys.blueprint import bp, delay_words, where_words
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import keyset
from nexnotify.words import N_, translated

#: Activity → kind of the templates by which every store tells of it.
BUILT_IN: dict[str, str] = {WAITING: "confirmation", BACK_IN_STOCK: "back_in_stock"}


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A journey that every store has: its switch is the store's setting, its words are templates."""

    name: str
    trigger: str
    is_on: bool
    templates: Sequence[Template]


@bp.get("")
def index() -> ResponseReturnValue:
    """All journeys: the two that the store began with, then its own."""
    journeys = journeys_of(current_store())
    return render_template(
        "admin/journeys/index.html",
        ready_made=[ready_made(trigger) for trigger in BUILT_IN],
        journeys=journeys,
        counts=_counts([journey.id for journey in journeys]),
        activities=NAMES,
        delay=delay_words,
        where=where_words,
    )


def ready_made(trigger: str) -> ReadyMade:
    """The confirmation, or the alert."""
    store, kind = current_store(), BUILT_IN[trigger]
    mine = (Template.store_id == store.id, Template.kind == kind, Template.deleted_at.is_(None))
    found = db.session.scalars(
        sa.select(Template).where(*mine).order_by(Template.active.desc(), Template.channel.desc(), Template.id)
    ).all()
    is_on = any(template.active for template in found)
    if trigger == WAITING:
        is_on = is_on and store_settings(store).confirmations
    return ReadyMade(TITLES[kind], trigger, is_on, found)


def _counts(journey_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Journey → state → people."""
    found: dict[int, dict[str, int]] = {id: dict.fromkeys(STATES, 0) for id in journey_ids}
    rows = db.session.execute(
        sa.select(JourneyPerson.journey_id, JourneyPerson.state, sa.func.count())
        .where(JourneyPerson.store_id == current_store().id, JourneyPerson.journey_id.in_(journey_ids))
        .group_by(JourneyPerson.journey_id, JourneyPerson.state)
    )
    for journey_id, state, count in rows:
        found[journey_id][state] = count
    return found


@bp.get("/<int:journey_id>")
def show(journey_id: int) -> ResponseReturnValue:
    """One journey: what it does, how far it is, and its people."""
    journey, state = load(Journey, journey_id), chosen("state", STATES)
    return render_template(
        "admin/journeys/show.html",
        journey=journey,
        counts=_counts([journey.id])[journey.id],
        page=keyset(_PEOPLE, _ways(journey, state)),
        state=state,
        states={"inside": N_("Inside"), "sent": N_("Written to"), "left": N_("Left")},
        reason=lambda reason: translated(journey_reason(reason)),
        activities=NAMES,
        delay=delay_words,
        where=where_words,
        previews=_previews(journey),
        rival=_rival(journey),
    )


_PEOPLE: Any = (
    sa.select(JourneyPerson, AlertRequest, Contact, Variant, Message.status)
    .options(joinedload(Variant.product))
    .join(
        AlertRequest,
        sa.and_(AlertRequest.store_id == JourneyPerson.store_id, AlertRequest.id == JourneyPerson.request_id),
    )
    .join(Contact, sa.and_(Contact.store_id == JourneyPerson.store_id, Contact.id == JourneyPerson.contact_id))
    .join(Variant, sa.and_(Variant.store_id == JourneyPerson.store_id, Variant.id == JourneyPerson.variant_id))
    .outerjoin(Message, sa.and_(Message.store_id == JourneyPerson.store_id, Message.id == JourneyPerson.message_id))
)


def _ways(journey: Journey, state: str) -> list[Any]:
    mine = sa.select(JourneyPerson.id).where(
        JourneyPerson.store_id == journey.store_id, JourneyPerson.journey_id == journey.id
    )
    return [mine.where(JourneyPerson.state == name) for name in STATES if not state or name == state]


def _previews(journey: Journey) -> list[tuple[str, Preview]]:
    """Channel and how its words arrive, with made-up values."""
    store = current_store()
    values = {**samples(), "store": store.name}
    values["item"] = (values["item"] or "").replace(" · ", "\n")  # it has lines of its own
    found = []
    for channel in CHANNELS:
        subject, body = journey.words(channel)
        if not body:
            continue
        try:
            found.append((channel, preview(channel, as_sent(store, KIND, channel, body), subject, values)))
        except (InvalidTemplate, UnresolvedToken):
            continue  # saved words compile; a token that is taken away one day is said when they are saved next
    return found


def _rival(journey: Journey) -> list[Template]:
    """The store's own alert where it speaks first, on a channel of this journey."""
    if journey.trigger != BACK_IN_STOCK:
        return []
    own = [channel for channel in CHANNELS if journey.words(channel)[1]]
    return [item for item in ready_made(BACK_IN_STOCK).templates if item.active and item.channel in own]

"""What a journey says to those who wait: decided when its time has come, and again at the moment of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.content.service import Rendered
from nexnotify.customers.models import ContactRow
from nexnotify.db import IdIn, db
from nexnotify.gateways.service import lane_for_new
from nexnotify.journeys.models import Journey, JourneyPerson
from nexnotify.journeys.restocks import people_of
from nexnotify.journeys.results import Goes, Result, Stays
from nexnotify.journeys.texts import KIND, JourneyDrafts
from nexnotify.ledger.answers import add_message
from nexnotify.ledger.asking.questions import variants_of
from nexnotify.ledger.planning.drafts import NoText, Waiting
from nexnotify.ledger.planning.facts import GOING, recent_messages, store_policy
from nexnotify.ledger.planning.whereabouts import of_requests
from nexnotify.policy.eligibility import Facts, Hold, Skip, decide_follow_up
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

#: What is said to somebody who waits is worth something for so long.
VALID = timedelta(days=1)


def decide_waiting(
    store: Store, journey: Journey, variant_id: int, ids: Sequence[int], now: datetime
) -> dict[int, Result]:
    """Decide about people who wait for a variant, and write to those who may be written to now."""
    variant = variants_of(store, [variant_id])[variant_id]
    settings, people = store_settings(store), people_of(ids)
    policy, drafts = store_policy(settings), JourneyDrafts(store, variant, journey, own_links=False)
    switches = settings.switches.but(variant.product.switches)
    recent = recent_messages(store.id, [who.contact_id for who in people.values()], settings, now, GOING).counted
    places = of_requests(list(people)) if settings.quiet_hours else {}
    found: dict[int, Result] = {}
    for id in ids:
        person = people.get(id)
        if person is None:
            found[id] = Goes(None, "request_closed")
            continue
        facts = Facts(
            opted_out=person.opted_out,
            reachable=person.reachable,
            switched_on=person.channel in switches.offered(person.asked_status),
            paused=settings.is_paused(person.channel),
            recent=recent[person.contact_id],
            known=places.get(id),
        )
        verdict = decide_follow_up(facts, policy, now)
        if isinstance(verdict, Hold):
            found[id] = Stays.held(verdict)
        elif isinstance(verdict, Skip):
            found[id] = Goes.skipped(verdict)
        else:
            found[id] = _write(store, drafts, variant, person, now)
            recent[person.contact_id].append(now)
    return found


def _write(store: Store, drafts: JourneyDrafts, variant: Variant, person: Waiting, now: datetime) -> Goes:
    lane_id = lane_for_new(store, person.channel)
    if lane_id is None:
        return Goes(None, "no_gateway")
    text = drafts.text(person)
    if isinstance(text, NoText):
        return Goes(None, text.reason)
    contact = ContactRow(store.id, person.contact_id, person.channel)
    words = Rendered(text.body, text.subject, text.encoding, text.segments)
    more: Any = {"variant": variant, "valid_for": VALID, "express": False}
    return Goes(add_message(store, contact, lane_id, KIND, words, now, **more))


# --- at the moment of sending -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How the request stands that a journey's message is about."""

    status: str
    asked_status: str
    zone: str | None
    #: Whether its journey is on.
    is_on: bool


_person, _journey, _request = JourneyPerson.__table__, Journey.__table__, AlertRequest.__table__
_ABOUT = (
    sa.select(_person.c.message_id, _request.c.status, _request.c.asked_status, _request.c.zone, _journey.c.is_on)
    .join(_journey, sa.and_(_journey.c.store_id == _person.c.store_id, _journey.c.id == _person.c.journey_id))
    .join(_request, sa.and_(_request.c.store_id == _person.c.store_id, _request.c.id == _person.c.request_id))
    .where(_person.c.store_id == sa.bindparam("b_store"), IdIn(_person.c.message_id))
)


def follow_ups(store_id: int, message_ids: Sequence[int]) -> Mapping[int, FollowUp]:
    """Message → what it is about."""
    if not message_ids:
        return {}
    rows = db.session.connection().execute(_ABOUT, {"b_store": store_id, "b_ids": list(message_ids)}).all()
    return {message_id: FollowUp(*about) for message_id, *about in rows}

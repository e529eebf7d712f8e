"""Waitlists that grow past the store's number: the merchant is told, once each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.content.models import MESSAGE_KINDS
from nexnotify.content.service import active_templates, wording_of
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_or_make_contact
from nexnotify.db import db, insert_new
from nexnotify.ledger.answers import queue_notice
from nexnotify.ledger.values import product_values
from nexnotify.notices.models import LongWaitlist
from nexnotify.stores.models import Store
from nexnotify.stores.people import people_of
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

KIND = "merchant_long_waitlist"

#: Store and least length → variant, length. Contacts are counted, which are in the index on open requests: otherwise
#: SQLite chose one on all requests there ever were (254 ms, not 13, with 100,000 open of a million).
LENGTHS = (
    sa.select(AlertRequest.variant_id, sa.func.count(AlertRequest.contact_id))
    .where(AlertRequest.store_id == sa.bindparam("store_id"), sa.text("status IN ('pending', 'waiting')"))
    .group_by(AlertRequest.variant_id)
    .having(sa.func.count(AlertRequest.contact_id) >= sa.bindparam("number"))
)


@dataclass(frozen=True, slots=True)
class Crossings:
    """What is to be written: waitlists that have grown past the number, and long ones that have fallen below it."""

    #: Variant id → how many wait.
    risen: Mapping[int, int]
    fallen: Sequence[int]

    def __bool__(self) -> bool:
        return bool(self.risen or self.fallen)


def watching_stores() -> list[Store]:
    """The stores that want to be told."""
    return [store for store in db.session.scalars(sa.select(Store)) if store_settings(store).long_waitlist]


def crossings(store: Store) -> Crossings:
    """What has changed since the last look."""
    number = store_settings(store).long_waitlist
    lengths = dict(db.session.execute(LENGTHS, {"store_id": store.id, "number": number}).all())
    known = set(
        db.session.scalars(
            sa.select(LongWaitlist.variant_id).where(LongWaitlist.store_id == store.id, LongWaitlist.ended_at.is_(None))
        )
    )
    risen = {variant: people for variant, people in lengths.items() if people > number and variant not in known}
    return Crossings(risen, sorted(known - lengths.keys()))


def write_crossings(store: Store, found: Crossings, now: datetime) -> None:
    """Keep what has changed, and tell the merchant; another worker that found the same writes nothing."""
    if found.fallen:
        db.session.execute(
            sa.update(LongWaitlist)
            .where(
                LongWaitlist.store_id == store.id,
                LongWaitlist.ended_at.is_(None),
                LongWaitlist.variant_id.in_(found.fallen),
            )
            .values(ended_at=now)
        )
    for variant_id, people in sorted(found.risen.items()):
        row = {"store_id": store.id, "variant_id": variant_id, "people": people, "at": now, "ended_at": None}
        if insert_new(LongWaitlist, row) is not None:
            _tell(store, variant_id, people, now)
    db.session.flush()


def _tell(store: Store, variant_id: int, people: int, now: datetime) -> None:
    variant = db.session.scalars(sa.select(Variant).where(Variant.store_id == store.id, Variant.id == variant_id)).one()
    values = product_values(store, variant) | {"waiting": str(people)}
    contacts = _merchant(store, now)
    for template in active_templates(store, KIND):
        for contact in contacts:
            if contact.channel == template.channel:
                queue_notice(store, contact, MESSAGE_KINDS[KIND], wording_of(template), values, now)


def _merchant(store: Store, now: datetime) -> list[Contact]:
    """Where the merchant is told: by text at the store's own number, where texts are active; else its owners by email."""
    settings = store_settings(store)
    if settings.order_texts and settings.merchant_number:
        return [find_or_make_contact(store, "sms", settings.merchant_number, now)]
    owners = [person.user.email for person in people_of(store) if person.role == "owner"]
    return [find_or_make_contact(store, "email", email, now) for email in owners]

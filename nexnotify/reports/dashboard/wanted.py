"""What people wait for most."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.reports.demand import IS_OPEN, PEOPLE
from nexnotify.waitlist.models import AlertRequest


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variant and its open requests, in all and by channel."""

    variant: Variant
    waiting: int
    by_channel: dict[str, int]


def most_wanted(store_id: int, limit: int) -> list[Wanted]:
    """The variants with the most open requests. Channels are counted for these alone, since that reads every contact."""
    is_open = sa.and_(AlertRequest.store_id == store_id, IS_OPEN)
    top = db.session.execute(
        sa.select(AlertRequest.variant_id, PEOPLE)
        .where(is_open)
        .group_by(AlertRequest.variant_id)
        .order_by(PEOPLE.desc(), AlertRequest.variant_id)
        .limit(limit)
    ).all()
    ids = [row[0] for row in top]
    statement = sa.select(Variant).options(joinedload(Variant.product))
    variants = {
        variant.id: variant
        for variant in db.session.scalars(statement.where(Variant.store_id == store_id, Variant.id.in_(ids)))
    }
    channels: dict[int, dict[str, int]] = {number: {} for number in ids}
    for variant_id, channel, people in db.session.execute(
        sa.select(AlertRequest.variant_id, Contact.channel, sa.func.count())
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .where(is_open, AlertRequest.variant_id.in_(ids))
        .group_by(AlertRequest.variant_id, Contact.channel)
    ):
        channels[variant_id][channel] = people
    return [Wanted(variants[variant_id], waiting, channels[variant_id]) for variant_id, waiting in top]

"""The channels of a shopper, as the message on one of them sees them: in which order, how far each came, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.transitions import STATUSES
from nexnotify.policy.eligibility import REASONS
from nexnotify.reports.words import reason_words
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest, Decision
from nexnotify.words import N_


@dataclass(frozen=True, slots=True)
class Link:
    """One channel of the chain."""

    channel: str
    request_id: int
    #: None: nothing was written on it for this restock.
    message_id: int | None
    #: Of the message; else of the request.
    status: str
    #: When it was handed over, or decided about last.
    at: datetime | None
    words: str


def chain_of(message: Message, request_ids: Sequence[int]) -> list[Link]:
    """The channels on which the shopper asked in the same sign-up, in the store's order; none where that is the only one.

    :param request_ids: those that the message is about.
    """
    if message.kind != KIND or not request_ids:
        return []
    other = sa.orm.aliased(AlertRequest)
    group = sa.and_(other.store_id == AlertRequest.store_id, other.asked_with == AlertRequest.asked_with)
    rows = db.session.execute(
        sa.select(other, Contact.channel, Alert.restock_id)
        .select_from(AlertRequest)
        .join(other, group)
        .join(Contact, sa.and_(Contact.store_id == other.store_id, Contact.id == other.contact_id))
        .join(Alert, sa.and_(Alert.store_id == AlertRequest.store_id, Alert.request_id == AlertRequest.id))
        .where(AlertRequest.store_id == message.store_id, AlertRequest.id.in_(request_ids))
        .where(AlertRequest.asked_with.is_not(None), Alert.message_id == message.id)
    ).all()
    order: list[str] = [*store_settings(db.session.get_one(Store, message.store_id)).channel_order]
    links = {row[0].id: _link(row[0], row.channel, row.restock_id) for row in rows}
    found = sorted(links.values(), key=lambda link: (order.index(link.channel), link.request_id))
    return found if len(found) > 1 else []


def _link(request: AlertRequest, channel: str, restock_id: int) -> Link:
    message = db.session.scalars(
        sa.select(Message)
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .where(
            Alert.store_id == request.store_id,
            Alert.request_id == request.id,
            Alert.restock_id == restock_id,
            Alert.kind == KIND,
        )
    ).first()
    if message is not None:
        words = reason_words(message.reason) or STATUSES[message.status]
        return Link(channel, request.id, message.id, message.status, message.accepted_at or message.created_at, words)
    decided = db.session.execute(
        sa.select(Decision.reason, Decision.at)
        .where(
            Decision.store_id == request.store_id,
            Decision.request_id == request.id,
            Decision.restock_id == restock_id,
        )
        .order_by(Decision.id.desc())
        .limit(1)
    ).first()
    if decided is None:
        return Link(channel, request.id, None, request.status, None, N_("Nothing was decided about this channel yet."))
    return Link(channel, request.id, None, request.status, decided.at, REASONS[decided.reason])

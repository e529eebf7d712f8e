"""The same words to the same people, a short while ago or still to come: a reason to ask before they go again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.campaigns.audience import audience_of
from nexnotify.campaigns.models import Send
from nexnotify.db import db
from nexnotify.stores.models import Store

#: How far back the same words to the same people are a reason to ask.
LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Twin:
    """Another send of the same words to some of the same people, a short while ago or still to come."""

    send: Send
    people: int


def twins(store: Store, send: Send, now: datetime) -> list[Twin]:
    """Those that were confirmed lately or have not gone yet, the latest first."""
    others = db.session.scalars(
        sa.select(Send)
        .where(
            Send.store_id == store.id,
            sa.or_(
                sa.and_(Send.confirmed_at > now - LATELY, Send.state == "done"),
                Send.state.in_(("scheduled", "sending")),
            ),
            Send.body == send.body,
            Send.id != send.id,
        )
        .order_by(Send.confirmed_at.desc())
        .limit(3)
    ).all()
    found = ((other, _shared(store, send, other)) for other in others)
    return [Twin(other, people) for other, people in found if people]


def _shared(store: Store, send: Send, other: Send) -> int:
    """People in both audiences. The other one's recipients may not be written down yet."""
    ours = audience_of(send).rows(store).subquery()
    theirs = audience_of(other).rows(store, "b_theirs").subquery()
    statement = sa.select(sa.func.count(ours.c.contact_id.distinct())).join(
        theirs, theirs.c.contact_id == ours.c.contact_id
    )
    values = audience_of(send).values() | audience_of(other).values("b_theirs")
    return db.session.connection().scalar(statement, values) or 0

"""Short links opened: found by their code, and written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message, ShortLink
from nexnotify.outcomes.models import Click
from nexnotify.outcomes.scanners import MOMENT, Opening, sign_of_scanner
from nexnotify.restock.models import RestockEvent
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import index_key
from nexnotify.waitlist.models import AlertRequest

#: For so long a visitor who opens many links is recognised.
AGENT_KEPT = timedelta(days=1)
#: States of a message that has not been handed over.
_NOT_SENT = ("held", "queued", "suppressed", "cancelled")


@dataclass(frozen=True, slots=True)
class Found:
    """A link, and all that is asked of it."""

    link: ShortLink
    store: Store
    #: Its product is loaded.
    variant: Variant
    #: None once its person is erased.
    message: Message | None


def find_link(code: str) -> Found | None:
    """The link with a code, of whatever store: the code is all that an address says."""
    row = db.session.execute(
        sa.select(ShortLink, Store, Variant, Message)
        .join(Store, Store.id == ShortLink.store_id)
        .join(Variant, sa.and_(Variant.store_id == ShortLink.store_id, Variant.id == ShortLink.variant_id))
        .outerjoin(Message, sa.and_(Message.store_id == ShortLink.store_id, Message.id == ShortLink.message_id))
        .options(joinedload(Variant.product))
        .where(ShortLink.code == code)
    ).first()
    return None if row is None else Found(*row)


def told_by(found: Found) -> list[tuple[AlertRequest, int]]:
    """(request, restock) that the link's message tells of, as far as these are restocks of its variant.

    The request may be about several variants, of which it names another.
    """
    if found.message is None:
        return []
    rows = db.session.execute(
        sa.select(AlertRequest, Alert.restock_id)
        .join(Alert, sa.and_(Alert.store_id == AlertRequest.store_id, Alert.request_id == AlertRequest.id))
        .join(RestockEvent, sa.and_(RestockEvent.store_id == Alert.store_id, RestockEvent.id == Alert.restock_id))
        .where(
            Alert.store_id == found.link.store_id,
            Alert.message_id == found.message.id,
            # Not the bare column: SQLite without statistics would read all its restocks.
            (RestockEvent.variant_id + 0) == found.link.variant_id,
        )
        .order_by(AlertRequest.id)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1]) for row in rows]


def record_click(found: Found, opening: Opening, visitor: str, now: datetime) -> Click:
    """Write down that a link was opened.

    :param opening: what the request says; what the message and earlier clicks say is filled in here.
    :param visitor: network and browser; only a keyed hash of it is kept.
    """
    agent = keyed_hash(index_key(), "agent", str(found.store.id), visitor)
    recent = _recent(agent, now)
    opening = replace(_with_message(opening, found.message, now), links=len({found.link.id, *recent.values()}))
    sign = sign_of_scanner(opening)
    if sign == "many":  # so were those that it opened just before
        db.session.execute(
            sa.update(Click)
            .where(Click.id.in_(recent), Click.is_person)
            .values(is_person=False, sign="many")
            .execution_options(synchronize_session=False)
        )
    told = told_by(found)
    click = Click(
        store_id=found.store.id,
        link_id=found.link.id,
        restock_id=told[-1][1] if told else None,
        at=now,
        is_person=not sign,
        sign=sign,
        agent=agent,
    )
    db.session.add(click)
    db.session.flush()
    return click


def _recent(agent: str, now: datetime) -> dict[int, int]:
    """Click → link, of what a visitor has opened in this moment."""
    statement = sa.select(Click.id, Click.link_id).where(
        Click.agent == agent, Click.at > now - timedelta(seconds=MOMENT), sa.text("click.agent IS NOT NULL")
    )
    return {row.id: row.link_id for row in db.session.execute(statement)}


def _with_message(opening: Opening, message: Message | None, now: datetime) -> Opening:
    if message is None:
        return opening
    accepted = message.accepted_at
    return replace(
        opening,
        channel=message.channel,
        was_sent=message.status not in _NOT_SENT,
        since_accepted=(now - accepted).total_seconds() if accepted else None,
        has_arrived=message.delivered_at is not None,
    )


def forget_agents(now: datetime) -> None:
    """Sweep: who opened links longer ago than :data:`AGENT_KEPT`."""
    old = sa.text("click.agent IS NOT NULL"), Click.at < now - AGENT_KEPT
    db.session.execute(sa.update(Click).where(*old).values(agent=None).execution_options(synchronize_session=False))

"""What sends forget of a person: the address that came with their order, and words that were for them alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.db import IdIn, db

#: Stands where words were.
ERASED = "[erased]"


def sent_about(store_id: int, orders: Sequence[int], tickets: Sequence[int]) -> set[int]:
    """The messages of sends that these orders and tickets brought somebody into."""
    recipient = SendRecipient.__table__.c
    mine = sa.select(recipient.message_id).where(recipient.store_id == store_id)
    ways = (mine.where(IdIn(recipient.order_id, ids=orders)), mine.where(IdIn(recipient.ticket_id, ids=tickets)))
    return {number for way in ways for number in db.session.scalars(way) if number is not None}


def leave_out(store_id: int, orders: Sequence[int], tickets: Sequence[int]) -> None:
    """Sends that are under way forget the addresses that came with these orders and tickets."""
    recipient = SendRecipient.__table__.c
    undecided = (recipient.store_id == store_id, recipient.message_id.is_(None), recipient.reason.is_(None))
    for theirs in (IdIn(recipient.order_id, ids=orders), IdIn(recipient.ticket_id, ids=tickets)):
        statement = sa.update(SendRecipient).where(*undecided, theirs).values(contact_id=None)
        db.session.execute(statement.execution_options(synchronize_session=False))


def forget_words(store_id: int, rows: Mapping[str, Collection[int]]) -> None:
    """Blank what was written to one row alone, of a source ("customers", "orders", "tickets"), by hand."""
    for source, ids in rows.items():
        alone = sa.cast(Send.picked, sa.Text).in_([f"[{number}]" for number in ids])
        statement = sa.update(Send).where(Send.store_id == store_id, Send.source == source, alone)
        statement = statement.where(Send.body != "").values(body=ERASED, template_version_id=None)
        db.session.execute(statement.execution_options(synchronize_session=False))

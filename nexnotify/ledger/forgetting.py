"""What the message ledger forgets of a person: the words that went to them. That something went, and when, stays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import IdIn, db
from nexnotify.errors import Conflict
from nexnotify.ledger.models import Attempt, Message, MessageEvent, ShortLink
from nexnotify.ledger.moves import Move, move
from nexnotify.words import N_

#: Stands where a body was.
ERASED = "[erased]"


def forget_messages(contact: Contact, now: datetime) -> None:
    """Of what was written to a contact: take back what has not gone, and erase the words of everything else.

    :raises Conflict: a gateway is being called for one at this moment.
    """
    # One whose outcome comes later is stopped by its address, if it has to go again. A keyword reply is not.
    _forget(contact.store_id, Message.contact_id == contact.id, Message.kind == "keyword_reply", now)


def forget_mentions(store_id: int, message_ids: Collection[int], now: datetime) -> None:
    """The same of what was written about a person to others, whose addresses stay.

    :raises Conflict: as :func:`forget_messages`.
    """
    _forget(store_id, IdIn(Message.__table__.c.id, ids=sorted(message_ids)), sa.true(), now)


def _forget(store_id: int, which: Any, would_go_again: Any, now: datetime) -> None:
    mine = (Message.store_id == store_id, which)
    rows = db.session.execute(
        sa.select(Message.id, Message.status, would_go_again.label("would_go_again"))
        .where(*mine, Message.status.in_(("held", "queued", "claimed", "uncertain")))
        .with_for_update()
    ).all()
    if any(row.status == "claimed" for row in rows):
        raise Conflict(N_("A message to this person is being handed to the gateway right now. Try again in a minute."))
    move((Move(store_id, r.id, r.status, "cancelled", "erased") for r in rows if r.status != "uncertain"), now)
    left = (row for row in rows if row.status == "uncertain" and row.would_go_again)
    move((Move(store_id, row.id, "uncertain", "expired", "erased") for row in left), now)
    quiet = {"synchronize_session": False}
    db.session.execute(sa.update(Message).where(*mine).values(body=ERASED, subject=None).execution_options(**quiet))
    theirs = sa.select(Message.id).where(*mine)
    db.session.execute(  # with it, whose clicks these were
        sa.update(ShortLink)
        .where(ShortLink.store_id == store_id, ShortLink.message_id.in_(theirs))
        .values(message_id=None)
        .execution_options(synchronize_session=False)
    )
    for table in (MessageEvent, Attempt):
        db.session.execute(
            sa.update(table)
            .where(table.store_id == store_id, table.message_id.in_(theirs), table.detail.is_not(None))
            .values(detail=None)
            .execution_options(**quiet)
        )

"""Facts for the rules that only the ledger knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.ledger.models import Message
from nexnotify.policy.eligibility import Policy
from nexnotify.policy.quiet_hours import Window
from nexnotify.stores.settings import StoreSettings

#: Kinds that the frequency cap counts.
COUNTED = ("back_in_stock", "reminder", "bulk", "campaign", "journey")
#: States in which a message has gone out or may have.
GONE = ("claimed", "uncertain", "accepted", "sent", "delivered", "undelivered")
#: The same, and those that are about to.
GOING = ("queued", *GONE)


def store_policy(settings: StoreSettings) -> Policy:
    """The store's delays as the rules want them."""
    quiet, cap = settings.quiet_hours, settings.frequency_cap
    return Policy(
        zone=settings.zone,
        quiet_hours=Window(*quiet.times) if quiet else None,
        cap_texts=cap.texts if cap else None,
        cap_hours=cap.hours if cap else 0,
    )


def messages_that_count(
    store_id: int, contact_ids: Sequence[int], settings: StoreSettings, now: datetime, statuses: Sequence[str]
) -> defaultdict[int, list[datetime]]:
    """When each contact got (with :data:`GOING`: or is about to get) messages that the frequency cap counts."""
    found: defaultdict[int, list[datetime]] = defaultdict(list)
    cap = settings.frequency_cap
    if cap is None or not contact_ids:
        return found
    moment = sa.func.coalesce(Message.accepted_at, Message.due_at)
    statement = sa.select(Message.contact_id, moment).where(
        Message.store_id == store_id,
        Message.contact_id.in_(contact_ids),
        # Not the bare columns: SQLite would read their index, and with it all that the store has ever sent.
        (Message.kind + "").in_(COUNTED),
        (Message.status + "").in_(statuses),
        moment > now - timedelta(hours=cap.hours),
    )
    for contact_id, at in db.session.execute(statement):
        found[contact_id].append(at)
    return found

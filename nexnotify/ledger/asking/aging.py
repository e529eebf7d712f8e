"""The sweep's questions: requests that come to their end, and numbers of which nothing was heard for long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.asking.questions import ask, variants_of
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.facts import store_policy
from nexnotify.ledger.planning.overlap import STATES
from nexnotify.policy.eligibility import Facts, Hold, Skip, Verdict, decide_question
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.life import (
    Asking,
    expire_unanswered,
    keep_longer,
    mark_alive,
    mark_asked,
    mark_unconfirmed,
    to_reconfirm,
    to_renew,
)
from nexnotify.waitlist.models import AlertRequest

#: Who cannot be asked is tried again after this.
TRY_AGAIN = timedelta(days=7)
#: A month, where nobody counts days.
MONTH = timedelta(days=30)


#: A message about the request waits: for the morning, the cap, credits or its turn.
_IS_COMING = sa.exists().where(
    Alert.store_id == AlertRequest.store_id,
    Alert.request_id == AlertRequest.id,
    Message.store_id == Alert.store_id,
    Message.id == Alert.message_id,
    # Not the bare column: the databases would read its index, and with it all that waits.
    (Message.status + "").in_(STATES),
)


def ask_renewals(store: Store, now: datetime) -> int:
    """Ask those whose requests come to their end whether they still want it: once for each end.

    Nobody's request ends because they could not be asked: it is kept for a week more, and then tried again.

    :returns: how many; call again while there are any.
    """
    asking = to_renew(store, now)
    variants = variants_of(store, {item.variant_id for item in asking})
    settings = store_settings(store)
    asked = {
        item.id
        for item in asking
        if ask(store, variants[item.variant_id], item, "renewal", _verdict(settings, item, now), now) is not None
    }
    mark_asked(sorted(asked), now)
    keep_longer(store, [item.id for item in asking if item.id not in asked], now + TRY_AGAIN)
    return len(asking)


def end_unanswered(store: Store, now: datetime) -> int:
    """End what was asked about and not answered for; not while a text that it is back waits to go.

    :returns: how many ended; call again while it is :data:`nexnotify.waitlist.life.BATCH`.
    """
    return expire_unanswered(store, now, spared=_IS_COMING)


def ask_idle(store: Store, now: datetime) -> int:
    """Have those confirm again whose number nothing was heard of for the store's ``reconfirm_months``: it may be another's.

    Until they do, nobody is told; they keep their place. Where they cannot be asked, nothing changes.

    :returns: how many were looked at and need not be again soon; call again while there are any.
    """
    settings = store_settings(store)
    if settings.reconfirm_months is None:
        return 0
    since = now - settings.reconfirm_months * MONTH
    candidates = to_reconfirm(store, since)
    if not candidates:
        return 0
    alive = _signs_of_life(store, [item.contact.id for item in candidates])
    # Only numbers come to other people.
    alive |= {item.contact.id: now for item in candidates if item.contact.channel != "sms"}
    known = {item.id: alive[item.contact.id] for item in candidates if alive[item.contact.id] > since}
    for request_id, at in known.items():
        mark_alive([request_id], at)
    idle = [item for item in candidates if item.id not in known]
    return len(known) + _reconfirm(store, settings, idle, now - since, now)


def _reconfirm(
    store: Store, settings: StoreSettings, idle: Sequence[Asking], idle_after: timedelta, now: datetime
) -> int:
    variants = variants_of(store, {item.variant_id for item in idle})
    verdicts = {item.id: _verdict(settings, item, now) for item in idle}
    asked: dict[int, bool] = {}
    done: dict[datetime, list[int]] = {}
    later: list[int] = []
    for item in idle:
        verdict = verdicts[item.id]
        if item.contact.id not in asked and not isinstance(verdict, Skip):
            asked[item.contact.id] = ask(store, variants[item.variant_id], item, "idle", verdict, now) is not None
        if isinstance(verdict, Skip) or not asked[item.contact.id]:
            later.append(item.id)
            continue
        # The time to answer counts from the question, which may wait for the morning.
        done.setdefault(verdict.until if isinstance(verdict, Hold) else now, []).append(item.id)
    for asked_at, request_ids in done.items():
        mark_unconfirmed(request_ids, asked_at + timedelta(hours=settings.confirm_hours))
    # Those who cannot be asked make room for who comes after them.
    mark_alive(later, now - idle_after + TRY_AGAIN)
    return sum(map(len, done.values())) + len(later)


def _verdict(settings: StoreSettings, item: Asking, now: datetime) -> Verdict:
    facts = Facts(
        opted_out=item.contact.opted_out_at is not None,
        reachable=item.contact.unreachable_at is None,
        switched_on=item.contact.channel in settings.switches.offered(item.asked_status),
        paused=settings.is_paused(item.contact.channel),
    )
    return decide_question(facts, store_policy(settings), now)


def _signs_of_life(store: Store, contact_ids: Sequence[int]) -> dict[int, datetime]:
    """When each contact was last heard of: it asked, wrote, or a message was delivered."""
    delivered = (
        sa.select(sa.func.max(Message.delivered_at))
        .where(Message.store_id == store.id, Message.contact_id == Contact.id)
        .scalar_subquery()
    )
    asked = (
        sa.select(AlertRequest.created_at)
        .where(AlertRequest.store_id == store.id, AlertRequest.contact_id == Contact.id)
        .order_by(AlertRequest.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(Contact.id, Contact.created_at, Contact.heard_at, Contact.confirmed_at, delivered, asked).where(
            Contact.store_id == store.id, Contact.id.in_(contact_ids)
        )
    )
    return {row[0]: max(at for at in row[1:] if at is not None) for row in rows}

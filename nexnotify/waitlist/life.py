"""What becomes of requests by themselves: confirmed or lapsed, renewed or expired, bought.

Every change is one statement that looks at the status it changes, so that an answer and the end of its time, or two
workers, come one after another: one of them happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from nexnotify.customers.models import Contact, ContactRow
from nexnotify.db import IdIn, db
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.ending import Keeping
from nexnotify.waitlist.models import OPEN, AlertRequest

#: Requests that one transaction of the sweep changes.
BATCH = 500


class Answered(NamedTuple):
    """A request that a yes was for."""

    id: int
    variant_id: int
    first_name: str | None
    #: The place whose stock counts for it.
    region_id: int | None = None


_ANSWERED: Any = (AlertRequest.id, AlertRequest.variant_id, AlertRequest.first_name)


def keeping_of(settings: StoreSettings) -> Keeping | None:
    """How long the store keeps requests; None: for ever."""
    return None if settings.request_days is None else Keeping(settings.request_days, settings.renewal_days)


def ends_at(request: AlertRequest, settings: StoreSettings, now: datetime) -> datetime | None:
    """When an open request ends unless something happens; None: not by itself."""
    keeping = keeping_of(settings)
    if request.status == "pending" and request.confirm_by is None and keeping is not None:  # a STOP
        return (request.renewed_at or request.created_at) + timedelta(days=keeping.request_days)
    if request.status == "pending":
        return request.confirm_by
    if request.status != "waiting" or keeping is None:
        return None
    return keeping.ends(request.renewed_at or request.created_at, request.renewal_asked_at, now)


# --- the shopper says yes ------------------------------------------------------------------------------------------


def confirm_pending(contact: Contact, now: datetime) -> list[Answered]:
    """What a (locked) contact was asked to confirm waits from now on; what is pending because of a STOP does not."""
    return _answer(contact, _is("pending"), AlertRequest.confirm_by > now, now=now)


def renew_asked(contact: Contact, now: datetime) -> list[Answered]:
    """What a (locked) contact was asked about is kept for another period."""
    return _answer(contact, _is("waiting"), AlertRequest.renewal_asked_at.is_not(None), now=now)


def confirm_all(contact: Contact, now: datetime) -> list[Answered]:
    """START: what a contact asked for while it was opted out waits from now on."""
    return _answer(contact, _is("pending"), now=now)


def answerable(contact: Contact, now: datetime) -> list[int]:
    """Ids of the requests that a yes of this contact would be for."""
    if contact.opted_out_at is not None:
        return []
    pending = sa.and_(_is("pending"), AlertRequest.confirm_by > now)
    asked = sa.and_(_is("waiting"), AlertRequest.renewal_asked_at.is_not(None))
    mine = (AlertRequest.store_id == contact.store_id, AlertRequest.contact_id == contact.id)
    return list(db.session.scalars(sa.select(AlertRequest.id).where(*mine, sa.or_(pending, asked))))


def _answer(contact: Contact, *which: Any, now: datetime) -> list[Answered]:
    rows = db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.store_id == contact.store_id, AlertRequest.contact_id == contact.id, *which)
        # From here on the owner of the address is known to be asked, and whose browser made it is not.
        .values(status="waiting", confirm_by=None, renewed_at=now, renewal_asked_at=None, made_with=None)
        .returning(*_ANSWERED, AlertRequest.region_id)
        .execution_options(synchronize_session=False)
    ).all()
    return sorted((Answered(*row) for row in rows), key=lambda answered: answered.id)


def _is(*statuses: str) -> Any:
    """Not the bare column: PostgreSQL would read its index, and with it all that the store has of a status."""
    return (AlertRequest.status + "").in_(statuses)


# --- time passes ---------------------------------------------------------------------------------------------------


def lapse_unconfirmed(now: datetime) -> int:
    """End what nobody confirmed in time, of all stores.

    :returns: how many; call again while it is :data:`BATCH`.
    """
    late = (sa.text("alert_request.status = 'pending'"), AlertRequest.confirm_by <= now)
    return _expire(sa.select(AlertRequest.id).where(*late).order_by(AlertRequest.confirm_by), "unconfirmed", now)


def expire_unanswered(store: Store, now: datetime, *, spared: Any = False) -> int:
    """End what was asked about and not answered for.

    Where the store has lengthened its time since the question, the end is further off than that: they are asked again
    before it comes.

    :param spared: a condition on requests that do not end yet, which is a later stage's knowledge.
    :returns: how many ended; call again while it is :data:`BATCH`.
    """
    keeping = keeping_of(store_settings(store))
    if keeping is None:
        return 0
    answer_by = AlertRequest.renewal_asked_at <= now - timedelta(days=keeping.renewal_days)
    over = (AlertRequest.store_id == store.id, sa.text("alert_request.status = 'waiting'"), answer_by)
    old = AlertRequest.renewed_at <= now - timedelta(days=keeping.request_days)
    forget = sa.update(AlertRequest).where(*over, ~old).values(renewal_asked_at=None)
    db.session.execute(forget.execution_options(synchronize_session=False))
    found = sa.select(AlertRequest.id).where(*over, old, sa.not_(spared)).order_by(AlertRequest.renewal_asked_at)
    return _expire(found, "not_renewed", now)


def expire_stopped(store: Store, now: datetime) -> int:
    """End what was asked for from a number that has said STOP, and has not said START in all the time requests are kept.

    :returns: how many ended; call again while it is :data:`BATCH`.
    """
    keeping = keeping_of(store_settings(store))
    if keeping is None:
        return 0
    stopped = sa.text("alert_request.status = 'pending' AND alert_request.confirm_by IS NULL")
    old = AlertRequest.renewed_at <= now - timedelta(days=keeping.request_days)
    found = sa.select(AlertRequest.id).where(AlertRequest.store_id == store.id, stopped, old)
    return _expire(found.order_by(AlertRequest.renewed_at), "not_renewed", now)


def _expire(found: Any, reason: str, now: datetime) -> int:
    ids = db.session.scalars(found.limit(BATCH).with_for_update(skip_locked=True)).all()
    values = {"status": "expired", "closed_at": now, "closed_reason": reason}
    ended = db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.id.in_(ids), _is(*OPEN))
        .values(**values)
        .returning(AlertRequest.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(ended)


def ending_soon(store: Store, now: datetime) -> int:
    """How many end within the store's ``renewal_days`` unless they say yes: those asked, and those about to be."""
    keeping = keeping_of(store_settings(store))
    if keeping is None:
        return 0
    mine = (AlertRequest.store_id == store.id, sa.text("alert_request.status = 'waiting'"))
    asked = AlertRequest.renewal_asked_at.is_not(None)
    due = (AlertRequest.renewal_asked_at.is_(None), AlertRequest.renewed_at <= keeping.asked_from(now))
    return sum(
        db.session.scalar(sa.select(sa.func.count()).select_from(AlertRequest).where(*mine, *which)) or 0
        for which in ((asked,), due)
    )


# --- who is to be asked --------------------------------------------------------------------------------------------


class Asking(NamedTuple):
    """A request whose shopper is to be asked something, and its (locked) contact."""

    id: int
    variant_id: int
    first_name: str | None
    asked_status: str
    contact: ContactRow


def to_renew(store: Store, now: datetime, most: int = BATCH) -> list[Asking]:
    """Requests that come to their end and were not asked about, the oldest first, locked."""
    keeping = keeping_of(store_settings(store))
    if keeping is None:
        return []
    return _to_ask(store, most, AlertRequest.renewed_at <= keeping.asked_from(now))


def to_reconfirm(store: Store, since: datetime, most: int = BATCH) -> list[Asking]:
    """Requests of whose contact nothing is known since that moment, the oldest first, locked."""
    quiet = sa.or_(AlertRequest.alive_at.is_(None), AlertRequest.alive_at <= since)
    return _to_ask(store, most, AlertRequest.renewed_at <= since, quiet)


def _to_ask(store: Store, most: int, *which: Any) -> list[Asking]:
    found = (
        sa.select(AlertRequest.id)
        .where(
            AlertRequest.store_id == store.id,
            sa.text("alert_request.status = 'waiting' AND alert_request.renewal_asked_at IS NULL"),
            *which,
        )
        .order_by(AlertRequest.renewed_at, AlertRequest.id)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    rows: Sequence[Any] = db.session.execute(_ASKING, {"b_ids": list(db.session.scalars(found))}).all()
    return [Asking(row[0], row[1], row[2], row[3], ContactRow(store.id, *row[4:])) for row in rows]


_ASKING = (
    sa.select(
        *_ANSWERED,
        AlertRequest.asked_status,
        Contact.id,
        Contact.channel,
        Contact.opted_out_at,
        Contact.unreachable_at,
        Contact.confirmed_at,
    )
    .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
    .where(IdIn(AlertRequest.__table__.c.id))
    .order_by(AlertRequest.renewed_at, AlertRequest.id)
    .with_for_update(of=Contact, skip_locked=True, key_share=True)
)


def mark_asked(request_ids: Sequence[int], now: datetime) -> None:
    """These (locked) requests were asked about: one question for one end."""
    _set(request_ids, renewal_asked_at=now)


def keep_longer(store: Store, request_ids: Sequence[int], until: datetime) -> None:
    """These (locked) requests are kept so much longer that they are to be asked about then."""
    if (keeping := keeping_of(store_settings(store))) is not None:
        _set(request_ids, renewed_at=keeping.asked_from(until))


def mark_alive(request_ids: Sequence[int], at: datetime) -> None:
    """The numbers of these requests were alive then."""
    _set(request_ids, alive_at=at)


def mark_unconfirmed(request_ids: Sequence[int], confirm_by: datetime) -> None:
    """These (locked) requests keep their place, and are to be confirmed before anybody is told."""
    _set(request_ids, status="pending", confirm_by=confirm_by)


def _set(request_ids: Sequence[int], **values: Any) -> None:
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.id.in_(request_ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


# --- the shopper buys ----------------------------------------------------------------------------------------------


def close_bought(
    store: Store,
    contact_ids: Sequence[int],
    variant_ids: Sequence[int],
    placed_at: datetime,
    window: timedelta,
    now: datetime,
) -> list[tuple[int, int]]:
    """An order of these contacts for these variants: what they asked for before it is bought.

    :param window: from being told to buying, at most.
    :returns: (contact, variant) of each request that it ended.
    """
    told = sa.and_(_is("alerted"), AlertRequest.alerted_at <= placed_at, AlertRequest.alerted_at > placed_at - window)
    rows = db.session.execute(
        sa.update(AlertRequest)
        .where(
            AlertRequest.store_id == store.id,
            AlertRequest.contact_id.in_(contact_ids),
            AlertRequest.variant_id.in_(variant_ids),
            AlertRequest.created_at <= placed_at,
            sa.or_(_is(*OPEN), told),
        )
        .values(status="bought", closed_at=now, closed_reason="bought", confirm_by=None)
        .returning(AlertRequest.contact_id, AlertRequest.variant_id)
        .execution_options(synchronize_session=False)
    ).all()
    return [(row.contact_id, row.variant_id) for row in rows]

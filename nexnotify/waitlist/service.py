"""The life of an alert request: join, confirm, leave, be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import Proof, grant
from nexnotify.customers.models import ConsentEntry, Contact, ContactRow
from nexnotify.customers.service import believe_again, take_contact
from nexnotify.db import IdIn, db, insert_new
from nexnotify.errors import Conflict
from nexnotify.inventory.available import IN_STOCK
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.covering import waited_for_anew
from nexnotify.waitlist.models import OPEN, AlertRequest
from nexnotify.waitlist.offers import asked_status_of
from nexnotify.waitlist.scope import Scope, add_wanted, has_wide, widen
from nexnotify.words import N_

#: How long a gateway's word that nothing reaches an address is believed against a shopper who gives it again.
UNREACHABLE_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Joined:
    """What :func:`join` did."""

    request_id: int
    #: The request's.
    status: str
    contact: ContactRow
    #: False when the contact was waiting already.
    is_new: bool
    #: While it is pending, but for a STOP: until then the shopper can confirm it.
    confirm_by: datetime | None = None


def join(
    store: Store,
    variant: Variant,
    channel: str,
    address: str,
    proof: Proof,
    now: datetime,
    *,
    quantity: int = 1,
    intent: str = IN_STOCK,
    scope: Scope | None = None,
    first_name: str | None = None,
    source: str = "widget",
    zone: str | None = None,
    must_confirm: bool = False,
) -> Joined:
    """Put a (normalised) address on a variant's waitlist; an address that waits already stays where it is.

    A contact that has said STOP is kept ``pending``: only its own START lifts the STOP. Apart from that, one that has
    to confirm first is ``pending`` until ``confirm_by``; whoever has confirmed before is not asked again.

    :param quantity: units; asked again with another number, the request keeps its place and wants that many.
    :param intent: of ``models.INTENTS``; asked again with another one, the same.
    :param scope: several variants, the first of which that can be bought is told (``scope.lock_scope``); else one.
    :param variant: locked and fresh (``find_variant_locked``), so that nobody joins in the moment the waitlist is told.
    :param zone: the browser's time zone, where it told one.
    :param must_confirm: the store has double opt-in, and nobody vouches for this sign-up.
    :raises InStock: it can be bought, or one of several; :class:`AlreadyOffered`: it can be ordered as the intent has it.
    :raises ChannelOff: the merchant does not offer this channel for the variant's status, or for the intent.
    """
    scope = scope or Scope(variant, (variant,))
    asked_status = asked_status_of(store, scope, channel, quantity, intent)
    contact = _believed(take_contact(store, channel, address, now), now)
    if (scope.kind != "variant" or has_wide(contact)) and (kept := widen(contact, scope, quantity, intent, now)):
        return Joined(kept.id, kept.status, contact, False, kept.confirm_by)
    confirm_by = _confirm_by(store, contact, now) if must_confirm else None
    request = {
        "store_id": store.id,
        "variant_id": scope.variant.id,
        "contact_id": contact.id,
        "status": "pending" if contact.opted_out_at or confirm_by else "waiting",
        "asked_status": asked_status,
        "scope": scope.kind,
        "page_url": proof.page_url,
        "created_at": now,
        "confirm_by": confirm_by,
    }
    request |= {"quantity": quantity, "intent": intent, "first_name": first_name, "source": source, "zone": zone}
    return _write(request, scope, contact, proof, now)


def _write(request: dict[str, Any], scope: Scope, contact: ContactRow, proof: Proof, now: datetime) -> Joined:
    """A new request, or else the one that there is, which wants as many units, and that, from now on."""
    request_id = insert_new(AlertRequest, request)
    if request_id is not None:
        if scope.kind == "listed":
            add_wanted(contact.store_id, request_id, [item.id for item in scope.variants if item is not scope.variant])
        grant(contact, "requested", proof, now)
        return Joined(request_id, request["status"], contact, True, request["confirm_by"])
    known = db.session.connection().execute(_OPEN_REQUEST, request).first()
    if known is None:  # pragma: no cover - the unique index makes this impossible under the locks of join
        raise Conflict(N_("The waitlist changed at the same moment; please try again."))
    wish = {name: request[name] for name in ("quantity", "intent")}
    if (known.quantity, known.intent) != tuple(wish.values()):
        db.session.execute(sa.update(AlertRequest).where(AlertRequest.id == known.id).values(wish))
    return Joined(known.id, known.status, contact, False, known.confirm_by)


def _believed(contact: ContactRow, now: datetime) -> ContactRow:
    """The contact; one given up long ago is tried again, because its owner has just given it."""
    if contact.unreachable_at is not None and contact.unreachable_at < now - UNREACHABLE_FOR:
        return believe_again(contact)
    return contact


def _confirm_by(store: Store, contact: ContactRow, now: datetime) -> datetime | None:
    """Until when a contact has to say yes; None: it is opted out, or has said yes before.

    What it has not confirmed yet stands and falls with what it asks for now: one yes is for all of it.
    """
    if contact.opted_out_at is not None or contact.confirmed_at is not None:
        return None
    confirm_by = now + timedelta(hours=store_settings(store).confirm_hours)
    db.session.execute(
        sa.update(AlertRequest)
        .where(
            AlertRequest.store_id == contact.store_id,
            AlertRequest.contact_id == contact.id,
            # Not the bare status: PostgreSQL would read its index, and with it all who are to confirm.
            (AlertRequest.status + "") == "pending",
            AlertRequest.confirm_by.is_not(None),
        )
        .values(confirm_by=confirm_by)
        .execution_options(synchronize_session=False)
    )
    return confirm_by


_request = AlertRequest.__table__
_OPEN_REQUEST = sa.select(
    _request.c.id, _request.c.status, _request.c.quantity, _request.c.intent, _request.c.confirm_by
).where(
    _request.c.store_id == sa.bindparam("store_id"),
    _request.c.variant_id == sa.bindparam("variant_id"),
    _request.c.contact_id == sa.bindparam("contact_id"),
    sa.text("alert_request.status IN ('pending', 'waiting')"),  # literally, as in the partial index
)


def close(request: AlertRequest, reason: str, now: datetime) -> bool:
    """End an open request for a reason of ``AlertRequest.closed_reason``.

    :returns: False when it had ended before.
    """
    if request.status not in OPEN:
        return False
    request.status, request.closed_at, request.closed_reason = "cancelled", now, reason
    return True


def close_all(contact: Contact, reason: str, now: datetime) -> int:
    """End every open request of a contact: STOP, or an address that nothing can reach."""
    return sum(close(request, reason, now) for request in open_requests(contact))


def forget_requests(contact: Contact, now: datetime) -> None:
    """End what a contact waits for, and erase what its requests say of the person."""
    close_all(contact, "erased", now)
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.store_id == contact.store_id, AlertRequest.contact_id == contact.id)
        .values(first_name=None, page_url=None, zone=None)
    )


def open_requests(contact: Contact) -> Sequence[AlertRequest]:
    """What a contact still waits for, oldest first."""
    statement = sa.select(AlertRequest).where(
        AlertRequest.store_id == contact.store_id,
        AlertRequest.contact_id == contact.id,
        AlertRequest.status.in_(OPEN),
    )
    return db.session.scalars(statement.order_by(AlertRequest.id)).all()


def keep_place(request: AlertRequest, now: datetime) -> None:
    """Who was told and came too late waits again, where they stood: lists are in the order of asking.

    That they were told stays written down. They have just said that they want it, so its time counts from now, and what
    was asked before is answered. Their contact has no other open request for it: see ``covering.waits_for``.
    """
    request.status, request.kept_at, request.reminded = "waiting", now, 0
    request.renewed_at, request.renewal_asked_at = now, None


#: By id alone: SQLite without statistics takes ``store_id = ?`` for narrow, and would read all that a store ever had.
#: And not the bare status: PostgreSQL would read its index, and with it all who wait.
_MARK_ALERTED = (
    sa.update(AlertRequest.__table__)
    .where(IdIn(AlertRequest.__table__.c.id), (AlertRequest.__table__.c.status + "") == "waiting")
    .values(status="alerted", alerted_at=sa.bindparam("b_now", type_=AlertRequest.__table__.c.alerted_at.type))
)


def mark_alerted(requests: Sequence[int], now: datetime) -> None:
    """These have been told, or may have been: they are not asked for again by this restock or the next."""
    db.session.connection().execute(_MARK_ALERTED, {"b_ids": list(requests), "b_now": now})


def back_to_waiting(requests: Sequence[int], now: datetime) -> None:
    """It turned out that these were never told, or told in vain; one whose shopper has asked anew since stays closed.

    Whoever was asked whether it is still wanted, and then told, had no more reason to answer: they are asked again.
    """
    newer = sa.orm.aliased(AlertRequest)
    asked_anew = sa.exists().where(
        newer.store_id == AlertRequest.store_id,
        newer.variant_id == AlertRequest.variant_id,
        newer.contact_id == AlertRequest.contact_id,
        newer.status.in_(OPEN),
    )
    stopped_since = sa.exists().where(
        ConsentEntry.store_id == AlertRequest.store_id,
        ConsentEntry.contact_id == AlertRequest.contact_id,
        ConsentEntry.action == "revoked",
        ConsentEntry.at >= AlertRequest.created_at,
    )
    alone = list(set(requests) - waited_for_anew(requests))
    for where, values in (
        (
            sa.and_(AlertRequest.id.in_(requests), stopped_since),
            {"status": "cancelled", "closed_at": now, "closed_reason": "stop", "alerted_at": None},
        ),
        (
            sa.and_(AlertRequest.id.in_(alone), ~asked_anew),
            {"status": "waiting", "alerted_at": None, "reminded": 0, "renewal_asked_at": None},
        ),
    ):
        db.session.execute(
            sa.update(AlertRequest)
            .where((AlertRequest.status + "") == "alerted", where)
            .values(**values)
            .execution_options(synchronize_session=False)
        )

"""The life of an alert request: join, confirm, leave, be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import Proof, grant
from nexnotify.customers.models import ConsentEntry, Contact, ContactRow
from nexnotify.customers.service import believe_again, take_contact
from nexnotify.db import IdIn, db, insert_new
from nexnotify.errors import Conflict, Invalid
from nexnotify.inventory.service import status_of
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import OPEN, AlertRequest
from nexnotify.words import N_

#: How long a gateway's word that nothing reaches an address is believed against a shopper who gives it again.
UNREACHABLE_FOR = timedelta(days=30)


class InStock(Conflict):
    """This can be bought right now, so there is nothing to wait for."""

    code = "in_stock"


class ChannelOff(Invalid):
    """Messages on this channel are switched off for this product."""

    code = "channel_off"


@dataclass(frozen=True, slots=True)
class Joined:
    """What :func:`join` did."""

    request_id: int
    #: The request's.
    status: str
    contact: ContactRow
    #: False when the contact was waiting already.
    is_new: bool


def offered_channels(store: Store, variant: Variant) -> tuple[str, tuple[str, ...]]:
    """The variant's product status and the channels a shopper may ask on; none while it can be bought or is hidden."""
    status = status_of(variant)
    if status == "in_stock" or not variant.product.published:
        return status, ()
    return status, store_settings(store).switches.offered(status)


def join(
    store: Store,
    variant: Variant,
    channel: str,
    address: str,
    proof: Proof,
    now: datetime,
    *,
    first_name: str | None = None,
    source: str = "widget",
) -> Joined:
    """Put a (normalised) address on a variant's waitlist; an address that waits already stays where it is.

    A contact that has said STOP is kept ``pending``: only its own START lifts the STOP.

    :param variant: locked and fresh (``catalog.service.find_variant_locked``), so that nobody joins in the very moment
        the waitlist is told.
    :raises InStock: it can be bought.
    :raises ChannelOff: the merchant does not offer this channel for the variant's status.
    """
    status, channels = offered_channels(store, variant)
    if status == "in_stock":
        raise InStock()
    if channel not in channels:
        raise ChannelOff(fields={"channels": N_("%(channel)s is not offered for this product.", channel=channel)})
    contact = take_contact(store, channel, address, now)
    if contact.unreachable_at is not None and contact.unreachable_at < now - UNREACHABLE_FOR:
        contact = believe_again(contact)
    key = {"store_id": store.id, "variant_id": variant.id, "contact_id": contact.id}
    first_status = "pending" if contact.opted_out_at else "waiting"
    request = {
        "status": first_status,
        "asked_status": status,
        "first_name": first_name,
        "source": source,
        "page_url": proof.page_url,
        "created_at": now,
    }
    request_id = insert_new(AlertRequest, key | request)
    if request_id is not None:
        grant(contact, "requested", proof, now)
        return Joined(request_id, first_status, contact, True)
    known = db.session.connection().execute(_OPEN_REQUEST, key).first()
    if known is None:  # pragma: no cover - the unique index makes this impossible under the locks above
        raise Conflict(N_("The waitlist changed at the same moment; please try again."))
    return Joined(known.id, known.status, contact, False)


_request = AlertRequest.__table__
_OPEN_REQUEST = sa.select(_request.c.id, _request.c.status).where(
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
        .values(first_name=None, page_url=None)
    )


def open_requests(contact: Contact) -> Sequence[AlertRequest]:
    """What a contact still waits for, oldest first."""
    statement = sa.select(AlertRequest).where(
        AlertRequest.store_id == contact.store_id,
        AlertRequest.contact_id == contact.id,
        AlertRequest.status.in_(OPEN),
    )
    return db.session.scalars(statement.order_by(AlertRequest.id)).all()


def waits_for(contact: Contact, variant: Variant) -> bool:
    """Whether a contact waits for a variant."""
    statement = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == contact.store_id,
        AlertRequest.contact_id == contact.id,
        # Not the bare columns: PostgreSQL would read their index, and with it all who wait.
        (AlertRequest.variant_id + 0) == variant.id,
        (AlertRequest.status + "").in_(OPEN),
    )
    return db.session.scalar(statement.limit(1)) is not None


def keep_place(request: AlertRequest, now: datetime) -> None:
    """Who was told and came too late waits again, where they stood: lists are in the order of asking.

    That they were told stays written down. Their contact has no other open request for it: see :func:`waits_for`.
    """
    request.status, request.kept_at = "waiting", now


def confirm_all(contact: Contact) -> int:
    """START: what a contact asked for while it was opted out waits from now on."""
    pending = [request for request in open_requests(contact) if request.status == "pending"]
    for request in pending:
        request.status = "waiting"
    return len(pending)


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
    """It turned out that these were never told; one whose shopper has asked anew since then stays closed."""
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
    mine = AlertRequest.id.in_(requests), (AlertRequest.status + "") == "alerted"
    for where, values in (
        (stopped_since, {"status": "cancelled", "closed_at": now, "closed_reason": "stop", "alerted_at": None}),
        (~asked_anew, {"status": "waiting", "alerted_at": None}),
    ):
        db.session.execute(
            sa.update(AlertRequest).where(*mine, where).values(**values).execution_options(synchronize_session=False)
        )

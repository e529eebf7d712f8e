"""Somebody joins a waitlist: a new request, or the one there is, which may want something else from now on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import Proof, grant
from nexnotify.customers.models import ContactRow
from nexnotify.customers.service import believe_again, take_contact
from nexnotify.db import db, insert_new
from nexnotify.errors import Conflict
from nexnotify.inventory.available import IN_STOCK
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import index_key
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.offers import asked_status_of
from nexnotify.waitlist.scope import Scope, Touched, add_wanted, has_wide, is_as_wished, touched_by, widen
from nexnotify.waitlist.wishes import Change, overtake
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
    #: What it shall be about instead, once its owner says yes.
    change: Change | None = None


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
    region_id: int | None = None,
    scope: Scope | None = None,
    first_name: str | None = None,
    source: str = "widget",
    zone: str | None = None,
    must_confirm: bool = False,
    asker: Asker | None = None,
) -> Joined:
    """Put a (normalised) address on a variant's waitlist; an address that waits already stays where it is.

    A contact that has said STOP is kept ``pending``: only its own START lifts the STOP. Apart from that, one that has
    to confirm first is ``pending`` until ``confirm_by``; whoever has confirmed before is not asked again.

    :param quantity: units; asked again with another number, the request keeps its place and wants that many.
    :param intent: of ``models.INTENTS``; ``region_id``: whose stock alone counts, None: all of it. The same for both.
    :param scope: several variants, the first of which that can be bought is told (``scope.lock_scope``); else one.
    :param variant: locked and fresh (``find_variant_locked``), so that nobody joins in the moment the waitlist is told.
    :param zone: the browser's time zone, where it told one.
    :param must_confirm: the store has double opt-in, and nobody vouches for this sign-up.
    :param asker: who may change an open request only if it is theirs; else its owner is to be asked. None: somebody
        who vouches for what they tell.
    :raises InStock: it can be bought, or one of several; :class:`AlreadyOffered`: it can be ordered as the intent has it.
    :raises ChannelOff: the merchant does not offer this channel for the variant's status, or for the intent.
    """
    scope = scope or Scope(variant, (variant,))
    asked_status = asked_status_of(store, scope, channel, quantity, intent, region_id)
    wish: dict[str, Any] = {"quantity": quantity, "intent": intent, "region_id": region_id}
    contact = _believed(take_contact(store, channel, address, now), now)
    asked = _Asked(store, scope, wish, asker, now)
    if touched := _touched(contact, scope):
        return _widened(touched, asked, contact)
    confirm_by = _confirm_by(store, contact, now) if must_confirm else None
    more = {"page_url": proof.page_url, "first_name": first_name, "source": source, "zone": zone}
    return _write(asked.row(contact, confirm_by) | {"asked_status": asked_status} | more, asked, contact, proof)


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody at a form, known by the address that they type."""

    #: What tells the page or the browser from others: :func:`browser_hash`.
    made_with: str | None = None


def browser_hash(store: Store, secret: str | None) -> str | None:
    """What is kept of the secret of a page or a browser; None where it has none."""
    return None if secret is None else keyed_hash(index_key(), "made_with", str(store.id), secret)[:32]


def _touched(contact: ContactRow, scope: Scope) -> Touched:
    """Open requests that what is asked for goes into; none: it is one of its own, or the same one anew."""
    if scope.kind == "variant" and not has_wide(contact.store_id, contact.id):
        return ()
    return touched_by(contact.store_id, contact.id, scope)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody asks for now, and whether an open request may want it instead."""

    store: Store
    scope: Scope
    wish: dict[str, Any]
    asker: Asker | None
    now: datetime

    def row(self, contact: ContactRow, confirm_by: datetime | None) -> dict[str, Any]:
        """A request for it, as columns."""
        return self.wish | {
            "store_id": contact.store_id,
            "variant_id": self.scope.variant.id,
            "contact_id": contact.id,
            "status": "pending" if contact.opted_out_at or confirm_by else "waiting",
            "scope": self.scope.kind,
            "created_at": self.now,
            "confirm_by": confirm_by,
            "made_with": self.asker and self.asker.made_with,
        }

    def changes(self, *requests: Any) -> bool:
        """Whether these open requests become what is asked: then what others wished of them is void."""
        if self.asker is not None and not all(map(self._is_theirs, requests)):
            return False
        overtake(self.store.id, [request.id for request in requests], self.now)
        return True

    def contest(self, *requests: Any) -> None:
        """Where two browsers ask for the same address, neither is known to be its owner's from now on."""
        made_with = self.asker and self.asker.made_with
        mine = [request.id for request in requests if request.made_with not in (None, made_with)]
        if self.asker is not None and mine:
            both = sa.update(AlertRequest).where(AlertRequest.id.in_(mine)).values(made_with=None)
            db.session.execute(both.execution_options(synchronize_session=False))

    def _is_theirs(self, request: Any) -> bool:
        """What waits for its own yes is changed by anybody: that yes is for what it wants then."""
        if request.status == "pending" and request.confirm_by is not None:
            return True
        made_with = self.asker and self.asker.made_with
        return made_with is not None and request.made_with == made_with


def _widened(touched: Touched, asked: _Asked, contact: ContactRow) -> Joined:
    """The oldest of the requests touched, which takes in what is asked."""
    oldest, change = touched[0][0], None
    if not is_as_wished(touched, asked.scope, asked.wish):
        if asked.changes(*(request for request, _ in touched)):
            widen(touched, asked.scope, asked.wish, asked.now)
        else:
            change = Change(asked.scope, asked.wish)
    asked.contest(*(request for request, _ in touched))
    return Joined(oldest.id, oldest.status, contact, False, oldest.confirm_by, change)


def _write(request: dict[str, Any], asked: _Asked, contact: ContactRow, proof: Proof) -> Joined:
    """A new request, or else the one that there is, which wants as many units, and that, from now on."""
    request_id = insert_new(AlertRequest, request)
    if request_id is not None:
        scope = asked.scope
        if scope.kind == "listed":
            add_wanted(contact.store_id, request_id, [item.id for item in scope.variants if item is not scope.variant])
        grant(contact, "requested", proof, asked.now)
        return Joined(request_id, request["status"], contact, True, request["confirm_by"])
    known = db.session.connection().execute(_OPEN_REQUEST, request).first()
    if known is None:  # pragma: no cover - the unique index makes this impossible under the locks of join
        raise Conflict(N_("The waitlist changed at the same moment; please try again."))
    change = None
    if any(getattr(known, name) != value for name, value in asked.wish.items()):
        if asked.changes(known):
            db.session.execute(sa.update(AlertRequest).where(AlertRequest.id == known.id).values(asked.wish))
        else:
            change = Change(asked.scope, asked.wish)
    asked.contest(known)
    return Joined(known.id, known.status, contact, False, known.confirm_by, change)


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
    _request.c.id,
    _request.c.status,
    _request.c.quantity,
    _request.c.intent,
    _request.c.region_id,
    _request.c.confirm_by,
    _request.c.made_with,
).where(
    _request.c.store_id == sa.bindparam("store_id"),
    _request.c.variant_id == sa.bindparam("variant_id"),
    _request.c.contact_id == sa.bindparam("contact_id"),
    sa.text("alert_request.status IN ('pending', 'waiting')"),  # literally, as in the partial index
)
